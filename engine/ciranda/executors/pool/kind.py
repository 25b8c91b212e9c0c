"""What a worker is: its setup, its life time, when to replace it."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, final

_FOLDER: Final = Path(__file__).parent.parent

# Runs before anything but the interpreter is loaded: makes the folders of executors, pool and
# worker packages of their own, so that neither `ciranda` nor what those packages import nor
# site-packages' .pth files come in on the way. `typing_extensions`, which msgspec imports where it
# is there, has nothing that `typing` lacks for it, and takes an eighth of the start; of `platform`,
# which `uuid` imports, it needs a name that the kernel has too. The standard
# library comes first meanwhile, for it is most of what is looked for; and nothing is garbage yet.
_BOOT: Final = """
import gc, os, sys
gc.disable()
folder, control, first, *path = sys.argv[1:]
sys.path += [entry for entry in path if entry not in sys.path]
for name in ("ciranda_worker", "ciranda_worker.pool", "ciranda_worker.pool.worker"):
    package = sys.modules[name] = type(sys)(name)
    package.__path__ = [folder + name.removeprefix("ciranda_worker").replace(".", "/")]
sys.modules["typing_extensions"] = None
platform = sys.modules["platform"] = type(sys)("platform")
platform.system = lambda: os.uname().sysname
from ciranda_worker.pool.worker.keeper import main
del sys.modules["typing_extensions"], sys.modules["platform"]
for name in first.split():
    __import__(name)
sys.path[:] = path
main(int(control))
"""


@final
@dataclass(frozen=True, slots=True)
class Recycle:
    """When a worker that is still healthy is replaced; None means never.

    Args:
        calls: After so many calls.
        rss_mb: When it holds more resident memory than so many MiB after a call (Linux).
    """

    calls: int | None = None
    rss_mb: int | None = None

    def due(self, calls: int, rss_mb: Callable[[], float]) -> bool:
        """Tell whether a worker is to be replaced after so many calls, with so much memory."""
        if self.calls is not None and calls >= self.calls:
            return True
        return self.rss_mb is not None and rss_mb() > self.rss_mb


@final
@dataclass(frozen=True, slots=True)
class WorkerKind:
    """How to make one kind of worker.

    Args:
        name: For people, in messages.
        setup: `module:function`, imported in the worker and called once with `options`. It
            returns a mapping of `function(payload, call)` by name, or an object with
            `handle(name, payload, call)`, or such a function. The object may have a `begin()`,
            for children that are forked ahead.
        options: Plain data for `setup` and `confine`.
        argv: The Python interpreter to start, with what stands before it; None is ours.
        env: The whole environment of the worker; None inherits ours.
        recycle: When to replace a healthy worker.
        lifetime: `reuse` serves many calls in one process, and state leaks from one call to
            the next; `fork` runs each call in a fresh child of a process that ran `setup`.
        confine: `module:function`, called with `options` after `setup`, in the process that
            does the work, before its first call.
        ahead: With `fork`, have one more child, which is confined and calls `begin` before its
            call comes, so that no call waits for that; where the kernel lists children (Linux),
            and `begin` may be left out whenever there is none.
        first: Modules to import before anything is known of the options; they start no threads.
        release: Name of the call, with `reuse`, that has a worker let go of what it keeps under a
            key; the payload is the key.
    """

    name: str
    setup: str
    options: Any = None
    argv: tuple[str, ...] | None = None
    env: Mapping[str, str] | None = None
    recycle: Recycle = Recycle()
    lifetime: Literal["reuse", "fork"] = "reuse"
    confine: str | None = None
    ahead: bool = False
    first: tuple[str, ...] = ()
    release: str = "release"

    def command(self, control: int) -> tuple[str, ...]:
        """Return the argument list that starts a keeper on this descriptor."""
        python = self.argv or (sys.executable,)
        path = [os.path.abspath(entry) for entry in sys.path]  # "" is the working directory
        first = " ".join(self.first)
        return (*python, "-I", "-S", "-c", _BOOT, str(_FOLDER), str(control), first, *path)
