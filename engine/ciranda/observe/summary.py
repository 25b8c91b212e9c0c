"""What is said when a run has ended: what became of it and, if it failed, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from ciranda.events import Failure
from ciranda.events.path import is_block
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import clip, visible
from ciranda.observe.waiting import answer_to, awaited

__all__ = ["summary"]

_MOST: Final = 5  # failures, items of a map and skips that are told one by one
_LOG_LINES: Final = 10
_WIDEST: Final = 1000  # columns of one line
_MARKS: Final = {State.SUCCEEDED: "✓", State.FAILED: "✗", State.CANCELLED: "■", State.WAITING: "◌"}


def summary(
    timeline: Timeline,
    *,
    tails: Mapping[str, str] | None = None,
    resume: Sequence[str] = (),
    store: Sequence[str] = (),
    quiet: bool = False,
    kept: bool = True,
    again: Sequence[str] = ("ciranda", "resume"),
) -> list[str]:
    """Return the lines that end a run on a terminal; nothing in them can control it.

    Args:
        timeline: The run.
        tails: The last lines of output by step path, for failures that carry none.
        resume: Arguments that resuming this run needs, such as `["-i", "token=@token.txt"]`.
        store: Arguments by which any command finds this run, such as `["--store", "runs"]`.
        quiet: Whether a success is to be passed over in silence.
        kept: Whether the store holds the run, so that other commands find it.
        again: The command that goes on with it, before the run's id.
    """
    segment = timeline.segment
    if segment is None:
        return []
    if quiet and segment.state is State.SUCCEEDED and not segment.warnings:
        return []
    tracks = list(segment.tracks.values())
    failed = [track for track in tracks if _is_failed(track) and _is_told(segment, track)]
    lines = [_headline(timeline, segment)]
    for track in failed[:_MOST]:
        lines += ["", *_failure(track, _roots(track), tails or {})]
    if len(failed) > _MOST:
        lines += ["", f"… and {plural(len(failed) - _MOST, 'more failed step')}"]
    if segment.error is not None:
        lines += ["", f"✗ {_said(segment.error)}"]
        if segment.error.place:
            lines.append(f"  at {visible(segment.error.place)}")
    lines += _asides(segment, tracks)
    if segment.state is State.WAITING:
        lines += _waits(timeline, tracks, store)
    if kept and segment.state is not State.SUCCEEDED:
        lines += ["", *_next(timeline, segment, failed, [*again, timeline.run, *resume], store)]
    return "\n".join(lines).split("\n")


def _is_failed(track: Track) -> bool:
    return track.state is State.FAILED and not track.tolerated


def _is_told(segment: Segment, track: Track) -> bool:
    """Say whether a failure is told by itself, and not with that of what is around it."""
    if not track.parent:
        return True
    return track.path in segment.failures and not any(map(_is_failed, segment.lineage(track)))


def _headline(timeline: Timeline, segment: Segment) -> str:
    ended = [
        track
        for track in segment.steps()
        if track.end is not None and not is_block(track.path.partition("/")[0])
    ]
    parts = [
        plural(sum(track.state is state for track in ended), "step") + f" {word}"
        for state, word in ((State.SUCCEEDED, "ok"), (State.FAILED, "failed"))
        if any(track.state is state for track in ended)
    ]
    parts += [
        f"{count:,} {state.value}"
        for state in (State.SKIPPED, State.CANCELLED, State.INTERRUPTED)
        if (count := sum(track.state is state for track in ended))
    ]
    cached = sum(track.cached for track in segment.tracks.values())
    if cached:
        parts.append(f"{cached:,} from the cache")
    name = visible(timeline.workflow) or "run"
    mark = _MARKS.get(segment.state, "!")
    how = "waits after" if segment.state is State.WAITING else f"{segment.told} in"
    text = f"{mark} {name} {how} {spoken(segment.duration(timeline.last))}"
    if segment.cancelled is not None and segment.cancelled[1]:
        text += f" ({visible(segment.cancelled[1])})"
    if parts:
        text += f": {', '.join(parts)}"
    return f"{text}  [run {visible(timeline.run)}]"


def _roots(track: Track) -> list[Track]:
    """Return what failed inside of a track and has nothing failed inside of itself."""
    found = []
    looking = [track]
    while looking:
        one = looking.pop()
        inner = [each for each in one.beneath if _is_failed(each)]
        if not inner and one is not track:
            found.append(one)
        looking += reversed(inner)
    return found


def _failure(track: Track, items: list[Track], tails: Mapping[str, str]) -> list[str]:
    error = track.error
    lines = [f"✗ {visible(track.path)}: {_said(error) if error is not None else 'failed'}"]
    if error is None:
        return lines
    if error.place:
        lines.append(f"  at {visible(error.place)}")
    if track.attempt > 1:
        lines.append(f"  after {plural(track.attempt, 'attempt')}")
    lines += _tail(error.log or tails.get(track.path, ""))
    for item in items[:_MOST]:
        said = _said(item.error) if item.error is not None else "failed"
        lines.append(f"  ✗ {visible(item.path)}: {said}")
        if item.error is not None and item.error.place not in ("", error.place):
            lines.append(f"    at {visible(item.error.place)}")
        if item.error is not None:
            lines += [f"  {line}" for line in _tail(item.error.log or tails.get(item.path, ""))]
    if len(items) > _MOST:
        what = "item" if track.is_map else "step"
        lines.append(f"  … and {plural(len(items) - _MOST, f'more failed {what}')}")
    return lines


def _said(error: Failure) -> str:
    first, *rest = error.message.strip().splitlines() or ["no message"]
    text = clip(f"{visible(error.kind)}: {visible(first)}", _WIDEST)
    return "\n".join([text, *(f"    {clip(visible(line), _WIDEST)}" for line in rest[:_MOST])])


def _tail(log: str) -> list[str]:
    lines = log.rstrip().splitlines()[-_LOG_LINES:] if log.strip() else []
    return [f"  │ {clip(visible(line), _WIDEST)}" for line in lines]


def _asides(segment: Segment, tracks: list[Track]) -> list[str]:
    """Tell of failures that do not count and of steps that did not run because of others."""
    soft = [
        track
        for track in tracks
        if track.state is State.FAILED and track.error is not None and segment.forgives(track)
    ]
    tolerated = [track for track in soft if track.tolerated or not _counted(segment, track)]
    lines = [
        f"! {visible(track.path)} failed and is {_forgiven(track)}: {_said(track.error)}"
        for track in tolerated[:_MOST]
        if track.error is not None
    ]
    if len(tolerated) > _MOST:
        lines.append(f"… and {plural(len(tolerated) - _MOST, 'more tolerated failure')}")
    skipped = [track for track in tracks if track.state is State.SKIPPED and track.because]
    lines += [
        f"- {visible(track.path)} skipped: {visible(track.reason)}" for track in skipped[:_MOST]
    ]
    if len(skipped) > _MOST:
        lines.append(f"… and {plural(len(skipped) - _MOST, 'more skipped step')}")
    return ["", *lines] if lines else []


def _counted(segment: Segment, track: Track) -> bool:
    """Say whether the map around an item tells of its failure already, by number."""
    around = segment.tracks.get(track.parent)
    return around is not None and (around.is_map or around.state is State.FAILED)


def _forgiven(track: Track) -> str:
    return "tolerated" if track.tolerated else "made up for"


def _waits(timeline: Timeline, tracks: list[Track], store: Sequence[str]) -> list[str]:
    """Tell what a parked run waits for, and what makes it go on."""
    waiting = [track for track in tracks if track.pause is not None and not track.repeats]
    lines = [""]
    for track in waiting[:_MOST]:
        lines.append(f"◌ {visible(track.path)} {awaited(track)}")
        words = answer_to(track, timeline.run)
        if words:
            lines.append(f"    {visible(shlex.join([*words, *store]))}")
    if len(waiting) > _MOST:
        lines.append(f"… and {plural(len(waiting) - _MOST, 'more step')} that wait")
    return lines if waiting else []


def _next(
    timeline: Timeline,
    segment: Segment,
    failed: list[Track],
    resume: Sequence[str],
    store: Sequence[str],
) -> list[str]:
    run = visible(timeline.run)
    when = "go on with it" if segment.state is State.WAITING else "go on after a fix"
    lines = [(when, shlex.join([*resume, *store]))]
    if failed:
        words = ["ciranda", "logs", run, failed[0].path, *store]
        lines.append(("all its output", shlex.join(words)))
    lines.append(("where time went", shlex.join(["ciranda", "trace", run, *store])))
    return [f"  {what + ':':<18} {visible(command)}" for what, command in lines]
