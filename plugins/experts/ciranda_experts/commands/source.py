"""The intents of a file: one of it, or one of each line."""

from __future__ import annotations

from typing import Final, Self, final

from .feed import Feed
from .given import Given, of_file, of_line

__all__ = ["Source"]

_BY_LINES: Final = (".jsonl", ".ndjson")
_WHOLE: Final = (".yaml", ".yml", ".json")


@final
class Source:
    """Where intents come from.

    Args:
        feed: What is read.
        only: The one intent of it; None where each line is one.
    """

    def __init__(self, feed: Feed, only: Given | None = None) -> None:
        self._feed: Final = feed
        self.lines: Final = only is None
        self._only = only

    @classmethod
    async def of(cls, feed: Feed) -> Self:
        """Find out what a feed holds: by its name, else by whether it begins with a JSON object.

        Raises:
            InputError: It cannot be read.
            WorkflowError: It holds one intent, which is no text, YAML or JSON.
        """
        name = feed.name.lower()
        if name.endswith(_BY_LINES):
            return cls(feed)
        if not name.endswith(_WHOLE):
            first = await feed.first()
            if first.startswith(b"{") and not of_line(first, 0, "").fault:
                return cls(feed)
        return cls(feed, of_file(await feed.whole(), feed.name))

    async def next(self) -> list[Given]:
        """Return the next intents; none at the end.

        Raises:
            InputError: It cannot be read.
        """
        if not self.lines:
            only, self._only = self._only, None
            return [] if only is None else [only]
        found: list[Given] = []
        while not found and (lines := await self._feed.lines()):
            found = [
                of_line(text, number, self._feed.name)
                for number, text in lines
                if text is None or text.strip()
            ]
        return found
