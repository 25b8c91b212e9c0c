"""What the council answers: from opinions to a judgement. Nothing here waits for anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from ciranda.events.judging import Judgement, Opinion, Verdict

from ..intent.error import FaultKind, IntentError
from ..intent.intent import Intent
from ..settings import ExpertsSettings
from .answer import missing
from .gate import Route
from .handover import Adviser
from .kind import Kind
from .merge import RULES, Terms, merge
from .modes import Mode, binds
from .reasons import FAILURES, Reason

__all__ = ["Weighed", "budget_of", "off", "refused", "terms_of", "weighed"]

_replace: Final = msgspec.structs.replace


def terms_of(terms: Terms, intent: Intent, kind: Kind | None, threshold: float) -> Terms:
    """Return how opinions about an intent are merged; it and its kind only make it stricter.

    Args:
        terms: Of the settings.
        intent: The intent.
        kind: What the settings say of its type.
        threshold: What is asked for at the moment.

    Raises:
        IntentError: Its policy names a rule that there is not.
    """
    policy = intent.policy
    if policy.rule is not None and policy.rule not in RULES:
        known = ", ".join(RULES)
        message = f"`rule` of `policy` is {policy.rule!r}: write one of {known}."
        raise IntentError(FaultKind.MALFORMED, message, where="policy")
    if kind is None and policy.rule is None and policy.threshold is None:
        if threshold == terms.threshold:
            return terms
        return _replace(terms, threshold=threshold)
    asked = (threshold, kind.threshold if kind is not None else 0.0, policy.threshold or 0.0)
    rules = (*terms.rules, kind.rule if kind is not None else "", policy.rule or "")
    return _replace(
        terms,
        threshold=min(1.0, max(asked)),
        rules=tuple(dict.fromkeys(rule for rule in rules if rule)),
    )


def budget_of(settings: ExpertsSettings, intent: Intent, asked: float | None) -> float:
    """Return the seconds that a judgement may take: the least that anybody says.

    Where nobody asks for any, it is what the settings have for that.
    """
    milliseconds = intent.policy.budget_ms
    budget, silent = settings.budget, True
    for one in (asked, intent.budget, None if milliseconds is None else milliseconds / 1000):
        if one is not None:
            silent = False
            if not one >= budget:  # also NaN, which leaves no time at all
                budget = one if one > 0 else 0.0
    return min(budget, settings.default_budget) if silent else budget


class Weighed(NamedTuple):
    """A judgement, what experts said before calibration, and seconds waited for workers."""

    judgement: Judgement
    opinions: tuple[Opinion, ...]
    waited: float = 0.0


def weighed(
    intent: Intent,
    route: Route,
    opinions: Sequence[Opinion],
    terms: Terms,
    settings: ExpertsSettings,
    adviser: Adviser | None = None,
) -> Weighed:
    """Return the judgement of an intent, still without an id, a proof or a review."""
    required = route.required
    said = [_replace(one, mandatory=True) if one.expert in required else one for one in opinions]
    heard = {one.expert for one in said}
    if not required <= heard:
        known = ", ".join(sorted(one.name for one in (*route.chosen, *route.skipped))) or "nobody"
        said += [missing(name, known) for name in sorted(required - heard)]
    raw = tuple(said)
    if adviser is not None:
        said = [_calibrated(one, adviser) for one in said]
    merged = merge(said, terms, required)
    judgement = Judgement(
        id="",
        verdict=merged.verdict,
        confidence=merged.confidence,
        reason=str(merged.reason),
        message=merged.message,
        experts=tuple(said),
        dissent=merged.dissent,
        mode=settings.mode.value,
        enforced=binds(settings.mode, settings.percent, intent.key),
        key=intent.key,
    )
    return Weighed(judgement, raw)


def _calibrated(opinion: Opinion, adviser: Adviser) -> Opinion:
    if opinion.reason in FAILURES:
        return opinion
    return _replace(opinion, confidence=min(1.0, max(0.0, adviser.calibrated(opinion))))


def refused(error: IntentError, settings: ExpertsSettings, raw: Any) -> Judgement:
    """Return the judgement of an intent that cannot be judged."""
    return Judgement(
        id="",
        verdict=Verdict.REJECTED,
        confidence=1.0,
        reason=error.kind.value,
        message=error.message,
        mode=settings.mode.value,
        enforced=binds(settings.mode, settings.percent, repr(raw)),
    )


def off() -> Judgement:
    """Return what is answered when nobody judges: nothing, and it binds nobody."""
    return Judgement(
        id="",
        verdict=Verdict.UNCERTAIN,
        confidence=0.0,
        reason=Reason.OFF.value,
        message="Nobody judges: `mode` of [experts] is off.",
        mode=Mode.OFF.value,
        enforced=False,
    )
