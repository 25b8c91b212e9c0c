"""What commands are given to read: files of JSON, or standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ciranda.errors import InputError

if TYPE_CHECKING:
    from ..receipts import Receipt

__all__ = ["read_bytes", "read_receipts", "read_values"]

MOST: Final = 64 << 20  # bytes


def read_bytes(file: str) -> bytes:
    """Return what a file holds; `-` is standard input.

    Raises:
        InputError: It cannot be read, or is too long.
    """
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MOST + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None
    if len(data) > MOST:
        raise InputError(f"{file} is longer than {MOST >> 20} MiB: split it")
    return data


def read_values(file: str) -> list[Any]:
    """Return the entries in a file: one value, the items of a list, or one a line in `.jsonl`.

    Raises:
        InputError: It holds none, or is no JSON.
    """
    text, name = _text(file)
    if name.endswith(".jsonl"):
        lines = [(at, line) for at, line in enumerate(text.split("\n"), 1) if line.strip()]
        found = [_value(line, f"{name}:{at}") for at, line in lines]
    else:
        value = _value(text, name)
        found = value if isinstance(value, list) else [value]
    if not found:
        raise InputError(f"{name} holds no entry: write one JSON value, or a list of them")
    return found


def read_receipts(file: str) -> list[Receipt]:
    """Return the receipts in a file: one, a list, or the answer of a command that makes some.

    Raises:
        InputError: It holds none.
    """
    from ..receipts import ReceiptError, read_receipt

    value = _value(*_text(file))  # a key that occurs twice would mean one thing here, another there
    if isinstance(value, dict):
        value = value.get("receipts", value.get("receipt", value))
    several = value if isinstance(value, list) else [value]
    if not several:
        raise InputError(f"{file} holds no receipt")
    try:
        return [read_receipt(one) for one in several]
    except ReceiptError as error:
        raise InputError(f"{file}: {error}") from None


def _text(file: str) -> tuple[str, str]:
    """Return what a file holds and what it is called."""
    data, name = read_bytes(file), "standard input" if file == "-" else file
    try:
        return data.decode().removeprefix("\ufeff"), name
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: byte 0x{data[error.start]:02x} is not UTF-8") from None


def _value(text: str, place: str) -> Any:
    from ..receipts import unique

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=_no_number)
    except RecursionError:
        raise InputError(f"{place}: it nests too deep: flatten it") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{place}: this is no JSON: {error.msg.lower()} at line {error.lineno}, "
            f"column {error.colno}"
        ) from None
    except ValueError as error:
        raise InputError(f"{place}: this is no JSON: {error}") from None


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
