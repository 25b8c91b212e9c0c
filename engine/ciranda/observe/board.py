"""The live board on a terminal: what runs, how far maps are, what waits for its next attempt."""

from __future__ import annotations

import shlex
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO, final

from ciranda.events import (
    Event,
    ForeignEvent,
    MapCompleted,
    StepCompleted,
    StepLogged,
    StepProgressed,
    StepStarted,
)
from ciranda.events.path import depth, is_block, named
from ciranda.observe.progress import More, reason, verdict
from ciranda.observe.rows import Row, unfolded
from ciranda.observe.spoken import plural, spoken
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import State, Track
from ciranda.observe.visible import clip, columns, pad, visible
from ciranda.observe.waiting import answer_to, awaited

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

__all__ = ["Board"]

_REFRESH: Final = 10.0  # pictures a second, at the most
_BAR: Final = 20  # columns of the bar of a map
_ROWS: Final = 12  # steps shown at once, at the most
_MOST: Final = 5  # failures of items of one map, and open items, that get a line of their own
_DEEPEST: Final = 6  # levels that are indented one by one


@final
class Board:
    """Shows a run on a terminal and takes the picture away when it is closed.

    `feed` only takes notes; rich draws from a thread of its own. Failures are printed above the
    board and stay.

    Args:
        stream: The terminal.
        console: What draws; made for the stream by default.
        clock: Seconds since the epoch.
        refresh: Whether to draw by itself; without, call `draw`.
        more: Returns lines that stand below the head; called from the thread that draws.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.time,
        refresh: bool = True,
        more: More | None = None,
    ) -> None:
        from rich.console import Console

        self._console: Final = console or Console(file=stream, highlight=False, markup=False)
        self._clock: Final = clock
        self._refresh: Final = refresh
        self._more: Final = more
        self._lock: Final = threading.Lock()
        self._timeline: Final = Timeline(self._ended, keep_items=False)
        self._done: Final[set[str]] = set()  # steps that need no more work
        self._counts: Final[dict[str, Counter[State]]] = {}
        self._said: Final[dict[str, str]] = {}  # the last thing that each open step said
        self._shares: Final[dict[str, tuple[float, float]]] = {}  # done and total
        self._failures: list[Text] = []  # to be printed above the board
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(
            console=self._console,
            get_renderable=self.picture,
            auto_refresh=self._refresh,
            refresh_per_second=_REFRESH,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the board away and give the cursor back."""
        live, self._live = self._live, None
        if live is None:
            return
        try:
            live.stop()
            self._print_failures()
        except (OSError, ValueError):  # the terminal is gone: nothing to give back
            return

    def draw(self) -> None:
        """Draw now."""
        if self._live is not None:
            self._live.refresh()

    def prime(self, events: Iterable[Event | ForeignEvent]) -> None:
        """Take in the past of a run that is to be resumed."""
        with self._lock:
            for event in events:
                self._timeline.prime([event])
                if isinstance(event, (StepCompleted, MapCompleted)) and _is_top(event.path):
                    self._done.add(event.path)

    def feed(self, event: Event) -> None:
        """Take a note of an event."""
        with self._lock:
            if isinstance(event, StepProgressed):
                self._shares[event.path] = (event.done, event.total)
                if event.text:
                    self._said[event.path] = event.text
            elif isinstance(event, StepLogged):
                self._said[event.path] = event.text
            else:
                self._timeline.apply(event)
                if isinstance(event, StepStarted):
                    self._done.discard(event.path)

    def _ended(self, segment: Segment, track: Track | None) -> None:
        if track is None or track.state is State.WAITING:
            return
        self._said.pop(track.path, None)
        self._shares.pop(track.path, None)
        if track.inner is not None:
            self._counts.pop(track.path, None)
        if track.parent:
            counts = self._counts.setdefault(track.parent, Counter())
            counts[track.state] += 1
            if track.state is not State.FAILED or counts[track.state] > _MOST:
                return
        elif track.state is not State.INTERRUPTED and _is_top(track.path):
            self._done.add(track.path)
        if track.state is State.FAILED:
            self._failures.append(_failure(track))

    # Drawing, in rich's thread

    def picture(self) -> RenderableType:
        """Return what the terminal shows now."""
        from rich.text import Text

        self._print_failures()
        with self._lock:
            lines = self._lines(self._clock())
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _print_failures(self) -> None:
        with self._lock:
            failures, self._failures = self._failures, []
        for failure in failures:
            self._console.print(failure)

    def _lines(self, now: float) -> list[Text]:
        from rich.text import Text

        segment = self._timeline.segment
        if segment is None:
            return [Text("starting")]
        head = Text(visible(self._timeline.workflow) or "run", "bold")
        head.append(f"  {spoken(segment.duration(now))}", "")
        if self._timeline.steps:
            head.append(f"  {len(self._done)}/{self._timeline.steps} steps", "dim")
        if segment.cancelled is not None:
            head.append("  stopping", "yellow")
        if segment.group:
            head.append(f"  waits for its place in the group {visible(segment.group)}", "yellow")
        width = self._console.size.width
        lines = [head]
        for line in () if self._more is None else self._more():
            lines.append(Text.assemble(*line))
            lines[-1].truncate(width, overflow="ellipsis")
        running = [track for track in segment.steps() if track.end is None]
        room = max(1, min(_ROWS, self._console.size.height - 2 - len(lines)))
        shown = unfolded(running[:room], _open, max(0, room - len(running)))
        named = [(row, _name(row)) for row in shown]
        names = min(max((columns(name) for _, name in named), default=0), width // 3)
        lines += [self._row(row.track, pad(name, names), width, now) for row, name in named]
        if len(running) > room:
            lines.append(Text(f"  … and {len(running) - room:,} more", "dim"))
        return lines

    def _row(self, track: Track, name: str, width: int, now: float) -> Text:
        from rich.text import Text

        waiting = track.state is State.WAITING
        row = Text("◌ " if waiting else "● ", "yellow" if waiting else "cyan")
        row.append(name)
        row.append(f"  {spoken(track.duration(now)):>8}  ", "dim")
        if track.turns:
            row.append(f"{plural(track.turns, 'turn')}  ", "cyan")
        if track.is_map:
            self._map(row, track, now)
        elif track.pause is not None:
            row.append(awaited(track, now), "yellow")
            if track.pause.what == "approval":
                words = answer_to(track, self._timeline.run)
                row.append(f"  {visible(shlex.join(words))}", "dim")
        elif waiting:
            last = track.past[-1]
            kind = visible(last.error.kind) if last.error is not None else "failed"
            wait = spoken(max(0.0, last.retry_at - now))
            row.append(f"{kind}; attempt {last.number + 1} in {wait}", "yellow")
        else:
            if track.path in self._shares:
                _share(row, *self._shares[track.path])
            if track.attempt > 1:
                row.append(f"attempt {track.attempt}  ", "yellow")
        said = self._said.get(track.path, "")
        if said:
            row.append(clip(" " + visible(said), max(0, width - row.cell_len)), "dim")
        row.truncate(width, overflow="ellipsis")
        return row

    def _map(self, row: Text, track: Track, now: float) -> None:
        counts = self._counts.get(track.path, Counter())
        done = counts.total()
        _share(row, done, track.count)
        failed = counts[State.FAILED]
        if failed:
            row.append(f"{failed:,} failed  ", "red")
        waiting = sum(one.state is State.WAITING for one in track.beneath if one.end is None)
        if waiting:
            row.append(f"{waiting:,} waiting  ", "yellow")
        if 0 < done < track.count:
            left = track.duration(now) / done * (track.count - done)
            row.append(f"{spoken(left)} left  ", "dim")


def _is_top(path: str) -> bool:
    """Say whether a path is that of a step that the run's own file counts."""
    return not depth(path) and not is_block(path.partition("/")[0])


def _open(track: Track) -> list[Track]:
    """Return what goes on beneath a track and is worth a row.

    A turn is passed over in favour of what is in it; an item that is a step of its own is counted.
    """
    if not track.repeats:
        return [one for one in track.beneath if one.end is None]
    found: list[Track] = []
    for item in track.beneath:
        if item.end is None and track.turns:
            found += [one for one in item.beneath if one.end is None]
        elif item.end is None and (item.inner is not None or item.pause is not None):
            found.append(item)
        if len(found) >= _MOST:
            break
    return found


def _name(row: Row) -> str:
    track = row.track
    name = named(track.path, track.parent) if row.depth else track.path
    return "  " * min(row.depth, _DEEPEST) + visible(name)


def _share(row: Text, done: float, total: float) -> None:
    if total <= 0:
        row.append(f"{done:,g}  ", "cyan")
        return
    full = int(min(1.0, max(0.0, done / total)) * _BAR)
    row.append("━" * full, "cyan")
    row.append("━" * (_BAR - full), "dim")
    row.append(f" {done:,g}/{total:,g}  ")


def _failure(track: Track) -> Text:
    from rich.text import Text

    text = Text("✗ ", "red")
    text.append(clip(f"{visible(track.path)}  {verdict(track)}  {reason(track)}", 1000))
    return text
