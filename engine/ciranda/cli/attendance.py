"""Carry out a server in the foreground: its lines, its signals, its end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import anyio

from ciranda.cli import screen
from ciranda.cli.interrupts import Interrupts, leave
from ciranda.cli.streams import is_terminal
from ciranda.engine import Engine
from ciranda.errors import SettingsError
from ciranda.middleware.printing import StepPrints
from ciranda.plugins import Plugins
from ciranda.serve import Limits, Lines, Outlet, Server
from ciranda.settings import StoreSettings, read_configuration
from ciranda.store import Durability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciranda.observe.export import LiveExporter
    from ciranda.observe.logs import LogLines

__all__ = ["Attendance"]

Told = Callable[[str, int], None]


class Attendance:
    """One server before the eyes of a person, or of what collects its lines.

    Args:
        places: Workflow files, and folders of them.
        store: The folder of the store as given, None for the project's own.
        durability: The level as given, None for the project's own.

    Raises:
        SettingsError: The project keeps nothing.
    """

    def __init__(self, places: Sequence[str], *, store: str | None, durability: str | None) -> None:
        configuration = read_configuration(Path.cwd())
        kept = configuration.read(StoreSettings)
        self._durability: Final = Durability(durability or kept.durability)
        if self._durability is Durability.OFF:
            raise SettingsError(
                "a server keeps what it accepts, and `durability` is `off`: "
                "give `--durability power`, or change it in ciranda.toml"
            )
        self._folder: Final = configuration.root / kept.path if store is None else Path(store)
        self._places: Final = [Path(each) for each in places]
        self._readers: Final = Plugins(configuration).readers
        self._prints: Final = StepPrints()
        self._exporter: Final = _exporter()
        self._steps: LogLines | None = None

    def __call__(
        self, *, host: str, port: int, runs: int, backlog: int, grace: float, backend: str
    ) -> None:
        """Serve until a signal comes and the runs have ended.

        Raises:
            CirandaError: It cannot begin.
        """
        json = sys.stderr is not None and not is_terminal(sys.stderr)
        limits = Limits(runs=runs, backlog=backlog, grace=grace)
        self._steps = _step_lines(json=json)
        logged = nullcontext() if self._steps is None else self._steps.for_structlog()
        out = sys.stdout

        def told(host: str, port: int) -> None:
            if out is not None:
                shown = f"[{host}]" if ":" in host else host
                out.write(f"http://{shown}:{port}\n")
                out.flush()

        with Interrupts() as interrupts, logged, self._prints, _outlet() as outlet:
            server = Server(
                self._places,
                self._folder,
                self._engine,
                durability=self._durability,
                limits=limits,
                lines=Lines(outlet, json=json),
                readers=self._readers,
            )
            try:
                anyio.run(self._serve, server, interrupts, host, port, told, backend=backend)
            finally:
                if self._exporter is not None:
                    self._exporter.close()
        if server.left_behind:
            leave(0)  # everything is closed, and Python would wait for threads of theirs

    async def _serve(
        self, server: Server, interrupts: Interrupts, host: str, port: int, told: Told
    ) -> None:
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(interrupts.watch, server.drain)
            try:
                await server.serve(host, port, told=told)
            except Exception as error:  # a task group would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure

    def _engine(self) -> Engine:
        engine = Engine(
            store=self._folder,
            durability=self._durability,
            plugins=[self._prints],
            listener=None if self._steps is None else self._steps.feed,
            exporter=self._exporter,
        )
        engine.exporting.warn = screen.warn
        return engine


def _outlet() -> AbstractContextManager[Outlet | TextIO | None]:
    """Return what takes the server's lines."""
    try:
        return nullcontext() if sys.stderr is None else Outlet(sys.stderr.fileno())
    except (OSError, ValueError):  # no file behind it
        return nullcontext(sys.stderr)


def _step_lines(*, json: bool) -> LogLines | None:
    """Return what writes lines of runs and steps, if `CIRANDA_LOG` asks for them."""
    if "CIRANDA_LOG" not in os.environ or sys.stderr is None:
        return None
    from ciranda.observe.logs import LogLines, log_level

    level = log_level(os.environ)
    return None if level is None else LogLines(sys.stderr, json=json, level=level)


def _exporter() -> LiveExporter | None:
    """Return what sends traces, if the environment names a place for them."""
    if not any(name.startswith(("OTEL_EXPORTER_OTLP", "OTEL_TRACES")) for name in os.environ):
        return None
    from ciranda.observe.export import live_exporter

    return live_exporter(os.environ, warn=screen.warn)
