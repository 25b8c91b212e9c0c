"""What a rule is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .glob import Glob

__all__ = ["Hit", "Match", "Rule", "Severity"]


class Severity(StrEnum):
    """How much a finding weighs: high and critical reject, medium leaves it uncertain."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a rule looks for by itself; a rule without any is found by the analysis.

    Args:
        calls: Dotted names of what is called, such as `os.exec*`, whatever it is called here.
        arguments: Only where a constant text among the call's arguments is one of these.
        imports: Dotted names of modules.
        names: Identifiers, wherever they stand.
        strings: Whole string literals, docstrings excepted.
        tokens: Sequences of tokens, of languages other than Python; "*" is any one token.
    """

    calls: tuple[Glob, ...] = ()
    arguments: tuple[Glob, ...] = ()
    imports: tuple[Glob, ...] = ()
    names: tuple[Glob, ...] = ()
    strings: tuple[Glob, ...] = ()
    tokens: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One attack pattern.

    Args:
        id: Lower case with hyphens, unique.
        severity: How much it weighs.
        title: A few words.
        explanation: One sentence: why it is dangerous.
        fix: One sentence: what to write instead.
        languages: Where `match` applies; empty means everywhere.
        match: What it looks for.
    """

    id: str
    severity: Severity
    title: str
    explanation: str
    fix: str
    languages: frozenset[str] = frozenset()
    match: Match = Match()


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """Where a rule was met: line and column from 1, and what was met there."""

    line: int
    column: int
    rule: str
    what: str = ""
