"""What was done to a log: its events as they were anchored beside those that are found."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, final

from ciranda_consensus.audited import Fault, Kind

from .event import Mark, time_of

__all__ = ["Placed", "compare"]


class Placed(NamedTuple):
    """An event that is found, and its number."""

    seq: int
    mark: Mark


def compare(anchored: Sequence[Mark], found: Sequence[Placed]) -> tuple[list[Fault], int]:
    """Return what was done to the anchored events, and how many were added after them since.

    Args:
        anchored: As they were.
        found: All that are there, by their numbers.
    """
    same = 0
    for mark, (seq, now) in zip(anchored, found, strict=False):
        if seq != same or mark != now:
            break
        same += 1
    if same == len(anchored):
        return [], len(found) - same
    return _Comparison(anchored, found, same).faults()


@final
class _Comparison:
    """Where each found event was; those in the longest run that is still in order stay put."""

    def __init__(self, anchored: Sequence[Mark], found: Sequence[Placed], same: int) -> None:
        self._anchored: Final = anchored
        self._found: Final = found
        self._same: Final = same
        places: defaultdict[Mark, deque[int]] = defaultdict(deque)
        for at in range(same, len(anchored)):
            places[anchored[at]].append(at)
        self._was: Final[dict[int, int]] = {}  # index of a found event -> number it had
        for index in range(same, len(found)):
            if queue := places.get(found[index].mark):
                self._was[index] = queue.popleft()
        self._stays: Final = self._settled()
        self._there: Final = set(self._was.values())

    def faults(self) -> tuple[list[Fault], int]:
        found: list[Fault] = [*self._moved(), *self._renumbered()]
        later = 0
        for lost, new, last in self._gaps():
            faults, added = self._gap(lost, new, last=last)
            found += faults
            later += added
        return sorted(found, key=lambda one: (one.seq or 0, one.kind)), later

    def _settled(self) -> list[int]:
        """Return as many events as possible that are in order; of those, whose number is the same.

        Events that kept their number are in order among themselves, and others may fit between.
        """
        longest = _rising(self._was)
        same = [index for index, was in self._was.items() if self._found[index].seq == was]
        found: list[int] = []
        between: dict[int, int] = {}
        low, ends = -1, iter([*same, len(self._found)])
        end = next(ends)
        for index, was in [*self._was.items(), (len(self._found), len(self._anchored))]:
            high = self._was.get(end, len(self._anchored))
            if index == end:
                found += [*_rising(between), *([index] if index in self._was else [])]
                between, low = {}, was
                end = next(ends, end)
            elif low < was < high:
                between[index] = was
        return found if len(found) == len(longest) else longest

    def _moved(self) -> Iterator[Fault]:
        by_seq = {self._found[index].seq: was for index, was in self._was.items()}
        stays = set(self._stays)
        for index, was in self._was.items():
            now = self._found[index].seq
            swapped = now != was and by_seq.get(was) == now
            if index not in stays or swapped:
                kind = self._anchored[was].type
                text = f"event {was} ({kind}) stands at {now}, among others than it did"
                yield Fault(Kind.MOVED, text, was, kind, now)

    def _renumbered(self) -> Iterator[Fault]:
        """Yield those whose number follows neither from their own place nor from the others'."""
        index, was = self._same - 1, self._same - 1
        seq = was
        for one in self._stays:
            then, now = self._was[one], self._found[one].seq
            if now - seq not in (then - was, one - index):
                kind = self._anchored[then].type
                text = f"event {then} ({kind}) has the number {now}, and {then} is nobody's"
                yield Fault(Kind.RENUMBERED, text, then, kind, now)
            index, was, seq = one, then, now

    def _gaps(self) -> Iterator[tuple[list[int], list[int], bool]]:
        """Yield what is lost and what is new between events that stayed, and if it is the end."""
        index, was = self._same - 1, self._same - 1
        ends = [(one, self._was[one]) for one in self._stays]
        for next_, then in [*ends, (len(self._found), len(self._anchored))]:
            lost = [at for at in range(was + 1, then) if at not in self._there]
            new = [at for at in range(index + 1, next_) if at not in self._was]
            if lost or new:
                yield lost, new, next_ == len(self._found)
            index, was = next_, then

    def _gap(self, lost: list[int], new: list[int], *, last: bool) -> tuple[list[Fault], int]:
        size = len(self._anchored)
        by_seq = {self._found[at].seq: at for at in new}
        pairs = {at: by_seq[at] for at in lost if at in by_seq}
        left = [at for at in new if at not in set(pairs.values())]
        if last:
            later = [at for at in left if self._found[at].seq >= size or len(pairs) == len(lost)]
        else:
            later = []
        free = iter([at for at in left if at not in set(later)])
        for at in lost:
            if at not in pairs and (taken := next(free, None)) is not None:
                pairs[at] = taken
        faults = [
            self._changed(at, self._found[pairs[at]]) if at in pairs else self._removed(at)
            for at in lost
        ]
        faults += [self._inserted(self._found[at]) for at in free]
        return faults, len(later)

    def _changed(self, was: int, now: Placed) -> Fault:
        old = self._anchored[was]
        place = f" (now {now.seq})" if now.seq != was else ""
        text = f"event {was} ({old.type}){place} was changed: {', '.join(_differences(old, now))}"
        return Fault(Kind.CHANGED, text, was, old.type, now.seq if place else None)

    def _removed(self, was: int) -> Fault:
        kind = self._anchored[was].type
        return Fault(Kind.REMOVED, f"event {was} ({kind}) was removed", was, kind)

    def _inserted(self, now: Placed) -> Fault:
        kind = now.mark.type
        return Fault(Kind.INSERTED, f"event {now.seq} ({kind}) was inserted", now.seq, kind)


def _differences(old: Mark, now: Placed) -> Iterator[str]:
    new = now.mark
    if not new.digest:
        yield "it cannot be read any more"
        return
    if old.type != new.type:
        yield f"its type is {new.type}"
    if old.version != new.version:
        yield f"its version is {new.version}, not {old.version}"
    if old.at != new.at:
        yield f"its time is {time_of(new)}, not {time_of(old)}"
    if old.digest != new.digest:
        yield "its payload is another"


def _rising(values: dict[int, int]) -> list[int]:
    """Return the keys of a longest rising part of the values, both in order."""
    ends: list[int] = []  # the smallest value that a rising part of each length ends with
    keys: list[int] = []
    before: dict[int, int | None] = {}
    for key, value in values.items():
        at = bisect_left(ends, value)
        before[key] = keys[at - 1] if at else None
        if at == len(ends):
            ends.append(value)
            keys.append(key)
        else:
            ends[at], keys[at] = value, key
    found: list[int] = []
    key_: int | None = keys[-1] if keys else None
    while key_ is not None:
        found.append(key_)
        key_ = before[key_]
    return found[::-1]
