"""Which language a piece of code is in, when nobody says."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["guess_language"]

_SIGNS: Final = (
    ("shell", re.compile(r"\A#!.*\b(?:ba|z|da|k)?sh\b")),
    ("javascript", re.compile(r"\A#!.*\bnode\b")),
    ("php", re.compile(r"\A\s*<\?php")),
    ("c", re.compile(r"^\s*#\s*include\b|\bint\s+main\s*\(|\bprintf\s*\(\s*\"|\b(?:unsigned|char)\s+\*?\w+\s*[\[=;]", re.MULTILINE)),  # noqa: E501
    ("java", re.compile(r"\b(?:public|private)\s+(?:static\s+)?(?:final\s+)?(?:class|void|int|String)\b|\bSystem\.out\b")),  # noqa: E501
    ("javascript", re.compile(r"\b(?:const|let|var)\s+[\w{\[]|\bfunction\b\s*\w*\s*\(|=>\s*[{(\w]|\bconsole\.log\b|===|\bdocument\.|\bnew\s+Function\b|\b(?:while|for)\s*\([^)\n]*\)\s*[{;]")),  # noqa: E501
    ("sql", re.compile(r"\A\s*(?:--[^\n]*\n\s*)*(?:select|insert|update|delete|drop|create|alter|with|truncate|grant|exec(?=\s+[\w@\[])|begin|declare)\b", re.IGNORECASE)),  # noqa: E501
    ("shell", re.compile(r"\b(?:done|fi|esac)\s*(?:;|$)|\$\(|\A\s*(?:curl|wget|rm|sudo|echo|bash|sh|cat|ls|cd|dd|chmod|nc|export|mkdir|apt|apt-get|git|eval|mkfs[.\w]*|crontab|for|while|until|nohup|find)\s|\|\s*(?:ba)?sh\b|/dev/tcp/|\(\)\s*\{\s*\S+\s*\|", re.MULTILINE)),  # noqa: E501
)  # fmt: skip
_SAMPLE: Final = 20_000


def guess_language(text: str) -> str:
    """Return the language that a text shows the signs of, or ""; never Python."""
    sample = text[:_SAMPLE]
    return next((name for name, sign in _SIGNS if sign.search(sample)), "")
