"""Profile a CSV table and print what was found as JSON."""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import json
import math
import sys
from collections import Counter
from pathlib import Path

DISTINCT = 10_000
DELIMITERS = ",;\t|"
WORDS = {"true", "false", "yes", "no"}


def is_integer(text: str) -> bool:
    return text.lstrip("+-").isdecimal() and text.isascii()


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text
    except ValueError:
        return False


def is_date(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


TYPES = (
    ("integer", is_integer),
    ("number", is_number),
    ("boolean", lambda text: text.lower() in WORDS),
    ("date", is_date),
)


class Column:
    """What is known of one column while the table is read once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.missing = 0
        self.count = 0
        self.fitting = list(TYPES)
        self.values: Counter[str] = Counter()
        self.total = 0.0
        self.numbers: tuple[float, float] | None = None
        self.texts: tuple[str, str] | None = None

    def take(self, cell: str) -> None:
        text = cell.strip()
        if not text:
            self.missing += 1
            return
        self.count += 1
        self.fitting = [each for each in self.fitting if each[1](text)]
        if text in self.values or len(self.values) < DISTINCT:
            self.values[text] += 1
        low, high = self.texts or (text, text)
        self.texts = min(low, text), max(high, text)
        if self.fitting and self.fitting[-1][0] in ("integer", "number"):
            value = float(text)
            self.total += value
            least, most = self.numbers or (value, value)
            self.numbers = min(least, value), max(most, value)

    def profile(self) -> dict[str, object]:
        kind = self.fitting[0][0] if self.fitting and self.count else "text"
        found: dict[str, object] = {
            "name": self.name,
            "type": kind if self.count else "empty",
            "missing": self.missing,
            "distinct": len(self.values),
            "top": [[text[:80], count] for text, count in self.values.most_common(3)],
        }
        if kind in ("integer", "number") and self.numbers is not None:
            shown = int if kind == "integer" else float
            found["min"], found["max"] = map(shown, self.numbers)
            found["mean"] = round(self.total / self.count, 6)
        elif self.texts is not None and kind != "boolean":
            found["min"], found["max"] = (text[:80] for text in self.texts)
        return found


def profile(stream: io.TextIOBase, delimiter: str | None) -> dict[str, object] | None:
    first = stream.readline()
    if not first.strip():
        return None
    found = delimiter or max(DELIMITERS, key=first.count)
    rows = csv.reader((line for part in ([first], stream) for line in part), delimiter=found)
    columns = [Column(name.strip()) for name in next(rows)]
    count = ragged = 0
    for row in rows:
        if not row:
            continue
        count += 1
        ragged += len(row) != len(columns)
        for number, column in enumerate(columns):
            column.take(row[number] if number < len(row) else "")
    return {
        "rows": count,
        "ragged": ragged,
        "delimiter": found,
        "columns": [column.profile() for column in columns],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="the table; standard input without it")
    parser.add_argument("--delimiter", help="one character")
    given = parser.parse_args()
    if given.delimiter is not None and len(given.delimiter) != 1:
        parser.error("--delimiter is one character")
    csv.field_size_limit(1 << 24)
    data = Path(given.file).read_bytes() if given.file else sys.stdin.buffer.read()
    text = io.StringIO(data.decode("utf-8-sig", "replace"), newline="")
    try:
        found = profile(text, given.delimiter)
    except csv.Error as error:
        print(f"it is no table: {error}", file=sys.stderr)
        return 2
    if found is None:
        print("there is no header: the first line is empty", file=sys.stderr)
        return 2
    print(json.dumps(found, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
