"""Checks signatures, each once: the same few are seen in many messages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, final

import msgspec
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from .policy import check_policy

__all__ = ["Counts", "Verifier"]

PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class Counts(msgspec.Struct):
    """What a verifier did: signatures checked, remembered, found bad; certificates remembered."""

    checked: int = 0
    remembered: int = 0
    bad: int = 0
    certificates: int = 0


@final
class Verifier:
    """Checks Ed25519 signatures by the policy of the module `policy`.

    It remembers good ones only: whoever sends bad ones cannot make it forget others. What it
    remembers follows from key, bytes and signature alone, so simulated nodes may share one.

    Args:
        most: How many signatures, and as many certificates, it remembers; the least recently
            seen is forgotten first.

    Raises:
        PolicyError: The library on this machine judges otherwise than the policy.
    """

    __slots__ = ("_certificates", "_most", "_seen", "counts")

    def __init__(self, most: int = 65_536) -> None:
        check_policy()
        self._most: Final = most
        self._seen: Final[OrderedDict[bytes, None]] = OrderedDict()
        self._certificates: Final[OrderedDict[bytes, None]] = OrderedDict()
        self.counts: Final = Counts()

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Say whether the owner of `public` signed these bytes."""
        counts = self.counts
        if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
            counts.bad += 1
            return False
        signed = signature + data
        name = sha256(public + signed).digest()  # the first two have one length: injective
        seen = self._seen
        if name in seen:
            seen.move_to_end(name)
            counts.remembered += 1
            return True
        counts.checked += 1
        try:
            crypto_sign_open(signed, public)
        except BadSignatureError:
            counts.bad += 1
            return False
        seen[name] = None
        if len(seen) > self._most:
            seen.popitem(last=False)
        return True

    def admit(self, names: Iterable[bytes]) -> None:
        """Remember signatures that were checked elsewhere, by the SHA-256 of key, them and bytes.

        Only what this program found out by itself, in another process of it, may be handed in.
        """
        for name in names:
            self.counts.checked += 1
            self._seen[name] = None
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)

    def known(self, digest: bytes) -> bool:
        """Say whether a certificate was found good before; `digest` names it and its set."""
        if digest not in self._certificates:
            return False
        self._certificates.move_to_end(digest)
        self.counts.certificates += 1
        return True

    def learn(self, digest: bytes) -> None:
        """Remember that a certificate is good."""
        self._certificates[digest] = None
        if len(self._certificates) > self._most:
            self._certificates.popitem(last=False)
