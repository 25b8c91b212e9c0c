"""Keys and signatures: Ed25519 by one library and one policy."""

from .keys import KeyFileError, Signer, read_key, write_key
from .policy import PolicyError, check_policy
from .verifier import Counts, Verifier

__all__ = [
    "Counts",
    "KeyFileError",
    "PolicyError",
    "Signer",
    "Verifier",
    "check_policy",
    "read_key",
    "write_key",
]
