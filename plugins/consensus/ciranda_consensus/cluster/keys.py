"""The keys of a cluster in one process, made once and kept beside its state."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ciranda.errors import CirandaError, StoreError
from ciranda_consensus.crypto import Signer, read_key, write_key
from ciranda_consensus.node.configuration import Genesis, Seat, read_genesis, write_genesis
from ciranda_consensus.settings import MOST_EMBEDDED

__all__ = [
    "EMBEDDED",
    "GENESIS",
    "MOST_EMBEDDED",
    "Household",
    "household",
    "is_embedded",
    "require_count",
]

EMBEDDED: Final = "embedded"  # what the names of such chains begin with, and of no others
GENESIS: Final = "genesis.toml"
STAKE: Final = 1000
_SEED: Final = 32


class Household(msgspec.Struct, frozen=True):
    """A genesis and the keys of all its validators, in order."""

    genesis: Genesis
    signers: Sequence[Signer]


def is_embedded(chain: str) -> bool:
    """Say whether one process holds all keys of a chain: its name, which is signed, says so."""
    return chain.split("-", 1)[0] == EMBEDDED


def household(
    folder: Path, count: int, entropy: Callable[[int], bytes] = secrets.token_bytes
) -> Household:
    """Return the keys and the genesis of a folder, made if it has none.

    The genesis is written last: a folder without one was cut, and is begun again.

    Args:
        folder: Where they lie.
        count: How many validators.
        entropy: Gives so many bytes that nobody can guess.

    Raises:
        CirandaError: They cannot be read or written, or are not those of the genesis.
    """
    path = folder / GENESIS
    if path.exists():
        genesis = read_genesis(path)
        signers = [read_key(_key(folder, seat)) for seat in range(len(genesis.validators))]
        for signer, seat in zip(signers, genesis.validators, strict=True):
            if signer.public.hex() != seat.public:
                raise StoreError(
                    f"the keys in {folder} are not those of its {GENESIS}: put the old ones back, "
                    "or move the folder and its chain away"
                )
        return Household(genesis, signers)
    return _made(folder, count, entropy)


def _made(folder: Path, count: int, entropy: Callable[[int], bytes]) -> Household:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for seat in range(count):
            _key(folder, seat).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be used: {error.strerror}") from error
    signers = [write_key(_key(folder, seat), entropy(_SEED)) for seat in range(count)]
    genesis = Genesis(
        chain=f"{EMBEDDED}-{count}",
        epoch=0,
        validators=tuple(Seat(one.public.hex(), STAKE) for one in signers),
    )
    part = folder / f"{GENESIS}.part"
    write_genesis(part, genesis)
    try:
        os.replace(part, folder / GENESIS)
    except OSError as error:
        raise StoreError(f"{folder / GENESIS} cannot be written: {error.strerror}") from error
    return Household(genesis, signers)


def _key(folder: Path, seat: int) -> Path:
    return folder / f"{seat}.key"


def require_count(count: int) -> None:
    """Refuse a cluster that is too small or too large.

    Raises:
        CirandaError: It is.
    """
    if not 1 <= count <= MOST_EMBEDDED:
        raise CirandaError(
            f"{count} validators cannot live in one process: take 1 to {MOST_EMBEDDED}, "
            "or name the file of a set whose validators run by themselves"
        )
