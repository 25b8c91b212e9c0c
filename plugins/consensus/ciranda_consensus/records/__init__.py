"""What a step of a workflow has agreed on: plain data under a key that is used once."""

from .entry import RecordError, entry_of, json_of, key_of, record_key, text_of
from .proofs import proof_of, units_of
from .rules import RecordRules

__all__ = [
    "RecordError",
    "RecordRules",
    "entry_of",
    "json_of",
    "key_of",
    "proof_of",
    "record_key",
    "text_of",
    "units_of",
]
