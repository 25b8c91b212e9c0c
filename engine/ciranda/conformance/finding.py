"""What a check finds out: a rule, a verdict, a sentence and its place."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["Finding", "Rule", "Verdict"]


class Verdict(enum.StrEnum):
    """What became of a rule."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that every plugin keeps.

    Attributes:
        id: How findings and documents call it.
        wants: What it asks for, one line.
    """

    id: str
    wants: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one rule at one place.

    Attributes:
        rule: The rule's id.
        verdict: Whether it is kept.
        message: What is wrong, or why nothing could be tried; empty where it is kept.
        place: A file with its line, or the name of what it is about.
    """

    rule: str
    verdict: Verdict
    message: str = ""
    place: str = ""

    @classmethod
    def fail(cls, rule: str, message: str, place: str = "") -> Finding:
        """Return a finding of something that is wrong."""
        return cls(rule, Verdict.FAIL, message, place)

    @classmethod
    def skip(cls, rule: str, message: str, place: str = "") -> Finding:
        """Return a finding of something that could not be tried."""
        return cls(rule, Verdict.NOT_APPLICABLE, message, place)
