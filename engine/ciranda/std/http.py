"""`http.request`: ask a server; needs the extra `ciranda[http]`.

Kinds of failure: `denied` (an address or URL that may not be reached), `unavailable` (no
connection, or a status of 500 and above), `rate_limited` (429), `timeout`, `limit` (an answer
that is too large), `http.redirects`, and `http.<status>` for every other status of 400 and above.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, TypedDict

import anyio

from ciranda.actions import Action, Arg, action, resource
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.hooks import hookimpl
from ciranda.std.packing import PACKINGS, unpack

if TYPE_CHECKING:
    import httpx

CIRANDA_API = (1, 0)
_MOST_REDIRECTS: Final = 10
_SHOWN: Final = 2_000  # characters of an answer in the detail of a failure
_BAD: Final = 400
_TOO_MANY: Final = 429
_SERVER: Final = 500
_KEY: Final = "Idempotency-Key"


class Response(TypedDict):
    """What a server answered; one of `json`, `text` and `body` holds it, by its type."""

    status: int
    url: str
    headers: dict[str, str]
    json: Any
    text: str | None
    body: bytes | None


@resource(scope="engine")
@asynccontextmanager
async def certificates() -> AsyncIterator[ssl.SSLContext]:
    """Read the trusted certificates once; it takes some 20 ms."""
    yield _httpx().create_ssl_context()


@action(
    "http.request",
    errors={"unavailable": True, "rate_limited": True, "http": False},
    breaker_key="url",
)
async def request(  # noqa: PLR0913, PLR0917  (what a request has; all but the first have defaults)
    url: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    params: dict[str, Any] | None = None,
    json: Any = None,
    body: str | bytes | None = None,
    timeout: Annotated[float, Arg(minimum=0.001)] = 30.0,  # noqa: ASYNC109  (an input's name)
    follow_redirects: bool = True,
    max_bytes: int = 10_000_000,
    ok_status: list[int] | None = None,
    allow_private: bool = False,
    tls: Annotated[ssl.SSLContext | None, certificates] = None,
    ctx: Context | None = None,
) -> Response:
    """Send a request and wait for the whole answer.

    Private, loopback and link-local addresses are refused, also behind a name or a redirect.
    Proxies of the environment are not used. The step's `idempotency-key` is sent as the header of
    this name, unless there is one.

    Args:
        url: Where to; http or https.
        method: GET, POST, ...
        headers: Sent with it.
        params: Added to the query of the URL.
        json: Sent as the body, as JSON.
        body: Sent as the body, as it is.
        timeout: Seconds for everything.
        follow_redirects: Whether to go where a server points, at most ten times.
        max_bytes: A larger answer is a failure.
        ok_status: Statuses of 400 and above that are no failure.
        allow_private: Whether any address may be reached, such as localhost.
        tls: Trusted certificates.
        ctx: The step.

    Returns:
        Status, final URL, headers with names in lower case, and the answer: `json` of JSON,
        `text` of other text, `body` of anything else.
    """
    httpx = _httpx()
    from ciranda.std.guard import GuardedTransport, check_url, connections

    if json is not None and body is not None:
        raise _invalid("Give either `json` or `body`.")
    traced = {"traceparent": ctx.traceparent} if ctx is not None and ctx.traceparent else {}
    headers = _keyed(headers or {}, ctx)
    with _failures(url, timeout):
        target = httpx.URL(url).copy_merge_params(params or {})
        check_url(target)
        transport = GuardedTransport(
            connections(tls or httpx.create_ssl_context()),
            allow_private=allow_private,
            own_headers=headers,
        )
        client = httpx.AsyncClient(
            transport=transport,
            headers={"user-agent": "ciranda", "accept-encoding": PACKINGS, **traced},
            follow_redirects=follow_redirects,
            max_redirects=_MOST_REDIRECTS,
            timeout=None,
            trust_env=False,
        )
        async with client:
            with anyio.fail_after(timeout):
                sending = client.stream(
                    method.upper(), target, headers=headers, json=json, content=body
                )
                async with sending as response:
                    content = await _content(response, max_bytes)
    return _judged(response, content, ok_status or [])


def _keyed(headers: dict[str, str], ctx: Context | None) -> dict[str, str]:
    """Return the headers with the step's `idempotency-key`, unless they have one of their own."""
    if ctx is None or not ctx.own_key or any(name.lower() == _KEY.lower() for name in headers):
        return headers
    return {**headers, _KEY: ctx.own_key}


