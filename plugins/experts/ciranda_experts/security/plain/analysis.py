"""All checks of languages other than Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..page import Page
from ..rule import Hit, Rule
from .functions import endless_functions
from .language import LANGUAGES, Language
from .loops import endless_loops
from .matching import match_tokens
from .shellchecks import check_shell
from .sql import check_sql, is_sql
from .tokens import Tokens, cut
from .widths import overflows

__all__ = ["Reading", "analyse_plain", "analyse_shell", "supported"]

_BEFORE_TEXT: Final = frozenset({
    "return", "case", "typeof", "import", "from", "in", "of", "instanceof", "else", "do", "await",
    "yield", "throw", "default", "export", "void", "delete", "new", "as", "is", "keyof", "extends",
    "satisfies", "module", "get", "set", "static", "async", "readonly", "declare", "assert", "with",
})  # fmt: skip


_COMMANDS: Final = frozenset({
    "echo", "print", "include", "include_once", "require", "require_once", "use", "goto", "const",
    "extern", "package", "when", "asm", "__asm__", "exit", "die", "namespace", "define",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found, and why the rest could not be read ("" where all was)."""

    hits: tuple[Hit, ...]
    fault: str = ""
    line: int = 0
    column: int = 0


def supported(language: str) -> bool:
    """Say whether there are rules for a language other than Python."""
    return language in LANGUAGES or language == "shell"


def analyse_shell(page: Page) -> Reading:
    """Look for attack patterns in a shell script."""
    found, fault, at = check_shell(page.text)
    hits = tuple(Hit(*page.place(offset), rule, what) for offset, rule, what in found)
    return Reading(hits, fault, *(page.place(at) if fault else (0, 0)))


def analyse_plain(page: Page, name: str, rules: Sequence[Rule], int_bits: int | None) -> Reading:
    """Look for attack patterns in a language of `LANGUAGES`.

    What stands before a fault is looked at as far as brackets pair.
    """
    language = LANGUAGES[name]
    made = cut(page.text, language)
    found = match_tokens(made, rules, language)
    if not made.fault and name == "sql" and not is_sql(made):
        made.fault = "it does not read as SQL"
    if not made.fault and name in ("javascript", "java", "c", "php"):
        strays = _stray_text if name == "javascript" else _stray_command
        made.at = strays(made, page.text)
        made.fault = "a text follows a name, as in another language" if made.at else ""
    if not made.fault:
        found += _structure(made, language, int_bits)
    hits = tuple(
        Hit(*page.place(made.tokens[index].offset), rule, what) for index, rule, what in found
    )
    return Reading(hits, made.fault, *(page.place(made.at) if made.fault else (0, 0)))


def _structure(
    made: Tokens, language: Language, int_bits: int | None
) -> list[tuple[int, str, str]]:
    if language.name == "sql":
        return check_sql(made)
    found = [(index, "unbounded-loop", why) for index, why in endless_loops(made)]
    found += [
        (index, "endless-recursion", f"{name} calls itself on every path")
        for index, name in endless_functions(made)
    ]
    found += [
        (index, "integer-overflow", why) for index, why in overflows(made, language.name, int_bits)
    ]
    if language.name == "javascript":
        found += _processes(made)
    if language.name == "c":
        found += _formats(made)
    return found


def _stray_text(made: Tokens, text: str) -> int:
    """Return where a text stands right after a name on its line, as in `exec "rm"`, or 0."""
    if any(made.text(at) == "<" and made.text(at + 1) == "/" for at in range(len(made))):
        return 0  # markup within, whose words are any
    for index, token in enumerate(made.tokens):
        if token.kind != "text" or text[token.offset] not in "\"'" or not index:
            continue
        before = made.tokens[index - 1]
        if before.kind != "word" or before.text in _BEFORE_TEXT:
            continue
        if "\n" not in text[before.offset : token.offset]:
            return token.offset
    return 0


def _stray_command(made: Tokens, text: str) -> int:
    """Return where a text is all that follows the first name of a statement, or 0."""
    for index, token in enumerate(made.tokens):
        if token.kind != "text" or text[token.offset] not in "\"'" or not index:
            continue
        before = made.tokens[index - 1]
        if before.kind != "word" or made.text(index - 2) not in ("", ";", "{", "}"):
            continue
        clings = before.offset + len(before.text) == token.offset  # L"wide"
        if not clings and before.text not in _BEFORE_TEXT | _COMMANDS:
            return token.offset
    return 0


def _processes(made: Tokens) -> list[tuple[int, str, str]]:
    """Look for exec of child_process under the names that it was bound to."""
    found = []
    modules: set[str] = set()
    loaded = False
    for index, token in enumerate(made.tokens):
        if token.kind == "text" and token.text in ('"child_process"', '"node:child_process"'):
            loaded = True
            if made.text(index - 2) == "require" and made.text(index - 3) == "=":
                modules.add(made.text(index - 4))
            elif made.text(index - 1) == "from":
                modules.add(made.text(index - 2))
    if not loaded:
        return []
    for index, token in enumerate(made.tokens):
        if token.text not in ("exec", "execSync") or made.text(index + 1) != "(":
            continue
        owner = made.text(index - 2) if made.text(index - 1) == "." else ""
        if made.text(index - 1) != "." or owner in modules:
            found.append((index, "shell-command", "a shell reads the text"))
    return found


def _formats(made: Tokens) -> list[tuple[int, str, str]]:
    found = []
    for index, token in enumerate(made.tokens):
        if token.text in ("printf", "syslog", "fprintf") and made.text(index + 1) == "(":
            first = index + 2 + (2 if token.text != "printf" else 0)
            word = first < len(made) and made.tokens[first].kind == "word"
            if word and made.text(first + 1) == ")":
                found.append((index, "format-string", "the format is a variable"))
    return found
