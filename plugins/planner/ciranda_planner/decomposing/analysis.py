"""What a goal is made of, and whether it is worth taking apart: the first two phases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from .outline import Outline, read_outline
from .patterns import is_pattern

__all__ = ["LONGEST", "MOST", "Analysis", "Complexity", "analyse", "by_parts"]

LONGEST: Final = 500_000  # characters of a goal
MOST: Final = 10_000  # items of a goal
_WORDY: Final = 40  # words that are as much as one part
_MANY: Final = 2.0  # parts from which on a goal is taken apart


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a goal is made of.

    Attributes:
        form: `list` with items, `prose` without, `nothing` where there is nothing to do.
        parts: Items or sentences.
        clauses: Places where one thing is said to come after another within a part.
        patterns: File patterns.
        words: All words.
        depth: How deep items are nested, 1 for a flat list.
        outline: The items themselves.
    """

    form: str
    parts: int
    clauses: int
    patterns: int
    words: int
    depth: int
    outline: Outline


@final
@dataclass(frozen=True, slots=True)
class Complexity:
    """What a policy says of a goal: how much it holds, and whether to take it apart."""

    score: float
    split: bool
    reason: str


def analyse(text: str) -> Analysis:
    """Return what a goal is made of; it never fails."""
    outline = read_outline(text)
    depths: list[int] = []
    parts = clauses = patterns = words = 0
    for item in outline.items:
        above = depths[item.parent] if item.parent >= 0 else 0
        depths.append(above + (not item.heading))
        each = item.masked.plain().split()
        words += len(each)
        parts += not item.heading
        clauses += sum(word.casefold().strip(",.:") in {"then", "finally"} for word in each)
        patterns += sum(is_pattern(word.strip(",;:()")) for word in each)
    return Analysis(
        form=outline.form, parts=parts, clauses=clauses, patterns=patterns, words=words,
        depth=max(depths, default=0), outline=outline,
    )  # fmt: skip


def by_parts(analysis: Analysis) -> Complexity:
    """Count parts, clauses, patterns and words: the planner's own policy."""
    score = analysis.parts + analysis.clauses + analysis.patterns + analysis.words / _WORDY
    split = score >= _MANY
    reason = "several things to do" if split else "one thing to do"
    return Complexity(round(score, 3), split, reason)
