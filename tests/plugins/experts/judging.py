"""Judgements and opinions as tests need them."""

from ciranda.events.judging import Judgement, Opinion, Verdict

APPROVED, REJECTED = Verdict.APPROVED, Verdict.REJECTED
UNCERTAIN, ABSTAINED = Verdict.UNCERTAIN, Verdict.ABSTAINED


def opinion(expert="logic", verdict=APPROVED, confidence=0.9, latency=0.002, **fields):
    reason = fields.pop("reason", "proved" if verdict is APPROVED else "counterexample")
    return Opinion(
        expert=expert, verdict=verdict, confidence=confidence, reason=reason,
        latency=latency, **fields,
    )  # fmt: skip


def judgement(number=1, verdict=APPROVED, experts=None, **fields):
    fields = {
        "id": f"j{number}", "key": f"k{number}", "confidence": 0.9, "reason": "proved",
        "message": "", "latency": 0.003, **fields,
    }  # fmt: skip
    experts = (opinion(verdict=verdict),) if experts is None else tuple(experts)
    return Judgement(verdict=verdict, experts=experts, **fields)
