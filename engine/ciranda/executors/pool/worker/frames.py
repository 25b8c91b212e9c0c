"""The frames between an engine and its workers: msgpack behind a four-byte header.

The header is the byte 0xC1, which msgpack never uses, and the length in 24 bits: a frame
above the cap cannot even be announced, and text written to the wrong descriptor is seen at
its first byte.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Generic, TypeVar

import msgspec

CAP: Final = (1 << 24) - 1  # bytes of one frame's body, both ways
HEADER: Final = 4
MAGIC: Final = 0xC1


class FrameError(Exception):
    """The other side sent bytes that are not a frame."""


class FrameTooBigError(Exception):
    """A frame would be above the cap; `size` is its length in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size:,} bytes, above the cap of {CAP:,}")
        self.size = size


class _Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    pass


class Start(_Frame, tag=1):
    """Engine to keeper: what to set up; the first frame of a worker's life."""

    setup: str
    options: Any
    fork: bool
    confine: str | None
    parent: int  # process id of the engine, 0 when a wrapper stands between


class Call(_Frame, tag=2):
    """Engine to worker: do this; `deadline` is seconds from now."""

    id: int
    name: str
    payload: Any
    deadline: float | None


class Cancel(_Frame, tag=3):
    """Engine to worker: nobody waits for this call any more."""

    id: int


class Fork(_Frame, tag=4):
    """Engine to keeper: fork a child that serves the socket sent along."""

    id: int


class Kill(_Frame, tag=5):
    """Engine to keeper: kill whatever serves this call, with all its descendants."""

    id: int


class Ping(_Frame, tag=6):
    """Are you there; sent back as it came."""

    id: int


class Ready(_Frame, tag=7):
    """Worker or keeper to engine: set up and waiting."""

    pid: int


class Ended(_Frame, tag=8):
    """Keeper to engine: the child of this call and its descendants are gone."""

    id: int
    status: int  # as `os.waitpid` gives it


class Result(_Frame, tag=9):
    """Worker to engine: what the call gave."""

    id: int
    value: Any


class Error(_Frame, tag=10):
    """Worker to engine: why the call failed."""

    id: int
    kind: str
    message: str
    retryable: bool | None
    retry_after: float | None
    detail: dict[str, Any]
    traceback: str


class Event(_Frame, tag=11):
    """Worker to engine, during a call: something of the action's own."""

    id: int
    name: str
    data: Any


class Log(_Frame, tag=12):
    """Worker to engine, during a call: one log line, or text it wrote to a descriptor.

    `level` is a log level, or `stdout` or `stderr` for captured output.
    """

    id: int
    level: str
    text: str


class Progress(_Frame, tag=13):
    """Worker to engine, during a call: how far it is."""

    id: int
    done: float
    total: float | None
    text: str


class Span(_Frame, tag=14):
    """Worker to engine, during a call: one finished span, as plain data."""

    id: int
    data: Any


Notice = Event | Log | Progress | Span
FromWorker = Ready | Result | Error | Event | Log | Progress | Span | Ping
FromKeeper = Ready | Error | Ended | Ping
ToWorker = Call | Cancel | Ping
ToKeeper = Start | Fork | Kill | Ping

T = TypeVar("T")
Decode = Callable[[bytes | memoryview], T]


def _refuse(code: int, data: memoryview) -> Any:
    raise FrameError(f"msgpack extension {code} of {len(data)} bytes is not plain data")


def decoder(kind: Any) -> Decode[Any]:
    """Return a function that decodes one body into one of the frame types of `kind`."""
    return msgspec.msgpack.Decoder(kind, ext_hook=_refuse).decode


def encode(frame: _Frame) -> bytes:
    """Return header and body of a frame.

    Raises:
        FrameTooBigError: The body is above the cap.
        TypeError, ValueError, OverflowError, RecursionError: A value is not plain data.
    """
    body = msgspec.msgpack.encode(frame)
    if len(body) > CAP:
        raise FrameTooBigError(len(body))
    return (MAGIC << 24 | len(body)).to_bytes(HEADER, "big") + body


class FrameReader(Generic[T]):
    """Cuts a byte stream into frames; holds at most one frame and one read."""

    __slots__ = ("_buffer", "_decode")

    def __init__(self, decode: Decode[T]) -> None:
        self._decode = decode
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """Yield the frames that `data` completes.

        Raises:
            FrameError: The bytes are not a frame of the expected types.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= HEADER:
                head = int.from_bytes(buffer[start : start + HEADER], "big")
                if head >> 24 != MAGIC:
                    raise FrameError(f"a frame cannot begin with {bytes(buffer[start:][:16])!r}")
                end = start + HEADER + (head & CAP)
                if len(buffer) < end:
                    break
                body = bytes(memoryview(buffer)[start + HEADER : end])
                start = end
                yield self._one(body)
        finally:
            del buffer[:start]

    def _one(self, body: bytes) -> T:
        try:
            return self._decode(body)
        except (ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
            raise FrameError(f"a frame of {len(body):,} bytes does not decode: {error}") from None
