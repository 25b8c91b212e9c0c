"""What is said when a run has ended: what became of it and, if it failed, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from ciranda.events import Failure
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import clip, visible

__all__ = ["summary"]

_MOST: Final = 5  # failures, items of a map and skips that are told one by one
_LOG_LINES: Final = 10
_WIDEST: Final = 1000  # columns of one line
_MARKS: Final = {State.SUCCEEDED: "✓", State.FAILED: "✗", State.CANCELLED: "■"}


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
    failed = [track for track in tracks if _is_failed(track) and not track.parent]
    beneath = segment.beneath()
    lines = [_headline(timeline, segment)]
    for track in failed[:_MOST]:
        lines += ["", *_failure(track, beneath.get(track.path, []), tails or {})]
    if len(failed) > _MOST:
        lines += ["", f"… and {plural(len(failed) - _MOST, 'more failed step')}"]
    if segment.error is not None:
        lines += ["", f"✗ {_said(segment.error)}"]
        if segment.error.place:
            lines.append(f"  at {visible(segment.error.place)}")
    lines += _asides(tracks)
    if kept and segment.state is not State.SUCCEEDED:
        lines += ["", *_next(timeline, failed, [*again, timeline.run, *resume], store)]
    return "\n".join(lines).split("\n")


def _is_failed(track: Track) -> bool:
    return track.state is State.FAILED and not track.tolerated


def _headline(timeline: Timeline, segment: Segment) -> str:
    ended = [track for track in segment.steps() if track.end is not None]
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
    text = f"{mark} {name} {segment.told} in {spoken(segment.duration(timeline.last))}"
    if segment.cancelled is not None and segment.cancelled[1]:
        text += f" ({visible(segment.cancelled[1])})"
    if parts:
        text += f": {', '.join(parts)}"
    return f"{text}  [run {visible(timeline.run)}]"


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
    failed = [item for item in items if _is_failed(item)]
    for item in failed[:_MOST]:
        said = _said(item.error) if item.error is not None else "failed"
        lines.append(f"  ✗ {visible(item.path)}: {said}")
        if item.error is not None:
            lines += [f"  {line}" for line in _tail(item.error.log or tails.get(item.path, ""))]
    if len(failed) > _MOST:
        lines.append(f"  … and {plural(len(failed) - _MOST, 'more failed item')}")
    return lines


def _said(error: Failure) -> str:
    first, *rest = error.message.strip().splitlines() or ["no message"]
    text = clip(f"{visible(error.kind)}: {visible(first)}", _WIDEST)
    return "\n".join([text, *(f"    {clip(visible(line), _WIDEST)}" for line in rest[:_MOST])])


def _tail(log: str) -> list[str]:
    lines = log.rstrip().splitlines()[-_LOG_LINES:] if log.strip() else []
    return [f"  │ {clip(visible(line), _WIDEST)}" for line in lines]


def _asides(tracks: list[Track]) -> list[str]:
    """Tell of failures that do not count and of steps that did not run because of others."""
    tolerated = [track for track in tracks if track.state is State.FAILED and track.tolerated]
    lines = [
        f"! {visible(track.path)} failed and is tolerated: {_said(track.error)}"
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


def _next(
    timeline: Timeline, failed: list[Track], resume: Sequence[str], store: Sequence[str]
) -> list[str]:
    run = visible(timeline.run)
    lines = [("go on after a fix", shlex.join([*resume, *store]))]
    if failed:
        words = ["ciranda", "logs", run, failed[0].path, *store]
        lines.append(("all its output", shlex.join(words)))
    lines.append(("where time went", shlex.join(["ciranda", "trace", run, *store])))
    return [f"  {what + ':':<18} {visible(command)}" for what, command in lines]
