"""The mark of a list that lives outside memory."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any


class Stored(Sequence[Any]):
    """A read-only list that lives outside memory, such as the results of a large map.

    An expression treats it like a list: index, slice, iteration, `len`, `in`. A subclass gives
    `__getitem__` (a slice gives a list) and `__len__`.
    """

    @abstractmethod
    def __getitem__(self, index: Any) -> Any:
        """Return one item, or a list for a slice."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of items."""
