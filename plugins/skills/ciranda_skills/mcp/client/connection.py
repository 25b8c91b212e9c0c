"""One open server: its tools, and calls of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, TypeVar, final

import anyio
import mcp_types as types
from anyio.abc import TaskStatus
from mcp.client.session import ClientSession, IncomingMessage
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError

from ciranda.errors import StepError

from .checks import check_arguments, check_structured
from .lost import Loss, shown_text
from .spec import Spec

__all__ = ["Connection"]

T = TypeVar("T")
Transport = AbstractAsyncContextManager[Any]
_PAGES: Final = 100  # of a list of tools
_MOST_TOOLS: Final = 10_000
_CLOSED: Final = "Connection closed"  # the SDK's own words; servers use its code for theirs
_PONG: Final = 2.0  # seconds that a server has to show that it lives


@final
class Connection:
    """A server, open as long as its task runs.

    Args:
        spec: Which.
        transport: Makes streams of messages; is given what to tell why they end.

    Attributes:
        loss: Why it is of no use any more, once that is so.
        busy: Calls that go on.
    """

    def __init__(self, spec: Spec, transport: Callable[[Loss], Transport]) -> None:
        self._spec: Final = spec
        self._transport: Final = transport
        self._scope: Final = anyio.CancelScope()
        self._leaving: Final = anyio.Event()
        self._tools: dict[str, types.Tool] | None = None
        self._session: ClientSession
        self._doubtful = False
        self.loss: Final = Loss(self._scope.cancel)
        self.ended: Final = anyio.Event()
        self.busy = 0

    @property
    def usable(self) -> bool:
        """Whether it may take calls."""
        return not self.loss.known and not self._leaving.is_set()

    def leave(self) -> None:
        """End it, gently."""
        self._leaving.set()

    async def hold(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep it open until it is left, or ends by itself; what goes wrong is in `loss`."""
        try:
            with self._scope:
                await self._converse(task_status)
        except Exception as error:
            self._failed(error)
        finally:
            self.ended.set()

    async def _converse(self, task_status: TaskStatus[None]) -> None:
        async with self._transport(self.loss) as (read, write):
            info = types.Implementation(name="ciranda", version="1")
            session = ClientSession(read, write, message_handler=self._hear, client_info=info)
            async with session:
                try:
                    await session.initialize()
                except MCPError as error:
                    if error.code == types.CONNECTION_CLOSED:
                        raise
                    await session.discover()  # it is so new that it knows no handshake
                self._session = session
                task_status.started()
                await self._leaving.wait()

    def _failed(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        kind = "mcp.refused" if isinstance(error, MCPError) else "mcp.protocol"
        said = f"The MCP server `{self._spec.shown}` cannot be used: {shown_text(str(error))}"
        self.loss.because(kind, said, retryable=False)

    async def _hear(self, message: IncomingMessage) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            self._tools = None

    async def tools(self, *, anew: bool = False) -> dict[str, types.Tool]:
        """Return its tools by name.

        Raises:
            StepError: It does not say.
        """
        if self._tools is None or anew:
            found: dict[str, types.Tool] = {}
            cursor: str | None = None
            for _ in range(_PAGES):
                params = types.PaginatedRequestParams(cursor=cursor) if cursor else None
                page = await self._asked(self._session.list_tools(params=params))
                found.update((tool.name, tool) for tool in page.tools)
                cursor = page.next_cursor
                if not cursor or len(found) > _MOST_TOOLS:
                    break
            self._tools = found
        return self._tools

    async def tool(self, name: str) -> types.Tool:
        """Return a tool.

        Raises:
            StepError: `mcp.unknown-tool`.
        """
        from ciranda.workflow.nearest import nearest

        known = self._tools is not None
        tools = await self.tools()
        if name not in tools and known:
            tools = await self.tools(anew=True)
        if name not in tools:
            meant = nearest(name, tools)
            hint = f" Did you mean `{meant}`?" if meant else ""
            said = f"The MCP server `{self._spec.shown}` has no tool `{name}`.{hint}"
            raise StepError("mcp.unknown-tool", said, retryable=False)
        return tools[name]

    async def call(
        self, name: str, arguments: dict[str, Any], progress: ProgressFnT | None = None
    ) -> types.CallToolResult:
        """Call a tool; a result that is an error is returned as any other.

        Raises:
            StepError: There is no such tool, it cannot take the arguments, the server refuses,
                breaks the protocol or is lost.
        """
        self.busy += 1
        try:
            tool = await self.tool(name)
            check_arguments(name, tool.input_schema, arguments)
            params = types.CallToolRequestParams(name=name, arguments=arguments)
            # Not `call_tool`: it checks the result with the server's patterns in `re`, which
            # never gives up, and the loop would stand still for as long as the server likes.
            result = await self._asked(
                self._session.send_request(
                    types.CallToolRequest(params=params),
                    types.CallToolResult,
                    progress_callback=progress,
                )
            )
            if not result.is_error:
                check_structured(name, tool.output_schema, result.structured_content)
        except anyio.get_cancelled_exc_class():
            self._doubtful = True  # it may hang, or only have been told to stop
            raise
        finally:
            self.busy -= 1
        return result

    async def lives(self) -> bool:
        """Tell whether it still answers, when a call before this one had to be given up."""
        if self._doubtful and self.usable and not self.busy:
            with anyio.move_on_after(_PONG) as patience:
                with suppress(StepError):  # an error is an answer too; a loss is seen below
                    await self._asked(self._session.send_ping())
            if patience.cancelled_caught:
                said = f"The MCP server `{self._spec.shown}` does not answer any more."
                self.loss.because("mcp.server-lost", said, retryable=True)
            self._doubtful = False
        return self.usable

    async def _asked(self, answer: Awaitable[T]) -> T:
        """Wait for an answer; what goes wrong gets a kind."""
        try:
            return await answer
        except MCPError as error:
            closed = error.code == types.CONNECTION_CLOSED and error.message == _CLOSED
            await self._raise_loss(closed=closed)
            said = f"The MCP server `{self._spec.shown}` refuses: {shown_text(error.message)}"
            detail = {"code": error.code}
            raise StepError("mcp.refused", said, retryable=False, detail=detail) from None
        except (ValueError, RuntimeError, anyio.BrokenResourceError) as error:
            await self._raise_loss(closed=False)
            said = f"The MCP server `{self._spec.shown}` gave an answer that is none: "
            said += shown_text(str(error))
            raise StepError("mcp.protocol", said, retryable=False) from None

    async def _raise_loss(self, *, closed: bool) -> None:
        """Raise why it was lost, if it was, once nothing of it is left.

        Args:
            closed: Whether it was, and the reason may come in a moment.
        """
        if closed or self.loss.known:
            with anyio.move_on_after(_PONG):
                await self.ended.wait()
        if (lost := self.loss.error) is not None:
            raise lost from None
