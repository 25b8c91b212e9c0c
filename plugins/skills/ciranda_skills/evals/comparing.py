"""What was expected beside what came, and where they part."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ..running import Outcome
from .case import Expect, Text
from .schema import validator_of

__all__ = ["Mismatch", "mismatches"]

_LINES: Final = 40  # of a difference
_LONGEST: Final = 1 << 16  # characters that are compared line by line
_SHOWN: Final = 200
_DEEPEST: Final = 100


class Mismatch(msgspec.Struct, frozen=True):
    """One expectation that was not met.

    Attributes:
        expected: Its key, such as `exit_code` or `stdout.contains`.
        message: A sentence on what came instead.
        diff: Lines that begin with `-` for what was expected and `+` for what came.
    """

    expected: str
    message: str
    diff: tuple[str, ...] = ()


def mismatches(expect: Expect, outcome: Outcome) -> tuple[Mismatch, ...]:
    """Return every expectation that a run did not meet."""
    return tuple(_all(expect, outcome))


def _all(expect: Expect, outcome: Outcome) -> Iterator[Mismatch]:
    why = f": {outcome.message}" if outcome.message else ""
    if expect.status is not None and outcome.status is not expect.status:
        said = f"it should end `{expect.status}`, and ended `{outcome.status}`{why}"
        yield Mismatch("status", said)
    if expect.exit_code is not None and outcome.exit_code != expect.exit_code:
        came = "none" if outcome.exit_code is None else outcome.exit_code
        said = f"the exit code should be {expect.exit_code}, and is {came}{why}"
        yield Mismatch("exit_code", said)
    yield from _text("stdout", expect.stdout, outcome.stdout)
    yield from _text("stderr", expect.stderr, outcome.stderr)
    if expect.json is not msgspec.UNSET:
        diff = tuple(_apart(expect.json, outcome.json, "$", 0))
        if diff:
            yield Mismatch("json", "its JSON is another one", diff[:_LINES])
    if expect.json_schema is not None:
        faults = tuple(
            f"+ {'.'.join(('$', *map(str, fault.instance_path)))}: {fault.message[:_SHOWN]}"
            for fault in validator_of(expect.json_schema).iter_errors(outcome.json)
        )
        if faults:
            yield Mismatch("json_schema", "its JSON does not fit the schema", faults[:_LINES])


def _text(name: str, expect: Text, came: str) -> Iterator[Mismatch]:
    if expect.equals is not None and came != expect.equals:
        yield Mismatch(f"{name}.equals", f"its {name} is another one", _lines(expect.equals, came))
    for text in expect.contains:
        if text not in came:
            said = f"its {name} does not hold {_shown(text)}"
            yield Mismatch(f"{name}.contains", said, _came(came))
    for text in expect.lacks:
        if text in came:
            yield Mismatch(f"{name}.lacks", f"its {name} holds {_shown(text)}", _came(came))


def _lines(expected: str, came: str) -> tuple[str, ...]:
    if max(len(expected), len(came)) > _LONGEST:
        pairs = enumerate(zip(expected, came, strict=False))
        at = next((n for n, (a, b) in pairs if a != b), min(len(expected), len(came)))
        around = slice(max(at - _SHOWN // 2, 0), at + _SHOWN // 2)
        return (f"at character {at + 1:,}", f"-{expected[around]!r}", f"+{came[around]!r}")
    one, other = expected.splitlines(keepends=True), came.splitlines(keepends=True)
    found = list(difflib.unified_diff(one, other, "expected", "came", n=2))
    lines = []
    for line in found[: _LINES + 2]:
        lines.append(line.rstrip("\n"))
        if not line.endswith("\n"):
            lines.append("\\ no end of line")
    return tuple(lines)


def _came(text: str) -> tuple[str, ...]:
    return tuple(f"+{line[:_SHOWN]}" for line in text.split("\n")[:_LINES])


def _apart(expected: Any, came: Any, path: str, depth: int) -> Iterator[str]:
    """Yield where two JSON values part; `1` and `1.0` are one number, `1` and `true` are not."""
    if isinstance(expected, dict) and isinstance(came, dict) and depth < _DEEPEST:
        for key in sorted(expected.keys() | came.keys()):
            where = f"{path}.{key}"
            if key not in came:
                yield f"- {where}: {_shown(expected[key])}"
            elif key not in expected:
                yield f"+ {where}: {_shown(came[key])}"
            else:
                yield from _apart(expected[key], came[key], where, depth + 1)
    elif isinstance(expected, list) and isinstance(came, list) and depth < _DEEPEST:
        for number, (one, other) in enumerate(zip(expected, came, strict=False)):
            yield from _apart(one, other, f"{path}[{number}]", depth + 1)
        for number, one in enumerate(expected[len(came) :], len(came)):
            yield f"- {path}[{number}]: {_shown(one)}"
        for number, other in enumerate(came[len(expected) :], len(expected)):
            yield f"+ {path}[{number}]: {_shown(other)}"
    elif isinstance(expected, bool) != isinstance(came, bool) or expected != came:
        yield f"- {path}: {_shown(expected)}"
        yield f"+ {path}: {_shown(came)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
