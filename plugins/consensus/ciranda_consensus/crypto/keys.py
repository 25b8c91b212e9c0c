"""A validator's key: its seed never leaves it but into a file that only its owner may read."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn, final

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from ciranda.errors import CirandaError

__all__ = ["KeyFileError", "Signer", "read_key", "write_key"]

SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
HEAD: Final = "ciranda-key-1"
_MOST_READ: Final = 256
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(CirandaError):
    """A file holds no key, or others than its owner may read it."""


@final
class Signer:
    """Signs for one key.

    Args:
        seed: 32 secret bytes.

    Attributes:
        public: The key that others check its signatures with.

    Raises:
        ValueError: The seed has another length.
    """

    __slots__ = ("_secret", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise ValueError(f"a seed of {len(seed)} bytes is none: it must have {SEED_BYTES}")
        public, self._secret = crypto_sign_seed_keypair(seed)
        self.public: Final[bytes] = public

    @classmethod
    def generate(cls, entropy: Callable[[int], bytes] = secrets.token_bytes) -> Signer:
        """Return a new key.

        Args:
            entropy: Gives so many bytes that nobody can guess.
        """
        return cls(entropy(SEED_BYTES))

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes: 64 bytes, the same each time."""
        return crypto_sign(data, self._secret)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"Signer(public={self.public.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not to be copied: write it to a file of its owner")


def write_key(path: Path, seed: bytes) -> Signer:
    """Keep a seed in a new file that only its owner may read; return its key.

    Raises:
        KeyFileError: There is a file already, or it cannot be written.
        ValueError: The seed has another length than 32 bytes.
    """
    signer = Signer(seed)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="ascii") as file:
            file.write(f"{HEAD} {seed.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise KeyFileError(f"{path} exists: a key is never written over another") from None
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror}") from None
    return signer


def read_key(path: Path) -> Signer:
    """Return the key of a file.

    Raises:
        KeyFileError: It is not there, others may read it, or it holds no key. What it holds is
            never in the message.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            data = file.read(_MOST_READ)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise KeyFileError(
            f"others than its owner may read {path} ({stat.filemode(mode)}): "
            f"run `chmod 600 {path}`, or make a new key if somebody may have"
        )
    head, _, text = data.decode("ascii", "replace").rstrip("\n").partition(" ")
    try:
        if head == HEAD:
            return Signer(bytes.fromhex(text))
    except ValueError:
        pass  # told below, without what it holds
    raise KeyFileError(f"{path} holds no key: it must be `{HEAD}` and 64 hexadecimal digits")
