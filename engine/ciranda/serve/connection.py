"""HTTP/1.1 on one connection: bounded in size and time, whatever the other side sends."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, final
from urllib.parse import unquote

import anyio
import h11
from anyio.abc import SocketStream

from ciranda.serve.exchange import Answer, Answering, Request, refused
from ciranda.serve.refusal import RefusedError

__all__ = ["Bounds", "Connection"]

_CHUNK: Final = 65_536
_LAST: Final = 1.0  # seconds for which the rest of a request is thrown away before hanging up


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may take.

    Args:
        body: Bytes of a body.
        head: Bytes of the request line and the headers.
        request: Seconds for a whole request to arrive, from its first byte or the connection.
        idle: Seconds between two requests.
        answer: Seconds for the other side to take the answer.
    """

    body: int = 1024 * 1024
    head: int = 16 * 1024
    request: float = 10.0
    idle: float = 15.0
    answer: float = 10.0


@final
class Connection:
    """Answers the requests of one connection, one after the other.

    Args:
        stream: The other side.
        answering: Gives the answers; its errors are Refusals.
        bounds: What it may take.
    """

    def __init__(
        self, stream: SocketStream, answering: Answering, bounds: Bounds | None = None
    ) -> None:
        self._stream: Final = stream
        self._answering: Final = answering
        self._bounds: Final = bounds or Bounds()
        self._wire: Final = h11.Connection(h11.SERVER, max_incomplete_event_size=self._bounds.head)
        self._told = False  # to go on with a body
        self._head = False  # whether only the head of an answer is asked for
        self._waits = self._bounds.request

    async def serve(self) -> None:
        """Answer until the other side has enough, breaks the rules, or is too slow."""
        async with self._stream:
            try:
                while await self._one():
                    self._wire.start_next_cycle()
                    self._told = self._head = False
                    self._waits = self._bounds.idle
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return  # it hung up

    async def _one(self) -> bool:
        """Answer one request; tell whether another may follow."""
        try:
            request = await self._read()
        except RefusedError as refusal:
            await self._hang_up(refused(refusal))
            return False
        if request is None or not await self._send(await self._answering(request)):
            return False
        return self._wire.our_state is h11.DONE and self._wire.their_state is h11.DONE

    async def _read(self) -> Request | None:
        """Return the next request; None when there is none.

        Raises:
            RefusedError: It breaks a rule or a bound.
        """
        with anyio.move_on_after(self._waits) as slow:
            begun = await self._next(quiet=True)
        if slow.cancelled_caught or begun is None:
            if self._wire.trailing_data[0]:
                raise RefusedError(408, "the request took too long to arrive")
            return None
        assert isinstance(begun, h11.Request)
        self._head = begun.method == b"HEAD"
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in begun.headers}:
            # A proxy in front may believe the other one: what follows would be a request to us.
            raise RefusedError(400, "the request gives its length twice: leave one header out")
        with anyio.move_on_after(self._bounds.request) as slow:
            body = await self._body(begun)
        if slow.cancelled_caught:
            raise RefusedError(408, "the request took too long to arrive")
        return _request(begun, body)

    async def _body(self, begun: h11.Request) -> bytes:
        for name, value in begun.headers:
            if name == b"content-length" and int(value) > self._bounds.body:
                raise self._too_large()
        found = bytearray()
        while True:
            event = await self._next()
            if isinstance(event, h11.Data):
                found += event.data
                if len(found) > self._bounds.body:
                    raise self._too_large()
            elif isinstance(event, h11.EndOfMessage):
                return bytes(found)

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"the body is larger than {self._bounds.body} bytes")

    async def _next(self, *, quiet: bool = False) -> h11.Event | None:
        """Return what comes next; None when the other side ended, if that is all right."""
        while True:
            try:
                event = self._wire.next_event()
            except h11.RemoteProtocolError as error:
                why, _, _ = str(error).partition(": bytearray")  # not what strangers sent
                status = error.error_status_hint
                raise RefusedError(status, f"the request is not HTTP/1.1: {why}") from None
            if event is h11.NEED_DATA:
                await self._fill()
            elif isinstance(event, h11.ConnectionClosed) and quiet:
                return None
            else:
                assert isinstance(event, h11.Event)
                return event

    async def _fill(self) -> None:
        if self._wire.they_are_waiting_for_100_continue and not self._told:
            self._told = True
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            await self._stream.send(self._wire.send(go_on) or b"")
        try:
            data = await self._stream.receive(_CHUNK)
        except anyio.EndOfStream:
            data = b""
        self._wire.receive_data(data)

    async def _send(self, answer: Answer) -> bool:
        """Send an answer; tell whether the other side took it in time."""
        body = answer.body
        headers = {
            "content-type": answer.kind,
            "content-length": str(len(body)),
            "date": formatdate(usegmt=True),
            **answer.headers,
        }
        reason = HTTPStatus(answer.status).phrase.encode()
        begun = h11.Response(
            status_code=answer.status, headers=list(headers.items()), reason=reason
        )
        data = self._wire.send(begun) or b""
        data += self._wire.send(h11.Data(data=b"" if self._head else body)) or b""
        data += self._wire.send(h11.EndOfMessage()) or b""
        with anyio.move_on_after(self._bounds.answer) as slow:
            await self._stream.send(data)
        return not slow.cancelled_caught

    async def _hang_up(self, answer: Answer) -> None:
        """Send why, and let what is under way run out: a reset would take the answer with it."""
        if self._wire.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        closing = Answer(answer.status, answer.value, {**answer.headers, "connection": "close"})
        if not await self._send(closing):
            return
        with anyio.move_on_after(_LAST):
            with suppress(OSError):  # trio's word for a caller that is gone
                await self._stream.send_eof()
            left = 4 * self._bounds.body
            while left > 0:
                try:
                    left -= len(await self._stream.receive(_CHUNK))
                except anyio.EndOfStream:
                    return


def _request(begun: h11.Request, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for name, value in begun.headers:
        key = name.decode("ascii")
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    target = begun.target.decode("ascii")
    if not target.startswith("/"):
        raise RefusedError(400, "the target of the request is no path")
    path, _, _ = target.partition("?")
    return Request(begun.method.decode("ascii"), unquote(path), headers, body)
