"""Strict reading of rows: plain data from elsewhere is as it must be, or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, final

from ciranda.errors import CirandaError

__all__ = ["HASH_BYTES", "MOST_NUMBER", "Fields", "WireError"]

HASH_BYTES: Final = 32
MOST_NUMBER: Final = (1 << 63) - 1  # fits the fixed width of a signed statement, and SQLite

Item = TypeVar("Item")


class WireError(CirandaError):
    """Bytes from elsewhere are no message; the text says what is wrong with them."""


@final
class Fields:
    """Takes the fields of one row in order.

    Args:
        row: The row, decoded.
        what: What it is said to be, with an article, for messages.

    Raises:
        WireError: It is no list. So does every method, on a field that is not what is asked for.
    """

    __slots__ = ("_at", "_row", "_what")

    def __init__(self, row: Any, what: str) -> None:
        if type(row) is not list:
            raise WireError(f"{what} is a list of fields, not {_kind(row)}")
        self._row: Final = row
        self._what: Final = what
        self._at = 0

    def take(self) -> Any:
        """Return the next field, whatever it is."""
        if self._at == len(self._row):
            raise WireError(f"{self._what} has more than {self._at} fields")
        self._at += 1
        return self._row[self._at - 1]

    def number(self, most: int = MOST_NUMBER) -> int:
        """Return a whole number from 0 to `most`."""
        value = self.take()
        if type(value) is not int or not 0 <= value <= most:
            raise self._wrong(f"a number from 0 to {most}", value)
        return value

    def bits(self, most: int) -> int:
        """Return a set of bits below `most`, as a number."""
        value = self.take()
        if type(value) is not int or value < 0 or value.bit_length() > most:
            raise self._wrong(f"a set of at most {most} bits", value)
        return value

    def hash(self) -> bytes:
        """Return a hash or a key."""
        value = self.take()
        if type(value) is not bytes or len(value) != HASH_BYTES:
            raise self._wrong(f"{HASH_BYTES} bytes", value)
        return value

    def raw(self, most: int) -> bytes:
        """Return at most so many bytes."""
        value = self.take()
        if type(value) is not bytes or len(value) > most:
            raise self._wrong(f"at most {most} bytes", value)
        return value

    def text(self, most: int) -> str:
        """Return a text of at most so many characters."""
        value = self.take()
        if type(value) is not str or len(value) > most:
            raise self._wrong(f"a text of at most {most} characters", value)
        return value

    def flag(self) -> bool:
        """Return a truth value."""
        value = self.take()
        if type(value) is not bool:
            raise self._wrong("a truth value", value)
        return value

    def maybe(self, read: Callable[[Any], Item]) -> Item | None:
        """Return what `read` makes of a field; None if it is None."""
        value = self.take()
        return None if value is None else read(value)

    def items(self, most: int, read: Callable[[Any], Item]) -> tuple[Item, ...]:
        """Return what `read` makes of each of at most `most` items."""
        value = self.take()
        if type(value) is not list or len(value) > most:
            raise self._wrong(f"a list of at most {most} items", value)
        return tuple([read(item) for item in value])

    def many_raw(self, most: int, size: int) -> tuple[bytes, ...]:
        """Return at most `most` texts of at most `size` bytes."""
        value = self.take()
        if type(value) is not list or len(value) > most:
            raise self._wrong(f"a list of at most {most} items", value)
        for item in value:
            if type(item) is not bytes or len(item) > size:
                raise self._wrong(f"items of at most {size} bytes", item)
        return tuple(value)

    def numbers(self, most: int) -> tuple[int, ...]:
        """Return at most `most` whole numbers from 0."""
        value = self.take()
        if type(value) is not list or len(value) > most:
            raise self._wrong(f"a list of at most {most} items", value)
        for item in value:
            if type(item) is not int or not 0 <= item <= MOST_NUMBER:
                raise self._wrong(f"numbers from 0 to {MOST_NUMBER}", item)
        return tuple(value)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at != len(self._row):
            raise WireError(f"{self._what} has {self._at} fields, not {len(self._row)}")

    def _wrong(self, expected: str, found: Any) -> WireError:
        return WireError(f"field {self._at} of {self._what} is {expected}, not {_kind(found)}")


def _kind(value: Any) -> str:
    size = f" of {len(value)}" if isinstance(value, str | bytes | list) else ""
    shown = f" {value}" if type(value) is int and value.bit_length() <= HASH_BYTES else ""
    return f"{type(value).__name__}{size}{shown}"
