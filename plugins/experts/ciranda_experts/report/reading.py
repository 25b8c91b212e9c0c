"""What was recorded and learned, for whoever only wants to look at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ciranda.store import Database

from ..learning.learning import Learning
from ..learning.settings import LearningSettings
from ..telemetry.settings import TelemetrySettings
from ..telemetry.store import FILE, MIGRATIONS, Store
from .page import page
from .prometheus import exposition
from .status import Status, status

__all__ = ["Records", "reading"]


@dataclass(frozen=True, slots=True)
class Records:
    """What was recorded and learned.

    Args:
        store: The first.
        learning: The second; it can also be told outcomes and resolve reviews.
        settings: How far to look back.
        clock: Unix seconds.
    """

    store: Store
    learning: Learning
    settings: TelemetrySettings
    clock: Callable[[], float] = time.time

    def status(self) -> Status:
        """Return how the council is doing; StoreError if a file cannot be read."""
        return status(self.store, self.learning, self.settings, now=self.clock())

    def prometheus(self) -> str:
        """Return the figures for Prometheus; StoreError if a file cannot be read."""
        return exposition(self.status(), self.store.ever())

    def page(self) -> str:
        """Return the report as HTML; StoreError if a file cannot be read."""
        return page(self.status(), self.store, self.learning)


@contextmanager
def reading(
    folder: Path,
    telemetry: TelemetrySettings,
    learning: LearningSettings,
    *,
    floor: float,
    clock: Callable[[], float] = time.time,
) -> Iterator[Records]:
    """Open what was recorded and learned, also where nothing may be written or others write.

    Args:
        folder: The project's folder.
        telemetry: How far to look back.
        learning: How the council learns.
        floor: The configured confidence that an approval needs.
        clock: Unix seconds.

    Raises:
        StoreError: A file cannot be opened.
    """
    with closing(Database(FILE, MIGRATIONS, folder=folder, reading=True)) as database:
        store = Store(database, days=telemetry.days, rows=telemetry.rows, clock=clock)
        learned = Learning(
            folder, learning, floor=floor, find=store.find, clock=clock, reading=True
        )
        with closing(learned):
            yield Records(store, learned, telemetry, clock)
