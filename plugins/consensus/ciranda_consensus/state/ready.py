"""Which lanes have an entry that could be agreed on now, and which of them exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, final

from ciranda_consensus.pool import Item

__all__ = ["Ready"]


@final
class Ready:
    """The first entries of lanes, each with the marks that nobody else may set before it."""

    __slots__ = ("_heads", "_marks")

    def __init__(self) -> None:
        self._heads: Final[dict[bytes, tuple[Item, Sequence[bytes]]]] = {}
        self._marks: Final[dict[bytes, dict[bytes, None]]] = {}  # lanes by mark

    def __len__(self) -> int:
        return len(self._heads)

    def __iter__(self) -> Iterator[Item]:
        return iter([item for item, _ in self._heads.values()])

    def add(self, item: Item, marks: Sequence[bytes]) -> None:
        """Note that an entry is the first of its lane, and fits."""
        self.discard(item.lane)
        self._heads[item.lane] = (item, marks)
        for mark in marks:
            self._marks.setdefault(mark, {})[item.lane] = None

    def discard(self, lane: bytes) -> None:
        """Forget a lane, if it is there."""
        _, marks = self._heads.pop(lane, (None, ()))
        for mark in marks:
            del self._marks[mark][lane]
            if not self._marks[mark]:
                del self._marks[mark]

    def head(self, lane: bytes) -> Item | None:
        """Return the first entry of a lane."""
        found = self._heads.get(lane)
        return None if found is None else found[0]

    def excluded(self, marks: Sequence[bytes]) -> list[bytes]:
        """Return the lanes whose entry sets one of these marks."""
        return [lane for mark in marks for lane in self._marks.get(mark, ())]
