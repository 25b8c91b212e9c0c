"""What a cluster answers, whether its validators are here or far away."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.protocol import Block, Certificate, Header

__all__ = ["Found", "RefusedError", "Shown", "TooLateError"]


class RefusedError(CirandaError):
    """An entry cannot be agreed on; the text says why.

    Attributes:
        at: Which of those that were handed in; -1 where it is none of them.
        entry: The entry.
    """

    def __init__(self, text: str, *, at: int = -1, entry: bytes = b"") -> None:
        super().__init__(text)
        self.at = at
        self.entry = entry


class TooLateError(CirandaError):
    """Nothing was agreed on in time: too few validators are there, or they are slow."""


class Found(msgspec.Struct, frozen=True):
    """A block, the headers above it up to one that a quorum signed, and that certificate."""

    block: Block
    above: tuple[Header, ...]
    certificate: Certificate


class Shown(msgspec.Struct, frozen=True):
    """What the state after a block says of keys; None of those that it does not have."""

    where: Found
    values: Mapping[bytes, bytes | None]
    proof: bytes
