"""The timeline of a page: a strip for each track, what is beneath it folded into it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Final, final

from ciranda.events.path import named, place
from ciranda.observe.outline import Outline
from ciranda.observe.rows import counts_of, remarks, worst
from ciranda.observe.segment import Segment
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.track import State, Track
from ciranda.observe.visible import visible

__all__ = ["MARKS", "Strips"]

MARKS: Final = {
    State.RUNNING: "●",
    State.WAITING: "◌",
    State.SUCCEEDED: "✓",
    State.FAILED: "✗",
    State.SKIPPED: "-",
    State.CANCELLED: "■",
    State.INTERRUPTED: "!",
    State.PLANNED: "○",
}
_FIRST: Final = 5  # items of a map that need no click
_ITEMS: Final = 50  # of a map or a loop: failed ones first, then those that wait, then the slowest
_ROWS: Final = 2000  # in one timeline
_CALM: Final = 200  # rows that need no folding
_DEEPEST: Final = 30  # levels that can be folded; browsers give up at some depth


@final
class Strips:
    """Draws segments.

    Args:
        safe: Makes a text harmless in HTML, on one line, without secrets.
        mask: Takes secrets out of a text.
        outline: The workflow's steps.
        expected: When each step was to begin and to end, in seconds from the start.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        safe: Callable[[str], str],
        mask: Callable[[str], str] | None,
        outline: Outline,
        expected: Mapping[str, tuple[float, float]],
        now: float,
    ) -> None:
        self._safe: Final = safe
        self._mask: Final = mask
        self._outline: Final = outline
        self._expected: Final = expected
        self._now: Final = now

    def draw(self, segment: Segment, total: float, critical: set[str]) -> Iterator[str]:
        """Yield the HTML of a segment's strips.

        Args:
            segment: What happened.
            total: The seconds that all of it is wide.
            critical: Paths of the critical path.
        """
        room = _ROWS
        calm = len(segment.tracks) <= _CALM
        waiting: list[tuple[Track, int] | str] = [(track, 0) for track in segment.steps()]
        waiting.reverse()
        while waiting:
            one = waiting.pop()
            if isinstance(one, str):
                yield one
                continue
            if not room:
                yield '<div class="more">and more steps</div>'
                waiting = [end for end in waiting if isinstance(end, str)]
                continue
            room -= 1
            track, depth = one
            strip = self._strip(segment, track, total, depth, critical=track.path in critical)
            inner = self._inner(track, depth)
            if not inner:
                yield strip
                continue
            if depth >= _DEEPEST:
                yield strip
                waiting += inner[::-1]
                continue
            shown = calm or not depth or track.state is State.FAILED
            yield f"<details{' open' if shown else ''}><summary>{strip}</summary>"
            waiting += ["</details>", *inner[::-1]]

    def _inner(self, track: Track, depth: int) -> list[tuple[Track, int] | str]:
        """Return what stands beneath a strip: tracks with their depth, and HTML between them."""
        inner = list(track.beneath)
        if not track.repeats:
            return [(one, depth + 1) for one in inner]
        rest = plural(len(inner) - _ITEMS, "quicker item" if track.is_map else "quicker turn")
        found: list[tuple[Track, int] | str] = [
            (one, depth + 1) for one in worst(inner, _ITEMS, self._now)
        ]
        if len(found) > _FIRST:
            said = plural(len(found) - _FIRST, "more item" if track.is_map else "more turn")
            found.insert(_FIRST, f'<details><summary class="more">{said}</summary>')
            if len(inner) > _ITEMS:
                found.append(f'<div class="more">and {rest}</div>')
            found.append("</details>")
        return found

    def _strip(
        self, segment: Segment, track: Track, total: float, depth: int, *, critical: bool
    ) -> str:
        kinds = ["row", f"s-{track.state.value}"]
        kinds += ["item"] if depth else []
        kinds += ["critical"] if critical else []
        name = self._safe(named(track.path, track.parent) if depth else track.path)
        if track.is_map:
            name += f' <span class="soft">×{track.count:,}</span>'  # noqa: RUF001  (meant)
        elif track.turns:
            name += f' <span class="soft">↻{track.turns:,}</span>'
        length = "" if track.state is State.SKIPPED else spoken(track.duration(self._now))
        tip = escape(self._tip(segment, track), quote=True)
        indent = f' style="--d:{min(depth, 12)}"' if depth else ""
        return (
            f'<div class="{" ".join(kinds)}" data-tip="{tip}"><div class="name"{indent}>'
            f'<span class="mark">{MARKS[track.state]}</span>{name}</div>'
            f'<div class="lane">{self._bars(segment, track, total)}</div>'
            f'<div class="length">{length}</div></div>'
        )

    def _bars(self, segment: Segment, track: Track, total: float) -> str:
        def share(at: float) -> float:
            return min(100.0, max(0.0, (at - segment.start) / total * 100)) if total else 0.0

        def bar(kind: str, start: float, end: float | None) -> str:
            left = share(start)
            width = share(self._now if end is None else end) - left
            return f'<span class="bar {kind}" style="left:{left:.3f}%;width:{width:.3f}%"></span>'

        if track.state is State.SKIPPED:
            at = share(track.start)
            side = f"right:{100 - at:.3f}%" if at > 50 else f"left:{at:.3f}%"  # noqa: PLR2004  (%)
            return (
                f'<span class="bar point" style="left:{at:.3f}%"></span>'
                f'<span class="said" style="{side}">{self._safe(track.reason)}</span>'
            )
        attempts = track.attempts
        parts = [bar("wait", start, end) for start, end in track.waits]
        owner = "map" if track.inner is not None else ""
        paused = bool(track.stops)
        if not attempts and not paused:
            parts.append(bar(owner, track.start, track.end))
        for number, attempt in enumerate(attempts, 1) if not paused else ():
            lost = attempt.state is State.FAILED and number < len(attempts)
            parts.append(bar("lost" if lost else owner, attempt.start, attempt.end))
        if paused:
            parts += [bar("pause", pause.start, pause.end) for pause in track.pauses]
        if track.path in self._expected and not segment.index:
            start, end = (segment.start + at for at in self._expected[track.path])
            parts.append(bar("plan", start, end))
        return "".join(parts)

    def _tip(self, segment: Segment, track: Track) -> str:
        lines = [f"{track.path}: {track.state.value}{', cached' if track.cached else ''}"]
        step = self._outline.folds.place(place(track.path))
        if step in self._outline.uses:
            lines.append(f"uses {self._outline.uses[step]}")
        lines.append(f"began {spoken(track.start - segment.start)} after the start")
        if track.path in self._expected and not segment.index:
            start, end = self._expected[track.path]
            lines.append(f"planned {spoken(end - start)}, {spoken(start)} after the start")
        if track.repeats:
            lines.append(counts_of(track))
        for attempt in track.attempts:
            said = f": {attempt.error.kind}" if attempt.error is not None else ""
            end = self._now if attempt.end is None else attempt.end
            lines.append(f"attempt {attempt.number}  {spoken(end - attempt.start)}{said}")
        lines += remarks(track, self._outline, step, self._now)
        if track.error is not None:
            lines.append(track.error.message[:400])
        text = "\n".join(visible(line) for line in lines)
        return text if self._mask is None else self._mask(text)
