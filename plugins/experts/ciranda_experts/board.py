"""The live board of the council on a terminal: one line for each expert."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TextIO, final

from ciranda.events.judging import ExpertAnswered, ExpertStarted, IntentJudged, Verdict
from ciranda.hooks.markers import hookimpl

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.text import Text

__all__ = ["Board", "Seat", "SilentBoard", "State", "board"]

_REFRESH: Final = 10.0  # pictures a second, at the most
_ROWS: Final = 16  # experts shown at once, at the most
_FAILURES: Final = frozenset(
    {"expert-crashed", "expert-timeout", "expert-garbage", "expert-missing"}
)
State = str
_WORKING: Final = "working"
_STYLES: Final[Mapping[State, str]] = {
    "idle": "dim",
    _WORKING: "cyan",
    "approved": "green",
    "rejected": "red",
    "uncertain": "yellow",
    "abstained": "dim",
    "failed": "bold red",
}


def board(
    stream: TextIO | None, *, quiet: bool = False, environ: Mapping[str, str] = os.environ
) -> Board | SilentBoard:
    """Return the board that fits a stream: a live one on a terminal, else one that is silent.

    Args:
        stream: Standard error, usually.
        quiet: Show nothing.
        environ: `TERM=dumb` and `CI` ask for silence; rich itself heeds `NO_COLOR`.
    """
    dumb = environ.get("TERM", "") in ("dumb", "unknown") or bool(environ.get("CI"))
    if quiet or dumb or stream is None or not stream.isatty():
        return SilentBoard()
    return Board(stream)


@dataclass(slots=True)
class Seat:
    """What is known of one expert.

    Attributes:
        state: `idle`, `working`, the last verdict, or `failed`.
        working: Intents that it looks at now.
        counts: Answers by what they were.
        confidence: Of its last answer.
        latency: Of its last answer that the cache did not give, in seconds.
    """

    state: State = "idle"
    working: int = 0
    counts: Counter[State] = field(default_factory=Counter)
    confidence: float = 0.0
    latency: float = 0.0


@final
class SilentBoard:
    """Shows nothing, and hears nothing, so that events need not be made for it."""

    def seat(self, names: Iterable[str]) -> None:
        """Pass the names over."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@final
class Board:
    """Shows a council on a terminal, and takes the picture away when it is closed.

    It is a plugin that hears the council's events and only takes notes of them; rich draws at
    most ten times a second, from a thread of its own.

    Args:
        stream: The terminal.
        console: What draws; made for the stream by default.
        clock: Seconds, from any start.
        refresh: Whether to draw by itself; without, call `draw`.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        refresh: bool = True,
    ) -> None:
        from rich.console import Console

        self._console: Final = console or Console(file=stream, highlight=False, markup=False)
        self._clock: Final = clock
        self._refresh: Final = refresh
        self._lock: Final = threading.Lock()
        self._seats: Final[dict[str, Seat]] = {}
        self._judged: Final[Counter[str]] = Counter()
        self._started = clock()
        self._rows: list[str] = []  # to be printed above the board
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
        """Take the board away and give the cursor back; more than once does no harm."""
        live, self._live = self._live, None
        if live is None:
            return
        try:
            live.stop()
            self._print_rows()
        except (OSError, ValueError):  # the terminal is gone: nothing to give back
            return

    def above(self, text: str) -> None:
        """Let lines appear above the board and stay, in the order of calls."""
        from ciranda.observe.visible import visible

        with self._lock:
            self._rows += [visible(line) for line in text.split("\n")]

    def draw(self) -> None:
        """Draw now."""
        if self._live is not None:
            self._live.refresh()

    def seat(self, names: Iterable[str]) -> None:
        """Show experts before anything is heard of them."""
        with self._lock:
            for name in names:
                self._seats.setdefault(name, Seat())

    @property
    def seats(self) -> Mapping[str, Seat]:
        """What is known of each expert, by name, in the order in which they were heard of."""
        return self._seats

    @hookimpl
    def expert_started(self, event: ExpertStarted) -> None:
        """Note that an expert works."""
        with self._lock:
            seat = self._seats.setdefault(event.expert, Seat())
            seat.working += 1
            seat.state = _WORKING

    @hookimpl
    def expert_answered(self, event: ExpertAnswered) -> None:
        """Note what an expert said, or that it failed."""
        with self._lock:
            seat = self._seats.setdefault(event.expert, Seat())
            state = "failed" if event.reason in _FAILURES else event.verdict.value
            seat.counts[state] += 1
            seat.confidence = event.confidence
            if not event.cached:  # who answers from the cache was not seen to start
                seat.working = max(0, seat.working - 1)
                seat.latency = event.latency
            seat.state = _WORKING if seat.working else state

    @hookimpl
    def intent_judged(self, event: IntentJudged) -> None:
        """Note what became of an intent."""
        with self._lock:
            self._judged[event.verdict.value] += 1

    # Drawing, in rich's thread

    def picture(self) -> RenderableType:
        """Return what the terminal shows now."""
        from rich.text import Text

        self._print_rows()
        with self._lock:
            lines = self._lines()
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _print_rows(self) -> None:
        from rich.text import Text

        with self._lock:
            rows, self._rows = self._rows, []
        if rows:
            self._console.print(Text("\n".join(rows)), soft_wrap=True)

    def _lines(self) -> list[Text]:
        from rich.text import Text

        from ciranda.observe.spoken import spoken, tally
        from ciranda.observe.visible import columns, visible

        head = Text("council", "bold")
        head.append(f"  {spoken(self._clock() - self._started)}")
        if self._judged:
            ordered = {one.value: self._judged[one.value] for one in Verdict}
            head.append(f"  {tally(ordered)}", "dim")
        width = self._console.size.width
        names = min(max((columns(visible(name)) for name in self._seats), default=0), width // 3)
        room = max(1, min(_ROWS, self._console.size.height - 3))
        lines = [head]
        for name, seat in list(self._seats.items())[:room]:
            row = _row(name, seat, names)
            row.truncate(width, overflow="ellipsis")
            lines.append(row)
        if len(self._seats) > room:
            lines.append(Text(f"  … and {len(self._seats) - room} more", "dim"))
        return lines


def _row(name: str, seat: Seat, width: int) -> Text:
    from rich.text import Text

    from ciranda.observe.spoken import tally
    from ciranda.observe.visible import pad, visible

    from .explain import sure
    from .latency import shown

    style = _STYLES[seat.state]
    row = Text("● " if seat.working else "○ ", style)
    row.append(pad(visible(name), width))
    state = f"{seat.state} {seat.working}" if seat.working > 1 else seat.state
    row.append(f"  {state:<11}", style)
    if seat.counts:
        row.append(f"  {sure(seat.confidence):<7}  {shown(seat.latency):>8}")
        row.append(f"  {tally(seat.counts)}", "dim")
    return row
