"""Where the calls of a batch leave their answers: memory shared with the engine.

A process that crashes takes nothing along of what it wrote here: how many calls began, how many
are done, when the last one began, and an answer for each that is done. What calls write to their
streams stands in two files beside it, so that it is known which call wrote what.
"""

import mmap
import os
import struct
from typing import Final, NamedTuple, final

import msgspec

__all__ = ["Done", "Progress", "Slate", "make_slate", "read_answers", "read_progress", "read_tail"]

FILES: Final = ("answers", "stdout", "stderr")
_HEADER: Final = struct.Struct("<QQQd")  # begun, done, end of the answers, began
_LENGTH: Final = struct.Struct("<I")
_SIZE: Final = 1 << 18
_FAR: Final = 1 << 40  # beyond the size that a sandbox lets a file have
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Done(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call that ended.

    Attributes:
        code: The exit code it would have had.
        answer: What its function returned, as JSON; None when none did.
        seconds: How long it took.
        stdout: What it wrote, up to the bound.
        stderr: The same.
        stdout_total: Bytes that it wrote.
        stderr_total: The same.
    """

    code: int
    answer: bytes | None
    seconds: float
    stdout: bytes = b""
    stderr: bytes = b""
    stdout_total: int = 0
    stderr_total: int = 0


_DECODE: Final = msgspec.msgpack.Decoder(Done).decode


class Progress(NamedTuple):
    """How far a batch has come; `began` is the moment of `time.monotonic` of the last call."""

    begun: int = 0
    done: int = 0
    end: int = 0
    began: float = 0.0


def make_slate(folder: str) -> None:
    """Make the files of a slate."""
    os.mkdir(folder, 0o700)
    for name in FILES:
        os.close(os.open(os.path.join(folder, name), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    os.truncate(os.path.join(folder, FILES[0]), _SIZE)


def read_progress(fd: int) -> Progress:
    """Return how far the batch has come whose answers are here."""
    return Progress(*_HEADER.unpack(os.pread(fd, _HEADER.size, 0)))


def read_answers(fd: int) -> tuple[Progress, list[Done]]:
    """Return how far a batch came, and an answer for each call that is done.

    Raises:
        ValueError: Somebody else wrote there too: these are no answers.
    """
    data = os.pread(fd, 1 << 16, 0)
    progress = Progress(*_HEADER.unpack_from(data))
    if progress.end > len(data):
        data = os.pread(fd, min(progress.end, os.fstat(fd).st_size), 0)
    try:
        return progress, _parsed(data, progress.done)
    except (struct.error, msgspec.DecodeError) as error:
        raise ValueError(f"the answers of a batch were overwritten: {error}") from None


def _parsed(data: bytes, count: int) -> list[Done]:
    found = []
    at = _HEADER.size
    for _ in range(count):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        found.append(_DECODE(data[at : at + length]))
        at += length
    return found


def read_tail(folder: str, stream: str, start: int, most: int) -> tuple[bytes, int]:
    """Return what a call wrote that never ended, up to a bound, and how much there is.

    Args:
        folder: The slate's.
        stream: `stdout` or `stderr`.
        start: Bytes that the calls before it wrote.
        most: Bytes that are wanted.
    """
    with open(os.path.join(folder, stream), "rb") as file:
        file.seek(start)
        kept = file.read(most)
        return kept, max(os.fstat(file.fileno()).st_size - start, 0)


@final
class Slate:
    """The side of the process that does the work.

    Args:
        folder: Where the files are.
    """

    __slots__ = ("_at", "_done", "_fd", "_map", "_most", "_sizes", "streams")

    def __init__(self, folder: str) -> None:
        answers = os.open(os.path.join(folder, FILES[0]), os.O_RDWR)
        self._map = mmap.mmap(answers, _SIZE)
        os.lseek(answers, _FAR, os.SEEK_SET)  # what a script writes to any descriptor misses it
        self._fd = answers
        self.streams = tuple(
            os.open(os.path.join(folder, name), os.O_RDWR | os.O_APPEND) for name in FILES[1:]
        )
        self._sizes = [0, 0]
        self._most = self._done = self._at = 0

    def clean(self, most: int) -> None:
        """Begin a batch.

        Args:
            most: Bytes kept of each stream of a call.
        """
        for fd in self.streams:
            os.ftruncate(fd, 0)
        self._sizes = [0, 0]
        self._most, self._done, self._at = most, 0, _HEADER.size
        _HEADER.pack_into(self._map, 0, 0, 0, self._at, 0.0)

    def begin(self, moment: float) -> None:
        """Note that the next call begins."""
        _HEADER.pack_into(self._map, 0, self._done + 1, self._done, self._at, moment)

    def end(self, code: int, answer: bytes | None, began: float, now: float) -> None:
        """Note how the call ended that began last, and what it wrote."""
        grown = [self._grown(number) for number in (0, 1)]
        if grown[0][1] or grown[1][1]:
            (out, out_total), (err, err_total) = grown
            data = _ENCODE(Done(code, answer, now - began, out, err, out_total, err_total))
        else:
            data = _ENCODE(Done(code, answer, now - began))
        start = self._at + _LENGTH.size
        end = start + len(data)
        if end > len(self._map):
            self._grow(end)
        _LENGTH.pack_into(self._map, self._at, len(data))
        self._map[start:end] = data
        self._done += 1
        self._at = end
        _HEADER.pack_into(self._map, 0, self._done, self._done, end, began)

    def _grown(self, number: int) -> tuple[bytes, int]:
        fd = self.streams[number]
        size = os.fstat(fd).st_size
        before, self._sizes[number] = self._sizes[number], size
        more = size - before
        return (os.pread(fd, min(more, self._most), before), more) if more > 0 else (b"", 0)

    def _grow(self, end: int) -> None:
        size = max(2 * len(self._map), end)
        os.ftruncate(self._fd, size)
        self._map.close()
        self._map = mmap.mmap(self._fd, size)

    def close(self) -> None:
        """Let go of the files."""
        self._map.close()
        for fd in (self._fd, *self.streams):
            os.close(fd)
