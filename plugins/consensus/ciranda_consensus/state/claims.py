"""What entries say of proofs, and what this validator found when it checked them itself.

Agreement needs entries to mean the same for everybody and for ever, so what an entry does to a
state follows from the entry alone: the verdict and the units of work are written in it and signed.
Whether they are right is asked before: nobody takes an entry into his pool, and nobody votes for a
block, before he has checked the proofs in it himself. A certified block is hence one whose proofs
more than two thirds of the stake have checked, and who catches up later need not do it again.
Whoever checks does so by counted units, never by a clock, so that all find the same.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256
from typing import Final, NamedTuple, final

__all__ = ["Checked", "Claim", "Claims", "proof_digest"]


class Checked(NamedTuple):
    """What checking a proof found: whether it holds, and the units of work that it took."""

    valid: bool
    units: int


class Claim(NamedTuple):
    """What an entry says of a proof; `truly` is False if it says that this is *not* so."""

    proof: str
    said: Checked
    truly: bool = True


def proof_digest(proof: str) -> bytes:
    """Return what names a proof."""
    return sha256(b"ciranda/proof/1" + proof.encode()).digest()


@final
class Claims:
    """What was found of proofs, up to a number of them.

    Args:
        most: How many it remembers; what was seen least recently is forgotten and checked anew.

    Attributes:
        hits: How often somebody asked for what is known.
        misses: How often what had to be checked first.
    """

    __slots__ = ("_found", "_most", "hits", "misses")

    def __init__(self, most: int = 65_536) -> None:
        self._most: Final = most
        self._found: Final[OrderedDict[bytes, Checked]] = OrderedDict()
        self.hits = self.misses = 0

    def learn(self, proof: str, found: Checked) -> None:
        """Remember what checking a proof found."""
        name = proof_digest(proof)
        self._found[name] = found
        self._found.move_to_end(name)
        if len(self._found) > self._most:
            self._found.popitem(last=False)

    def verdict(self, claim: Claim) -> bool | None:
        """Say whether a claim is right; None if its proof was not checked yet."""
        name = proof_digest(claim.proof)
        found = self._found.get(name)
        if found is None:
            self.misses += 1
            return None
        self.hits += 1
        self._found.move_to_end(name)
        return (found == claim.said) is claim.truly
