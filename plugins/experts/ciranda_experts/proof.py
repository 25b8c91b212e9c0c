"""The proof of a verdict: plain data from which anybody can see again that it is right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ciranda.events.judging import Verdict

from .exact import written
from .intent.intent import Intent
from .presolve.problem import Answer, Decision, Obligation, Role

__all__ = ["FORMAT", "Proof", "Step", "proof_of"]

FORMAT: Final = 1


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one obligation came to.

    `where` names the condition claimed, or is empty. `model` has values as text. `core` names the
    conditions that a contradiction needs, and `certificate` is what shows it.
    """

    role: Role
    where: str
    answer: Answer
    method: str
    model: dict[str, bool | str] | None = None
    core: tuple[str, ...] = ()
    certificate: dict[str, Any] = {}


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A verdict about an intent, with all that it follows from.

    `intent` is what was given, `key` the digest of what it means.
    """

    format: int
    expert: str
    verdict: Verdict
    reason: str
    key: str
    intent: dict[str, Any]
    steps: tuple[Step, ...]


def proof_of(
    intent: Intent,
    verdict: Verdict,
    reason: str,
    decided: Iterable[tuple[Obligation, Decision]],
) -> dict[str, Any]:
    """Return the proof of a verdict of the logic expert as plain data."""
    steps = []
    for obligation, decision in decided:
        step: dict[str, Any] = {
            "role": str(obligation.role),
            "where": obligation.where,
            "answer": str(decision.answer),
            "method": decision.method,
        }
        if decision.model is not None:
            step["model"] = {name: written(value) for name, value in decision.model.items()}
        if decision.core:
            step["core"] = list(decision.core)
        if decision.certificate:
            step["certificate"] = decision.certificate
        steps.append(step)
    return {
        "format": FORMAT,
        "expert": "logic",
        "verdict": str(verdict),
        "reason": reason,
        "key": intent.key,
        "intent": intent.source,
        "steps": steps,
    }
