"""What the council has recorded and learned, opened for a command."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ciranda.settings import StoreSettings, read_configuration

from ..report.reading import Records, reading
from ..settings import ExpertsSettings

__all__ = ["books", "whoever"]


@contextmanager
def books(store: str | None) -> Iterator[Records]:
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
    floor = settings.threshold
    with reading(folder, settings.telemetry, settings.learning, floor=floor) as records:
        yield records


def whoever(by: str | None) -> str:
    """Return who decides: as named, else the name that they are logged in by."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        return "unknown"
