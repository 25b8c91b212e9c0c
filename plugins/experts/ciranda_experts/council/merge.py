"""From opinions to one verdict: pure functions, one a rule.

Verdicts are ordered rejected < uncertain < approved. Whatever the rule:

- A proven rejection is final.
- Nothing is approved without every required expert: each approves, or abstains because the
  intent has nothing for it. One that is missing, failed, is uncertain or rejects leaves
  `uncertain` at best.
- An expert has one vote. Whoever votes twice has said nothing, and is reported.
- Under `veto` and `unanimous` experts answer different questions, and an approval says that all
  of the answers are right: it is as sure as the least sure of those who approve.
- Otherwise they are witnesses of one question. A vote counts by the log-odds of its confidence
  times its weight, so that 0.5 counts nothing; less than 0.5 is taken as 0.5. So do rejections
  under every rule. Abstentions, failures and `uncertain` are no votes.
- Of what is proven on one side the strongest counts alone. Proofs rest on the same reading of the
  intent, the same pre-solver and the same z3: two of them are no two independent witnesses, and
  together no surer than the better one.
- What is not `threshold` sure is uncertain: `low-confidence`. Where one rejection is enough
  (`veto`), it only has to be more likely right than not.

So the order never matters; under `weighted` and `quorum` one more approval never makes a verdict
worse, under `veto` and `unanimous` an expert that approves more surely never does. Of n experts
one liar changes the verdict only where its rule says: under `veto` and `unanimous` a liar can stop
anything, under the others only where the rest are that close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, fsum, isfinite, log
from typing import Final, NamedTuple

import msgspec

from ciranda.events.judging import Opinion, Verdict

from ..confidence import sure as shown
from .reasons import FAILURES, Reason

__all__ = ["RULES", "Merged", "Tally", "Terms", "merge"]

_APPROVED, _REJECTED = Verdict.APPROVED, Verdict.REJECTED
_UNCERTAIN, _ABSTAINED = Verdict.UNCERTAIN, Verdict.ABSTAINED
_LIKELY: Final = 0.501
_SUREST: Final = 1 - 1e-9  # nobody is surer: the log-odds of 1 are infinite


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How opinions are merged.

    Attributes:
        rules: Names of `RULES`; where there are several, the worst verdict of them stands.
        threshold: Confidence, 0 to 1, that a verdict needs.
        quorum: Share of the votes, above 0 up to 1, that the rule `quorum` needs.
        weights: By expert, above 0; those not named count 1.

    Raises:
        ValueError: One of them does not fit.
    """

    rules: tuple[str, ...] = ("veto",)
    threshold: float = 0.7
    quorum: float = 0.5
    weights: Mapping[str, float] = {}

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule not in RULES:
                raise ValueError(f"there is no rule {rule!r}: write one of {', '.join(RULES)}")
        if not self.rules:
            raise ValueError(f"no rule is named: write one of {', '.join(RULES)}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"the threshold {self.threshold!r} is no number from 0 to 1")
        if not 0 < self.quorum <= 1:
            raise ValueError(f"the quorum {self.quorum!r} is no share above 0, up to 1")
        for name, weight in self.weights.items():
            if not (isfinite(weight) and weight > 0):
                raise ValueError(f"the weight {weight!r} of {name!r} is no number above 0")


class Merged(NamedTuple):
    """A verdict and why; `leader` is the opinion that stands for it, if one does."""

    verdict: Verdict
    confidence: float
    reason: str
    message: str
    dissent: tuple[str, ...] = ()
    leader: Opinion | None = None


class Tally(NamedTuple):
    """The votes: log-odds and heads of each side, as weighed, and who approves least surely."""

    approving: float
    rejecting: float
    approvals: int
    rejections: int
    weakest: Opinion | None = None


def merge(opinions: Sequence[Opinion], terms: Terms, required: Iterable[str] = ()) -> Merged:
    """Return what the council says.

    Args:
        opinions: In any order.
        terms: How they are merged.
        required: Experts without whom nothing is approved; one that is not among the opinions
            is missing.

    Raises:
        ValueError: A confidence is no number from 0 to 1.
    """
    seen = _by_expert(opinions)
    votes, approver, rejecter = _counted(seen.values(), terms.weights)
    obstacle = None
    for name in required:
        held = seen.get(name) or _missing(name)
        if held.verdict is _APPROVED or held.verdict is _ABSTAINED:  # sets hash in Python here
            continue
        if obstacle is None or _leads(held, obstacle):
            obstacle = held

    if rejecter is not None and rejecter.proven:
        sure = max(rejecter.confidence, _probability(votes.rejecting))
        found = Merged(_REJECTED, sure, rejecter.reason, rejecter.message, (), rejecter)
    elif approver is None and rejecter is None:
        found = _nothing(obstacle or _doubter(seen.values()))
    else:
        rules = [RULES[rule](votes, terms, approver, rejecter) for rule in terms.rules]
        found = rules[0] if len(rules) == 1 else min(rules, key=_rank)
        if obstacle is not None and found.verdict is _APPROVED:
            sure, reason, message = found.confidence, obstacle.reason, obstacle.message
            found = Merged(_UNCERTAIN, sure, reason, message, (), obstacle)
    verdict, sure, reason, message, _, leader = found
    dissent = _dissent(seen.values(), verdict)
    return Merged(verdict, sure, reason, message, dissent, leader) if dissent else found


def _by_expert(opinions: Sequence[Opinion]) -> dict[str, Opinion]:
    seen: dict[str, Opinion] = {}
    twice: set[str] = set()
    for one in opinions:
        if not 0 <= one.confidence <= 1:  # also false for NaN
            raise ValueError(f"{one.expert!r} has the confidence {one.confidence!r}: 0 to 1")
        if one.expert in seen:
            twice.add(one.expert)
        seen[one.expert] = one
    for name in twice:
        seen[name] = _said_twice(name)
    return seen


def _counted(
    opinions: Iterable[Opinion], weights: Mapping[str, float]
) -> tuple[Tally, Opinion | None, Opinion | None]:
    """Return the votes, and who stands for either side."""
    approving: list[float] = []
    rejecting: list[float] = []
    approver = rejecter = weakest = None
    approved = rejected = 0.0  # by proof, the strongest
    approvals = rejections = 0
    for one in opinions:
        if one.verdict is _APPROVED:
            approvals += 1
            odds = weights.get(one.expert, 1.0) * _odds(one.confidence)
            if not one.proven:
                approving.append(odds)
            elif odds > approved:
                approved = odds
            if approver is None or _leads(one, approver):
                approver = one
            if weakest is None or _weaker(one, weakest):
                weakest = one
        elif one.verdict is _REJECTED:
            rejections += 1
            odds = weights.get(one.expert, 1.0) * _odds(one.confidence)
            if not one.proven:
                rejecting.append(odds)
            elif odds > rejected:
                rejected = odds
            if rejecter is None or _leads(one, rejecter):
                rejecter = one
    # An exact sum: the order of votes must not matter, not even in the last digit.
    approving.append(approved)
    rejecting.append(rejected)
    tally = Tally(fsum(approving), fsum(rejecting), approvals, rejections, weakest)
    return tally, approver, rejecter


Rule = Callable[[Tally, Terms, Opinion | None, Opinion | None], Merged]


def _veto(votes: Tally, terms: Terms, approver: Opinion | None, rejecter: Opinion | None) -> Merged:
    """One rejection is enough, whoever approves; an approval is as sure as its weakest part."""
    weakest = votes.weakest
    if rejecter is None and weakest is not None:
        sure = min(weakest.confidence, _SUREST)
        if sure >= terms.threshold:
            return _decided(_APPROVED, sure, 0.0, approver)
        told, asked = _told(sure, terms.threshold), f"{terms.threshold:g}"
        text = f"It looks approved, but {weakest.expert} is {told} sure, and {asked} is asked for."
        return Merged(_UNCERTAIN, sure, Reason.LOW_CONFIDENCE, text, (), weakest)
    enough = min(terms.threshold, _LIKELY)
    return _decided(_REJECTED, _probability(votes.rejecting), enough, rejecter)


def _unanimous(
    votes: Tally, terms: Terms, approver: Opinion | None, rejecter: Opinion | None
) -> Merged:
    """All who vote agree."""
    if approver is not None and rejecter is not None:
        sure = _probability(abs(votes.approving - votes.rejecting))
        text = f"{approver.expert} approves and {rejecter.expert} rejects; all must agree."
        return Merged(_UNCERTAIN, sure, Reason.DISSENT, text)
    return _veto(votes, terms, approver, rejecter)


def _weighted(
    votes: Tally, terms: Terms, approver: Opinion | None, rejecter: Opinion | None
) -> Merged:
    """The side with more log-odds."""
    lead = votes.approving - votes.rejecting
    if lead == 0 and approver is not None and rejecter is not None:
        return Merged(_UNCERTAIN, 0.5, Reason.TIE, "Those who approve and reject are as sure.")
    if lead > 0 or rejecter is None:
        return _decided(_APPROVED, _probability(lead), terms.threshold, approver)
    return _decided(_REJECTED, _probability(-lead), terms.threshold, rejecter)


def _quorum(
    votes: Tally, terms: Terms, approver: Opinion | None, rejecter: Opinion | None
) -> Merged:
    """The side with at least `quorum` of the votes by heads, and as sure as any verdict."""
    heads = votes.approvals + votes.rejections
    lead = votes.approving - votes.rejecting
    needed = terms.quorum * heads - 1e-9  # 0.1 * 30 is a little more than 3
    for_it, against = votes.approvals >= needed, votes.rejections >= needed
    if for_it and against:
        text = f"{votes.approvals} approve and as many reject."
        if votes.approvals != votes.rejections:  # of a quorum below one half
            text = f"{votes.approvals} approve and {votes.rejections} reject: both are a quorum."
        return Merged(_UNCERTAIN, _probability(abs(lead)), Reason.TIE, text)
    if for_it:
        return _decided(_APPROVED, _probability(lead), terms.threshold, approver)
    if against:
        return _decided(_REJECTED, _probability(-lead), terms.threshold, rejecter)
    text = f"{votes.approvals} approve and {votes.rejections} reject: neither is a quorum."
    return Merged(_UNCERTAIN, _probability(abs(lead)), Reason.NO_QUORUM, text)


RULES: Final[Mapping[str, Rule]] = {
    "veto": _veto,
    "unanimous": _unanimous,
    "weighted": _weighted,
    "quorum": _quorum,
}


def _decided(verdict: Verdict, sure: float, needed: float, leader: Opinion | None) -> Merged:
    reason, message = (leader.reason, leader.message) if leader is not None else (verdict, "")
    if sure < needed:
        text = f"It looks {verdict}, by {_told(sure, needed)}, and {needed:g} is asked for."
        return Merged(_UNCERTAIN, sure, Reason.LOW_CONFIDENCE, text, (), leader)
    return Merged(verdict, sure, reason, message, (), leader)


def _told(sure: float, needed: float) -> str:
    """Return a confidence with as many digits as show that it is less than what is needed."""
    told = shown(sure)
    return told if float(told.rstrip("+")) < needed else repr(sure)


def _nothing(obstacle: Opinion | None) -> Merged:
    if obstacle is not None:
        return Merged(_UNCERTAIN, 0.0, obstacle.reason, obstacle.message, (), obstacle)
    return Merged(_UNCERTAIN, 0.0, Reason.NOTHING, "No expert had anything to say about it.")


def _doubter(opinions: Iterable[Opinion]) -> Opinion | None:
    """Return who is unsure, or failed, before others by name."""
    doubting = [one for one in opinions if one.verdict is _UNCERTAIN]
    return min(doubting, key=lambda one: (one.reason in FAILURES, one.expert), default=None)


def _dissent(opinions: Iterable[Opinion], verdict: Verdict) -> tuple[str, ...]:
    other = [
        one.expert
        for one in opinions
        if one.verdict is not verdict
        and one.verdict is not _ABSTAINED
        and one.reason not in FAILURES
    ]
    return tuple(sorted(other)) if other else ()


def _odds(confidence: float) -> float:
    if confidence <= 0.5:  # noqa: PLR2004  (even)
        return 0.0
    sure = confidence if confidence < _SUREST else _SUREST  # noqa: FURB136  (a call costs)
    return log(sure / (1 - sure))


def _probability(odds: float) -> float:
    """Return the probability of log-odds, to nine digits: more are noise of the sum."""
    return round(1 / (1 + exp(min(max(-odds, -700.0), 700.0))), 9)  # beyond, exp overflows


def _leads(one: Opinion, other: Opinion) -> bool:
    """Whether an opinion stands for its side before another: proven, sure, by name."""
    if one.proven is not other.proven:
        return one.proven
    if one.confidence != other.confidence:
        return one.confidence > other.confidence
    return one.expert < other.expert


def _weaker(one: Opinion, other: Opinion) -> bool:
    """Whether an opinion is less sure than another, or as sure and before it by name."""
    if one.confidence != other.confidence:
        return one.confidence < other.confidence
    return one.expert < other.expert


def _rank(found: Merged) -> tuple[int, float, str]:
    order = 0 if found.verdict is _REJECTED else 1 if found.verdict is _UNCERTAIN else 2
    return order, found.confidence, found.reason


def _missing(name: str) -> Opinion:
    text = f"Expert {name!r} was to judge this and did not."
    return Opinion(
        expert=name,
        verdict=_UNCERTAIN,
        confidence=0.0,
        reason=Reason.MISSING,
        message=text,
        mandatory=True,
    )


def _said_twice(name: str) -> Opinion:
    text = f"Expert {name!r} gave more than one opinion."
    return Opinion(
        expert=name, verdict=_UNCERTAIN, confidence=0.0, reason=Reason.GARBAGE, message=text
    )
