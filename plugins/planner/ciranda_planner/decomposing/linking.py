"""Which tasks of a goal come before which: by their order, their names and their nesting."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Final

from ciranda.workflow.nearest import nearest

from ..faults import FaultKind
from .drafts import Draft
from .names import Names, stems

__all__ = ["Links"]

_AND: Final = re.compile(r"\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s*[&+]\s*", re.IGNORECASE)
_ALL: Final = re.compile(
    r"(?:all|everything|every|each)(?:\s+(?:of\s+)?(?:the\s+)?"
    r"(?:others?|else|rest|tasks?|steps?|items?|above))*",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"(?:it|that|this|these|those|them|the (?:previous|preceding) (?:one|step|task|item)s?)",
    re.IGNORECASE,
)
_NEEDS: Final = 200_000  # of all tasks together
_UNCLEAR: Final = 100  # names that mean nothing or too much, after which no more are looked up
_SHOWN: Final = 5  # candidates in a message


class Links:
    """What must be done before what, between drafts and groups of them.

    `needs[a]` holds the places that `a` comes after; a group stands for all of its tasks. What
    is wrong with a name is added to the faults of the draft that writes it.

    What a title begins with, as in "After A and B, do C", is known once this is made: `link`
    does the rest when it is known which drafts are tasks. `crowded` says that there are more needs
    than a goal may have; there are no further ones then.

    Args:
        drafts: In the order of the text.
    """

    def __init__(self, drafts: list[Draft]) -> None:
        self.crowded = False
        self._drafts = drafts
        self._works = [True] * len(drafts)
        self._room = _NEEDS
        self._unclear = 0
        self.parts: dict[int, list[int]] = defaultdict(list)  # of each group, and of -1
        for place, one in enumerate(drafts):
            self.parts[one.parent].append(place)
        self._index_in = {
            place: index for group in self.parts.values() for index, place in enumerate(group)
        }
        self.needs: list[set[int]] = [set() for _ in drafts]
        self._names = self._called()
        self._explicit = [bool(one.notes.after or one.leads) for one in drafts]
        self._lead()

    def link(self, works: list[bool]) -> None:
        """Find all needs.

        Args:
            works: Tells of each draft whether it is a task, rather than a group alone.
        """
        self._works = works
        self._names = self._called()  # titles are shorter by the names they began with
        self._named()
        self._ordered()

    def _need(self, place: int, others: Collection[int]) -> None:
        self._room -= len(others)
        self.crowded = self.crowded or self._room < 0
        if not self.crowded:
            self.needs[place].update(others)

    def _called(self) -> Names:
        drafts = self._drafts
        return Names(
            [one.indexed for one in drafts],
            [str(one.fields.get("id", "")) for one in drafts],
            [one.number for one in drafts],
            [one.parent for one in drafts],
        )

    def kin(self, place: int) -> set[int]:
        """Return a place, what it is a part of, and all of its parts."""
        found = {place, *self.inside(place)}
        above = self._drafts[place].parent
        while above >= 0:
            found.add(above)
            above = self._drafts[above].parent
        return found

    def inside(self, place: int) -> list[int]:
        """Return all parts of a group, and theirs."""
        found: list[int] = []
        waiting = list(self.parts.get(place, ()))
        while waiting:
            one = waiting.pop()
            found.append(one)
            waiting += self.parts.get(one, ())
        return sorted(found)

    def tasks(self, place: int) -> list[int]:
        """Return the tasks that a place stands for."""
        return [one for one in (place, *self.inside(place)) if self._works[one]]

    def _lead(self) -> None:
        """Find where the names at the beginning of a title end: where all of them are known."""
        for place, one in enumerate(self._drafts):
            if not one.leads:
                continue
            known = [lead for lead in one.leads if self._find(lead[0], place)]
            names, one.title = known[0] if known else one.leads[-1]
            one.leads = []
            (one.notes.before if one.lead_before else one.notes.after).append(names)

    def _named(self) -> None:
        for place, one in enumerate(self._drafts):
            if self._unclear > _UNCLEAR or self.crowded:
                break
            for words in one.notes.after:
                self._need(place, self._meant(words, place))
            for words in one.notes.before:
                for other in self._meant(words, place):
                    self._need(other, (place,))

    def _find(self, words: str, place: int) -> list[list[int]] | None:
        """Return what each name in words may mean; None if one of them means nothing."""
        kin = self.kin(place)
        whole = self._names.find(words, place, kin)
        if len(whole) == 1:
            return [whole]
        found = []
        for name in filter(None, _AND.split(words)):
            if _BEFORE.fullmatch(name):
                found.append([before] if (before := self._previous(place)) is not None else [])
            else:
                found.append(self._names.find(name, place, kin))
        if found and all(found):
            return found
        return [whole] if whole else None

    def _meant(self, words: str, place: int) -> list[int]:
        one = self._drafts[place]
        words = words.strip(" ,;:.")
        if _ALL.fullmatch(words):
            kin = self.kin(place)
            return [
                each for each in range(len(self._drafts)) if self._works[each] and each not in kin
            ]
        found = self._find(words, place)
        if found is None:
            self._unclear += 1
            titles = {" ".join(stems(draft.indexed)): draft.indexed for draft in self._drafts}
            near = titles.get(nearest(" ".join(stems(words)), filter(None, titles)) or "")
            hint = f"did you mean `{near}`?" if near else "name another item of this list"
            text = f"`{one.title.plain()}` names `{words}` as another task, and no item is: {hint}"
            one.faults.append((FaultKind.UNKNOWN_DEPENDENCY, text))
            return []
        meant: list[int] = []
        for places in found:
            inner = self._inmost(places)
            if len(inner) > 1:
                self._unclear += 1
                shown = ", ".join(f"`{self._drafts[each].indexed}`" for each in inner[:_SHOWN])
                more = f" and {len(inner) - _SHOWN} more" if len(inner) > _SHOWN else ""
                text = (
                    f"`{words}` may be {shown}{more}: write more of its words, or give it an id "
                    "as in `{#name}`"
                )
                one.faults.append((FaultKind.AMBIGUOUS_DEPENDENCY, text))
            else:
                meant += inner
        return meant

    def _inmost(self, places: list[int]) -> list[int]:
        """Leave out groups of which a part was found by the same words: that is nearer."""
        above = set()
        for place in places:
            parent = self._drafts[place].parent
            while parent >= 0 and parent not in above:
                above.add(parent)
                parent = self._drafts[parent].parent
        return [place for place in places if place not in above]

    def _previous(self, place: int) -> int | None:
        """Return what stands before a place in its list, or before what it is the first part of."""
        while place >= 0:
            parent = self._drafts[place].parent
            if index := self._index_in[place]:
                return self.parts[parent][index - 1]
            place = parent
        return None

    def _ordered(self) -> None:
        """Add what numbers and words such as "then" and "finally" say."""
        for siblings in list(self.parts.values()):
            ends: list[int] = []  # of the steps so far, those that no later one comes after
            for index, place in enumerate(siblings):
                one = self._drafts[place]
                stepwise = (
                    one.number is not None and not self._explicit[place] and not one.notes.loose
                )
                if one.order == "finally":
                    self._need(place, siblings[:index])
                elif one.order == "then":
                    if (before := self._previous(place)) is not None:
                        self._need(place, (before,))
                elif one.order == "meanwhile" and index:
                    self._need(place, self.needs[siblings[index - 1]])
                elif stepwise:
                    self._need(place, ends)
                ends = [end for end in ends if end not in self.needs[place]]
                if one.number is not None:
                    ends.append(place)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield pairs of a task and one that it needs: of groups, their first and last tasks."""
        edges = [(place, other) for place, needed in enumerate(self.needs) for other in needed]
        edges.sort()
        # A group that has work of its own does it after its parts.
        whole = [
            (place, part)
            for place, works in enumerate(self._works)
            if works
            for part in self.parts.get(place, ())
        ]
        tasks = {place: self.tasks(place) for edge in edges + whole for place in edge}
        needed: dict[int, set[int]] = defaultdict(set)
        needers: dict[int, set[int]] = defaultdict(set)
        for place, other in edges:
            for task in tasks[place]:
                needed[task].update(tasks[other])
            for task in tasks[other]:
                needers[task].update(tasks[place])
        for place, part in whole:
            needed[place].update(tasks[part])
            for task in tasks[part]:
                needers[task].add(place)
        firsts, lasts = _ends(tasks, needed), _ends(tasks, needers)
        yield from ((place, last) for place, part in whole for last in lasts[part])
        for place, other in edges:
            for task in firsts[place]:
                yield from ((task, last) for last in lasts[other] if last != task)


def _ends(tasks: dict[int, list[int]], others: dict[int, set[int]]) -> dict[int, list[int]]:
    """Return of each group the tasks that have none of `others` within it; all, in a circle."""
    found = {}
    for place, own in tasks.items():
        inside = set(own)
        found[place] = [task for task in own if not others[task] & inside] or own
    return found
