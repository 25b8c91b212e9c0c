"""Environments for scripts that say what they need, made by `uv` and kept.

One for each set of requirements and Python; all scripts that need the same share it. Nothing is
installed on the way to a run: `get` only looks, and `make` says what it does before it does it.
Wheels alone are installed, so that installing runs no foreign code.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, final

import msgspec

from ..error import SkillLimitError
from ..program import OutputError, complete, find, kept
from ..resources import open_regular, reason_of
from .error import DependenciesError, MissingUvError, NotInstalledError
from .need import Need, Python

__all__ = ["Environment", "Environments", "environments_folder"]

_KEPT: Final = ("HOME", "PATH", "LANG", "LC_ALL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR")
_KEPT_BEGINNINGS: Final = ("UV_", "XDG_")
_MARK: Final = "ciranda.json"
_MOST_TEXT: Final = 1 << 20
_TOLD: Final = 400
_PAUSE: Final = 0.1  # seconds between two looks at a lock


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment that is ready.

    Attributes:
        python: The interpreter to run scripts with.
        requirements: What was installed.
        requires_python: What its Python was chosen by; empty for any.
        made_at: When, in seconds since 1970.
    """

    python: str
    requirements: tuple[str, ...]
    requires_python: str = ""
    made_at: float


def environments_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return where environments are kept: below `XDG_CACHE_HOME`, or `~/.cache`."""
    cache = environ.get("XDG_CACHE_HOME", "")
    base = Path(cache) if os.path.isabs(cache) else home / ".cache"
    return base / "ciranda" / "skills" / "environments"


@final
class Environments:
    """The environments in one folder. Its methods wait: call them from a thread.

    Args:
        folder: Where they are.
        environ: What uv's environment is taken from.
        program: The name or path of uv.
        timeout: Seconds for each thing that uv does, and for another process that does it.
        python: The interpreter that is used where it suits.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        folder: Path,
        *,
        environ: Mapping[str, str] | None = None,
        program: str = "uv",
        timeout: float = 300.0,
        python: Python | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder: Final = folder
        given = os.environ if environ is None else environ
        self._environ: Final = kept(given, _KEPT, _KEPT_BEGINNINGS)
        self._program: Final = program
        self._timeout: Final = timeout
        self._python: Final = python or Python()
        self._clock: Final = clock

    def find(self, need: Need) -> Environment | None:
        """Return the environment for a need, if it is there."""
        folder = self._folder / need.key(self._python)
        try:
            with open_regular(folder / _MARK) as stream:
                found = msgspec.json.decode(stream.read(_MOST_TEXT), type=Environment)
        except (OSError, msgspec.MsgspecError):
            return None  # made halfway, or not at all
        return found if os.access(found.python, os.X_OK) else None

    def get(self, need: Need, *, allow: str = "`--install`") -> Environment:
        """Return the environment for a need.

        Args:
            need: The need.
            allow: How a person says that it may be made.

        Raises:
            NotInstalledError: It is not there yet.
            MissingUvError: It is not there, and there is nothing to make it with.
        """
        found = self.find(need)
        if found is not None:
            return found
        self._uv(need)
        said = f"`{need.script}` needs {need}, not installed yet: allow it with {allow}"
        raise NotInstalledError(said, need.requirements)

    def make(self, need: Need, say: Callable[[str], None]) -> Environment:
        """Return the environment for a need; where there is none, uv makes it.

        Args:
            need: The need.
            say: Is told in one sentence what is going to be installed.

        Raises:
            MissingUvError: There is no uv.
            DependenciesError: uv cannot install it; the text holds its reason.
            SkillLimitError: Another process takes too long to make the same.
        """
        found = self.find(need)
        if found is not None:
            return found
        program = self._uv(need)
        key = need.key(self._python)
        try:
            with self._locked(key):
                found = self.find(need)  # another process may have made it meanwhile
                if found is None:
                    say(f"uv installs {need} for `{need.script}` into {self._folder / key}")
                    found = self._made(need, program, self._folder / key)
        except OSError as error:
            said = f"the environment of `{need.script}` cannot be kept in {self._folder}"
            raise DependenciesError(f"{said}: {reason_of(error)}") from None
        return found

    def clear(self) -> int:
        """Remove all environments that nobody makes right now; returns how many.

        Raises:
            OSError: One cannot be removed.
        """
        count = 0
        for entry in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            if entry.is_dir() and not entry.is_symlink():
                with contextlib.suppress(SkillLimitError), self._locked(entry.name, wait=0.0):
                    shutil.rmtree(entry)
                    count += 1
        return count

    def _uv(self, need: Need) -> str:
        found = find(self._program, self._environ)
        if found is None:
            raise MissingUvError(
                f"`{need.script}` needs {need}: install uv (https://docs.astral.sh/uv), which "
                "makes environments for such scripts"
            )
        return found

    def _made(self, need: Need, program: str, folder: Path) -> Environment:
        if folder.exists():
            shutil.rmtree(folder)  # made halfway
        python = folder / "bin" / "python"
        ours = need.suits(self._python)
        wanted = self._python.path if ours else need.requires_python
        try:
            self._run(
                need, program, "venv", "--no-project", "--no-python-downloads",
                "--python", wanted, str(folder),
            )  # fmt: skip
            if need.requirements:
                self._run(
                    need, program, "pip", "install", "--no-build", "--python", str(python),
                    "--", *need.requirements,
                )  # fmt: skip
            made = Environment(
                python=str(python),
                requirements=need.requirements,
                requires_python=need.requires_python,
                made_at=self._clock(),
            )
            # Last, and whole: what has no mark is made again.
            beside = folder / f".{_MARK}"
            beside.write_bytes(msgspec.json.encode(made))
            os.replace(beside, folder / _MARK)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return made

    def _run(self, need: Need, program: str, *words: str) -> None:
        said = f"uv cannot install what `{need.script}` needs"
        try:
            done = complete(
                (program, "--quiet", "--no-progress", "--color", "never", *words),
                self._folder,  # not where a project's own settings would be found
                self._environ,
                timeout=self._timeout,
                limit=_MOST_TEXT,
            )
        except (TimeoutError, OutputError) as error:
            raise DependenciesError(f"{said}: it {error}") from None
        if done.code:
            why = " ".join(done.told)[:_TOLD] or "it does not say why"
            raise DependenciesError(f"{said}: {why}")

    @contextlib.contextmanager
    def _locked(self, key: str, *, wait: float | None = None) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._folder / f".{key}.lock", flags, 0o600)
        until = time.monotonic() + (2 * self._timeout if wait is None else wait)
        try:
            while not _taken(descriptor):
                if time.monotonic() >= until:
                    raise SkillLimitError(
                        f"another process makes {self._folder / key} for too long"
                    )
                time.sleep(_PAUSE)
            yield
        finally:
            os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
