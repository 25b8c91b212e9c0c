"""One thing that explains a step."""

from __future__ import annotations

from typing import Any, Final

import msgspec

__all__ = ["Fact", "short"]

_WIDTH: Final = 60  # characters of a value in a sentence


class Fact(msgspec.Struct, frozen=True):
    """One thing that explains a step.

    Attributes:
        kind: What it is about: `need`, `if`, `waited`, `attempt`, `cache`, `follows` and so on.
        text: The sentence for people.
        data: The same for programs.
    """

    kind: str
    text: str
    data: dict[str, Any] = {}


def short(value: Any) -> str:
    """Return a value in at most a few words."""
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, UnicodeEncodeError):  # a large list of the log, half a surrogate pair
        text = repr(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
