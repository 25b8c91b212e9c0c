"""Keys and signatures: Ed25519 by one library and one policy, or ideal ones for simulations."""

from .keys import KeyFileError, Signer, read_key, write_key
from .oracle import Oracle
from .policy import PolicyError, check_policy
from .verifier import Counts, Verifier

__all__ = [
    "Counts",
    "KeyFileError",
    "Oracle",
    "PolicyError",
    "Signer",
    "Verifier",
    "check_policy",
    "read_key",
    "write_key",
]
