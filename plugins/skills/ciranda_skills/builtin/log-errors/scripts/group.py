"""Group the errors of a log."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ERROR = re.compile(r"\b(?:CRITICAL|ERROR|FATAL|PANIC|SEVERE|EMERG)\b|\b(?:Error|Panic|Fatal):")
WARNING = re.compile(r"\b(?:WARN|WARNING)\b|\b[Ww]arning:")
WORDS = {
    "critical": "error", "emerg": "error", "error": "error", "fatal": "error", "panic": "error",
    "severe": "error", "warn": "warning", "warning": "warning",
}  # fmt: skip
TRACEBACK = "Traceback (most recent call last):"
LONGEST = 4_000
SHOWN = 300
VARYING = (
    (
        re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
        "<time>",
    ),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\"[^\"]{1,200}\"|'[^']{1,200}'"), "<text>"),
    (re.compile(r"\b(?:0x)?(?=[0-9a-fA-F-]*\d)[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,}){0,4}\b"), "<id>"),
    (re.compile(r"(?<![A-Za-z])\d+(?:\.\d+)*"), "<n>"),
)


def level_of(line: str) -> str:
    """Return `error`, `warning` or nothing."""
    if line.startswith("{"):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict):
            word = told.get("level", told.get("severity", ""))
            return WORDS.get(str(word).lower(), "")
    if ERROR.search(line):
        return "error"
    return "warning" if WARNING.search(line) else ""


def entries(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield number, level and text of what is an error or a warning."""
    inside = 0  # the line that a traceback began at
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")[:LONGEST]
        if line.lstrip().startswith(TRACEBACK):
            inside = number
        elif inside and line[:1].isspace():
            continue
        elif inside and line.strip():
            yield inside, "error", line.strip()
            inside = 0
        elif level := level_of(line.strip()):
            yield number, level, line.strip()


def pattern_of(text: str) -> str:
    for expression, word in VARYING:
        text = expression.sub(word, text)
    return text[:SHOWN]


def grouped(lines: list[str], least: str, most: int) -> dict[str, object]:
    groups: dict[tuple[str, str], dict[str, object]] = {}
    counts = {"error": 0, "warning": 0}
    for number, level, text in entries(lines):
        counts[level] += 1
        if least == "error" and level != "error":
            continue
        pattern = pattern_of(text)
        fresh = {"level": level, "pattern": pattern, "count": 0, "first": number}
        group = groups.setdefault((level, pattern), {**fresh, "example": text[:SHOWN]})
        group["count"] = int(str(group["count"])) + 1
        group["last"] = number
    ordered = sorted(groups.values(), key=lambda each: (-int(str(each["count"])), each["first"]))
    return {
        "lines": len(lines),
        "errors": counts["error"],
        "warnings": counts["warning"],
        "groups": ordered[:most],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="the log; standard input without it")
    parser.add_argument("--level", choices=("error", "warning"), default="warning")
    parser.add_argument("--most", type=int, default=20, help="groups that are listed")
    given = parser.parse_args()
    data = Path(given.file).read_bytes() if given.file else sys.stdin.buffer.read()
    lines = data.decode("utf-8", "replace").splitlines()
    print(json.dumps(grouped(lines, given.level, max(given.most, 0)), ensure_ascii=False))


if __name__ == "__main__":
    main()
