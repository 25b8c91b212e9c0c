"""The security expert: attack patterns over the code of an intent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import anyio.to_thread

from ciranda.events.judging import Verdict

from ..expert import Expert, Finding, Isolation, Question
from ..intent.intent import Feature, Source
from .calibration import Calibration, load_calibration
from .examine import Examination, examine
from .limits import HITS, INLINE, SIZE
from .rule import Hit, Severity
from .rules import Rules, load_rules

__all__ = ["judge", "security_expert"]

_RANK: Final = {
    Severity.CRITICAL: 0, Severity.HIGH: 1, Severity.MEDIUM: 2, Severity.LOW: 3,
}  # fmt: skip
_MASKED: Final = frozenset({"literal-credential", "known-key"})


@dataclass(frozen=True, slots=True)
class _Issue:
    """A hit with what its rule says of it, and the piece of code that it is in."""

    severity: Severity
    hit: Hit
    piece: int


def judge(question: Question, rules: Rules, calibration: Calibration | None = None) -> Finding:
    """Judge the code of an intent; it is read, never run.

    A high or critical finding rejects (`attack-pattern`); a medium one, and code that cannot be
    read, leave it uncertain (`suspicious-pattern`, `unreadable-code`); nothing found approves
    (`clean`); without code the expert abstains (`irrelevant`). No verdict is proven: a pattern
    shows what code looks like, not what it does.

    Args:
        question: Whose `intent.code` and `intent.int_bits` are looked at.
        rules: As `load_rules` gives them.
        calibration: Where confidence comes from; by default what comes with the package.
    """
    sources = question.intent.code
    if not any(source.text.strip() for source in sources):
        return Finding(
            verdict=Verdict.ABSTAINED,
            confidence=1.0,
            reason="irrelevant",
            message="The intent has no code.",
        )
    shares = load_calibration() if calibration is None else calibration
    if sum(len(source.text) for source in sources) > SIZE:
        return Finding(
            verdict=Verdict.UNCERTAIN,
            confidence=0.5,
            reason="unreadable-code",
            message=f"The code is longer than {SIZE // 1024} Ki characters; give it in parts.",
            evidence={"findings": [], "languages": []},
        )
    made = [examine(source, rules, question.intent.int_bits) for source in sources]
    return _finding(sources, made, rules, shares)


def security_expert(rules: Rules | None = None) -> Expert:
    """Return the security expert.

    Code of more than 2,048 characters is looked at in a thread: the work is linear in the size,
    which is bounded, so that a thread that nobody waits for ends soon.

    Args:
        rules: As `load_rules` gives them; by default those of the package.
    """
    known = load_rules() if rules is None else rules
    shares = load_calibration()

    async def asked(question: Question) -> Finding:
        if sum(len(source.text) for source in question.intent.code) <= INLINE:
            return judge(question, known, shares)
        return await anyio.to_thread.run_sync(
            partial(judge, question, known, shares), abandon_on_cancel=True
        )

    return Expert(
        name="security",
        judge=asked,
        handles=frozenset({Feature.CODE}),
        cost=15.0,
        timeout=5.0,
        isolation=Isolation.INLINE,
        mandatory=True,
        version=f"1.{known.digest}",
    )


def _finding(
    sources: Sequence[Source], made: Sequence[Examination], rules: Rules, shares: Calibration
) -> Finding:
    issues = [
        _Issue(rules.by_id[hit.rule].severity, hit, piece)
        for piece, each in enumerate(made)
        for hit in each.hits
    ]
    issues.sort(key=lambda each: (_RANK[each.severity], each.piece, each.hit))
    faults = [
        {"source": _name(sources[piece], piece), "line": each.line, "column": each.column,
         "why": each.fault}
        for piece, each in enumerate(made)
        if each.fault
    ]  # fmt: skip
    evidence: dict[str, Any] = {
        "findings": [_told(each, made, sources, rules) for each in issues[:HITS]],
        "languages": [each.language for each in made],
    }
    if len(issues) > HITS:
        evidence["more"] = len(issues) - HITS
    if faults:
        evidence["unreadable"] = faults
    weighing = [each for each in issues if each.severity is not Severity.LOW]
    languages = {each.language for each in made}
    if not weighing and not faults:
        return Finding(
            verdict=Verdict.APPROVED,
            confidence=shares.benign(languages),
            reason="clean",
            message="No attack pattern was found in the code.",
            evidence=evidence,
        )
    if not weighing:
        at = f" at line {faults[0]['line']}" if faults[0]["line"] else ""
        return Finding(
            verdict=Verdict.UNCERTAIN,
            confidence=0.5,
            reason="unreadable-code",
            message=f"{faults[0]['source']} cannot be read{at}: {faults[0]['why']}.",
            evidence=evidence,
        )
    worst = weighing[0]
    rejected = worst.severity in (Severity.HIGH, Severity.CRITICAL)
    found = {each.hit.rule: each.severity for each in weighing}
    said = rules.by_id[worst.hit.rule].title
    others = f" and {len(weighing) - 1} more" if len(weighing) > 1 else ""
    return Finding(
        verdict=Verdict.REJECTED if rejected else Verdict.UNCERTAIN,
        confidence=shares.hostile(found),
        reason="attack-pattern" if rejected else "suspicious-pattern",
        message=f"{said} ({worst.hit.rule}) in {_name(sources[worst.piece], worst.piece)} "
        f"at line {worst.hit.line}: {worst.hit.what}{others}.",
        evidence=evidence,
    )


def _name(source: Source, piece: int) -> str:
    return source.name or f"code[{piece}]"


def _told(
    issue: _Issue, made: Sequence[Examination], sources: Sequence[Source], rules: Rules
) -> dict[str, Any]:
    rule, hit = rules.by_id[issue.hit.rule], issue.hit
    masked = hit.rule in _MASKED
    return {
        "rule": rule.id,
        "severity": issue.severity.value,
        "line": hit.line,
        "column": hit.column,
        "source": _name(sources[issue.piece], issue.piece),
        "excerpt": made[issue.piece].page.excerpt(hit.line, masked=masked),
        "what": hit.what,
        "why": rule.explanation,
        "fix": rule.fix,
    }
