"""What of a plugin's code is called at this moment, so that one that never ends can be named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Doing", "Telling", "untold"]


@dataclass(frozen=True, slots=True)
class Doing:
    """A piece of the check that calls the plugin.

    Attributes:
        rule: The rule that is broken if it does not end.
        what: What is called, as the subject of a sentence.
        place: A file with its line, or a name.
    """

    rule: str
    what: str
    place: str = ""


Telling = Callable[[Doing], None]


def untold(doing: Doing) -> None:
    """Tell nobody."""
