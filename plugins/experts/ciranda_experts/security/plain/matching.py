"""Sequences of tokens that rules look for."""

from __future__ import annotations

from collections.abc import Sequence

from ..rule import Rule
from .language import Language
from .tokens import Tokens

__all__ = ["match_tokens"]

_ANY = "*"


def match_tokens(
    made: Tokens, rules: Sequence[Rule], language: Language
) -> list[tuple[int, str, str]]:
    """Return index, rule and what of each sequence that occurs.

    A word that is looked for as the first is not met after a dot: `df.eval(` is not `eval (`.
    """
    heads: dict[str, list[tuple[Rule, list[str], str]]] = {}
    for rule in rules:
        for pattern in rule.match.tokens:
            wanted = [_normal(each, language) for each in pattern]
            heads.setdefault(wanted[0], []).append((rule, wanted, " ".join(pattern)))
    found = []
    for index, token in enumerate(made.tokens):
        for rule, wanted, said in heads.get(token.text, ()):
            if token.kind == "word" and made.text(index - 1) in (".", "->", "function", "def"):
                continue
            if all(
                part == _ANY or _same(part, made.text(index + at)) for at, part in enumerate(wanted)
            ):
                found.append((index, rule.id, f"{said:.60}"))
    return found


def _same(part: str, text: str) -> bool:
    if part == '"':
        return text.startswith('"')  # the start of any text
    return part == text


def _normal(part: str, language: Language) -> str:
    """Write a part of a pattern as tokens are written: a text in double quotes."""
    if part.startswith("\\"):
        return part[1:]
    if part[0] in "'`":
        part = '"' + part[1:-1] + '"' if len(part) > 1 else '"'
    return part.lower() if language.folded else part
