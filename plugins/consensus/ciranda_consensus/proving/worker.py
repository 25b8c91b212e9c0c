"""What a worker does: reads entries, checks their signatures, names those that are good."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, Final

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from ciranda.errors import CirandaError
from ciranda_consensus.crypto.policy import check_policy
from ciranda_consensus.state.transactions import Attest, parse, sender_of, signed_part

__all__ = ["BAD", "names_of", "setup"]

BAD: Final = b""
_SIGNATURE: Final = 64


def setup(_: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """See that the library judges as others do; return what the worker is asked for."""
    check_policy()
    return {"names": lambda payload, _call: names_of(payload["chain"], payload["entries"])}


def names_of(chain: str, entries: Sequence[bytes]) -> list[bytes]:
    """Return, for each entry, what names its good signature; `BAD` for one that is not.

    An entry is good when it is canonical, every field is in its range, a proof that it is about
    is a JSON object, and its sender has signed it for this chain. The name is that by which a
    `Verifier` remembers the signature. One that nobody has to sign has no name either.
    """
    return [_name(chain, entry) for entry in entries]


def _name(chain: str, entry: bytes) -> bytes:
    try:
        one = parse(entry)
        sender, signature = sender_of(one), getattr(one, "signature", b"")
        if sender is None or len(signature) != _SIGNATURE:
            return BAD
        if isinstance(one, Attest) and not isinstance(json.loads(one.proof), dict):
            return BAD
        signed = signature + signed_part(chain, one)
        crypto_sign_open(signed, sender)
    except (CirandaError, ValueError, RecursionError, BadSignatureError):
        return BAD
    return sha256(sender + signed).digest()
