"""How languages are written, as far as telling code from text and comments needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["LANGUAGES", "Language", "language_of"]


@dataclass(frozen=True, slots=True)
class Language:
    """How a language is written.

    Args:
        name: What its rules are filed under.
        comments: What begins a comment up to the end of the line.
        block: What begins and ends a comment, or none.
        quotes: What begins and ends a text.
        tall: Quotes whose text may go over lines.
        doubled: Whether a quote within a text is written twice, and a backslash is a character.
        patterns: Whether `/.../` can be a regular expression.
        folded: Whether case makes no difference.
    """

    name: str
    comments: tuple[str, ...] = ("//",)
    block: tuple[str, str] | None = ("/*", "*/")
    quotes: str = "\"'"
    tall: str = ""
    doubled: bool = False
    patterns: bool = False
    folded: bool = False


LANGUAGES: Final = {
    each.name: each
    for each in (
        Language("javascript", quotes="\"'`", tall="`", patterns=True),
        Language("c"),
        Language("java"),
        Language("php", comments=("//", "#"), tall="\"'"),
        Language("sql", comments=("--",), quotes="\"'`", tall="\"'`", doubled=True, folded=True),
    )
}
_ALIASES: Final = {
    "js": "javascript", "node": "javascript", "nodejs": "javascript", "jsx": "javascript",
    "ts": "javascript", "typescript": "javascript", "tsx": "javascript", "mjs": "javascript",
    "ecmascript": "javascript", "c++": "c", "cpp": "c", "cc": "c", "cxx": "c", "h": "c",
    "hpp": "c", "objc": "c", "c#": "java", "csharp": "java", "cs": "java", "kotlin": "java",
    "postgresql": "sql", "postgres": "sql", "mysql": "sql", "sqlite": "sql", "tsql": "sql",
    "plsql": "sql", "bash": "shell", "sh": "shell", "zsh": "shell", "dash": "shell",
    "ksh": "shell", "posix-shell": "shell", "console": "shell", "py": "python",
    "python3": "python", "python2": "python", "pyw": "python", "pyi": "python", "cpython": "python",
}  # fmt: skip


def language_of(name: str) -> str:
    """Return the name under which a language is known here."""
    name = name.strip().lower()
    return _ALIASES.get(name, name)
