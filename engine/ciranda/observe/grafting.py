"""A run that was a part of a step, drawn beneath that step."""

from __future__ import annotations

from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import Track

__all__ = ["graft"]


def graft(timeline: Timeline, path: str, part: Timeline, said: str) -> None:
    """Hang what happened in a part beneath a step, in the segments in which it happened.

    Args:
        timeline: The run that is drawn.
        path: The step whose part it is; where it has no track, nothing is drawn.
        part: The other run; its tracks belong to the timeline from now on.
        said: What is said of it beside the step.
    """
    for segment in timeline.segments:
        if path in segment.tracks:
            segment.tracks[path].reason = said
    for piece in part.segments:
        around = _around(timeline, path, piece.start)
        if around is not None:
            for track in piece.tracks.values():
                _hang(around, path, track)


def _around(timeline: Timeline, path: str, start: float) -> Segment | None:
    """Return the segment in which the step was when a piece of its part began."""
    found = [one for one in timeline.segments if path in one.tracks and one.start <= start]
    return found[-1] if found else None


def _hang(segment: Segment, path: str, track: Track) -> None:
    name = f"{path}/{track.path}"
    if name in segment.tracks:  # another piece told of it
        return
    track.path, track.parent = name, f"{path}/{track.parent}" if track.parent else path
    if track.inner is not None:
        track.inner.tracks.clear()  # they follow, by their new names
    segment.add(track)
