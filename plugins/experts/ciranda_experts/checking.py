"""Checking the proof of a judgement again: part by part, from its intent alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from ciranda.events.judging import Opinion, ProofChecked, Verdict

from . import recheck
from .council.frozen import thaw
from .council.proof import FORMAT
from .intent.error import IntentError
from .intent.intent import Intent
from .intent.reading import read_intent
from .solver.solver import Solver

__all__ = ["check_proof"]

Ask = Callable[[str, Intent], Awaitable[Opinion | None]]
Required = Callable[[Intent], frozenset[str]]
_PASSES = (Verdict.APPROVED, Verdict.ABSTAINED)


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    expert: str
    version: str
    verdict: Verdict
    reason: str
    proof: dict[str, Any] | None = None


class _Joint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: int
    key: str
    verdict: Verdict
    intent: dict[str, Any]
    parts: tuple[_Part, ...]


async def check_proof(
    given: Mapping[str, Any], solver: Solver | None, ask: Ask, required: Required
) -> ProofChecked:
    """Check a proof, trusting nothing that it says.

    A part that shows a proof of its own has that checked. For any other the expert is asked
    again about the intent, and has to prove the same once more. A proof of an approval is one
    only if every expert that is required for the intent has its part: one that has none is
    asked again, and may not object. For a rejection one part is enough.

    Args:
        given: As a judgement has it, or the proof of the logic expert alone.
        solver: For what was decided by z3.
        ask: Asks an expert, by name, about an intent; None where there is none.
        required: Names those without whom nothing is approved.

    Returns:
        Valid with the reason `proof`, or not: `malformed`, `other-intent`, `not-shown`,
        `incomplete`, `expert-missing`, or what kept an expert from saying it again.
    """
    try:
        joint, intent = _read(_joined(given))
    except _RefutedError as error:
        return _refuted(error.reason, str(error))
    for part in joint.parts:
        found = await _part(part, intent, solver, ask)
        if not found.valid:
            return found
    if joint.verdict is Verdict.APPROVED:
        for name in sorted(required(intent) - {part.expert for part in joint.parts}):
            opinion = await ask(name, intent)
            if opinion is None or opinion.verdict not in _PASSES:
                said = "is not there" if opinion is None else f"says: {opinion.message}"
                text = f"The proof has no part of expert {name!r}, which {said}"
                return _refuted("incomplete", text)
    return ProofChecked(valid=True, reason="proof", message="The proof holds.")


def _joined(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the proof of the logic expert alone as one that has this part only."""
    if "steps" not in given:
        return given
    part = {name: given.get(name) for name in ("expert", "verdict", "reason")}
    return {
        "format": FORMAT,
        "key": given.get("key"),
        "verdict": given.get("verdict"),
        "intent": given.get("intent"),
        "parts": [{**part, "version": "", "proof": given}],
    }


class _RefutedError(Exception):
    """A proof that is none; `reason` is a kind."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _read(given: Mapping[str, Any]) -> tuple[_Joint, Intent]:
    try:
        joint = msgspec.convert(thaw(given), _Joint)
    except (msgspec.ValidationError, RecursionError) as error:
        raise _RefutedError("malformed", f"This is not a proof: {error}.") from None
    if joint.format != FORMAT:
        text = f"The proof has format {joint.format}; this version reads {FORMAT}."
        raise _RefutedError("malformed", text)
    try:
        intent = read_intent(joint.intent)
    except IntentError as error:
        raise _RefutedError("other-intent", f"The proof's intent is none: {error}.") from None
    if intent.key != joint.key:
        text = "The proof's intent is not the one that it names."
        raise _RefutedError("other-intent", text)
    if len({part.expert for part in joint.parts}) < len(joint.parts):
        raise _RefutedError("malformed", "The proof has two parts of one expert.")
    if not joint.parts or any(part.verdict is not joint.verdict for part in joint.parts):
        raise _RefutedError("not-shown", "The verdict does not follow from the parts.")
    return joint, intent


async def _part(part: _Part, intent: Intent, solver: Solver | None, ask: Ask) -> ProofChecked:
    if part.proof is not None:
        own = part.proof
        claims = (own.get("expert"), own.get("key"), own.get("verdict"), own.get("reason"))
        if claims != (part.expert, intent.key, part.verdict.value, part.reason):
            return _refuted("other-intent", f"The proof of {part.expert!r} is about another claim.")
        return await recheck.check(own, solver)
    opinion = await ask(part.expert, intent)
    if opinion is None:
        return _refuted("expert-missing", f"There is no expert {part.expert!r} to ask again.")
    if (opinion.verdict, opinion.reason) != (part.verdict, part.reason) or not opinion.proven:
        text = f"Expert {part.expert!r} does not say so again: {opinion.message or opinion.reason}"
        return _refuted("not-shown", text)
    return ProofChecked(valid=True, reason="proof")


def _refuted(reason: str, message: str) -> ProofChecked:
    return ProofChecked(valid=False, reason=reason, message=message)
