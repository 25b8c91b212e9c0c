"""One confined process that serves many calls of one skill: fast, and all its state is shared.

Globals, imported modules, environment and temporary files last from call to call; only the
arguments, the standard streams and the working directory are set anew. A call that leaves
something that would disturb the next one (threads, closed streams, changed signal handlers, a
registered exit) is the last of its process.
"""

import _thread
import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType
from typing import Any, Final, final

import msgspec

from ..sandbox.confine import confine
from ..sandbox.features import Features
from ..sandbox.report import SandboxReport
from . import ending, script, streams
from .order import Allowed, Batch, Item, Order, Told
from .slate import Slate
from .zygote import Job, features_of, make_ready

__all__ = ["Warm", "setup"]


_SLATES: Final = 8
# The one that looks up no names for numbers, where there are two.
_HANDLER_OF: Final = getattr(signal.getsignal, "__wrapped__", signal.getsignal)
_WATCHED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)


def _traces() -> tuple[object, ...]:
    """Return what a call must leave as it was."""
    free = os.dup(0)
    os.close(free)
    return (
        free,  # the first free descriptor: others when one was left open or closed
        _thread._count(),  # noqa: SLF001  (those that nobody told `threading` of too, and fast)
        atexit._ncallbacks(),  # noqa: SLF001  (there is no public way to count them)
        *map(_HANDLER_OF, _WATCHED),
        sys.excepthook,
        id(sys.stdout),
        id(sys.stderr),
        getattr(sys.stdout, "closed", True) or getattr(sys.stderr, "closed", True),
    )


@final
class Warm:
    """Runs orders one after another in this process."""

    def __init__(self, features: Features, allowed: Allowed) -> None:
        self._features = features
        self._allowed = allowed
        self._decode = msgspec.msgpack.Decoder(Order).decode
        self._path = list(sys.path)
        self._codes: dict[str, CodeType] = {}
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._report: SandboxReport | None = None
        self._clean: tuple[object, ...] = ()
        self._folder = -1
        self._fed = False
        self._item = msgspec.msgpack.Decoder(Item).decode
        self._slates: dict[str, Slate] = {}
        self._pipes: tuple[int, ...] = ()

    def handle(self, name: str, payload: bytes, job: Job) -> Told | None:
        """Run an order, and say how it ended; `ready` does nothing, so that this process is there.

        Args:
            name: `run` or `ready`.
            payload: An `Order` in msgpack.
            job: Told when this process had better be replaced.
        """
        if name == "ready":
            return None
        order = self._decode(payload)
        report = self._report or self._begin(order, job)
        if order.batch is not None:
            job.last = self._several(order, order.batch)
            return Told(0, None, int(report.level), report.missing)
        code, answer, job.last = self._one(order)
        if job.last:
            _mute()
        return Told(code, answer, int(report.level), report.missing)

    def _one(self, order: Order) -> tuple[int, bytes | None, bool]:
        """Return the exit code, the answer, and whether it had better be the last."""
        os.fchdir(self._folder)  # without a way to look up, and were it renamed
        sys.argv = order.arguments
        if order.stdin or self._fed:
            self._feed(order.stdin)
        ran = self._perform(order)
        lost = not _flushed()
        last = lost or ran.dirty or _traces() != self._clean
        return ending.FLUSH_FAILED if lost and not ran.code else ran.code, ran.answer, last

    def _several(self, order: Order, batch: Batch) -> bool:
        """Do calls in turn until one had better be the last; return whether one had."""
        slate = self._slate(batch.slate)
        slate.clean(batch.most)
        for fd, stream in enumerate(slate.streams, 1):
            os.dup2(stream, fd)
        last = False
        for raw in batch.items:
            item = self._item(raw)
            each = Order(
                path=order.path,
                root=order.root,
                argv=item.argv,
                entry=item.entry,
                params=item.params,
                stdin=item.stdin,
            )
            began = time.monotonic()
            slate.begin(began)
            code, answer, last = self._one(each)
            slate.end(code, answer, began, time.monotonic())
            if last:
                _mute()
                break
        for fd, pipe in enumerate(self._pipes, 1):
            os.dup2(pipe, fd)
        return last

    def _slate(self, folder: str) -> Slate:
        if folder not in self._slates:
            if not self._pipes:
                self._pipes = (os.dup(1), os.dup(2))
            while len(self._slates) >= _SLATES:
                self._slates.pop(next(iter(self._slates))).close()
            self._slates[folder] = Slate(folder)
            self._clean = _traces()
        return self._slates[folder]

    def _begin(self, order: Order, job: Job) -> SandboxReport:
        policy = self._allowed.policy()
        self._report = confine(policy, keep_fds=(0, 1, 2, job.fileno()), features=self._features)
        # A nameless file, since a memory file is refused to who is confined.
        given = os.path.join(self._allowed.home, f"stdin-{os.getpid()}")
        fd = os.open(given, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.unlink(given)
        os.dup2(fd, 0)
        os.close(fd)
        sys.path[:] = script.search_path(order, self._path)
        self._folder = os.open(order.root, os.O_RDONLY | os.O_DIRECTORY)
        streams.renew()
        self._clean = _traces()
        return self._report

    def _feed(self, data: bytes) -> None:
        os.ftruncate(0, 0)
        os.pwrite(0, data, 0)
        os.lseek(0, 0, os.SEEK_SET)
        streams.renew_stdin()
        self._fed = bool(data)

    def _perform(self, order: Order) -> script.Ran:
        try:
            if order.entry == "file":
                if order.path not in self._codes:
                    self._codes[order.path] = script.compiled(order.path)
                exec(self._codes[order.path], script.module_of(order).__dict__)
                return script.Ran(0)
            key = order.path, order.entry
            if key not in self._functions:
                program = script.module_of(order)
                exec(script.compiled(order.path), program.__dict__)
                self._functions[key] = getattr(program, order.entry)
            return script.Ran(0, script.called(self._functions[key], order.params))
        except BaseException as error:
            # What was interrupted, or had no memory left, may be half done anywhere.
            clean = isinstance(error, Exception | SystemExit) and not isinstance(error, MemoryError)
            return script.Ran(ending.code_of(error), dirty=not clean)
        finally:
            _join()


def _join() -> None:
    """Wait for threads, as the end of a program does."""
    if _thread._count():  # noqa: SLF001  (as above)
        for thread in threading.enumerate():
            if thread is not threading.main_thread() and not thread.daemon:
                thread.join()


def _flushed() -> bool:
    """Flush what was written; return whether that went well."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (AttributeError, OSError, ValueError):
        return False
    return True


def _mute() -> None:
    """Let nothing come of the last flush of a process whose streams may be anything by now."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (as long as the process)


def setup(options: dict[str, Any]) -> Warm:
    """Import what the skill needs, and be ready for its calls.

    Args:
        options: `imports`, `path` and `features` as for a zygote; `allowed`: the policy.
    """
    make_ready(options["imports"], options["path"])
    allowed = msgspec.convert(options["allowed"], Allowed)
    return Warm(features_of(options["features"]), allowed)
