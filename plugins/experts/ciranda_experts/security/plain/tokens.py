"""Code cut into words, numbers, texts and signs; comments are left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from ..limits import DEPTH, NODES
from .language import Language

__all__ = ["Token", "Tokens", "cut"]

_PLAIN: Final = re.compile(
    r"(?P<space>\s+)|(?P<word>[^\W\d][\w$]*+|\$[\w$]*+|@[\w$]++)|(?P<number>\d[\w.]*+)|"
    r"(?P<sign>=>|===|!==|==|!=|<=|>=|&&|\|\||\?\?|\?\.|\+\+|--|<<|>>|->|::|[-+*/%&|^]=|.)",
    re.DOTALL,
)
# A quote ends at the first of its kind that no backslash stands before.
_TEXTS: Final = {
    quote: re.compile(rf"(?:[^\\{quote}\n]|\\(?:.|\n))*+{quote}") for quote in ("'", '"', "`")
}
_TALL: Final = {
    quote: re.compile(rf"(?:[^\\{quote}]|\\.)*+{quote}", re.DOTALL) for quote in ("'", '"', "`")
}
_DOUBLED: Final = {
    quote: re.compile(rf"(?:[^{quote}]|{quote}{quote})*+{quote}(?!{quote})")
    for quote in ("'", '"', "`")
}
# Bounded, so that many beginnings without an end do not each look through the whole line.
_PATTERN: Final = re.compile(r"(?:[^\\/\[\n]|\\.|\[(?:[^\\\]\n]|\\.){0,100}+\]){1,200}+/\w*+")
_BEFORE_PATTERN: Final = frozenset("(,=:[!&|?{};+-*%~^<>") | frozenset(
    {"return", "typeof", "case", "in", "of", "=>", "&&", "||", "==", "===", "!=", "!==", "??"}
)
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number, sign, or text; a text is written in double quotes here, however there."""

    kind: str
    text: str
    offset: int


@dataclass(slots=True)
class Tokens:
    """Tokens of a piece of code.

    Args:
        tokens: In order.
        pairs: Index of the bracket that closes or opens the one at an index.
        fault: Why it cannot be read, or "".
        at: Where the fault is, in characters.
    """

    tokens: list[Token] = field(default_factory=list)
    pairs: dict[int, int] = field(default_factory=dict)
    fault: str = ""
    at: int = 0

    def text(self, index: int) -> str:
        """Return the text of a token, or "" where there is none."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def __len__(self) -> int:
        return len(self.tokens)


def cut(text: str, language: Language) -> Tokens:
    """Cut code into tokens and pair its brackets; what cannot be paired is a fault."""
    made = Tokens()
    position, size = 0, len(text)
    while position < size and not made.fault:
        end = _skipped(text, position, language, made)
        if end is None:
            end = _one(text, position, language, made)
        position = end
        if len(made) > NODES:
            _fault(made, "too long to be judged in one piece", position, size)
    if not made.fault:
        _pair(made)
    return made


def _fault(made: Tokens, what: str, at: int, size: int) -> int:
    made.fault, made.at = what, at
    return size


def _skipped(text: str, at: int, language: Language, made: Tokens) -> int | None:
    """Return the end of a comment that begins here, or None."""
    for mark in language.comments:
        if text.startswith(mark, at):
            end = text.find("\n", at)
            return len(text) if end < 0 else end
    if language.block is not None and text.startswith(language.block[0], at):
        end = text.find(language.block[1], at + len(language.block[0]))
        if end < 0:
            return _fault(made, "a comment without an end", at, len(text))
        return end + len(language.block[1])
    return None


def _one(text: str, at: int, language: Language, made: Tokens) -> int:
    mark = text[at]
    if mark in language.quotes:
        return _text(text, at, language, made)
    if mark == "/" and language.patterns:
        before = made.tokens[-1] if made.tokens else None
        if before is None or (before.kind != "text" and before.text in _BEFORE_PATTERN):
            found = _PATTERN.match(text, at + 1)
            if found is not None:
                made.tokens.append(Token("text", '"/"', at))
                return found.end()
    found = _PLAIN.match(text, at)
    if found is None:  # never: the last sign is any character
        return at + 1
    kind = found.lastgroup or ""
    if kind != "space":
        said = found[0].lower() if language.folded else found[0]
        made.tokens.append(Token(kind, said, at))
    return found.end()


def _text(text: str, at: int, language: Language, made: Tokens) -> int:
    mark = text[at]
    if language.doubled:
        pattern = _DOUBLED[mark]
    else:
        pattern = (_TALL if mark in language.tall else _TEXTS)[mark]
    found = pattern.match(text, at + 1)
    if found is None:
        return _fault(made, "a text without an end", at, len(text))
    made.tokens.append(Token("text", f'"{text[at + 1 : found.end() - 1]}"', at))
    return found.end()


def _pair(made: Tokens) -> None:
    stack: list[int] = []
    for index, token in enumerate(made.tokens):
        if token.kind != "sign":
            continue
        if token.text in "([{":
            stack.append(index)
            if len(stack) > DEPTH:
                made.fault, made.at = "nested too deeply to be judged", token.offset
                return
        elif token.text in _PAIRS:
            if not stack or made.tokens[stack[-1]].text != _PAIRS[token.text]:
                made.fault, made.at = f"{token.text} closes nothing", token.offset
                return
            opening = stack.pop()
            made.pairs[opening], made.pairs[index] = index, opening
    if stack:
        opened = made.tokens[stack[-1]]
        made.fault, made.at = f"{opened.text} is never closed", opened.offset
