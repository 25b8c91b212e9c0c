"""What the council has recorded and learned, opened for a command."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ciranda.cli import screen
from ciranda.settings import StoreSettings, read_configuration

from ..learning.learning import Learning
from ..settings import ExpertsSettings
from ..telemetry.settings import TelemetrySettings
from ..telemetry.telemetry import Telemetry

__all__ = ["Books", "books", "whoever"]


@dataclass(frozen=True, slots=True)
class Books:
    """The two files of a project, and what its settings say of them."""

    recording: TelemetrySettings
    telemetry: Telemetry
    learning: Learning


@contextmanager
def books(store: str | None) -> Iterator[Books]:
    """Open what was recorded and learned.

    Args:
        store: The folder of the store as given, None for the project's own.

    Raises:
        SettingsError: The settings do not fit.
        StoreError: A file cannot be opened.
    """
    configuration = read_configuration(Path.cwd())
    settings = configuration.read(ExpertsSettings)
    kept = configuration.root / configuration.read(StoreSettings).path
    folder = kept if store is None else Path(store)
    recording = settings.telemetry
    telemetry = Telemetry(folder, recording, warn=screen.warn)
    try:
        learning = Learning(
            folder, settings.learning, floor=settings.threshold, find=telemetry.find
        )
        try:
            yield Books(recording, telemetry, learning)
        finally:
            learning.close()
    finally:
        telemetry.close()


def whoever(by: str | None) -> str:
    """Return who decides: as named, else the name that they are logged in by."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        return "unknown"
