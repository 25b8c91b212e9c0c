"""What a person, or a machine, reads of the cases that were tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final
from xml.etree import ElementTree

import msgspec

from ciranda.explaining.fact import short
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.visible import visible
from ciranda.trials.verdict import Difference, Verdict

__all__ = ["MARKS", "details", "junit", "plain", "summed"]

MARKS: Final = {"passed": ".", "failed": "F", "faulty": "E"}


def details(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield what went wrong, case by case."""
    for verdict in verdicts:
        if verdict.outcome == "passed":
            continue
        yield ""
        yield visible(f"{verdict.file}:{verdict.line} {verdict.name}")
        for text in verdict.faults:
            yield from (f"  {visible(line)}" for line in text.splitlines())
        for difference in verdict.differences:
            yield from (f"  {visible(line)}" for line in told(difference))
        for text in verdict.failures:
            yield f"  in the run: {visible(text)}"


def told(difference: Difference) -> Iterator[str]:
    """Yield a difference as lines: where, what was expected, what came."""
    where = f" (line {difference.line})" if difference.line else ""
    yield f"{difference.what}{where}"
    if difference.note:
        yield f"  {difference.note}"
    expected, got = _lines(difference.expected), _lines(difference.got)
    if len(expected) == 1 and len(got) == 1:
        yield f"  expected  {expected[0]}"
        yield f"  got       {got[0]}"
        return
    from difflib import ndiff

    yield "  - expected, + got"
    for line in ndiff(expected, got):
        if not line.startswith("?"):
            yield f"  {line}"


def _lines(value: Any) -> list[str]:
    try:
        text = msgspec.json.encode(value, order="sorted")
    except (TypeError, UnicodeEncodeError):
        return [short(value)]
    if len(text) <= 80:  # noqa: PLR2004  (columns that stay on one line)
        return [text.decode()]
    return msgspec.json.format(text, indent=2).decode().splitlines()


def summed(verdicts: Sequence[Verdict], seconds: float) -> str:
    """Return the last line: how many of each, and how long it took."""
    counts = dict.fromkeys(("failed", "faulty", "passed"), 0)
    for verdict in verdicts:
        counts[verdict.outcome] += 1
    parts = [f"{count} {outcome}" for outcome, count in counts.items() if count]
    virtual = sum(verdict.virtual for verdict in verdicts)
    lived = f", {spoken(virtual)} of their own time" if virtual >= 1 else ""
    return f"{', '.join(parts) or plural(0, 'case')} in {spoken(seconds)}{lived}"


def plain(verdicts: Sequence[Verdict], seconds: float) -> dict[str, Any]:
    """Return everything as plain data."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return {
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed"),
        "faulty": outcomes.count("faulty"),
        "seconds": round(seconds, 6),
        "cases": [msgspec.to_builtins(verdict) for verdict in verdicts],
    }


def junit(verdicts: Sequence[Verdict], seconds: float) -> str:
    """Return a JUnit report, as CI systems read it."""
    root = ElementTree.Element("testsuites", _counts(verdicts, seconds))
    for file, group in groupby(verdicts, key=lambda one: one.file):
        cases = list(group)
        took = sum(one.seconds for one in cases)
        suite = ElementTree.SubElement(root, "testsuite", {"name": file, **_counts(cases, took)})
        for one in cases:
            about = {
                "name": _legal(one.name),
                "classname": file,
                "file": file,
                "line": str(one.line),
            }
            case = ElementTree.SubElement(
                suite, "testcase", {**about, "time": f"{one.seconds:.6f}"}
            )
            if one.outcome != "passed":
                word = "failure" if one.outcome == "failed" else "error"
                lines = [line for each in one.differences for line in told(each)]
                text = "\n".join([*one.faults, *lines, *one.failures])
                first = (*one.faults, *(each.what for each in one.differences))[0]
                found = ElementTree.SubElement(case, word, {"message": _legal(first)})
                found.text = _legal(text)
    ElementTree.indent(root)
    return ElementTree.tostring(root, "unicode", xml_declaration=True) + "\n"


def _counts(verdicts: Sequence[Verdict], seconds: float) -> dict[str, str]:
    outcomes = [verdict.outcome for verdict in verdicts]
    return {
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count("failed")),
        "errors": str(outcomes.count("faulty")),
        "time": f"{seconds:.6f}",
    }


def _legal(text: str) -> str:
    """Return text without the characters that XML has no way to write."""
    return "".join(
        char if char in "\t\n\r" or (char >= " " and not "\ud800" <= char <= "\udfff") else "?"
        for char in text
        if char not in "\ufffe\uffff"
    )
