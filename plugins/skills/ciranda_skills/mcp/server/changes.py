"""Telling clients that there are other skills than before.

Clients from 2026 on open a stream for it; older ones are told on the connection that they listed
on. As long as nobody wants to know, nobody looks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, final

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    ResourcesListChanged,
    ServerEvent,
    ToolsListChanged,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from .offer import Offer, Shown

__all__ = ["Changes"]

_MOST: Final = 1024  # sessions that are told
_SEND: Final = 1.0  # seconds that a client has to take the news
_SHARE: Final = 20  # looking takes at most a twentieth of the time


@final
class Changes:
    """Looks at what is offered, and tells of changes.

    Args:
        offer: What there is.
        every: Seconds between two looks.

    Attributes:
        listen: Serves the streams of newer clients.
    """

    def __init__(self, offer: Offer, every: float) -> None:
        self._offer: Final = offer
        self._every: Final = every
        self._bus: Final = InMemorySubscriptionBus()
        self._sessions: Final[OrderedDict[int, ServerSession]] = OrderedDict()
        self._wanted: Final = anyio.Event()
        self._seen: tuple[str, str] | None = None
        self.listen: Final = ListenHandler(self)

    def listed(self, context: ServerRequestContext[Any, Any], shown: Shown) -> None:
        """Remember that a client knows what there is now."""
        if self._seen is None:
            self._seen = _digests(shown)
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return
        self._sessions[id(context.session.client_params)] = context.session
        while len(self._sessions) > _MOST:
            self._sessions.popitem(last=False)
        self._wanted.set()

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Have somebody told, until the function that is returned is called."""
        self._wanted.set()
        return self._bus.subscribe(listener)

    async def publish(self, event: ServerEvent) -> None:
        """Tell everybody."""
        await self._bus.publish(event)

    async def watch(self) -> None:
        """Look again and again, for ever."""
        await self._wanted.wait()
        tools, resources = self._seen or _digests(await self._offer.shown())
        pause = self._every
        while True:
            await anyio.sleep(pause)
            start = anyio.current_time()
            now = _digests(await self._offer.shown())
            pause = max(self._every, _SHARE * (anyio.current_time() - start))
            if now[0] != tools:
                await self.publish(ToolsListChanged())
                await self._tell(ServerSession.send_tool_list_changed)
            if now[1] != resources:
                await self.publish(ResourcesListChanged())
                await self._tell(ServerSession.send_resource_list_changed)
            tools, resources = now

    async def _tell(self, send: Callable[[ServerSession], Any]) -> None:
        for key, session in tuple(self._sessions.items()):
            try:
                with anyio.fail_after(_SEND):
                    await send(session)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError, TimeoutError):
                self._sessions.pop(key, None)


def _digests(shown: Shown) -> tuple[str, str]:
    """Return what lists of tools and of resources would show."""
    tools = [(tool.name, tool.description, tool.schema) for tool in shown.tools.values()]
    resources = [(entry.name, entry.description) for entry in shown.entries.values()]
    return repr(tools), repr(resources)
