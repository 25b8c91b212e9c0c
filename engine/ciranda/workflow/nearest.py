"""Did you mean: the candidate closest to a misspelt word."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

__all__ = ["nearest"]

_LONGEST: Final = 48  # longer names are not typing mistakes of one another
_MOST: Final = 2000  # candidates looked at


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate a person most likely meant, or None.

    Case, `-`, `_` and spaces do not count; one edit in three letters may be wrong, a swap of
    neighbours being one edit. Among equals the earliest candidate wins.
    """
    wanted = _folded(word)
    if not wanted or len(wanted) > _LONGEST:
        return None
    best: str | None = None
    bound = max(1, len(wanted) // 3) + 1
    for candidate in islice(candidates, _MOST):
        other = _folded(candidate)
        # Of words this short one letter is most of the word.
        if len(other) <= 1 and other != wanted:
            continue
        if abs(len(other) - len(wanted)) < bound:
            distance = _distance(wanted, other, bound)
            if distance < bound:
                best, bound = candidate, distance
        if bound == 0:
            break
    return best


def _folded(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _distance(left: str, right: str, bound: int) -> int:
    """Return the edits between two words, or `bound` once it is certain to reach that."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, one in enumerate(left, start=1):
        here = [row]
        for column, other in enumerate(right, start=1):
            cost = min(above[column] + 1, here[column - 1] + 1, above[column - 1] + (one != other))
            swapped = row > 1 and column > 1 and one == right[column - 2] and other == left[row - 2]
            here.append(min(cost, before[column - 2] + 1) if swapped else cost)
        if min(here) >= bound:
            return bound
        before, above = above, here
    return above[-1]
