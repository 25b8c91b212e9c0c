"""Ideal signatures for simulations: who has no handle of a key cannot sign for it, ever."""

from __future__ import annotations

from hashlib import sha256
from typing import Final, final

__all__ = ["Handle", "Oracle"]


@final
class Handle:
    """Signs for one key of an oracle; a simulated node gets its own and no other."""

    __slots__ = ("_said", "public")

    def __init__(self, public: bytes, said: set[tuple[bytes, bytes]]) -> None:
        self.public: Final = public
        self._said: Final = said

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes."""
        signature = sha256(self.public + data).digest()
        self._said.add((self.public, signature))
        return signature


@final
class Oracle:
    """Knows who signed what, because they told it: as fast as a set.

    It stands in for a `Verifier` where millions of messages are simulated.
    """

    __slots__ = ("_known", "_said")

    def __init__(self) -> None:
        self._said: Final[set[tuple[bytes, bytes]]] = set()
        self._known: Final[set[bytes]] = set()

    def handle(self, public: bytes) -> Handle:
        """Return what signs for a key."""
        return Handle(public, self._said)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say whether the owner of `public` signed these bytes."""
        said = (public, signature) in self._said
        return said and signature == sha256(public + data).digest()

    def known(self, digest: bytes) -> bool:
        """Say whether a certificate was found good before; `digest` names it and its set."""
        return digest in self._known

    def learn(self, digest: bytes) -> None:
        """Remember that a certificate is good."""
        self._known.add(digest)
