"""The critical path of a segment: the steps that a faster run would have to shorten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ciranda.observe.timeline import Segment
from ciranda.observe.track import State, Track

__all__ = ["critical_path"]

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
    ended = [
        track
        for track in segment.steps()
        if track.end is not None and track.state is not State.SKIPPED
    ]
    if not ended:
        return ()
    found = [max(ended, key=_end)]
    while True:
        step = found[-1]
        wanted = None if needs is None else needs.get(step.path, ())
        before = [
            track
            for track in ended
            if track is not step
            and track not in found
            and _end(track) <= step.start + _SLACK
            and (wanted is None or track.path in wanted)
        ]
        if not before:
            return tuple(track.path for track in reversed(found))
        found.append(max(before, key=_end))


def _end(track: Track) -> float:
    return track.end or 0.0
