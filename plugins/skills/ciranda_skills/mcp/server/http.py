"""Serving many clients over HTTP."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final

import anyio

from ciranda.errors import SettingsError

from .guard import PATH, Guard
from .offer import Offer
from .running import Limits, Running
from .signals import until_signalled

if TYPE_CHECKING:
    import uvicorn

__all__ = ["serve_http"]

_LOCAL: Final = ("127.0.0.1", "localhost", "[::1]")
_SESSIONS: Final = 1024
_CONNECTIONS: Final = 1024
_SHORTEST_TOKEN: Final = 16  # characters
_LAST: Final = 1  # seconds that connections have to end once there is nothing more to say
_LOOK: Final = 0.005  # seconds between two looks at whether it listens


async def serve_http(
    offer: Offer,
    running: Running,
    limits: Limits | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    token: str | None = None,
    origins: Iterable[str] = (),
    grace: float = 5.0,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until a signal asks us to end, or this is cancelled. Needs asyncio.

    Without a token only this machine is listened to. Calls that go on when it ends have `grace`
    seconds; then they are killed.

    Args:
        offer: What there is.
        running: What runs scripts.
        limits: What each call may take.
        host: Address to listen at.
        port: 0 is any that is free.
        token: What clients must send as `Authorization: Bearer ...`.
        origins: Origins whose pages may use the server, such as `http://localhost:6274`.
        grace: Seconds.
        on_ready: Called with the URL once clients can connect.

    Raises:
        SettingsError: The address cannot be listened at, the token is short or missing.
    """
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from .protocol import Protocol

    _check(host, token)
    protocol = Protocol(offer, running, limits or Limits())
    with _listening(host, port) as (listener, address):
        manager = StreamableHTTPSessionManager(protocol.server, max_sessions=_SESSIONS)
        names = [address, *(f"{name}:{address.rpartition(':')[2]}" for name in _LOCAL)]
        guard = Guard(
            manager.handle_request,
            token=token,
            hosts=names if _is_local(host) else None,
            origins=origins,
        )
        web = _web(guard)

        async def serve() -> None:
            with anyio.CancelScope(shield=True):  # it ends when it is told, with all its tasks
                await web.serve(sockets=[listener])

        watching = anyio.CancelScope()

        async def watch() -> None:
            with watching:
                await protocol.changes.watch()

        async with until_signalled() as told, anyio.create_task_group() as tasks:
            try:
                async with manager.run():
                    tasks.start_soon(serve)
                    tasks.start_soon(watch)
                    while not web.started:  # noqa: ASYNC110  (uvicorn has no event for it)
                        await anyio.sleep(_LOOK)
                    on_ready(f"http://{address}{PATH}")
                    try:
                        await told.wait()
                    finally:
                        with anyio.move_on_after(grace, shield=True):
                            await protocol.turns.ended()
                        guard.closed = True
            finally:
                watching.cancel()
                web.should_exit = True


def _check(host: str, token: str | None) -> None:
    import sniffio

    if sniffio.current_async_library() != "asyncio":
        raise SettingsError("MCP over HTTP is served on asyncio: choose that event loop")
    if token is None and not _is_local(host):
        raise SettingsError(
            f"{host} can be reached from other machines: give a token, or listen at 127.0.0.1"
        )
    if token is not None and (len(token) < _SHORTEST_TOKEN or not token.isascii()):
        raise SettingsError(f"the token needs {_SHORTEST_TOKEN} ASCII characters or more")


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@contextmanager
def _listening(host: str, port: int) -> Iterator[tuple[socket.socket, str]]:
    """Listen; yields the socket, and where it can be reached as `host:port`."""
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        listener = socket.create_server((bare, port), family=family, backlog=_CONNECTIONS)
    except (OSError, OverflowError) as error:
        reason = str(getattr(error, "strerror", None) or error).lower()
        raise SettingsError(f"{host}:{port} cannot be listened at: {reason}") from None
    with listener:
        number = listener.getsockname()[1]
        yield listener, f"[{bare}]:{number}" if family == socket.AF_INET6 else f"{bare}:{number}"


def _web(app: Any) -> uvicorn.Server:
    import uvicorn

    class Web(uvicorn.Server):
        def capture_signals(self) -> Any:
            return nullcontext()  # they are ours, see `until_signalled`

    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        http="h11",
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_LAST,
    )
    return Web(config)
