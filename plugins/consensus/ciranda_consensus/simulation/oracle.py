"""Ideal signatures: nobody can forge one, and a signature costs a look into a set."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Protocol, final

from ciranda_consensus.protocol import Signs, Validator, Verifies

__all__ = ["Handle", "Oracle", "Signatures"]


class Signatures(Verifies, Protocol):
    """The keys of all validators of a simulation; who may use which is up to the simulation.

    Attributes:
        said: Who signed what: public keys and the bytes.
    """

    @property
    def said(self) -> set[tuple[bytes, bytes]]:
        """Who signed what."""

    def members(self, nodes: int) -> tuple[Validator, ...]:
        """Return so many validators of equal stake, always the same ones."""

    def handle(self, public: bytes) -> Signs:
        """Return what signs for a key."""


class Oracle:
    """Remembers who signed what; a verifier for all replicas of a simulation.

    A forged signature is impossible by construction: only the handle of a key adds to the set.
    """

    __slots__ = ("_good", "said")

    def __init__(self) -> None:
        self.said: Final[set[tuple[bytes, bytes]]] = set()
        self._good: Final[set[bytes]] = set()

    def members(self, nodes: int) -> tuple[Validator, ...]:
        """Return so many validators of equal stake, always the same ones."""
        return tuple(Validator(sha256(b"validator %d" % seat).digest(), 1) for seat in range(nodes))

    def handle(self, public: bytes) -> Handle:
        """Return what signs for a key."""
        return Handle(self, public)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say whether the owner of `public` signed these bytes."""
        return signature == public and (public, data) in self.said

    def known(self, digest: bytes) -> bool:
        """Say whether a certificate was found good before."""
        return digest in self._good

    def learn(self, digest: bytes) -> None:
        """Remember that a certificate is good."""
        self._good.add(digest)


@final
class Handle:
    """Signs for one key."""

    __slots__ = ("_oracle", "_public")

    def __init__(self, oracle: Oracle, public: bytes) -> None:
        self._oracle: Final = oracle
        self._public: Final = public

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes."""
        self._oracle.said.add((self._public, data))
        return self._public
