"""Loops of languages with braces that nothing ends."""

from __future__ import annotations

from typing import Final

from .constants import Conditions
from .tokens import Tokens

__all__ = ["endless_loops"]

_LEAVING: Final = frozenset({"return", "throw", "goto", "yield", "die"})
_STATEMENT: Final = 200  # tokens that one statement is followed for
_MOST: Final = 1000  # loops whose condition always holds
_ENDING: Final = frozenset({"exit", "_exit", "abort", "quick_exit", "halt", "longjmp"})


def endless_loops(made: Tokens) -> list[tuple[int, str]]:
    """Return the index of each loop that nothing leaves, and why."""
    found: list[tuple[int, str]] = []
    conditions = Conditions()
    looked = 0
    for index, token in enumerate(made.tokens):
        if token.kind != "word" or made.text(index - 1) == ".":
            continue
        why = ""
        if token.text == "while" and made.text(index + 1) == "(":
            if conditions.truth(made.tokens[index + 2 : made.pairs[index + 1]]) is True:
                why = "the condition always holds"
        elif token.text == "for" and made.text(index + 1) == "(":
            why = _for(made, index, conditions)
        if not why:
            continue
        looked += 1
        if looked > _MOST:
            return [*found, (index, "there are more such loops than are looked at")]
        if not _leaves(made, *_body(made, index)):
            found.append((index, f"{why}, and nothing leaves it"))
    return found


def _for(made: Tokens, index: int, conditions: Conditions) -> str:
    """Say why `for (start; condition; step)` is endless, or "" where it is not."""
    first, last = index + 2, made.pairs[index + 1]
    marks = []
    at = first
    while at < last:
        if made.text(at) == ";":
            marks.append(at)
        at = made.pairs[at] + 1 if made.text(at) in ("(", "[", "{") else at + 1
    if len(marks) != 2:  # noqa: PLR2004  # start; condition; step
        return ""
    condition = made.tokens[marks[0] + 1 : marks[1]]
    step = [each.text for each in made.tokens[marks[1] + 1 : last]]
    if not condition:
        return "it has no condition"
    if conditions.truth(condition) is True:
        return "the condition always holds"
    name, sign = condition[0].text, condition[1].text if len(condition) > 1 else ""
    if condition[0].kind == "word" and name in step and len(step) == 2:  # noqa: PLR2004  # i++
        away = (sign in ("<", "<=") and "--" in step) or (sign in (">", ">=") and "++" in step)
        return "each turn leads away from the end" if away else ""
    return ""


def _body(made: Tokens, index: int) -> tuple[int, int]:
    """Return the first index and the end of what a loop repeats."""
    before = index - 1
    if made.text(index) == "while" and made.text(before) == "}":
        opening = made.pairs[before]
        if made.text(opening - 1) == "do":
            return opening + 1, before
    at = made.pairs[index + 1] + 1
    return _statement(made, at)


def _statement(made: Tokens, at: int) -> tuple[int, int]:
    if made.text(at) == "{":
        return at + 1, made.pairs[at]
    end = at
    while end < min(len(made), at + _STATEMENT) and made.text(end) not in (";", "}"):
        opened = made.text(end)
        end = made.pairs[end] + 1 if opened in ("(", "[", "{") else end + 1
        if opened == "{":
            break
    return at, end


def _leaves(made: Tokens, first: int, last: int) -> bool:
    """Say whether a break of this loop, a return or the like stands between two places."""
    inner = 0  # up to here a break is of a loop or switch within
    at = first
    while at < last:
        token = made.tokens[at]
        if token.kind == "sign" and token.text == "{" and _is_function(made, at):
            at = made.pairs[at] + 1
            continue
        if token.kind == "word" and made.text(at - 1) != ".":
            if token.text in ("while", "for", "switch") and made.text(at + 1) == "(":
                if at >= inner:
                    inner = _statement(made, made.pairs[at + 1] + 1)[1]
            elif token.text == "do" and made.text(at + 1) == "{":
                inner = max(inner, made.pairs[at + 1])
            elif token.text == "break":
                labelled = at + 1 < last and made.tokens[at + 1].kind == "word"
                if at >= inner or labelled:
                    return True
            elif token.text in _LEAVING:
                return True
        if token.text in _ENDING and made.text(at + 1) == "(":
            return True
        at += 1
    return False


def _is_function(made: Tokens, at: int) -> bool:
    """Say whether a brace opens the body of a function: `function f() {` or `() => {`."""
    if made.text(at - 1) == "=>":
        return True
    if made.text(at - 1) != ")":
        return False
    opening = made.pairs[at - 1]
    return "function" in (made.text(opening - 1), made.text(opening - 2))
