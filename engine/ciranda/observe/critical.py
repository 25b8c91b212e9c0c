"""The critical path of a segment: the steps that a faster run would have to shorten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ciranda.events.path import is_block
from ciranda.observe.segment import Segment
from ciranda.observe.track import State, Track

__all__ = ["critical_path", "deepened"]

_SLACK: Final = 0.001  # seconds by which a step may seem to begin before its need has ended


def critical_path(
    segment: Segment, needs: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[str, ...]:
    """Return the paths of the steps that the segment's end waited for, first to last.

    Args:
        segment: What happened.
        needs: What each step waits for; without it, a step counts as waiting for whichever step
            ended last before it began.
    """
    # Handlers of the run come after everything, whatever it waited for.
    steps = (track for track in segment.steps() if not is_block(track.path.partition("/")[0]))
    return _chain(steps, needs)


def deepened(segment: Segment, critical: Iterable[str]) -> set[str]:
    """Return a critical path with what it waited for inside of its steps, but no items or turns."""
    found = set(critical)
    waiting = [segment.tracks[path] for path in found if path in segment.tracks]
    while waiting:
        track = waiting.pop()
        if track.inner is not None and not track.repeats:
            # What undoes a step, or tells of its failure, comes when it has ended; who lost a race
            # ended with it.
            chain = _chain(
                (
                    one
                    for one in track.beneath
                    if _end(one) <= _end(track) and one.state is not State.CANCELLED
                ),
                None,
            )
            found.update(chain)
            waiting += [track.inner.tracks[path] for path in chain]
    return found


def _chain(tracks: Iterable[Track], needs: Mapping[str, tuple[str, ...]] | None) -> tuple[str, ...]:
    ended = [
        track for track in tracks if track.end is not None and track.state is not State.SKIPPED
    ]
    if not ended:
        return ()
    ended.sort(key=_end)
    if needs is None:
        return _latest(ended)
    known = {track.path: track for track in ended}
    found = {ended[-1].path: ended[-1]}
    step = ended[-1]
    while True:
        wanted = (known.get(name) for name in needs.get(step.path, ()))
        before = [
            track
            for track in wanted
            if track is not None and track.path not in found and _end(track) <= step.start + _SLACK
        ]
        if not before:
            return tuple(reversed(found))
        step = max(before, key=_end)
        found[step.path] = step


def _latest(ended: list[Track]) -> tuple[str, ...]:
    """Return the chain in which each step began when the one before it had ended."""
    found = [ended.pop()]
    while ended:
        track = ended.pop()
        if _end(track) <= found[-1].start + _SLACK:
            found.append(track)
    return tuple(track.path for track in reversed(found))


def _end(track: Track) -> float:
    return track.end or 0.0
