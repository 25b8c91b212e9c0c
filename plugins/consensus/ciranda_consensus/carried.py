"""A state in a file: what an epoch begins with is what the one before it ended with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ciranda.errors import SettingsError
from ciranda_consensus.encoding import EncodingError, decode, encode
from ciranda_consensus.merkle import SparseTree

__all__ = ["read_state", "write_state"]

_TAG: Final = "ciranda/state/1"
_ROWS: Final = 1024  # keys and values that are one list; a canonical value has a bounded size
_LENGTH: Final = 4


def write_state(path: Path, state: SparseTree) -> None:
    """Write a state; `read_state` gives the same back.

    Raises:
        SettingsError: It cannot be written.
    """
    flat = [part for pair in state.items() for part in pair]
    try:
        with path.open("wb") as file:
            for at in range(0, max(1, len(flat)), 2 * _ROWS):
                part = encode([_TAG, flat[at : at + 2 * _ROWS]])
                file.write(len(part).to_bytes(_LENGTH, "big") + part)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def read_state(path: Path, root: str) -> SparseTree:
    """Return the state of a file.

    Args:
        path: The file.
        root: The root that it must have, in hexadecimal.

    Raises:
        SettingsError: It cannot be read, or is another state.
    """
    items: dict[bytes, bytes] = {}
    try:
        data = memoryview(path.read_bytes())
        while data:
            size = int.from_bytes(data[:_LENGTH], "big")
            items.update(_items(bytes(data[_LENGTH : _LENGTH + size])))
            data = data[_LENGTH + size :]
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (EncodingError, ValueError) as error:
        raise SettingsError(f"{path} is no state: {error}") from error
    tree = SparseTree.of(items)
    if tree.root.hex() != root:
        raise SettingsError(
            f"{path} has the root {tree.root.hex()[:16]}, and the genesis wants {root[:16]}: "
            "get the file that was made with it"
        )
    return tree


def _items(part: bytes) -> dict[bytes, bytes]:
    row = decode(part)
    if not isinstance(row, list) or len(row) != len(("tag", "flat")) or row[0] != _TAG:
        raise ValueError("it does not begin like one")
    flat = row[1]
    if not isinstance(flat, list) or any(type(one) is not bytes for one in flat):
        raise ValueError("it holds something else than keys and values")
    return dict(zip(flat[::2], flat[1::2], strict=True))
