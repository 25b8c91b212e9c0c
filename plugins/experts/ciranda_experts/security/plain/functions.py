"""Functions of languages with braces that always call themselves."""

from __future__ import annotations

from typing import Final

from ..rings import in_rings
from .tokens import Tokens

__all__ = ["endless_functions"]

_STATEMENT: Final = 200  # tokens that one expression is followed for
_CHOOSING: Final = frozenset(
    {"if", "?", "&&", "||", "switch", "while", "for", "case", "catch", "??", "?.", "match", "yield"}
)
_NOT_NAMES: Final = frozenset(
    {"if", "while", "for", "switch", "catch", "return", "function", "else", "new", "sizeof", "do"}
)


def endless_functions(made: Tokens) -> list[tuple[int, str]]:
    """Return the index and name of each function that calls itself whatever happens."""
    bodies = _bodies(made)
    calls: dict[str, set[str]] = {}
    for name, (_, first, last) in bodies.items():
        calls[name] = _always(made, first, last)
    return [(bodies[name][0], name) for name in in_rings(calls)]


def _bodies(made: Tokens) -> dict[str, tuple[int, int, int]]:
    found: dict[str, tuple[int, int, int]] = {}
    twice = set()
    for index, token in enumerate(made.tokens):
        if token.kind != "word" or token.text in _NOT_NAMES:
            continue
        at = index + 1
        arrow = made.text(at) == "="
        if arrow:
            at += 1 + (made.text(at + 1) == "async")
            at += made.text(at) == "function"
        if made.text(at) != "(":
            continue
        brace = made.pairs[at] + 1
        if made.text(brace) == "=>" and arrow:
            brace += 1
            if token.text in found:
                twice.add(token.text)
            elif made.text(brace) != "{":
                end = brace
                while end < min(len(made), brace + _STATEMENT) and made.text(end) not in (";", "}"):
                    end = made.pairs[end] + 1 if made.text(end) in ("(", "[", "{") else end + 1
                found[token.text] = (index, brace, end)
                continue
        if made.text(brace) == "{":
            if token.text in found:
                twice.add(token.text)  # overloaded: nobody knows which is meant
            found[token.text] = (index, brace + 1, made.pairs[brace])
    return {name: each for name, each in found.items() if name not in twice}


def _own(made: Tokens, at: int) -> bool:
    """Say whether a name is called on nothing, or on `this`."""
    return made.text(at - 1) != "." or made.text(at - 2) in ("this", "self")


def _always(made: Tokens, first: int, last: int) -> set[str]:
    """Return what is called before anything can be chosen."""
    called = set()
    returning = False
    for at in range(first, last):
        token = made.tokens[at]
        if token.text in _CHOOSING and token.kind != "text":
            break
        if token.text in ("return", "throw"):
            returning = True
        elif token.text in (";", "}") and returning:
            break
        elif token.text in ("=>", "function", "{"):
            break  # what is defined here is called elsewhere
        elif token.kind == "word" and made.text(at + 1) == "(":
            called.update([token.text] if _own(made, at) else [])
    return called
