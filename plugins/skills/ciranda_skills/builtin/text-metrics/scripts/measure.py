"""Measure a text."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from typing import Any

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
SENTENCE = re.compile(r"[.!?。！？…]+(?:[\"'”’)\]]*)(?=\s|$)")
PARAGRAPH = re.compile(r"\n[ \t]*\n")
PACE = 230
SHORT = 3


def execute(text: str, frequent: int = 5) -> dict[str, Any]:
    """Return the measures of a text.

    Args:
        text: The text.
        frequent: How many of the words used most are listed.
    """
    words = [word.casefold() for word in WORD.findall(text)]
    lines = text.splitlines()
    ends = len(SENTENCE.findall(text))
    unended = bool(words) and not SENTENCE.search(text.rstrip()[-4:])
    sentences = ends + unended
    counted = Counter(word for word in words if len(word) > SHORT)
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return {
        "characters": len(text),
        "bytes": len(text.encode("utf-8", "replace")),
        "lines": len(lines),
        "words": len(words),
        "sentences": sentences,
        "paragraphs": sum(1 for part in PARAGRAPH.split(text) if part.strip()),
        "longest_line": max(map(len, lines), default=0),
        "words_per_sentence": round(len(words) / sentences, 2) if sentences else 0.0,
        "reading_minutes": round(len(words) / PACE, 2),
        "frequent": [[word, count] for word, count in ordered[: max(frequent, 0)]],
    }


if __name__ == "__main__":
    given = sys.stdin.buffer.read().decode("utf-8", "replace")
    print(json.dumps(execute(given), ensure_ascii=False))
