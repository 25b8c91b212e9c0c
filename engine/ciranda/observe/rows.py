"""Which tracks a picture shows, in which order, how deep."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ciranda.observe.outline import Outline
from ciranda.observe.spoken import plural, tally
from ciranda.observe.track import State, Track
from ciranda.observe.visible import visible
from ciranda.observe.waiting import awaited, heard

__all__ = ["Row", "counts_of", "remarks", "unfolded", "worst"]


class Row(NamedTuple):
    """A track in a picture; `folded` when what is beneath it is left out for want of room."""

    track: Track
    depth: int
    folded: bool = False


def unfolded(
    tracks: Iterable[Track], chosen: Callable[[Track], list[Track]], room: int
) -> Iterator[Row]:
    """Yield tracks, and those beneath each after it.

    Args:
        tracks: Those that stand side by side on top; each has a row in any case.
        chosen: Returns which of the tracks beneath one are worth a row.
        room: Rows for what is beneath; where it does not suffice, nothing beneath is shown.
    """
    waiting = [(track, 0) for track in tracks][::-1]
    while waiting:
        track, depth = waiting.pop()
        inner = chosen(track) if track.inner is not None else []
        folded = len(inner) > room
        yield Row(track, depth, folded)
        if not folded:
            room -= len(inner)
            waiting += [(one, depth + 1) for one in reversed(inner)]


def worst(tracks: list[Track], most: int, now: float) -> list[Track]:
    """Return the items or turns that are worth a look: failed ones, open ones, slow ones."""

    def worth(track: Track) -> tuple[bool, bool, float]:
        return track.state is State.FAILED, track.pause is not None, track.duration(now)

    return heapq.nlargest(most, tracks, key=worth)


def counts_of(track: Track) -> str:
    """Return what became of the items of a map, or of the turns of a loop."""
    if track.counts is not None:
        return tally(track.counts)
    return tally(Counter(one.state.value for one in track.beneath))


def remarks(track: Track, outline: Outline, place: str, now: float) -> list[str]:
    """Return what there is to say of a track besides how and when it ended, a phrase each."""
    found = []
    if track.inner is not None and track.inner.block.startswith(("case", "catch")):
        found.append(track.inner.block)
    if track.inner is not None and place in outline.races and track.inner.winner:
        found.append(f"won by {visible(track.inner.winner)}")
    if track.cached:
        found.append("cached")
    if track.attempts and track.attempts[-1].number > 1:
        found.append(plural(track.attempts[-1].number, "attempt"))
    found += [text for text in (awaited(track, now), heard(track)) if text]
    if track.error is not None:
        found.append(visible(track.error.kind) + (" (tolerated)" if track.tolerated else ""))
    if track.reason:
        found.append(visible(track.reason))
    return found
