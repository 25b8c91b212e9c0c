"""How two nodes come to know each other: keys nobody else has, each signed for by a validator.

Both make a key for this connection alone and agree on a secret by X25519; then each signs all that
was said, inside of what only the two can read (the SIGMA-I pattern: who answers shows himself
first, who called second). The symmetric half is that of Noise with ChaCha20-Poly1305 and SHA-256:
a running hash of everything said, which each encryption is bound to, and a chaining key.

    caller -> answerer   magic, name of the set, E1
    answerer -> caller   E2, {key, signature of "answerer" and the hash so far}
    caller -> answerer   {key, purpose, signature of "caller", purpose and the hash so far}

Each message has one length, so that a stranger can make nobody keep more than that.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from enum import IntEnum
from hashlib import sha256
from typing import Final, Protocol, final

from nacl.bindings import (
    crypto_aead_chacha20poly1305_ietf_decrypt,
    crypto_aead_chacha20poly1305_ietf_encrypt,
    crypto_scalarmult,
    crypto_scalarmult_base,
)
from nacl.exceptions import CryptoError

from ciranda.errors import CirandaError
from ciranda_consensus.protocol.certificate import Verifies

__all__ = [
    "ANSWER_BYTES",
    "CALL_BYTES",
    "PROOF_BYTES",
    "Cipher",
    "Handshake",
    "HandshakeError",
    "Holds",
    "Purpose",
]

KEY: Final = 32
SIGNATURE: Final = 64
TAG: Final = 16
MAGIC: Final = b"ciranda1"
CALL_BYTES: Final = len(MAGIC) + 8 + KEY
ANSWER_BYTES: Final = KEY + KEY + SIGNATURE + TAG
PROOF_BYTES: Final = KEY + 1 + SIGNATURE + TAG
_NAME: Final = b"ciranda/channel/1: X25519, Ed25519, ChaCha20-Poly1305, SHA-256"
_CALLER: Final = b"ciranda/channel/1/caller"
_ANSWERER: Final = b"ciranda/channel/1/answerer"


class HandshakeError(CirandaError):
    """A connection is not what it must be; the text says why."""


class Purpose(IntEnum):
    """What a connection is for: agreeing, among validators; or asking, one answer a question."""

    AGREE = 1
    ASK = 2


class Holds(Protocol):
    """Holds a key of Ed25519."""

    @property
    def public(self) -> bytes:
        """The key that others know."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature of these bytes."""


@final
class Cipher:
    """Encrypts one direction; each message once and in order, or it is no message."""

    __slots__ = ("_count", "_key")

    def __init__(self, key: bytes) -> None:
        self._key: Final = key
        self._count = 0

    def _nonce(self) -> bytes:
        self._count += 1
        return bytes(4) + (self._count - 1).to_bytes(8, "little")

    def seal(self, data: bytes, bound: bytes) -> bytes:
        """Return the encrypted bytes, bound to others that are not."""
        return crypto_aead_chacha20poly1305_ietf_encrypt(data, bound, self._nonce(), self._key)

    def open(self, data: bytes, bound: bytes) -> bytes:
        """Return the bytes that were encrypted.

        Raises:
            HandshakeError: They were changed, replayed, left out or put in another order.
        """
        try:
            return crypto_aead_chacha20poly1305_ietf_decrypt(data, bound, self._nonce(), self._key)
        except (CryptoError, ValueError):
            raise HandshakeError("bytes that the other side did not send in this place") from None