@contextmanager
def _failures(url: str, seconds: float) -> Iterator[None]:
    """Turn what goes wrong into kinds."""
    httpx = _httpx()
    shown = _shown(url)
    try:
        yield
    except TimeoutError:
        raise StepError("timeout", f"{shown} did not answer within {seconds:g} s.") from None
    except httpx.TooManyRedirects:
        raise StepError("http.redirects", f"{shown} redirects without end.") from None
    except httpx.UnsupportedProtocol:  # of a redirect
        raise StepError("denied", f"{shown} redirects away from the web.") from None
    except (httpx.InvalidURL, httpx.LocalProtocolError, ValueError, TypeError) as error:
        raise _invalid(f"{shown} cannot be asked: {error}.") from None
    except httpx.RequestError as error:
        reason = str(error) or type(error).__name__
        raise StepError("unavailable", f"{shown} cannot be reached: {reason}.") from error


async def _content(response: httpx.Response, limit: int) -> bytes:
    """Read the answer, unpacked, in bounded memory."""
    content = bytearray()
    try:
        async for piece in response.aiter_raw():
            content += piece
            if len(content) > limit:
                # Leaving the loop would leave the generators below to the garbage collector,
                # where they cannot be awaited; reading from a closed connection ends them all.
                await response.extensions["network_stream"].aclose()
    except _httpx().TransportError:
        if len(content) <= limit:
            raise
    unpacked = unpack(bytes(content[: limit + 1]), response.headers, limit)
    if unpacked is None:
        raise StepError(
            "limit",
            f"The answer of {_shown(str(response.url))} is larger than {limit} bytes; "
            "raise `max_bytes`.",
            retryable=False,
        )
    return unpacked


def _judged(response: httpx.Response, content: bytes, fine: list[int]) -> Response:
    status = response.status_code
    answer = _answer(response, content)
    if status < _BAD or status in fine:
        return answer
    if status == _TOO_MANY:
        kind = "rate_limited"
    elif status >= _SERVER:
        kind = "unavailable"
    else:
        kind = f"http.{status}"
    url = _shown(str(response.url))
    raise StepError(
        kind,
        f"{url} answered {status} {response.reason_phrase}".rstrip() + ".",
        retry_after=_retry_after(response.headers),
        detail={"status": status, "url": url, "body": _decoded(response, content)[:_SHOWN]},
    )


def _answer(response: httpx.Response, content: bytes) -> Response:
    out = Response(
        status=response.status_code,
        url=str(response.url),
        headers=dict(response.headers),
        json=None,
        text=None,
        body=None,
    )
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not content:
        return out
    if kind == "application/json" or kind.endswith("+json"):
        parsed, good = _parsed(content)
        if good:
            out["json"] = parsed
            return out
    if kind.startswith("text/") or kind.endswith(("json", "xml", "javascript", "urlencoded")):
        out["text"] = _decoded(response, content)
    else:
        out["body"] = content
    return out


def _parsed(content: bytes) -> tuple[Any, bool]:
    import msgspec

    try:
        return msgspec.json.decode(content), True
    except (msgspec.DecodeError, RecursionError):
        return None, False


def _decoded(response: httpx.Response, content: bytes) -> str:
    try:
        return content.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read the seconds; a date is left to the back-off of the step."""
    text = headers.get("retry-after", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def _shown(url: str) -> str:
    """Return a URL without what may be secret in it."""
    return url.partition("?")[0].partition("#")[0][:200]


def _invalid(message: str) -> StepError:
    return StepError("invalid-input", message, retryable=False)


def _httpx() -> Any:
    try:
        import httpx
    except ImportError:
        raise StepError(
            "refused", "http.request needs httpx: pip install 'ciranda[http]'.", retryable=False
        ) from None
    return httpx


@hookimpl
def actions() -> list[Action]:
    """Offer `http.request`."""
    return [request]
