"""Keys of a step that do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ciranda.errors import Fault
from ciranda.workflow.places import Places

__all__ = ["combination_faults"]

Path = tuple[str | int, ...]


def combination_faults(step: Mapping[str, Any], at: Path, places: Places) -> Iterator[Fault]:
    """Yield what is wrong with the keys of a step, as a whole."""
    yield from ()