@final
class Handshake:
    """One side of a connection's beginning, without the connection.

    Args:
        own: Holds the key of this side.
        prefix: What names chain, epoch and set: both sides must have the same.
        verifier: Checks signatures.
        entropy: Gives so many bytes that nobody can guess.

    Attributes:
        peer: The key of the other side, once it has proven it; empty before.
        purpose: What the caller wants.
    """

    def __init__(
        self,
        own: Holds,
        prefix: bytes,
        verifier: Verifies,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._own: Final = own
        self._verifier: Final = verifier
        self._secret: Final = entropy(KEY)
        self._ephemeral: Final = crypto_scalarmult_base(self._secret)
        self._set: Final = sha256(b"ciranda/channel/1/set" + prefix).digest()[:8]
        self._hash = sha256(_NAME + prefix).digest()
        self._chain = self._hash
        self.peer = b""
        self.purpose = Purpose.AGREE

    # The caller

    def call(self) -> bytes:
        """Return the first message, of `CALL_BYTES`."""
        return self._said(MAGIC + self._set + self._ephemeral)

    def prove(
        self, answer: bytes, expected: bytes, purpose: Purpose
    ) -> tuple[bytes, Cipher, Cipher]:
        """Check the answer; return the last message and the ciphers to send and to receive with.

        Args:
            answer: Of `ANSWER_BYTES`.
            expected: The key that the other side must have.
            purpose: What for.

        Raises:
            HandshakeError: The other side is somebody else, or does not speak this.
        """
        self._agree(answer[:KEY])
        self._said(answer[:KEY])
        bound, key = self._hash, self._mixed()
        opened = key.open(answer[KEY:], bound)
        peer, signature = opened[:KEY], opened[KEY:]
        if peer != expected:
            raise HandshakeError(f"the other side is {peer.hex()[:16]}, not {expected.hex()[:16]}")
        if not self._verifier.verify(peer, _ANSWERER + bound, signature):
            raise HandshakeError(f"the other side does not hold the key {peer.hex()[:16]}")
        self._said(answer[KEY:])
        self.peer, self.purpose = peer, purpose
        bound, key = self._hash, self._mixed()
        what = bytes([purpose])
        signed = self._own.sign(_CALLER + what + bound)
        proof = key.seal(self._own.public + what + signed, bound)
        self._said(proof)
        caller, answerer = self._split()
        return proof, caller, answerer

    # The one who answers

    def answer(self, call: bytes) -> bytes:
        """Check the first message; return the second.

        Raises:
            HandshakeError: It is of another protocol, chain, epoch or set.
        """
        if call[: len(MAGIC)] != MAGIC:
            raise HandshakeError("the other side speaks another protocol")
        if call[len(MAGIC) : -KEY] != self._set:
            raise HandshakeError("the other side is of another chain, epoch or set of validators")
        self._said(call)
        self._agree(call[-KEY:])
        self._said(self._ephemeral)
        bound, key = self._hash, self._mixed()
        signed = self._own.sign(_ANSWERER + bound)
        sealed = key.seal(self._own.public + signed, bound)
        self._said(sealed)
        return self._ephemeral + sealed

    def finish(self, proof: bytes) -> tuple[Cipher, Cipher]:
        """Check the last message; return the ciphers to send and to receive with.

        Raises:
            HandshakeError: The caller does not hold the key that it shows.
        """
        bound, key = self._hash, self._mixed()
        opened = key.open(proof, bound)
        peer, what, signature = opened[:KEY], opened[KEY : KEY + 1], opened[KEY + 1 :]
        if what[0] not in (Purpose.AGREE, Purpose.ASK):
            raise HandshakeError(f"there is no purpose {what[0]}")
        if not self._verifier.verify(peer, _CALLER + what + bound, signature):
            raise HandshakeError(f"the other side does not hold the key {peer.hex()[:16]}")
        self._said(proof)
        self.peer, self.purpose = peer, Purpose(what[0])
        caller, answerer = self._split()
        return answerer, caller

    # What was said, and the keys that follow

    def _said(self, data: bytes) -> bytes:
        self._hash = sha256(self._hash + data).digest()
        return data

    def _agree(self, other: bytes) -> None:
        try:
            shared = crypto_scalarmult(self._secret, other)
        except (CryptoError, RuntimeError):  # a point of small order: the secret would be known
            raise HandshakeError("the other side sends a key that is none") from None
        self._chain = hmac.digest(self._chain, shared, "sha256")

    def _mixed(self) -> Cipher:
        return Cipher(hmac.digest(self._chain, b"\x01" + self._hash, "sha256"))

    def _split(self) -> tuple[Cipher, Cipher]:
        """Return the ciphers of what the caller sends and of what it receives."""
        data = self._hash
        caller = hmac.digest(self._chain, b"\x02" + data, "sha256")
        answerer = hmac.digest(self._chain, b"\x03" + data, "sha256")
        return Cipher(caller), Cipher(answerer)
