"""A run as one HTML page that needs nothing else: no network, no files, no trust in its data.

Everything that comes from a run is escaped, stands in no script and in no style, and the page's
content policy lets only its own script run.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from ciranda.events.path import depth, is_index
from ciranda.observe.critical import critical_path, deepened
from ciranda.observe.drawing import graph_svg
from ciranda.observe.outline import Outline
from ciranda.observe.rows import counts_of
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.strips import MARKS, Strips
from ciranda.observe.tables import Table, drawn
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import visible
from ciranda.observe.waiting import awaited, heard

__all__ = ["page"]

_ROWS: Final = 2000  # steps in the table
_FAILURES: Final = 50


def page(
    timeline: Timeline,
    *,
    outline: Outline | None = None,
    tails: Mapping[str, str] | None = None,
    mask: Callable[[str], str] | None = None,
    now: float | None = None,
    expected: Mapping[str, tuple[float, float]] | None = None,
    tables: Sequence[Table] = (),
) -> str:
    """Return the page.

    Args:
        timeline: The run.
        outline: The workflow's steps, for the graph and the critical path.
        tails: The last lines of output by step path, for failures that carry none.
        mask: Takes secrets out of a text.
        now: Seconds since the epoch, for what still runs; the newest event by default.
        expected: When each step was to begin and to end, in seconds from the start of the first
            timeline.
        tables: What is to be read before the timeline.
    """
    until = max(timeline.last, timeline.last if now is None else now)
    drawing = _Page(
        timeline, outline, tails or {}, mask, until, expected=expected or {}, tables=tables
    )
    return drawing.text()


class _Page:
    def __init__(
        self,
        timeline: Timeline,
        outline: Outline | None,
        tails: Mapping[str, str],
        mask: Callable[[str], str] | None,
        now: float,
        *,
        expected: Mapping[str, tuple[float, float]],
        tables: Sequence[Table],
    ) -> None:
        self._timeline: Final = timeline
        self._outline: Final = outline
        self._tails: Final = tails
        self._mask: Final = mask
        self._now: Final = now
        self._expected: Final = expected
        self._tables: Final = tables

    def _safe(self, text: str) -> str:
        """Return text of the run as HTML, on one line."""
        return escape(visible(text if self._mask is None else self._mask(text)), quote=True)

    def _block(self, text: str) -> str:
        """Return text of the run as HTML, with its lines."""
        masked = text if self._mask is None else self._mask(text)
        return escape("\n".join(map(visible, masked.splitlines())), quote=True)

    def text(self) -> str:
        """Return the whole page."""
        here = files("ciranda.observe")
        style = (here / "page.css").read_text("utf-8")
        script = (here / "page.js").read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
            f"script-src 'sha256-{digest}'"
        )
        name = self._safe(self._timeline.workflow) or "run"
        return "".join(
            [
                '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
                f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
                '<meta name="viewport" content="width=device-width, initial-scale=1">',
                '<meta name="referrer" content="no-referrer">',
                f"<title>{name}</title><style>{style}</style></head><body><main>",
                self._head(name),
                self._failures(),
                *(drawn(table, self._safe) for table in self._tables),
                *map(self._waterfall, self._timeline.segments),
                self._graph(),
                self._table(),
                "<footer>Times are UTC. A hatched red bar is an attempt that failed, a thin line "
                "the wait before the next, a hatched yellow bar a wait for a time, an event or "
                "somebody's word; ◆ is the critical path."
                + (" The line below a bar is its plan." if self._expected else "")
                + "</footer>",
                f'</main><div id="tip" hidden></div><script>{script}</script></body></html>\n',
            ]
        )

    def _head(self, name: str) -> str:
        timeline = self._timeline
        state = timeline.state
        segments = timeline.segments
        told = segments[-1].told if segments else state.value
        start = segments[0].start if segments else 0.0
        worked = sum(segment.duration(self._now) for segment in segments)
        facts = [f"takes <b>{spoken(worked)}</b>"]
        if state is not State.PLANNED:
            facts = [
                f'run <code class="mono">{self._safe(timeline.run)}</code>',
                f"started <b>{_clock(start)}</b>",
                f"took <b>{spoken(worked)}</b>",
            ]
        if timeline.file:
            facts.insert(-2, f'<code class="mono">{self._safe(timeline.file)}</code>')
        if len(segments) > 1:
            facts.append(f"resumed <b>{plural(len(segments) - 1, 'time')}</b>")
        return (
            f'<div class="top"><h1>{name}</h1>'
            f'<span class="badge s-{state.value}">{told}</span></div>'
            f'<p class="facts">{" · ".join(facts)}</p>'
        )

    # Failures

    def _failures(self) -> str:
        segment = self._timeline.segment
        if segment is None:
            return ""
        failed = [track for track in segment.tracks.values() if track.error is not None]
        # First those that made the run fail; among them what failed within, then its owner.
        failed.sort(
            key=lambda track: (segment.forgives(track), track.end or 0.0, -depth(track.path))
        )
        parts = [self._failure(segment, track) for track in failed[:_FAILURES]]
        if segment.error is not None:
            said = self._block(segment.error.message)
            parts.insert(
                0,
                f'<div class="failure s-failed"><h3>{self._safe(segment.error.kind)}</h3>'
                f"<p>{said}</p></div>",
            )
        if len(failed) > _FAILURES:
            more = plural(len(failed) - _FAILURES, "more failure")
            parts.append(f'<div class="failure soft">and {more}</div>')
        return f'<h2>Failures</h2><div class="panel">{"".join(parts)}</div>' if parts else ""

    def _failure(self, segment: Segment, track: Track) -> str:
        error = track.error
        assert error is not None  # callers choose those that have one
        place = f' <span class="soft">at {self._safe(error.place)}</span>' if error.place else ""
        forgiven = segment.forgives(track)
        word = "tolerated" if track.tolerated else "made up for"
        tolerated = f' <span class="soft">({word})</span>' if forgiven else ""
        log = error.log or self._tails.get(track.path, "")
        parts = [
            f'<div class="failure s-{"skipped" if forgiven else "failed"}">',
            f"<h3>{self._safe(track.path)}{tolerated}</h3>",
            f"<p><code>{self._safe(error.kind)}</code>: {self._block(error.message)}{place}</p>",
        ]
        if log.strip():
            parts.append(f"<pre>{self._block(log.rstrip())}</pre>")
        if error.traceback:
            parts.append(
                '<details><summary class="soft">traceback</summary>'
                f"<pre>{self._block(error.traceback.rstrip())}</pre></details>"
            )
        return "".join([*parts, "</div>"])

    # The waterfall

    def _waterfall(self, segment: Segment) -> str:
        total = segment.duration(self._now)
        if not segment.index:
            total = max([total, *(end for _, end in self._expected.values())])
        critical = deepened(segment, self._critical(segment))
        title = "Timeline"
        if segment.index:
            title = f"Resumed at {_clock(segment.start)}: {segment.told}"
        ticks = "".join(
            f"<span>{spoken(total * part / 4) if part else '0'}</span>" for part in range(4)
        )
        strips = Strips(
            self._safe, self._mask, self._outline or Outline(), self._expected, self._now
        )
        rows = "".join(strips.draw(segment, total, critical))
        return (
            f'<h2>{title}</h2><div class="panel"><div class="axis"><div></div><div>{ticks}</div>'
            f"<div></div></div><div>{rows}</div></div>"
        )

    def _critical(self, segment: Segment) -> tuple[str, ...]:
        outline = self._outline
        if outline is not None and outline.critical:
            return outline.critical
        return critical_path(segment, outline.needs if outline is not None else None)

    # The rest

    def _graph(self) -> str:
        segment = self._timeline.segment
        if self._outline is None or segment is None:
            return ""
        states: dict[str, str] = {}
        for each in self._timeline.segments:
            states.update((track.path, track.state.value) for track in each.steps())
        svg = graph_svg(self._outline.needs, states, self._critical(segment))
        return f'<h2>Graph</h2><div class="panel scroll">{svg}</div>' if svg else ""

    def _table(self) -> str:
        rows: list[str] = []
        for segment in self._timeline.segments:
            for track in segment.tracks.values():
                if len(rows) < _ROWS and not any(map(is_index, track.path.split("/"))):
                    rows.append(self._line(track))
        heads = [
            ("Step", ""),
            ("Result", ""),
            ("Time", "number"),
            ("Attempts", "number"),
            ("Note", ""),
        ]
        head = "".join(
            f'<th class="{kind}" scope="col"><button type="button">{text}</button></th>'
            for text, kind in heads
        )
        return (
            '<h2>Steps</h2><div class="panel scroll"><table><thead><tr>'
            f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )

    def _line(self, track: Track) -> str:
        length = track.duration(self._now)
        attempts = track.attempts[-1].number if track.attempts else 0
        note = track.reason or ("from the cache" if track.cached else "")
        note = note or awaited(track, self._now) or heard(track)
        if track.repeats:
            note = counts_of(track)
        if track.error is not None:
            note = f"{track.error.kind}: {track.error.message}"
        return (
            f'<tr class="s-{track.state.value}"><td>{self._safe(track.path)}</td>'
            f'<td><span class="mark">{MARKS[track.state]}</span>{track.state.value}</td>'
            f'<td class="number" data-key="{length:.6f}">{spoken(length)}</td>'
            f'<td class="number" data-key="{attempts}">{attempts or ""}</td>'
            f'<td class="note">{self._safe(note)}</td></tr>'
        )


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
