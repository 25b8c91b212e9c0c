"""Which task is meant by the words of another one: `after counting the lines`, `step 2`."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

__all__ = ["Names", "slug", "stems"]

_WORD: Final = re.compile(r"[^\W_]+")
_EMPTY: Final = frozenset(
    [
        "a",
        "all",
        "an",
        "and",
        "any",
        "are",
        "be",
        "been",
        "done",
        "each",
        "every",
        "finished",
        "for",
        "has",
        "have",
        "in",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "over",
        "step",
        "steps",
        "task",
        "tasks",
        "that",
        "the",
        "their",
        "them",
        "then",
        "these",
        "this",
        "those",
        "to",
        "was",
        "were",
        "with",
    ]
)
_NUMBER: Final = re.compile(
    r"(?:(?:step|item|task|number|phase|part|no\.?)s?\s*)?#?(\d{1,9})", re.IGNORECASE
)
_LITTLE: Final = frozenset(
    ["a", "all", "an", "and", "each", "every", "for", "in", "of", "on", "the", "to", "with"]
)
_LONGEST: Final = 40  # characters of an id made of a title
_PATH: Final = 80  # of one made of a path
_QUOTES: Final = " \t\"'`.:!\u201c\u201d\u2018\u2019"
_STEM: Final = 3  # letters that are left of a word at least


def slug(text: str, *, path: bool = False) -> str:
    """Return an id made of a text: `Count the lines` is `count_lines`; empty without letters.

    It is a name that expressions can read, as in `steps.count_lines.output`.

    Args:
        text: Words, or a path.
        path: Whether it is a path, of which every name counts.
    """
    longest = _PATH if path else _LONGEST
    folded = unicodedata.normalize("NFKD", text.casefold().replace("ß", "ss"))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in folded if not unicodedata.combining(c)))
    made = ""
    telling = words if path else [word for word in words if word not in _LITTLE]
    for word in telling or words:
        if made and len(made) + len(word) >= longest:
            break
        made = f"{made}_{word}" if made else word[:longest]
    return f"_{made}" if made[:1].isdigit() else made


def stems(text: str) -> list[str]:
    """Return the words of a text that say something, without their endings."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    return [_stem(word) for word in words if word not in _EMPTY]


def _stem(word: str) -> str:
    for ending, instead in (("ies", "y"), ("ied", "y"), ("ing", ""), ("es", ""), ("ed", "")):
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            word = word.removesuffix(ending) + instead
            break
    else:
        if len(word) > _STEM and word.endswith(("s", "e")) and not word.endswith("ss"):
            word = word[:-1]
    if len(word) > _STEM and word[-1] == word[-2]:
        word = word[:-1]
    return word


class Names:
    """The tasks and groups of a goal by what they are called.

    Args:
        titles: Of each its title.
        ids: Of each the id that the goal gives it, or "".
        numbers: Of each its number in its list, or None.
        parents: Of each the place of what it is a part of, or -1.
    """

    def __init__(
        self,
        titles: Sequence[str],
        ids: Sequence[str],
        numbers: Sequence[int | None],
        parents: Sequence[int],
    ) -> None:
        self._parents = parents
        self._stems = [stems(title) for title in titles]
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._whole: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._holding: dict[str, set[int]] = defaultdict(set)
        self._numbers: dict[int, list[int]] = defaultdict(list)
        for place, title in enumerate(titles):
            if ids[place]:
                self._exact[ids[place].casefold()].append(place)
            elif made := slug(title):
                self._exact[made].append(place)
            self._whole[tuple(self._stems[place])].append(place)
            for word in self._stems[place]:
                self._holding[word].add(place)
            if (number := numbers[place]) is not None:
                self._numbers[number].append(place)

    def find(self, words: str, own: int, without: Collection[int] = ()) -> list[int]:
        """Return the places that words may mean, best ones only; several if that is unclear.

        Args:
            words: What the text says.
            own: The place of the task that says so: never meant, and nearest to its list.
            without: Further places that cannot be meant.
        """
        words = words.strip(_QUOTES)
        if found := _NUMBER.fullmatch(words):
            places = self._fit(self._numbers.get(int(found[1]), ()), own, without)
            near = [one for one in places if self._parents[one] == self._parents[own]]
            if near or places:
                return near or places
        if places := self._fit(self._exact.get(words.casefold(), ()), own, without):
            return places
        wanted = stems(words)
        if not wanted:
            return []
        if places := self._fit(self._whole.get(tuple(wanted), ()), own, without):
            return places
        sets = [self._holding.get(word, set()) for word in wanted]
        places = self._fit(sorted(set.intersection(*sets)), own, without)
        if len(places) > 1:
            begins = [one for one in places if self._stems[one][: len(wanted)] == wanted]
            places = begins or places
        return places

    @staticmethod
    def _fit(places: Collection[int], own: int, without: Collection[int]) -> list[int]:
        return [place for place in places if place != own and place not in without]
