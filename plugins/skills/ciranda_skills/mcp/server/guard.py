"""Who may talk to the server over HTTP, decided before the SDK sees anything.

A page in a browser can send requests to servers of the machine, and by DNS rebinding under a name
of its own: so the Host must be ours and the Origin, which browsers send, must be allowed.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, final

__all__ = ["PATH", "Guard"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PATH: Final = "/mcp"
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_MISDIRECTED: Final = 421
_UNAVAILABLE: Final = 503


@final
class Guard:
    """Lets requests through to an ASGI application, or answers them itself.

    Args:
        inner: The application.
        token: What clients send as `Authorization: Bearer ...`; None asks for nothing.
        hosts: What `Host` may be; None is anything.
        origins: What `Origin` may be, where there is one.

    Attributes:
        closed: Set it to let nothing more through.
    """

    def __init__(
        self, inner: App, *, token: str | None, hosts: Iterable[str] | None, origins: Iterable[str]
    ) -> None:
        self._inner: Final = inner
        self._token: Final = None if token is None else f"Bearer {token}".encode()
        self._hosts: Final = None if hosts is None else {each.lower().encode() for each in hosts}
        self._origins: Final = {each.lower().encode() for each in origins}
        self.closed = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        status, reason = self._refusal(scope["path"], headers)
        if not status:
            await self._inner(scope, receive, send)
            return
        answer = [(b"content-type", b"text/plain"), (b"connection", b"close")]
        if status == _UNAUTHORIZED:
            answer.append((b"www-authenticate", b"Bearer"))
        await send({"type": "http.response.start", "status": status, "headers": answer})
        await send({"type": "http.response.body", "body": f"{reason}\n".encode()})

    def _refusal(self, path: str, headers: dict[bytes, list[bytes]]) -> tuple[int, str]:
        host = headers.get(b"host", [])
        if self._hosts is not None and not (len(host) == 1 and host[0].lower() in self._hosts):
            return _MISDIRECTED, "This server has another name."
        if any(each.lower() not in self._origins for each in headers.get(b"origin", [])):
            return _FORBIDDEN, "Pages of this origin may not use this server."
        given = headers.get(b"authorization", [])
        if self._token is not None and not (
            len(given) == 1 and hmac.compare_digest(given[0], self._token)
        ):
            return _UNAUTHORIZED, "A token is needed."
        if path.rstrip("/") != PATH:
            return _NOT_FOUND, f"The server is at {PATH}."
        return (_UNAVAILABLE, "The server is ending.") if self.closed else (0, "")
