"""Files that use each other in a circle: how often each of them is unrolled, and where it ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, final

from ciranda.workflow.level import Level
from ciranda.workflow.model import Step

__all__ = ["Circles", "Use", "may_not_run"]

Use = tuple[str, frozenset[str]]  # a file, and the files of its circle that are around it

_SELDOM: Final = ("case", "catch", "on-", "compensate")  # blocks that are not always entered


def may_not_run(step: Step, level: Level) -> bool:
    """Say whether a step may come to nothing: by its own words, or by those around it.

    Args:
        step: The step.
        level: Where it stands in its file.
    """
    here: Step | None = step
    above: Level | None = level
    while here is not None and above is not None:
        lists = here.map is not None or here.matrix is not None
        turns = here.loop is not None and not here.loop.until
        if here.if_ is not None or lists or turns or above.name.startswith(_SELDOM):
            return True
        here, above = above.owner, above.above
    return False


@final
class Circles:
    """Which files use each other in a circle.

    A file that uses one around it is not unrolled once more: it leads back to that one.

    Args:
        uses: For each file those that it uses.
    """

    def __init__(self, uses: Mapping[str, Collection[str]]) -> None:
        self._uses: Final = uses
        self._number: Final = _numbered(uses)

    def inner(self, use: Use, other: str) -> Use | None:
        """Return how a file stands in another one; None when it leads back to one around it."""
        key, around = use
        if other == key or other in around:
            return None
        same = self._number[key] == self._number[other]
        return other, (around | {key} if same else frozenset())

    def unrolled(self, first: str, most: int) -> list[Use]:
        """Return each way in which a file stands, after those in it; no more than `most` + 1."""
        order: list[Use] = []
        waiting: list[tuple[Use, bool]] = [((first, frozenset()), False)]
        seen: set[Use] = set()
        while waiting and len(seen) <= most:
            use, done = waiting.pop()
            if done:
                order.append(use)
            elif use not in seen:
                seen.add(use)
                waiting.append((use, True))
                found = (self.inner(use, other) for other in self._uses[use[0]])
                waiting += [(each, False) for each in found if each is not None]
        return order if len(seen) <= most else [*seen]


def _numbered(uses: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Return a number for each file, the same for those that are in a circle (after Kosaraju)."""
    users: dict[str, list[str]] = {key: [] for key in uses}
    for key, used in uses.items():
        for other in used:
            users[other].append(key)
    numbers: dict[str, int] = {}
    for key in reversed(_by_end(uses)):
        waiting = [key] if key not in numbers else []
        for each in waiting:  # the list is the queue
            if each not in numbers:
                numbers[each] = numbers.get(key, len(numbers))
                waiting += users[each]
    return numbers


def _by_end(uses: Mapping[str, Collection[str]]) -> list[str]:
    """Return the files as a walk through all of them leaves them."""
    order: list[str] = []
    seen: set[str] = set()
    waiting = [(key, False) for key in uses]
    while waiting:
        key, done = waiting.pop()
        if done:
            order.append(key)
        elif key not in seen:
            seen.add(key)
            waiting.append((key, True))
            waiting += [(other, False) for other in uses[key]]
    return order
