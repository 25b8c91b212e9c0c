"""The store's own secret: seals secrets inside cache keys."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from ciranda.errors import StoreError
from ciranda.store.folder import state_folder

__all__ = ["kept_key", "store_key"]

SIZE: Final = 32


def store_key(folder: Path) -> bytes:
    """Return the 32 random bytes of a project's store, made when first asked for.

    Raises:
        StoreError: The file cannot be read, written, or is not of our making.
    """
    return kept_key(
        state_folder(folder) / "key", "a store's key: remove it, and cached results with it"
    )


def kept_key(path: Path, what: str) -> bytes:
    """Return the 32 random bytes in a file that only its owner may read, made if there is none.

    The file is there whole or not at all, whoever is killed meanwhile; of several who make it at
    once, one is first, and its key counts for all.

    Args:
        path: The file; its folder is there.
        what: What the file is, and what to do where it is not, for the message.

    Raises:
        StoreError: It cannot be read, made, or is not of our making.
    """
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read or made: {error.strerror}") from error
    if len(key) != SIZE:
        raise StoreError(f"{path} is not {what}")
    return key


def _make(path: Path) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SIZE))
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:  # another was first
        pass
    finally:
        beside.unlink()
