"""The store's own secret: seals secrets inside cache keys."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from ciranda.errors import StoreError
from ciranda.store.folder import state_folder

__all__ = ["store_key"]

SIZE: Final = 32


def store_key(folder: Path) -> bytes:
    """Return the 32 random bytes of a project's store, made when first asked for.

    Raises:
        StoreError: The file cannot be read, written, or is not of our making.
    """
    path = state_folder(folder) / "key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}") from error
    key = secrets.token_bytes(SIZE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    return key


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    if len(key) != SIZE:
        raise StoreError(f"{path} is not a store's key: remove it, and cached results with it")
    return key
