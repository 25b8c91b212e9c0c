"""The waterfall of a run as lines for a terminal, with or without colours.

The layout is pure: `waterfall` returns lines of styled pieces, `plain` joins them, `show` prints
them on a rich console.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from ciranda.events.path import named, place
from ciranda.observe.critical import critical_path, deepened
from ciranda.observe.outline import Outline
from ciranda.observe.rows import Row, counts_of, remarks, unfolded, worst
from ciranda.observe.signs import ASCII, STYLES, UNICODE, Signs
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import clip, columns, pad, visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Line", "Piece", "plain", "show", "waterfall"]

_NARROW: Final = 50  # columns below which there is no room for bars
_MOST_ITEMS: Final = 3  # failed, waiting and slow items shown beneath a map
_INNER: Final = 400  # rows for what is inside of steps; what has no room is folded
_DEEPEST: Final = 8  # levels that are indented one by one


class Piece(NamedTuple):
    """Text and its rich style."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]
Spans = Mapping[str, tuple[float, float]]


def waterfall(
    timeline: Timeline,
    *,
    width: int = 80,
    now: float | None = None,
    outline: Outline | None = None,
    expected: Spans | None = None,
    unicode: bool = True,
) -> list[Line]:
    """Lay the run out, a row for each step and for the items worth a look.

    Args:
        timeline: The run.
        width: Columns of the terminal.
        now: Seconds since the epoch, for steps that still run; the newest event by default.
        outline: The workflow's steps; makes the critical path exact.
        expected: When each step was to begin and to end, in seconds from the start: drawn beneath
            the step's own bar, in the first picture.
        unicode: Whether the terminal can show more than ASCII.
    """
    until = max(timeline.last, timeline.last if now is None else now)
    draw = _Drawing(width, until, outline, expected or {}, UNICODE if unicode else ASCII)
    lines: list[Line] = []
    for segment in timeline.segments:
        if lines:
            lines.append(())
        lines += draw.segment(timeline, segment)
    return lines


def plain(lines: Sequence[Line]) -> str:
    """Return lines as text without colours, for a pipe or a file."""
    return "".join("".join(piece.text for piece in line).rstrip() + "\n" for line in lines)


