"""`mcp.call` and `mcp.tools`: use tools of any MCP server; need the extra `ciranda[mcp]`.

Kinds of failure: `mcp.tool-error` (the tool says that it failed), `mcp.unknown-tool`,
`mcp.arguments` (they do not fit the tool's schema), `mcp.schema` (its result does not fit),
`mcp.refused` (the server answered with an error), `mcp.start` (the program cannot be started),
`mcp.server-lost` (it ended), `mcp.protocol` (what it says is no MCP), `mcp.flood` (it says more
than anybody can read), `unavailable` (nobody answers at the URL) and `timeout`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypedDict

import anyio

from ciranda.actions import Arg, action
from ciranda.context import Context
from ciranda.errors import StepError

from .client import Server, Servers, open_servers, spec_of
from .client.lost import shown_text

__all__ = ["call", "tools"]

_ERRORS: Final = {"mcp": False, "mcp.server-lost": True, "unavailable": True}
_SHOWN: Final = 500  # characters of what a tool says


class Called(TypedDict):
    """What a tool returned.

    Attributes:
        content: Blocks, each with its `type`: text, image, audio, resource.
        structured: What it returned as JSON, or null.
        is_error: False; a failed call is a failed step.
    """

    content: list[dict[str, Any]]
    structured: Any
    is_error: bool


class Listed(TypedDict):
    """A tool of a server."""

    name: str
    description: str
    input_schema: dict[str, Any]


@contextmanager
def _in_time(server: str, seconds: float) -> Iterator[None]:
    """Give up after some seconds.

    Raises:
        StepError: `timeout`.
    """
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        said = f"The MCP server `{server}` did not answer within {seconds:g} s."
        raise StepError("timeout", said) from None


def _base(ctx: Context | None) -> Path:
    return ctx.run.base if ctx is not None else Path()


def _first_text(content: list[dict[str, Any]]) -> str:
    texts = (each["text"] for each in content if isinstance(each.get("text"), str))
    return shown_text(next(texts, ""), _SHOWN)


@action("mcp.call", errors=_ERRORS)
async def call(
    server: Server,
    tool: str,
    arguments: dict[str, Any] | None = None,
    timeout: Annotated[float, Arg(minimum=0.001)] = 60.0,  # noqa: ASYNC109  (an input's name)
    servers: Annotated[Servers | None, open_servers] = None,
    ctx: Context | None = None,
) -> Called:
    """Call a tool of an MCP server.

    A program is started once an engine for all steps that name it alike, and killed with
    everything it started when the engine ends.

    Args:
        server: The program to start, or the URL.
        tool: Its name.
        arguments: What it takes.
        timeout: Seconds for everything, starting the server included.
        servers: Those that are open.
        ctx: The step.

    Returns:
        `content`, a list of blocks, and `structured`, JSON or null.
    """
    spec = spec_of(server, _base(ctx), os.environ)

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        if ctx is not None:
            ctx.progress(progress, total or 0.0, ctx.mask(shown_text(message or "")))

    assert servers is not None  # the engine sees to it
    with _in_time(spec.shown, timeout):
        connection = await servers.get(spec)
        result = await connection.call(tool, arguments or {}, tell)
    plain = result.model_dump(mode="json", by_alias=True, exclude_none=True)
    content: list[dict[str, Any]] = plain.get("content", [])
    structured = plain.get("structuredContent")
    if result.is_error:
        raise StepError(
            "mcp.tool-error",
            f"The tool `{tool}` failed: {_first_text(content) or 'it does not say why'}",
            detail={"tool": tool, "content": content, "structured": structured},
        )
    return Called(content=content, structured=structured, is_error=False)


@action("mcp.tools", errors=_ERRORS)
async def tools(
    server: Server,
    timeout: Annotated[float, Arg(minimum=0.001)] = 60.0,  # noqa: ASYNC109  (an input's name)
    servers: Annotated[Servers | None, open_servers] = None,
    ctx: Context | None = None,
) -> list[Listed]:
    """List the tools of an MCP server.

    Args:
        server: The program to start, or the URL.
        timeout: Seconds for everything, starting the server included.
        servers: Those that are open.
        ctx: The step.

    Returns:
        Name, description and input schema of each, by name.
    """
    spec = spec_of(server, _base(ctx), os.environ)
    assert servers is not None  # the engine sees to it
    with _in_time(spec.shown, timeout):
        connection = await servers.get(spec)
        found = await connection.tools(anew=True)
    return [
        Listed(name=name, description=each.description or "", input_schema=each.input_schema)
        for name, each in sorted(found.items())
    ]
