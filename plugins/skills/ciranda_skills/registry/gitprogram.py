"""The git program, held to what fetching takes: no hooks, filters, prompts or odd transports."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from ..program import OutputError, complete, find, kept, running
from ..resources import reason_of
from .error import FetchError

__all__ = ["GitProgram"]

_OPTIONS: Final = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.sshCommand=ssh -oBatchMode=yes",
    "credential.interactive=never",
    "fetch.recurseSubmodules=false",
    "fetch.unpackLimit=1",  # one file, which the bound on files holds for
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_KEPT: Final = ("HOME", "PATH", "LANG", "LC_ALL", "SSH_AUTH_SOCK", "TMPDIR", "XDG_CONFIG_HOME")
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
        self._environ: Final = kept(os.environ if environ is None else environ, _KEPT)
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
        try:
            done = complete(
                self._words(words),
                within,
                self._surroundings(within, transports),
                timeout=self._timeout,
                limit=limit,
            )
        except (TimeoutError, OutputError) as error:
            raise FetchError(f"`git {words[0]}` {error}") from None
        except OSError as error:
            raise FetchError(f"git cannot be started: {reason_of(error)}") from None
        if done.code:
            said = next((each for each in done.told if each.startswith("fatal:")), "")
            said = said or (done.told[-1] if done.told else "it does not say why")
            said = said.removeprefix("fatal: ")[:_TOLD]
            raise FetchError(f"`git {words[0]}` failed: {said}")
        return done.out

    @contextlib.contextmanager
    def talk(self, *words: str, within: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command that answers on a pipe for as long as the block goes on.

        Raises:
            FetchError: There is no git.
        """
        environ = self._surroundings(within, "")
        pipe = subprocess.PIPE
        with running(self._words(words), within, environ, stdin=pipe, stdout=pipe) as process:
            yield process

    def _words(self, words: tuple[str, ...]) -> list[str]:
        found = find(self._program, self._environ)
        if found is None:
            raise FetchError("git is not installed: install it, or use a folder or an archive")
        return [found, *(word for option in _OPTIONS for word in ("-c", option)), *words]

    def _surroundings(self, within: Path, transports: str) -> dict[str, str]:
        return self._environ | {
            "GIT_ALLOW_PROTOCOL": transports or "none",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "true",
            "SSH_ASKPASS": "true",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_CEILING_DIRECTORIES": str(within.parent),
            "LC_ALL": "C",
        }
