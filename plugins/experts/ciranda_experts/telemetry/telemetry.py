"""Telemetry: what the council does is remembered, and no judgement waits for it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, final

import anyio
import anyio.to_thread

from ciranda.errors import StoreError
from ciranda.events.judging import Judgement, Opinion
from ciranda.store import Database, Durability

from .sample import Sample, Seen
from .settings import TelemetrySettings
from .store import FILE, MIGRATIONS, Store, Turn
from .writer import Tally, Writer

__all__ = ["Telemetry", "open_telemetry"]

_HOUR: Final = 3600.0
_SOON: Final = 2.0  # seconds that a search waits for what is not written yet


@final
class Telemetry:
    """Records judgements; one an engine.

    Args:
        folder: The project's folder.
        settings: What is kept, and how much may wait.
        warn: Told, once, in one sentence, that something was lost.
        clock: Unix seconds.

    Raises:
        StoreError: The file cannot be opened.
    """

    def __init__(
        self,
        folder: Path,
        settings: TelemetrySettings,
        *,
        warn: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database: Final = Database(
            FILE, MIGRATIONS, folder=folder, durability=Durability.PROCESS
        )
        self.store: Final = Store(
            self._database, days=settings.days, rows=settings.rows, clock=clock
        )
        self._clock: Final = clock
        self._warn: Final = warn
        self._enabled: Final = settings.enabled
        self._told = 0  # dropped ones that the file knows of
        self._pruned: float | None = None
        self._closed = False
        self._writer: Final[Writer[Seen | Turn]] = Writer(
            self._write, warn, limit=settings.queue, batch=settings.batch, delay=settings.delay
        )

    def record(
        self,
        judgement: Judgement,
        opinions: tuple[Opinion, ...] = (),
        *,
        skipped: tuple[str, ...] = (),
        shadow: tuple[Opinion, ...] = (),
        candidates: tuple[Opinion, ...] = (),
    ) -> None:
        """Remember a judgement; a microsecond, and it never waits or fails.

        Args:
            judgement: What the council said.
            opinions: What its experts said before calibration; without them no curve is fitted
                to this one.
            skipped: Experts that the gate left out.
            shadow: What some of these said when they were asked all the same.
            candidates: What versions on trial said, before calibration.
        """
        if self._enabled:
            seen = Seen(self._clock(), judgement, opinions, skipped, shadow, candidates)
            self._writer.put(seen)

    def record_late(self, judgement: Judgement, shadow: tuple[Opinion, ...]) -> None:
        """Remember what skipped experts said when the judgement was recorded already."""
        if self._enabled:
            self._writer.put(Seen(self._clock(), judgement, (), (), shadow, (), late=True))

    def crisis(self, *, began: bool, reason: str = "") -> None:
        """Remember that a crisis began or ended; it never waits or fails either."""
        if self._enabled:
            self._writer.put(Turn(self._clock(), began, reason))

    def find(self, judgement: str, key: str | None = None) -> Sample | None:
        """Return what is kept of a judgement, also of one that was recorded just now.

        Args:
            judgement: Its id; of several with this id the newest.
            key: The intent's key, where ids are not unique or there is none.

        Raises:
            StoreError: The file cannot be read.
        """
        self.flush(_SOON)
        return self.store.find(judgement, key)

    @property
    def tally(self) -> Tally:
        """What became of the judgements of this process."""
        return self._writer.tally

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what was recorded before is written; tell whether it was in time."""
        return self._writer.flush(timeout)

    def close(self, timeout: float = 10.0) -> Tally:
        """Write what waits and close the file; closing again is nothing.

        Args:
            timeout: Seconds for what waits; a disk that takes longer loses the rest.
        """
        tally = self._writer.close(timeout)
        if not (
            tally.waiting or self._closed
        ):  # else the thread still writes; the process's end closes the file
            self._closed = True
            try:
                self._write([])
                self._database.close()
            except StoreError as error:
                self._warn(f"telemetry of the experts could not be closed ({error})")
        return tally

    def _write(self, things: list[Seen | Turn]) -> None:
        dropped = self._writer.tally.dropped
        seen = [each for each in things if isinstance(each, Seen)]
        self.store.write(seen, dropped=dropped - self._told)
        self._told = dropped
        for each in things:
            if isinstance(each, Turn):
                self.store.crisis(each)
        now = self._clock()
        if self._pruned is None or now - self._pruned >= _HOUR:
            self.store.forget()
            self._pruned = now


@asynccontextmanager
async def open_telemetry(
    folder: Path,
    settings: TelemetrySettings,
    *,
    warn: Callable[[str], None],
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[Telemetry]:
    """Open telemetry; what it accepted is in the file when this is left, also by cancellation.

    Raises:
        StoreError: The file cannot be opened.
    """
    telemetry = await anyio.to_thread.run_sync(
        lambda: Telemetry(folder, settings, warn=warn, clock=clock)
    )
    try:
        yield telemetry
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(telemetry.close)
