"""Finding skills by words: an inverted index over their names and descriptions."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from typing import Final

__all__ = ["Index"]

_WORD: Final = re.compile(r"[^\W_]+")
_NAME_WEIGHT: Final = 3.0
_BEGINNING_WEIGHT: Final = 0.4  # `csv` finds `csvs`, below what says `csv` itself
_SHORTEST_BEGINNING: Final = 3
# The usual constants of BM25: how soon repeating a word stops to count, and what length costs.
_SATURATION: Final = 1.2
_LENGTH: Final = 0.5


class Index:
    """Names and descriptions, ranked by how well they fit a query.

    Args:
        documents: Name and description of each.
    """

    def __init__(self, documents: Iterable[tuple[str, str]]) -> None:
        self._names: Final[list[str]] = []
        self._lengths: Final[list[int]] = []
        self._postings: Final[dict[str, dict[int, float]]] = {}
        for number, (name, description) in enumerate(documents):
            words = Counter(_words(description))
            self._names.append(name)
            self._lengths.append(words.total())
            weights = {word: float(count) for word, count in words.items()}
            for word in _words(name):
                weights[word] = weights.get(word, 0.0) + _NAME_WEIGHT
            for word, weight in weights.items():
                self._postings.setdefault(word, {})[number] = weight
        self._words: Final = sorted(self._postings)
        self._mean: Final = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0

    def search(self, query: str, *, limit: int = 10) -> list[tuple[str, float]]:
        """Return names and their scores, the best first; equal ones by name."""
        scores: dict[int, float] = {}
        for word in dict.fromkeys(_words(query)):
            for number, score in self._scores(word).items():
                scores[number] = scores.get(number, 0.0) + score
        ranked = sorted(scores.items(), key=lambda each: (-each[1], self._names[each[0]]))
        return [(self._names[number], score) for number, score in ranked[:limit]]

    def _scores(self, word: str) -> dict[int, float]:
        """Return what one word of a query gives each document: the best of what it matches."""
        best: dict[int, float] = {}
        for found, weight in self._matching(word):
            postings = self._postings[found]
            rarity = math.log(1 + len(self._names) / len(postings)) * weight
            for number, count in postings.items():
                length = 1 - _LENGTH + _LENGTH * self._lengths[number] / (self._mean or 1.0)
                score = rarity * count * (_SATURATION + 1) / (count + _SATURATION * length)
                best[number] = max(best.get(number, 0.0), score)
        return best

    def _matching(self, word: str) -> Iterable[tuple[str, float]]:
        if word in self._postings:
            yield word, 1.0
        if len(word) < _SHORTEST_BEGINNING:
            return
        at = bisect_left(self._words, word)
        while at < len(self._words) and self._words[at].startswith(word):
            if self._words[at] != word:
                yield self._words[at], _BEGINNING_WEIGHT
            at += 1


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
