"""Patterns of literal text and `*`, matched in time linear in the text."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Glob"]


@dataclass(frozen=True, slots=True)
class Glob:
    """A pattern over a whole text, in which `*` stands for any characters.

    There is no other special character, so there is nothing to backtrack into: each literal piece
    is looked for once, after the one before it.
    """

    pattern: str

    @property
    def literal(self) -> bool:
        """Say whether it matches itself alone."""
        return "*" not in self.pattern

    def matches(self, text: str) -> bool:
        """Say whether all of `text` is as the pattern says."""
        first, *rest = self.pattern.split("*")
        if not rest:
            return text == first
        last = rest.pop()
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return False
        at = len(first)
        for piece in rest:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True
