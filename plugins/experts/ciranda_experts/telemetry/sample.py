"""What is kept of a judgement: no evidence, nothing of the intent's text."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, TypeAlias

import msgspec

from ciranda.events.judging import Judgement, Opinion, Verdict

__all__ = ["Answer", "AnswerRow", "Role", "Sample", "SampleRow", "Seen", "row"]


class Role(IntEnum):
    """How an opinion took part."""

    COUNTED = 0
    SHADOW = 1  # of an expert that the gate had skipped, to measure the gate
    CANDIDATE = 2  # of a version on trial


class Seen(NamedTuple):
    """A judgement as it is handed over: nothing is looked at until the writer has it."""

    at: float
    judgement: Judgement
    opinions: tuple[Opinion, ...]  # before calibration
    skipped: tuple[str, ...]
    shadow: tuple[Opinion, ...]
    candidates: tuple[Opinion, ...]
    late: bool = False  # the judgement was recorded before; this adds what was said later


class Answer(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is kept of an opinion; `raw` is the confidence before calibration, if it is known."""

    expert: str
    version: str
    verdict: Verdict
    confidence: float
    raw: float | None
    reason: str
    latency: float
    cached: bool
    role: Role


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a judgement; `at` in unix seconds."""

    at: float
    id: str
    key: str
    verdict: Verdict
    confidence: float
    reason: str
    latency: float
    mode: str
    enforced: bool
    review: str
    skipped: tuple[str, ...]
    answers: tuple[Answer, ...]


# Fields of `Answer` and `Sample`, in their order: the writer makes thousands of them a second,
# and a tuple is three times as quick to make.
AnswerRow: TypeAlias = tuple[str, str, Verdict, float, float | None, str, float, bool, int]
SampleRow: TypeAlias = tuple[
    float, str, str, Verdict, float, str, float, str, bool, str, tuple[str, ...], list[AnswerRow]
]


def row(seen: Seen) -> SampleRow:
    """Return the fields of what is kept of a judgement."""
    at, judged, opinions, skipped, shadow, candidates, late = seen
    raw = {each.expert: each.confidence for each in opinions}
    answers: list[AnswerRow] = []
    if not late:
        answers = [
            (
                each.expert, each.version, each.verdict, each.confidence, raw.get(each.expert),
                each.reason, each.latency, each.cached, 0,
            )
            for each in judged.experts
        ]  # fmt: skip
    for each in shadow:
        answers.append(_beside(each, Role.SHADOW))
    for each in candidates:
        answers.append(_beside(each, Role.CANDIDATE))
    return (
        at, judged.id, judged.key, judged.verdict, judged.confidence, judged.reason,
        judged.latency, judged.mode, judged.enforced, judged.review, skipped, answers,
    )  # fmt: skip


def _beside(opinion: Opinion, role: Role) -> AnswerRow:
    return (
        opinion.expert,
        opinion.version,
        opinion.verdict,
        opinion.confidence,
        opinion.confidence,
        opinion.reason,
        opinion.latency,
        opinion.cached,
        role.value,
    )
