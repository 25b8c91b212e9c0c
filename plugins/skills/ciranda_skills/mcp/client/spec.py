"""Which server is meant: a program to start, or a URL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from ciranda.errors import StepError

__all__ = ["Server", "Spec", "spec_of"]

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server as a step names it: either `command` or `url`.

    Attributes:
        command: Program that speaks MCP on its stdin and stdout.
        args: What follows it.
        env: Variables for it, in addition to PATH, HOME, LANG, TZ and TMPDIR.
        inherit_env: Names of variables that it gets as they are here.
        cwd: Folder that it starts in; the workflow's own by default.
        url: Where a server is reached by streamable HTTP.
        headers: Sent with each request.
    """

    command: str = ""
    args: list[str] = []
    env: dict[str, str] = {}
    inherit_env: list[str] = []
    cwd: str = ""
    url: Annotated[str, msgspec.Meta(pattern="^(https?://|$)")] = ""
    headers: dict[str, str] = {}


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A server in full: steps whose specs are equal share it.

    Attributes:
        argv: The program and its arguments; empty with a URL.
        env: The whole environment, sorted.
        cwd: Folder, absolute.
        url: Where it is reached.
        headers: Sent with each request, sorted.
    """

    argv: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    cwd: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> str:
        """What messages call it: the program's name, or the URL without what may be secret."""
        if self.argv:
            return os.path.basename(self.argv[0])
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:200]


def spec_of(server: Server, base: Path, environ: Mapping[str, str]) -> Spec:
    """Return which server is meant.

    Args:
        server: As the step names it.
        base: Folder that relative paths start from.
        environ: Where inherited variables come from.

    Raises:
        StepError: `invalid-input`: it is neither a program nor a URL, or both.
    """
    if bool(server.command) is bool(server.url):
        raise _invalid("`server` takes either `command` or `url`.")
    if server.url:
        if server.args or server.env or server.inherit_env or server.cwd:
            raise _invalid("`args`, `env`, `inherit_env` and `cwd` go with `command`, not `url`.")
        if not urlsplit(server.url).hostname:
            raise _invalid("`server.url` names no host.")
        return Spec(url=server.url, headers=tuple(sorted(server.headers.items())))
    if server.headers:
        raise _invalid("`headers` go with `url`, not `command`.")
    names = (*_PASSED_ON, *server.inherit_env)
    env = {name: environ[name] for name in names if name in environ} | server.env
    texts = [server.command, *server.args, *env, *env.values()]
    if any("\0" in text for text in texts) or any("=" in name or not name for name in env):
        raise _invalid("A word or variable of `server` cannot be handed to a program.")
    return Spec(
        argv=(server.command, *server.args),
        env=tuple(sorted(env.items())),
        cwd=str((base / server.cwd).absolute()),
    )


def _invalid(message: str) -> StepError:
    return StepError("invalid-input", message, retryable=False)
