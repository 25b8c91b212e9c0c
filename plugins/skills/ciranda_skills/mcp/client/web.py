"""A server behind a URL: the SDK's transport over connections that bound what they take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from .lost import Loss
from .spec import Spec

if TYPE_CHECKING:
    import httpx2
    from mcp.client._transport import TransportStreams

__all__ = ["web_messages"]

_LARGEST: Final = 32 << 20  # bytes of an answer that is no stream of events
_EVENT: Final = 16 << 20  # bytes of one event
_DENIED: Final = (401, 403)
_GONE: Final = 404
_SESSION: Final = "mcp-session-id"
_CONNECT: Final = 10.0  # seconds


@asynccontextmanager
async def web_messages(spec: Spec, loss: Loss) -> AsyncIterator[TransportStreams]:
    """Connect to a server.

    Proxies of the environment are not used, and no redirect to another origin is followed.

    Args:
        spec: Which.
        loss: Is told when it cannot be reached.
    """
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    headers = {"user-agent": "ciranda", "accept-encoding": "identity"} | dict(spec.headers)
    client = httpx2.AsyncClient(
        headers=headers,
        transport=_bounded(httpx2.AsyncHTTPTransport(), spec, loss),
        timeout=httpx2.Timeout(None, connect=_CONNECT),
        trust_env=False,
    )
    async with (
        client,
        streamable_http_client(spec.url, http_client=client, max_sse_event_size=_EVENT) as streams,
    ):
        yield streams


def _bounded(inner: httpx2.AsyncBaseTransport, spec: Spec, loss: Loss) -> httpx2.AsyncBaseTransport:
    import httpx2

    class Counted(httpx2.AsyncByteStream):
        def __init__(self, response: httpx2.Response) -> None:
            self._stream: Any = response.stream
            self._connection = response.extensions["network_stream"]

        async def __aiter__(self) -> AsyncIterator[bytes]:
            left = _LARGEST
            async for piece in self._stream:
                left -= len(piece)
                if left < 0:
                    said = f"The answer of {spec.shown} is larger than {_LARGEST:,} bytes."
                    loss.because("mcp.flood", said, retryable=False)
                    # Leaving the loop would leave the generators below to the garbage collector;
                    # reading from a closed connection ends them all.
                    await self._connection.aclose()
                else:
                    yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Bounded(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            try:
                response = await inner.handle_async_request(request)
            except httpx2.TransportError as error:
                reason = str(error) or type(error).__name__
                said = f"{spec.shown} cannot be reached: {reason}."
                loss.because("unavailable", said, retryable=True)
                raise
            if response.status_code in _DENIED:
                said = f"{spec.shown} refuses us with status {response.status_code}."
                loss.because("mcp.refused", said, retryable=False, status=response.status_code)
            elif response.status_code == _GONE and _SESSION in request.headers:
                said = f"{spec.shown} does not know our session any more."
                loss.because("mcp.server-lost", said, retryable=True)
            # What is packed could unpack to any size; it was asked not to be.
            if response.headers.get("content-encoding", "identity") != "identity":
                said = f"{spec.shown} packs its answers, which was not asked for."
                loss.because("mcp.protocol", said, retryable=False)
            kind = response.headers.get("content-type", "")
            if not kind.lower().startswith("text/event-stream"):
                response.stream = Counted(response)
            return response

        async def aclose(self) -> None:
            await inner.aclose()

    return Bounded()
