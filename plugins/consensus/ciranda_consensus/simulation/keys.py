"""Real signatures for simulations: what is measured with them is what they cost."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, final

from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.protocol import Validator

__all__ = ["Keys"]


@final
class Keys:
    """Ed25519 keys of all validators of a simulation, in place of an oracle.

    All share one verifier that remembers: what one of them checked no other checks again. On as
    many machines each would.

    Attributes:
        said: Who signed what.
        verifier: Checks, remembers and counts.
    """

    __slots__ = ("_signers", "said", "verifier")

    def __init__(self, remembers: int = 65_536) -> None:
        self.said: Final[set[tuple[bytes, bytes]]] = set()
        self.verifier: Final = Verifier(remembers)
        self._signers: Final[dict[bytes, Signer]] = {}

    def members(self, nodes: int) -> tuple[Validator, ...]:
        """Return so many validators of equal stake, always the same ones."""
        for seat in range(nodes):
            signer = Signer(sha256(b"simulated validator %d" % seat).digest())
            self._signers[signer.public] = signer
        return tuple(Validator(public, 1) for public in self._signers)

    def handle(self, public: bytes) -> _Key:
        """Return what signs for a key."""
        return _Key(self, self._signers[public])

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say whether the owner of `public` signed these bytes."""
        return self.verifier.verify(public, data, signature)

    def known(self, digest: bytes) -> bool:
        """Say whether a certificate was found good before."""
        return self.verifier.known(digest)

    def learn(self, digest: bytes) -> None:
        """Remember that a certificate is good."""
        self.verifier.learn(digest)


@final
class _Key:
    __slots__ = ("_keys", "_signer")

    def __init__(self, keys: Keys, signer: Signer) -> None:
        self._keys: Final = keys
        self._signer: Final = signer

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes."""
        self._keys.said.add((self._signer.public, data))
        return self._signer.sign(data)
