"""The git program, held to what fetching takes: no hooks, filters, prompts or odd transports."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from .error import FetchError

__all__ = ["GitProgram"]

_OPTIONS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=ssh -oBatchMode=yes",
    "credential.interactive=never",
    "fetch.recurseSubmodules=false",
    "fetch.unpackLimit=1",  # one file, which its limit holds for
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_KEPT: Final = ("HOME", "PATH", "LANG", "LC_ALL", "SSH_AUTH_SOCK", "TMPDIR", "XDG_CONFIG_HOME")
_KEPT_ENDINGS: Final = ("_proxy", "_PROXY")
_LARGEST_FILE: Final = 1 << 30
_TOLD: Final = 300


class GitProgram:
    """Runs git with a clean environment, nobody to ask, and an end.

    Args:
        environ: What the environment is taken from.
        timeout: Seconds for each command.
        program: Its name or path.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        timeout: float = 120.0,
        program: str = "git",
    ) -> None:
        given = os.environ if environ is None else environ
        self._environ: Final = {
            name: value
            for name, value in given.items()
            if name in _KEPT or name.endswith(_KEPT_ENDINGS)
        }
        self._timeout: Final = timeout
        self._program: Final = program

    def run(self, *words: str, within: Path, transports: str = "", limit: int = 1 << 24) -> bytes:
        """Return what a command writes.

        Args:
            words: The command and its arguments.
            within: The repository.
            transports: Those that it may use, with `:` between them.
            limit: Bytes that it may write.

        Raises:
            FetchError: It fails, takes too long, writes too much, or there is no git.
        """
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
            process = self._start(words, within, transports, subprocess.DEVNULL, out, told)
            with _ended(process):
                try:
                    process.wait(self._timeout)
                except subprocess.TimeoutExpired:
                    said = f"`git {words[0]}` did not end within {self._timeout:g} s"
                    raise FetchError(said) from None
            out.seek(0)
            found = out.read(limit + 1)
            if process.returncode:
                raise FetchError(f"`git {words[0]}` failed: {_last_line(told)}")
        if len(found) > limit:
            raise FetchError(f"`git {words[0]}` writes more than {limit:,} bytes")
        return found

    @contextlib.contextmanager
    def talk(self, *words: str, within: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command that answers on a pipe for as long as the block goes on.

        Raises:
            FetchError: There is no git.
        """
        with tempfile.TemporaryFile() as told:
            process = self._start(words, within, "", subprocess.PIPE, subprocess.PIPE, told)
            with _ended(process):
                yield process

    def _start(
        self,
        words: tuple[str, ...],
        within: Path,
        transports: str,
        stdin: int,
        stdout: int | IO[bytes],
        stderr: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        found = shutil.which(self._program, path=self._environ.get("PATH"))
        if found is None:
            raise FetchError("git is not installed: install it, or use a folder or an archive")
        options = [word for option in _OPTIONS for word in ("-c", option)]
        environ = self._environ | {
            "GIT_ALLOW_PROTOCOL": transports or "none",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "SSH_ASKPASS": "true",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_CEILING_DIRECTORIES": str(within.parent),
            "LC_ALL": "C",
        }
        process = subprocess.Popen(
            [found, *options, *words],
            cwd=within,
            env=environ,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,  # so that its children end with it
        )
        _bound(process.pid)
        return process


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a command and whatever it started, however the block is left."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # a pipe that nobody reads any more
                    stream.close()
        process.wait()


def _bound(pid: int) -> None:
    """Bound the size of what it writes, where the system can do that from outside."""
    import resource

    setter = getattr(resource, "prlimit", None)
    if setter is not None:
        with contextlib.suppress(OSError):  # it has ended
            setter(pid, resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))


def _last_line(told: IO[bytes]) -> str:
    told.seek(0)
    lines = told.read(1 << 16).decode(errors="replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    best = next((line for line in said if line.startswith("fatal:")), said[-1] if said else "")
    clean = "".join(sign if sign.isprintable() else "?" for sign in best)
    return clean.removeprefix("fatal: ")[:_TOLD] or "it does not say why"
