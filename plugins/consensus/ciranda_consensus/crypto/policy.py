"""Which signatures are good: the policy that all validators must share to the last bit.

A signature of Ed25519 can be made, by its own signer, so that some libraries accept it and others
do not; with both in one network that splits the validators. Ours: S below the order of the group,
A and R in canonical form and not of small order, the equation without the cofactor. That is what
libsodium does; it is put to the proof here, for another version might change its mind.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from ciranda.errors import CirandaError

__all__ = ["PolicyError", "check_policy"]

# What it is, the verdict, A, the message, R and S. The last two are of one signer and one nonce.
_MIXED: Final = "2d55b2d9834bd6ffbeb624ab754da0f4ce4030f5d9fbcfd934b28730d3a81c49"
_R: Final = "552c34d5463cb85f1ce4902397bef7bb853179f0131141054ec17dd7533abb4f"
_PROBES: Final = (
    (
        "A and R of small order",
        False,
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        b"message 0",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05" + "00" * 32,
    ),
    (
        "S not below the order",
        False,
        "84393a3c11d6cf42891df32db978800f3b9e709bc61591d7b04cae865ed857cf",
        b"message 0",
        "3853ac4fdb14ace4b734fd7a8edf929277d51d947d7a5d3927f488a1a3913f75"
        "19ee69543a3e2e36b079605919b69aed6ad7667ed0f664869398a82a2493f41a",
    ),
    (
        "A not in canonical form",
        False,
        "ee" + "ff" * 30 + "7f",
        b"message 0",
        "3853ac4fdb14ace4b734fd7a8edf929277d51d947d7a5d3927f488a1a3913f75"
        "070000000000000000000000000000000000000000000040c850d90100000000",
    ),
    (
        "an equation that holds without the cofactor",
        True,
        _MIXED,
        b"message 8",
        _R + "c62636c390d7800bc392c08620804fd5583eacd3562563911668dbbf15dcf80e",
    ),
    (
        "an equation that holds with the cofactor only",
        False,
        _MIXED,
        b"message 0",
        _R + "1d7a7a69191bdd9b6615288833b6631da147fc06ea5e89c9de0bd617e303110c",
    ),
)


class PolicyError(CirandaError):
    """The library for signatures on this machine judges otherwise than those of others."""


@cache  # a library does not change while a process runs
def check_policy() -> None:
    """See that the library accepts what the policy does, and nothing else.

    Raises:
        PolicyError: It does not: a validator with it could be split from the others.
    """
    for what, verdict, public, message, signature in _PROBES:
        try:
            crypto_sign_open(bytes.fromhex(signature) + message, bytes.fromhex(public))
            found = True
        except BadSignatureError:
            found = False
        if found is not verdict:
            raise PolicyError(
                f"libsodium on this machine {'accepts' if found else 'refuses'} {what}: "
                "validators must agree on every signature, install the wheel of PyNaCl"
            )
