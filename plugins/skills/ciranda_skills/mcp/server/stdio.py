"""Serving one client over stdin and stdout."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final

import anyio

from ..descriptors import read_some, write_all
from ..lines import Lines, LineTooLongError
from .offer import Offer
from .running import Limits, Running
from .signals import until_signalled

if TYPE_CHECKING:
    from mcp.shared._stream_protocols import ReadStream, WriteStream
    from mcp.shared.message import SessionMessage

__all__ = ["serve_stdio"]

_LONGEST: Final = 4 << 20  # bytes of a message
_ABOVE: Final = 3  # the first descriptor that is no standard stream


async def serve_stdio(
    offer: Offer, running: Running, limits: Limits | None = None, *, stdin: int = 0, stdout: int = 1
) -> None:
    """Serve until the client closes our stdin or a signal asks us to end.

    Meanwhile descriptor 0 gives nothing and what is printed goes to stderr, so nothing that
    happens in this process can be taken for a message.

    Args:
        offer: What there is.
        running: What runs scripts.
        limits: What each call may take.
        stdin: Descriptor that requests come from.
        stdout: Descriptor that answers go to.
    """
    from .protocol import Protocol

    protocol = Protocol(offer, running, limits or Limits())
    server = protocol.server
    with _private(stdin, stdout) as (requests, answers):
        async with until_signalled() as told, anyio.create_task_group() as tasks:

            async def end() -> None:
                await told.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(end)
            tasks.start_soon(protocol.changes.watch)
            async with _messages(requests, answers) as (read, write):
                await server.run(read, write, server.create_initialization_options())
            tasks.cancel_scope.cancel()


@contextmanager
def _private(stdin: int, stdout: int) -> Iterator[tuple[int, int]]:
    """Move two descriptors to where nobody else has them, and back."""
    requests = fcntl.fcntl(stdin, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    answers = fcntl.fcntl(stdout, fcntl.F_DUPFD_CLOEXEC, _ABOVE)
    _flush()
    try:
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        os.dup2(nothing, stdin)
        os.close(nothing)
        os.dup2(2, stdout)
        yield requests, answers
    finally:
        _flush()
        os.dup2(requests, stdin)
        os.dup2(answers, stdout)
        os.close(requests)
        os.close(answers)


def _flush() -> None:
    """Write what was printed to where it went when it was printed."""
    if sys.stdout is not None:
        sys.stdout.flush()


@asynccontextmanager
async def _messages(
    requests: int, answers: int
) -> AsyncIterator[tuple[ReadStream[SessionMessage | Exception], WriteStream[SessionMessage]]]:
    """Make streams of messages of two descriptors."""
    from mcp.shared.message import SessionMessage
    from mcp_types import JSONRPCError, jsonrpc_message_adapter
    from mcp_types.jsonrpc import PARSE_ERROR, ErrorData

    incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)

    async def reading() -> None:
        lines = Lines(_LONGEST)
        async with incoming:
            while data := await read_some(requests):
                try:
                    for line in lines.feed(data):
                        try:
                            message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                        except ValueError as error:
                            fault = ErrorData(code=PARSE_ERROR, message="Parse error")
                            reply = JSONRPCError(jsonrpc="2.0", id=None, error=fault)
                            await write.send(SessionMessage(reply))
                            await incoming.send(error)
                        else:
                            await incoming.send(SessionMessage(message))
                except LineTooLongError:
                    return  # where the next message begins nobody knows

    async def writing() -> None:
        async with outgoing:
            async for each in outgoing:
                text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                await write_all(answers, text.encode() + b"\n")

    async def until_gone(task: object) -> None:
        try:
            await task()  # type: ignore[operator]
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            tasks.cancel_scope.cancel()  # nobody is there any more

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_gone, reading)
        tasks.start_soon(until_gone, writing)
        yield read, write
