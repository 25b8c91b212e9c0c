"""A server that is a program: messages over its stdin and stdout, and its end.

It runs below the pool's keeper, which adopts what it starts: at the end all of that is killed,
daemons too, and also when we are killed ourselves.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Self, final

import anyio

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Pool, WorkerKind

from ..descriptors import write_all
from ..lines import Lines, LineTooLongError
from .lost import Loss, shown_text
from .spec import Spec

if TYPE_CHECKING:
    from mcp.shared._stream_protocols import ReadStream, WriteStream
    from mcp.shared.message import SessionMessage

__all__ = ["process_kind", "process_messages"]

_LONGEST: Final = 16 << 20  # bytes of a message
_BACKLOG: Final = 32 << 20  # bytes of messages that nobody has looked at yet
_BANNER: Final = 1 << 16  # bytes that it may print before its first message
_TAIL: Final = 8192  # bytes kept of its stderr
_FLUSH: Final = 0.1  # seconds for what is still to be said to it
_GRACE: Final = 0.5  # seconds it has to end by itself once its stdin is closed


def process_kind() -> WorkerKind:
    """Return the kind of worker that servers run below."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    return WorkerKind(
        "mcp server", setup="ciranda_skills.mcp.launch:setup", env=env, lifetime="fork"
    )


@asynccontextmanager
async def process_messages(
    spec: Spec, pool: Pool, loss: Loss
) -> AsyncIterator[tuple[ReadStream[SessionMessage | Exception], WriteStream[SessionMessage]]]:
    """Start a server; it is gone with all that it started when the block is left.

    Args:
        spec: Which.
        pool: Of `process_kind`.
        loss: Is told why it ended, when it does so by itself.
    """
    from mcp.shared.message import SessionMessage

    incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    output = _Output(spec, loss)
    stdin = _Input()
    gone = anyio.Event()
    with incoming, read, write, outgoing, stdin:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_run, spec, pool, loss, stdin.theirs, output, gone)
            tasks.start_soon(stdin.send, outgoing)
            tasks.start_soon(output.deliver, incoming)
            try:
                yield read, write
            finally:
                with anyio.CancelScope(shield=True):
                    await stdin.end()
                    if not loss.known:
                        with anyio.move_on_after(_GRACE):
                            await gone.wait()
                tasks.cancel_scope.cancel()


async def _run(
    spec: Spec, pool: Pool, loss: Loss, stdin: int, output: _Output, gone: anyio.Event
) -> None:
    """Run the program to its end, and tell how that was."""
    payload = {"argv": spec.argv, "env": dict(spec.env), "cwd": spec.cwd}
    try:
        ended = await pool.run("serve", payload, stdin=stdin, on_output=output.hear)
    except StepError as error:
        loss.because(error.kind, error.message, retryable=bool(error.retryable))
    except PoolError as error:
        loss.because("mcp.start", str(error), retryable=True)
    else:
        how = f"ended with exit code {ended.code}"
        if ended.signal is not None:
            how = f"was killed by signal {ended.signal}"
        last = shown_text(output.stderr.strip().rpartition("\n")[2])
        loss.because(
            "mcp.server-lost",
            f"The MCP server `{spec.shown}` {how}{f': {last}' if last else '.'}",
            stderr=output.stderr,
            retryable=True,
            exit_code=ended.code,
            signal=ended.signal,
        )
    finally:
        gone.set()


@final
class _Input:
    """A pipe to a server; it is closed when nobody writes to it any more.

    Attributes:
        theirs: The end that the server reads from.
    """

    def __init__(self) -> None:
        self.theirs, self._ours = os.pipe()
        self._scope: Final = anyio.CancelScope()
        self._sent: Final = anyio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.theirs)
        self._close()

    def _close(self) -> None:
        if self._ours >= 0:
            os.close(self._ours)
        self._ours = -1

    async def send(self, outgoing: Any) -> None:
        """Write messages until there are no more, or nobody reads them."""
        try:
            with self._scope:
                async for each in outgoing:
                    text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
                    await write_all(self._ours, text.encode() + b"\n")
        except OSError:
            pass  # it reads no more: how it ended is told when it has
        finally:
            outgoing.close()
            self._sent.set()

    async def end(self) -> None:
        """Close the pipe, which asks the server to end."""
        with anyio.move_on_after(_FLUSH):
            await self._sent.wait()
        self._scope.cancel()
        await self._sent.wait()
        self._close()


@final
class _Output:
    """What a server writes: messages in turn, and the end of its stderr."""

    def __init__(self, spec: Spec, loss: Loss) -> None:
        self._spec: Final = spec
        self._loss: Final = loss
        self._lines: Final = Lines(_LONGEST)
        self._waiting: list[bytes] = []
        self._size = 0
        self._banner = _BANNER
        self._tail = b""
        self._more = anyio.Event()

    @property
    def stderr(self) -> str:
        """The end of it."""
        return self._tail.decode("utf-8", "replace")

    def hear(self, stream: str, data: bytes) -> None:
        """Take a piece, without waiting."""
        if stream != "stdout":
            self._tail = (self._tail + data)[-_TAIL:]
            return
        if self._loss.known:
            return
        try:
            for line in self._lines.feed(data):
                self._waiting.append(line)
                self._size += len(line)
        except LineTooLongError as error:
            self._flood(str(error))
        if self._size > _BACKLOG:
            self._flood(f"more than {_BACKLOG:,} bytes are waiting")
        self._more.set()

    def _flood(self, what: str) -> None:
        self._waiting.clear()
        said = f"The MCP server `{self._spec.shown}` floods us: {what}."
        self._loss.because("mcp.flood", said, stderr=self.stderr, retryable=False)

    async def deliver(self, incoming: Any) -> None:
        """Hand on what is a message, in the order in which it came."""
        from mcp.shared.message import SessionMessage
        from mcp_types import jsonrpc_message_adapter

        begun = False
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            lines, self._waiting = self._waiting, []
            for line in lines:
                self._size -= len(line)
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    self._banner -= len(line)
                    if begun or self._banner < 0:
                        self._garbage(line)
                        return
                    continue  # greetings that some print before they begin
                begun = True
                try:
                    await incoming.send(SessionMessage(message))
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return

    def _garbage(self, line: bytes) -> None:
        shown = shown_text(line.decode("utf-8", "replace"))
        self._loss.because(
            "mcp.protocol",
            f"The MCP server `{self._spec.shown}` printed what is no message: {shown}",
            stderr=self.stderr,
            retryable=False,
        )
