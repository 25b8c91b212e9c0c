"""Carry out a run in the foreground: progress, signals, summary, exit code."""

from __future__ import annotations

import gc
import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

import anyio

from ciranda.cli import screen
from ciranda.cli.exits import Exit
from ciranda.cli.interrupts import Interrupts
from ciranda.cli.streams import for_result, is_terminal
from ciranda.engine import Engine
from ciranda.events import RunStarted
from ciranda.middleware.printing import StepPrints
from ciranda.observe.progress import More, Progress, SilentProgress, progress
from ciranda.observe.timeline import Timeline

if TYPE_CHECKING:
    from ciranda.events import Event, Failure
    from ciranda.observe.export import LiveExporter
    from ciranda.observe.logs import LogLines
    from ciranda.runs.outcome import RunResult
    from ciranda.store import Log

__all__ = ["Performance"]

_THRESHOLDS: Final = (2000, 10, 10)  # objects made between two searches for garbage, in a run
Order = Callable[[Engine], Awaitable["RunResult"]]


class Performance:
    """One run before the eyes of a person.

    Args:
        store: The folder of the store as given, None for the project's own.
        durability: The level as given, None for the project's own.
        backend: `asyncio` or `trio`.
        quiet: Say nothing unless it fails.
        more: Returns lines for the head of the live board, from a thread of its own.
        again: The command that goes on with such a run, if not `ciranda resume`.
        word: Returns how the end of the run is called, once it has ended; "" for the usual word.
    """

    def __init__(
        self,
        *,
        store: str | None,
        durability: str | None,
        backend: str = "asyncio",
        quiet: bool = False,
        more: More | None = None,
        again: Sequence[str] = ("ciranda", "resume"),
        word: Callable[[], str] | None = None,
    ) -> None:
        self._store: Final = store
        self._durability: Final = durability
        self._backend: Final = backend
        self._quiet: Final = quiet
        self._more: Final = more
        self._again: Final = again
        self._word: Final = word
        self._timeline: Final = Timeline(keep_items=False)
        self._told = self._timeline  # what its end is told from
        self._progress: Progress
        self._prints: Final = StepPrints()
        self._lines: Final = _log_lines()
        self._exporter: Final = _exporter()
        self._begun = False  # whether the store knows of it
        self._takes_over = False  # the results of another run, which nobody is told of
        self.resume: Final[list[str]] = []

    def __call__(self, order: Order) -> tuple[RunResult | None, int]:
        """Perform; return the result and the exit code.

        The result is None when it was interrupted before it began.

        Raises:
            CirandaError: It cannot begin, or its store failed.
        """
        with Interrupts() as interrupts:
            try:
                result = self._shown(order, interrupts)
            finally:
                if self._exporter is not None:
                    self._exporter.close()
            if result is None:
                screen.say("interrupted before the first step: there is nothing to resume")
                return None, interrupts.code
        if result.ok:
            return result, Exit.OK
        if result.status == "waiting":
            return result, Exit.WAITING
        return result, interrupts.code if interrupts.signum else Exit.FAILED

    def _shown(self, order: Order, interrupts: Interrupts) -> RunResult | None:
        shown = (
            SilentProgress()
            if self._lines or sys.stderr is None
            else progress(sys.stderr, quiet=self._quiet, more=self._more)
        )
        logged = nullcontext() if self._lines is None else self._lines.for_structlog()
        with shown as self._progress, logged, for_result(), self._prints:
            return anyio.run(self._perform, order, interrupts, backend=self._backend)

    @property
    def errors(self) -> dict[str, Failure]:
        """Why steps failed, those of handlers too, by path."""
        segment = self._told.segment
        tracks = {} if segment is None else segment.tracks
        return {path: each.error for path, each in tracks.items() if each.error is not None}

    def prime(self, log: Log, run: str) -> None:
        """Take in the past of a run that is about to be resumed."""
        from ciranda.cli.history import events_of

        for each in (self._timeline, self._progress, self._lines):
            if each is not None:
                each.prime(events_of(log, run))

    async def _perform(self, order: Order, interrupts: Interrupts) -> RunResult | None:
        result: RunResult | None = None
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            try:
                async with Engine(
                    store=self._store,
                    durability=self._durability,
                    listener=self._hear,
                    exporter=self._exporter,
                    plugins=[self._prints],
                ) as engine:
                    engine.exporting.warn = screen.warn
                    engine.exporting.found = self._provide
                    with anyio.CancelScope() as scope:

                        def stop() -> None:
                            runs = engine.sessions.values()
                            if runs and all(run.park() for run in runs):
                                return  # what only waits needs no process
                            self._say_stopping()
                            engine.cancel("interrupted")
                            if self._begun and engine.durability != "off":
                                interrupts.parting = self._parting()
                            if not self._begun:
                                scope.cancel()

                        group.start_soon(interrupts.watch, stop)
                        gc.freeze()  # what was imported is no garbage; from here on there is some
                        gc.set_threshold(*_THRESHOLDS)
                        result = await order(engine)
                    self._progress.close()
                    if result is not None and not self._written_for_machines:
                        self._sum_up(engine, result)
            except Exception as error:  # a task group would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return result

    def _provide(self, exporter: LiveExporter) -> None:
        """Have plugins' own spans go to the exporters of plugins too."""
        if self._exporter is not None:
            self._exporter.provider.add_span_processor(exporter.processor())
            return
        from opentelemetry.trace import set_tracer_provider

        set_tracer_provider(exporter.provider)

    @property
    def _written_for_machines(self) -> bool:
        return self._lines is not None and self._lines.json

    def _parting(self) -> str:
        """Return what is said when a second signal ends the run before it is tidied up."""
        if self._written_for_machines:
            return ""
        words = [*self._again, self._timeline.run, *self.resume, *self._where]
        return f"left at once: `{shlex.join(words)}` goes on with the run"

    @property
    def _where(self) -> list[str]:
        return [] if self._store is None else ["--store", self._store]

    def _say_stopping(self) -> None:
        if not self._quiet and not self._written_for_machines:
            screen.say("interrupted: stopping steps (again = leave at once)")

    def _hear(self, event: Event) -> None:
        self._begun = True
        self._takes_over |= isinstance(event, RunStarted) and bool(event.reuses)
        self._timeline.apply(event)
        self._progress.feed(event)
        if self._lines is not None:
            self._lines.feed(event)

    def _sum_up(self, engine: Engine, result: RunResult) -> None:
        from ciranda.observe.summary import summary

        if result.status == "waiting" and self._quiet:
            return
        timeline = self._timeline
        kept = engine.durability != "off"
        if kept and (self._takes_over or not result.ok):
            from ciranda.cli.history import read_timeline

            timeline = self._told = read_timeline(engine.log, result.run_id)  # with items of maps
        if self._word is not None and timeline.segment is not None:
            timeline.segment.word = self._word()
        lines = summary(
            timeline,
            resume=self.resume,
            store=self._where,
            quiet=self._quiet,
            kept=kept,
            again=self._again,
        )
        if lines and not self._quiet and is_terminal(sys.stderr):
            lines = ["", *lines]
        for line in lines:
            screen.say(line)


def _log_lines() -> LogLines | None:
    """Return what writes log lines in place of progress, if `CIRANDA_LOG` asks for them.

    They are JSON unless a person looks at them.
    """
    if "CIRANDA_LOG" not in os.environ or sys.stderr is None:
        return None
    from ciranda.observe.logs import LogLines, log_level

    level = log_level(os.environ)
    if level is None:
        return None
    return LogLines(sys.stderr, json=not is_terminal(sys.stderr), level=level)


def _exporter() -> LiveExporter | None:
    """Return what sends traces, if the environment names a place for them."""
    if not any(name.startswith(("OTEL_EXPORTER_OTLP", "OTEL_TRACES")) for name in os.environ):
        return None
    from ciranda.observe.export import live_exporter

    exporter = live_exporter(os.environ, warn=screen.warn)
    if exporter is not None:
        from opentelemetry.trace import set_tracer_provider

        set_tracer_provider(exporter.provider)
    return exporter
