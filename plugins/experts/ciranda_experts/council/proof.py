"""The proof of a judgement: what its proven opinions rest on, with the intent they are about."""

from __future__ import annotations

from typing import Any, Final

from ciranda.events.judging import Judgement

from ..intent.intent import Intent
from .frozen import FrozenDict, FrozenList

__all__ = ["FORMAT", "proof_of"]

FORMAT: Final = 1
_PASSING: Final = frozenset({"double-spend"})  # what a store of today says, and no proof can show


def proof_of(intent: Intent, judgement: Judgement) -> dict[str, Any] | None:
    """Return what `VerifyProof` checks again; None where nothing was proven.

    `parts` has one part for each expert that proved the verdict: its own `proof` where it shows
    one, otherwise its evidence can be found again by asking it.
    """
    parts = []
    for one in judgement.experts:
        if one.proven and one.verdict is judgement.verdict and one.reason not in _PASSING:
            part = {
                "expert": one.expert,
                "version": one.version,
                "verdict": one.verdict.value,
                "reason": str(one.reason),
            }
            if "proof" in one.evidence:
                part["proof"] = one.evidence["proof"]
            parts.append(FrozenDict(part))
    if not parts:
        return None
    return FrozenDict(
        format=FORMAT,
        key=intent.key,
        verdict=judgement.verdict.value,
        intent=intent.source,
        parts=FrozenList(parts),
    )