def show(lines: Sequence[Line], console: Console) -> None:
    """Print lines in colour."""
    from rich.text import Text

    for line in lines:
        text = Text()
        for piece in line:
            text.append(piece.text, piece.style)
        text.rstrip()
        console.print(text, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


class _Drawing:
    """The measures of one picture."""

    def __init__(
        self, width: int, now: float, outline: Outline | None, expected: Spans, signs: Signs
    ) -> None:
        self._width: Final = max(20, width)
        self._now: Final = now
        self._outline: Final = outline
        self._expected: Final = expected
        self._signs: Final = signs

    def segment(self, timeline: Timeline, segment: Segment) -> list[Line]:
        """Return a title, an axis, the rows, and a legend."""
        needs = self._outline.needs if self._outline is not None else None
        planned = () if self._outline is None else self._outline.critical
        critical = set(planned or critical_path(segment, needs))
        critical = deepened(segment, critical)
        drawn = [
            (row.track, self._name(row), self._note(row))
            for row in unfolded(segment.steps(), self._chosen, _INNER)
        ]
        names = max((columns(name) for _, name, _ in drawn), default=0)
        name_width = min(names, max(8, self._width * 3 // 10))
        notes = min(max((columns(note) for _, _, note in drawn), default=0), self._width // 4)
        bar = self._width - 4 - name_width - 1 - 9 - (notes + 1 if notes else 0)
        bar = bar if self._width >= _NARROW else 0
        notes = self._width - 4 - name_width - 1 - bar - 9 - 1
        lines = [self._title(timeline, segment)]
        if bar:
            lines.append(self._axis(segment, 4 + name_width + 1, bar))
        for track, name, note in drawn:
            lines.append(
                (
                    Piece(self._signs.critical if track.path in critical else " ", "bold yellow"),
                    Piece(" "),
                    Piece(self._signs.marks[track.state], STYLES[track.state]),
                    Piece(" "),
                    Piece(
                        pad(name, name_width, self._signs.more),
                        "bold" if track.path in critical else "",
                    ),
                    Piece(" "),
                    *self._bar(segment, track, bar),
                    Piece(f"{self._length(track):>9}"),
                    Piece(" " + clip(note, notes, self._signs.more), "dim"),
                )
            )
            if bar and track.path in self._expected and not segment.index:
                start, end = self._expected[track.path]
                under = (" " * (4 + name_width + 1), self._under(segment, start, end, bar))
                lines.append(
                    (Piece("".join(under), "dim"), Piece(f"{spoken(end - start):>9}", "dim"))
                )
        if len(critical) > 1:
            lines.append((Piece(f"{self._signs.critical} critical path", "dim"),))
        if bar and self._expected and not segment.index:
            lines.append((Piece(f"{self._signs.expected} as planned", "dim"),))
        return lines

    def _title(self, timeline: Timeline, segment: Segment) -> Line:
        state = segment.state
        pieces = [
            Piece(visible(timeline.workflow) or "run", "bold"),
            Piece("  "),
            Piece(segment.told, STYLES[state]),
            Piece(f"  {spoken(segment.duration(self._now))}"),
        ]
        if state is not State.PLANNED:
            pieces.append(Piece(f"  run {visible(timeline.run)}", "dim"))
        if segment.index:
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(segment.start))
            pieces.append(Piece(f"  resumed {at} UTC", "dim"))
        return tuple(pieces)

    def _total(self, segment: Segment) -> float:
        """Return the seconds that the picture is wide."""
        took = segment.duration(self._now)
        if segment.index:
            return took
        return max([took, *(end for _, end in self._expected.values())])

    def _under(self, segment: Segment, start: float, end: float, width: int) -> str:
        """Return the bar of what was planned."""
        cells = _cells(start, end, self._total(segment) or 1.0, width)
        return (" " * cells.start + self._signs.expected * len(cells)).ljust(width)

    def _axis(self, segment: Segment, indent: int, width: int) -> Line:
        total = self._total(segment)
        marks = max(1, min(4, width // 12))
        text = ""
        for number in range(marks):
            label = "0" if not number else spoken(total * number / marks)
            text = pad(text, width * number // marks) + label
        return (Piece(" " * indent + clip(text, width, self._signs.more), "dim"),)

    def _chosen(self, track: Track) -> list[Track]:
        inner = list(track.beneath)
        return worst(inner, _MOST_ITEMS, self._now) if track.repeats else inner

    def _name(self, row: Row) -> str:
        track = row.track
        name = visible(named(track.path, track.parent) if row.depth else track.path)
        indent = "  " * min(row.depth, _DEEPEST)
        if track.is_map:
            name += f" {self._signs.times}{track.count:,}"
        elif track.turns:
            name += f" {self._signs.turns}{track.turns:,}"
        return f"{indent}{name}"

    def _note(self, row: Row) -> str:
        track = row.track
        outline = self._outline or Outline()
        words = remarks(track, outline, outline.folds.place(place(track.path)), self._now)
        if track.is_map or track.turns:
            words.insert(0, counts_of(track))
        if row.folded and not track.repeats:
            words.append(plural(len(list(track.beneath)), "step") + " inside")
        return ", ".join(word for word in words if word)

    def _length(self, track: Track) -> str:
        return "" if track.state is State.SKIPPED else spoken(track.duration(self._now))

    def _bar(self, segment: Segment, track: Track, width: int) -> list[Piece]:
        """Return the bar: work, attempts that failed, waits."""
        if not width:
            return []
        total = self._total(segment) or 1.0
        cells = [" "] * width

        def fill(start: float, end: float | None, sign: str) -> None:
            last = (self._now if end is None else end) - segment.start
            for cell in _cells(start - segment.start, last, total, width):
                cells[cell] = sign

        signs = self._signs
        if track.state is State.SKIPPED:
            fill(track.start, track.start, signs.point)
        elif track.inner is not None or not track.attempts:
            fill(track.start, track.end, signs.work)
        for start, end in track.waits:
            fill(start, min(end, self._now), signs.wait)
        attempts = track.attempts
        for number, attempt in enumerate(attempts, 1):
            lost = attempt.state is State.FAILED and (
                number < len(attempts) or track.state is State.WAITING
            )
            fill(attempt.start, attempt.end, signs.lost if lost else signs.work)
        for pause in track.stops:
            fill(pause.start, pause.end, signs.wait)
        styles = {
            " ": "",
            signs.work: STYLES[track.state],
            signs.lost: "red",
            signs.wait: "dim",
        }
        pieces: list[Piece] = []
        for sign in cells:
            if pieces and pieces[-1].text[0] == sign:
                pieces[-1] = Piece(pieces[-1].text + sign, pieces[-1].style)
            else:
                pieces.append(Piece(sign, styles.get(sign, "dim")))
        return pieces


def _cells(start: float, end: float, total: float, width: int) -> range:
    """Return the cells that a bar fills, one at the least."""
    first = min(max(0, int(start / total * width)), width - 1)
    return range(first, min(max(first + 1, int(end / total * width)), width))
