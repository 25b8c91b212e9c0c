"""What a block's entries were, for whoever looks after validators; nothing is agreed on of this."""

from __future__ import annotations

import msgspec

__all__ = ["Contents"]


class Contents(msgspec.Struct, frozen=True):
    """What a block held.

    Attributes:
        proofs: How many proofs it is about.
        attested: Attestations by their sender's key, in hexadecimal.
        refuted: Of those, here or earlier, how many were shown to be wrong.
        rewards: Units that somebody earned.
        lies: The attestations that were shown to be wrong, with their signatures.
    """

    proofs: int = 0
    attested: dict[str, int] = {}
    refuted: dict[str, int] = {}
    rewards: dict[str, int] = {}
    lies: tuple[bytes, ...] = ()
