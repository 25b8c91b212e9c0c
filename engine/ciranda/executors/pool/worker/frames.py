"""The frames between an engine and its workers: msgpack behind a four-byte header.

The header is the byte 0xC1, which msgpack never uses, and the length in 24 bits: a frame
above the cap cannot even be announced, and text written to the wrong descriptor is seen at
its first byte.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import msgspec

from .weight import CONTAINERS, too_heavy

CAP: Final = (1 << 24) - 1  # bytes of one frame's body, both ways
HEADER: Final = 4
MAGIC: Final = 0xC1


class FrameError(Exception):
    """The other side sent bytes that are not a frame."""


class FrameTooBigError(Exception):
    """A frame would be above the cap; `size` is its length in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"{size:,} bytes, above the cap of {CAP:,}: write it to a file and pass its path on"
        )
        self.size = size


class Start(msgspec.Struct, tag=1, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Engine to keeper: what to set up; the first frame of a worker's life."""

    setup: str
    options: Any
    fork: bool
    confine: str | None
    parent: int  # process id of the engine, 0 when a wrapper stands between
    ahead: bool = False  # fork each child before its call comes


class Call(msgspec.Struct, tag=2, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Engine to worker: do this; `deadline` is seconds from now."""

    id: int
    name: str
    payload: Any
    deadline: float | None


class Cancel(msgspec.Struct, tag=3, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Engine to worker: nobody waits for this call any more."""

    id: int


class Fork(msgspec.Struct, tag=4, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Engine to keeper: fork a child that serves the socket sent along.

    After the socket come, where the child has its own, descriptors for its stdout, stderr, stdin.
    """

    id: int
    processes: int = 0  # how many there may be at a time, the child included; 0 is any number
    memory_mb: int = 0  # MiB they may hold together beyond what `setup` left; 0 is any amount
    folder: str = ""  # whose content is bound by the next two
    folder_mb: int = 0  # MiB on disk; 0 is any amount
    folder_files: int = 0  # files and folders; 0 is any number


class Kill(msgspec.Struct, tag=5, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Engine to keeper: kill whatever serves this call, with all its descendants."""

    id: int


class Ping(msgspec.Struct, tag=6, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Are you there; sent back as it came."""

    id: int


class Ready(msgspec.Struct, tag=7, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Worker or keeper to engine: set up and waiting."""

    pid: int


class Ended(msgspec.Struct, tag=8, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Keeper to engine: the child of this call and its descendants are gone."""

    id: int
    status: int  # as `os.waitpid` gives it
    over: str = ""  # the limit of `Fork` for which they were killed


class Result(msgspec.Struct, tag=9, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Worker to engine: what the call gave."""

    id: int
    value: Any
    last: bool = False  # this worker wishes to be replaced


class Error(msgspec.Struct, tag=10, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Worker to engine: why the call failed."""

    id: int
    kind: str
    message: str
    retryable: bool | None
    retry_after: float | None
    detail: dict[str, Any]
    traceback: str


class Event(msgspec.Struct, tag=11, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Worker to engine, during a call: something of the action's own."""

    id: int
    name: str
    data: Any


class Log(msgspec.Struct, tag=12, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Worker to engine, during a call: one log line, or text it wrote to a descriptor.

    `level` is a log level, or `stdout` or `stderr` for captured output.
    """

    id: int
    level: str
    text: str


class Progress(msgspec.Struct, tag=13, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Worker to engine, during a call: how far it is."""

    id: int
    done: float
    total: float | None
    text: str


class Span(msgspec.Struct, tag=14, frozen=True, array_like=True, forbid_unknown_fields=True):
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
    raise ValueError(f"msgpack extension {code} of {len(data)} bytes is not plain data")


def decoder(kind: Any) -> Decode[Any]:
    """Return a function that decodes one body into one of the frame types of `kind`."""
    return msgspec.msgpack.Decoder(kind, ext_hook=_refuse).decode


def encode(frame: msgspec.Struct) -> bytes:
    """Return header and body of a frame.

    Raises:
        FrameTooBigError: The body is above the cap.
        TypeError, ValueError, OverflowError, RecursionError: A value is not plain data.
    """
    body = msgspec.msgpack.encode(frame)
    if len(body) > CAP:
        raise FrameTooBigError(len(body))
    return (MAGIC << 24 | len(body)).to_bytes(HEADER, "big") + body


def _size(data: bytes | bytearray, start: int) -> int:
    head = int.from_bytes(data[start : start + HEADER], "big")
    if head >> 24 != MAGIC:
        raise FrameError(f"a frame cannot begin with {bytes(data[start : start + 16])!r}")
    return head & CAP


class FrameReader(Generic[T]):
    """Cuts a byte stream into frames; holds at most one frame and one read."""

    __slots__ = ("_buffer", "_decode")

    def __init__(self, decode: Decode[T]) -> None:
        self._decode = decode
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[T]:
        """Return the frames that `data` completes.

        Raises:
            FrameError: The bytes are not a frame of the expected types.
        """
        buffer = self._buffer
        if not buffer and len(data) >= HEADER and _size(data, 0) == len(data) - HEADER:
            return [self._one(data[HEADER:])]  # the usual case: one read, one frame
        buffer += data
        found: list[T] = []
        start = 0
        while len(buffer) - start >= HEADER:
            end = start + HEADER + _size(buffer, start)
            if len(buffer) < end:
                break
            found.append(self._one(bytes(memoryview(buffer)[start + HEADER : end])))
            start = end
        del buffer[:start]
        return found

    def _one(self, body: bytes) -> T:
        if too_heavy(body):
            raise FrameError(f"a frame holds more than {CONTAINERS:,} lists and mappings")
        try:
            return self._decode(body)
        except (ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
            raise FrameError(f"a frame of {len(body):,} bytes does not decode: {error}") from None
