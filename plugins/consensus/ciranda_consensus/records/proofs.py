"""Proofs that records carry: found in them, and told apart from what they are said to prove."""

from __future__ import annotations

import json
from typing import Any, Final

from .entry import RecordError, json_of

__all__ = ["proof_of", "units_of"]

_UNIT: Final = 256  # characters


def proof_of(text: str) -> str | None:
    """Return the proof in a record's JSON as JSON; None if it carries none.

    A record with `proof` and `verdict` or `key` is a judgement: what it says beside the proof must
    be what the proof says, else a proof of one thing would vouch for another.

    Raises:
        RecordError: They are not the same.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None  # text of somebody else's, which says nothing here
    proof = value.get("proof") if isinstance(value, dict) else None
    if not isinstance(proof, dict):
        return None
    for name in ("verdict", "key"):
        if name in value and name in proof and value[name] != proof[name]:
            raise RecordError(
                f"its `{name}` is {_shown(value[name])} and that of its proof is "
                f"{_shown(proof[name])}: a proof vouches for what it proves alone"
            )
    return json_of(proof)


def units_of(proof: str) -> int:
    """Return how much work a proof stands for: its size, for that is the same to everybody."""
    return 1 + len(proof) // _UNIT


def _shown(value: Any) -> str:
    return json_of(value)[:80]
