"""What became of a case."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

__all__ = ["Difference", "Verdict"]


class Difference(msgspec.Struct, frozen=True):
    """Something that was expected and did not come.

    Attributes:
        what: Where it was looked for: `outputs.said`, `steps.load.status`.
        expected: What the file says, expressions evaluated.
        got: What came.
        note: The sentence, where the two values do not say it.
        line: Where the file says so.
        column: Where the file says so.
    """

    what: str
    expected: Any = None
    got: Any = None
    note: str = ""
    line: int = 0
    column: int = 0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a case.

    Attributes:
        file: The test file.
        line: Where the case stands in it.
        name: What the case is called.
        outcome: `passed`, `failed`, or `faulty` when it could not be tried.
        differences: What was expected and did not come.
        faults: Why it could not be tried, each a sentence with its place.
        failures: Why steps of the run failed, a sentence each, for whoever reads a failed case.
        seconds: How long it took.
        virtual: How long the run took on its own clock.
    """

    file: str
    line: int
    name: str
    outcome: Literal["passed", "failed", "faulty"]
    differences: tuple[Difference, ...] = ()
    faults: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    seconds: float = 0.0
    virtual: float = 0.0
