"""A file of rules, in TOML, and what is wrong with it.

    [[rule]]
    id = "our-legacy-call"
    severity = "high"            # low, medium, high or critical
    title = "Legacy transfer"
    explanation = "It moves money without a limit."
    fix = "Call transfer() of the ledger."
    languages = ["python"]       # optional
    calls = ["legacy.move*"]     # at least one of calls, imports, names, strings, tokens
    arguments = ["*://*"]        # optional, with calls

    [severity]                   # of rules known before; "off" switches one off
    weak-hash = "medium"

Patterns are literal text in which `*` stands for any characters; nothing else is special, so a
pattern costs time linear in what it is held against. `tokens` are separated by spaces.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from ciranda.errors import SettingsError

from .glob import Glob
from .rule import Match, Rule, Severity

__all__ = ["RulesFile", "read_rules"]

_ID: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_TEXTS: Final = ("id", "severity", "title", "explanation", "fix")
_PATTERNS: Final = ("calls", "arguments", "imports", "names", "strings", "tokens")
_FIELDS: Final = (*_TEXTS, "languages", *_PATTERNS)
_LONGEST: Final = 200  # characters of a pattern
_MOST: Final = 500  # patterns of a rule
_RULE: Final = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_TABLE: Final = re.compile(r"\s*\[")


@dataclass(frozen=True, slots=True)
class RulesFile:
    """What a file says: rules, and severities of rules by id (None is off)."""

    rules: tuple[Rule, ...]
    severities: Mapping[str, Severity | None]


def read_rules(text: str, file: str, known: Iterable[str]) -> RulesFile:
    """Read a file of rules.

    Args:
        text: What the file holds.
        file: What the file is called, for messages.
        known: Ids of the rules before it, which it may not define again.

    Raises:
        SettingsError: When something in it is wrong; it names file and line.
    """
    return _Reader(text, file, frozenset(known)).read()


class _Reader:
    def __init__(self, text: str, file: str, known: frozenset[str]) -> None:
        self._lines = text.splitlines()
        self._text = text
        self._file = file
        self._known = known

    def read(self) -> RulesFile:
        try:
            data = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"\(at line (\d+), column \d+\)", str(error))
            what = str(error).partition(" (at ")[0]
            place = f"{self._file}:{found[1]}" if found else self._file
            raise SettingsError(f"{place}: not TOML: {what}") from error
        except RecursionError as error:
            raise SettingsError(f"{self._file}: too deeply nested") from error
        for name in data:
            if name not in ("rule", "severity"):
                raise self._wrong(
                    self._line_of(name), f"{name!r:.40} is neither [[rule]] nor [severity]"
                )
        tables = data.get("rule", [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise self._wrong(self._line_of("rule"), "rules are written [[rule]]")
        rules: dict[str, Rule] = {}
        for index, table in enumerate(tables):
            rule = self._rule(table, index)
            if rule.id in rules or rule.id in self._known:
                line = self._line(index, "id")
                raise self._wrong(line, f"the rule {rule.id!r} exists already; choose another id")
            rules[rule.id] = rule
        severities = self._severities(data.get("severity", {}), self._known | rules.keys())
        return RulesFile(tuple(rules.values()), severities)

    def _rule(self, table: dict[str, Any], index: int) -> Rule:
        for name in table:
            if name not in _FIELDS:
                near = get_close_matches(name, _FIELDS, 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise self._wrong(
                    self._line(index, name), f"a rule has no field {name!r:.40}{hint}"
                )
        texts = {name: self._required(table, index, name) for name in _TEXTS}
        if not _ID.fullmatch(texts["id"]):
            raise self._wrong(
                self._line(index, "id"),
                f"id {texts['id']!r:.40} is not lower case words with hyphens",
            )
        patterns = {name: self._patterns(table, index, name) for name in _PATTERNS}
        if patterns["arguments"] and not patterns["calls"]:
            raise self._wrong(self._line(index, "arguments"), "arguments go with calls; add calls")
        if self._file != "rules.toml" and not any(patterns.values()):
            raise self._wrong(
                self._line(index, ""),
                f"the rule {texts['id']!r} looks for nothing; "
                "give it calls, imports, names, strings or tokens",
            )
        globs = {
            name: tuple(map(Glob, each)) for name, each in patterns.items() if name != "tokens"
        }
        tokens = tuple(tuple(each.split()) for each in patterns["tokens"])
        return Rule(
            id=texts["id"],
            severity=self._severity(texts["severity"], self._line(index, "severity")),
            title=texts["title"],
            explanation=texts["explanation"],
            fix=texts["fix"],
            languages=frozenset(self._patterns(table, index, "languages")),
            match=Match(**globs, tokens=tokens),
        )

    def _required(self, table: dict[str, Any], index: int, name: str) -> str:
        value = table.get(name)
        if not isinstance(value, str) or not value.strip():
            what = "is missing" if value is None else "is not a text"
            raise self._wrong(self._line(index, name), f"the rule's {name} {what}")
        return value

    def _patterns(self, table: dict[str, Any], index: int, name: str) -> list[str]:
        value = table.get(name, [])
        good = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not good or len(value) > _MOST:
            raise self._wrong(self._line(index, name), f"{name} is a list of at most {_MOST} texts")
        for each in value:
            if not each.strip("* ") or len(each) > _LONGEST:
                raise self._wrong(
                    self._line(index, name),
                    f"{each!r:.40} in {name} matches everything or is longer than {_LONGEST}",
                )
        return list(value)

    def _severity(self, value: str, line: int) -> Severity:
        try:
            return Severity(value)
        except ValueError:
            raise self._wrong(
                line, f"severity {value!r:.40} is none of {', '.join(Severity)}"
            ) from None

    def _severities(self, table: Any, known: Iterable[str]) -> dict[str, Severity | None]:
        if not isinstance(table, dict):
            raise self._wrong(self._line_of("severity"), "[severity] is a table")
        found: dict[str, Severity | None] = {}
        for name, value in table.items():
            line = self._line_of(name)
            if name not in known:
                near = get_close_matches(name, list(known), 1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise self._wrong(line, f"there is no rule {name!r:.40}{hint}")
            if not isinstance(value, str):
                raise self._wrong(line, f"the severity of {name!r} is a text")
            found[name] = None if value == "off" else self._severity(value, line)
        return found

    def _line(self, index: int, name: str) -> int:
        """Return the line of a field of the rule at an index, or of its header; 0 if unseen."""
        heads = [at for at, line in enumerate(self._lines, 1) if _RULE.match(line)]
        if index >= len(heads):
            return 0
        head = heads[index]
        for at in range(head, len(self._lines)):
            line = self._lines[at]
            if _TABLE.match(line):
                break
            if name and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
                return at + 1
        return head

    def _line_of(self, name: str) -> int:
        pattern = re.compile(rf"\s*(?:\[+\s*)?[\"']?{re.escape(name)}[\"']?\s*[\]=.]")
        return next((at for at, line in enumerate(self._lines, 1) if pattern.match(line)), 0)

    def _wrong(self, line: int, message: str) -> SettingsError:
        return SettingsError(
            f"{self._file}:{line}: {message}" if line else f"{self._file}: {message}"
        )
