"""Bytes of a file or of standard input, as they come."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

import anyio

from ciranda.errors import InputError
from ciranda.workflow.nearest import nearest

__all__ = ["LONGEST", "Feed"]

LONGEST: Final = 4 << 20  # bytes of one intent
_CHUNK: Final = 1 << 16  # bytes
_STDIN: Final = 0


@final
class Feed:
    """What is read, line by line or whole; a context manager that closes it.

    Waiting for a pipe or a terminal leaves the event loop to others and ends when it is
    cancelled.

    Args:
        file: A path, or `-` for standard input.

    Raises:
        InputError: It cannot be opened.
    """

    def __init__(self, file: str) -> None:
        self.name: Final = "standard input" if file == "-" else file
        self._number: Final = _STDIN if file == "-" else _opened(file)
        self._own: Final = file != "-"
        closed = "standard input is closed; name a FILE"
        if not self._own and sys.stdin is None:  # its number may be that of another file by now
            raise InputError(closed)
        try:
            mode = os.fstat(self._number).st_mode
        except OSError:
            raise InputError(closed) from None
        if stat.S_ISDIR(mode):
            self.close()
            raise InputError(f"{self.name} is a folder; name one of its files")
        self._waits = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(self._number)
        self._peeked = b""  # read, and not taken
        self._rest = b""  # of a line that has not ended
        self._line = 0
        self._cut = False  # whether the line that `_rest` begins with was too long
        self._ended = False
        self._dry = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input is left open."""
        if self._own:
            os.close(self._number)

    async def lines(self) -> list[tuple[int, bytes | None]]:
        """Return the lines that have come, each with its number from 1; none at the end.

        None stands for a line of more than `LONGEST` bytes.

        Raises:
            InputError: It cannot be read.
        """
        found: list[tuple[int, bytes | None]] = []
        while not found and not self._ended:
            chunk, self._peeked = self._peeked or await self._read(), b""
            if not chunk:
                self._ended = True
                whole = [self._rest] if self._rest or self._cut else []
                self._rest = b""
            else:
                *whole, self._rest = (self._rest + chunk).split(b"\n")
            for line in whole:
                self._line += 1
                long = self._cut or len(line) > LONGEST
                found.append((self._line, None if long else line))
                self._cut = False
            if len(self._rest) > LONGEST:
                self._rest, self._cut = b"", True
        return found

    async def first(self) -> bytes:
        """Return the first line that is not blank, or what there is of it; nothing is taken.

        Raises:
            InputError: It cannot be read.
        """
        while len(self._peeked) <= LONGEST:
            line, ended, _ = self._peeked.lstrip().partition(b"\n")
            if ended:
                return line
            chunk = await self._read()
            if not chunk:
                return line
            self._peeked += chunk
        return b""

    async def whole(self) -> bytes:
        """Return all of it.

        Raises:
            InputError: It cannot be read, or is larger than `LONGEST` bytes.
        """
        parts, self._peeked = [self._peeked], b""
        size = len(parts[0])
        while size <= LONGEST and (chunk := await self._read()):
            parts.append(chunk)
            size += len(chunk)
        if size > LONGEST:
            raise InputError(f"{self.name} is larger than {LONGEST >> 20} MiB, too large an intent")
        return b"".join(parts)

    async def _read(self) -> bytes:
        while not self._dry:
            if self._waits:
                await anyio.wait_readable(self._number)
            try:
                chunk = os.read(self._number, _CHUNK)
            except BlockingIOError:
                self._waits = True
                continue
            except OSError as error:
                why = (error.strerror or type(error).__name__).lower()
                raise InputError(f"{self.name} cannot be read: {why}") from None
            self._dry = not chunk  # a terminal would ask for the end a second time
            return chunk
        return b""


def _opened(file: str) -> int:
    try:
        return os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError(f"there is no file {file}{_meant(Path(file))}") from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{file} cannot be read: {why}") from None


def _meant(path: Path) -> str:
    try:
        names = [each.name for each in os.scandir(path.parent) if each.is_file()]
    except OSError:
        return f"; there is no folder {path.parent} either"
    meant = nearest(path.name, names)
    return f"; did you mean {path.with_name(meant)}?" if meant else ""
