"""Which addresses a workflow may connect to, decided where the connection is made."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import anyio
import httpx

from ciranda.errors import StepError

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address, seen through a gateway
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")  # all that is handed out of IPv6
# Special blocks that some versions of `ipaddress` take for public ones. Tunnels are here too:
# they lead to an IPv4 address of the sender's choice.
_SPECIAL: Final = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24",  # protocols; a cloud keeps its metadata here
        "192.88.99.0/24",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
_HARMLESS: Final = frozenset({"accept", "accept-language", "content-type", "host", "user-agent"})

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which to try them."""
    found = await anyio.getaddrinfo(host, port, type=1)  # SOCK_STREAM
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: str) -> bool:
    """Say whether an address is on the public internet.

    Private, loopback, link-local (where clouds keep their metadata), shared, multicast and
    reserved addresses are not, nor is an IPv6 address that stands for such an IPv4 one.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip not in _UNICAST:
            return False
    if any(ip in block for block in _SPECIAL):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


class GuardedTransport(httpx.AsyncBaseTransport):
    """Resolves each host once, refuses what is not public, and connects to what it checked.

    Every request of every redirect comes through here, and the name is not looked up again for
    the connection, so that no answer of a name server can change in between. Environment
    variables for proxies have no effect: a proxy would connect on its own account.

    Args:
        inner: Makes the connections.
        allow_private: Whether addresses that are not public may be reached.
        own_headers: Names of headers that are for the first server only, whose redirect may
            lead to another: they often hold keys.
        resolve: Looks names up.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        allow_private: bool = False,
        own_headers: Iterable[str] = (),
        resolve: Resolve = resolve,
    ) -> None:
        self._inner: Final = inner
        self._allow_private: Final = allow_private
        self._own_headers: Final = frozenset(name.lower() for name in own_headers)
        self._resolve: Final = resolve
        self._first: tuple[str, str, int | None] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request to the first address of its host that answers.

        Raises:
            StepError: Kind `denied`, or `unavailable` when the name is not known.
        """
        host = request.url.host
        check_url(request.url)
        origin = (request.url.scheme, host, request.url.port)
        self._first = self._first or origin
        if origin != self._first:
            for name in self._own_headers - _HARMLESS:
                request.headers.pop(name, None)
        try:
            port = request.url.port or (443 if request.url.scheme == "https" else 80)
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise StepError(
                "unavailable", f'The name "{host}" is not known.', detail={"host": host}
            ) from None
        if not self._allow_private:
            for address in addresses:
                if not is_public(address):
                    raise _denied(
                        f'"{host}" is {address}, which is not on the public internet; '
                        "`allow_private: true` would allow it"
                    )
        return await self._first_that_answers(request, addresses)

    async def _first_that_answers(
        self, request: httpx.Request, addresses: list[str]
    ) -> httpx.Response:
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except httpx.ConnectError:
                continue  # nothing was sent: the next address may do
        return await self._inner.handle_async_request(_pinned(request, addresses[-1]))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def check_url(url: httpx.URL) -> None:
    """Refuse a URL that no request should be made of.

    Raises:
        StepError: Kind `denied`: its scheme is not http or https, or it holds a password.
    """
    if url.scheme not in ("http", "https"):
        raise _denied(f'"{url.scheme}" is not a scheme of the web; use http or https')
    if url.userinfo:
        raise _denied("a URL with a user name in it goes into logs; use the header authorization")
    if not url.host:
        raise _denied("the URL names no host")


def _denied(reason: str) -> StepError:
    return StepError("denied", f"The request is refused: {reason}.", retryable=False)


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """Return the request with the address in place of the name; TLS still checks the name."""
    extensions: dict[str, Any] = dict(request.extensions)
    extensions.setdefault("sni_hostname", request.url.host)
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # has the header Host of the name
        stream=request.stream,
        extensions=extensions,
    )


def connections(tls: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    """Return what makes connections, each for one request.

    Two names on one address would share a connection, and with it the proof of one name only.
    """
    return httpx.AsyncHTTPTransport(
        verify=tls, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
    )
