"""What the council has recorded and learned, opened for a command."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ciranda.errors import StoreError
from ciranda.settings import StoreSettings, read_configuration
from ciranda.store import Durability
from ciranda.store.folder import NAME

from ..conservation.spent import Spent
from ..report.reading import Records, reading
from ..settings import ExpertsSettings

__all__ = ["books", "spent", "whoever"]


@contextmanager
def books(store: str | None) -> Iterator[Records]:
    """Open what was recorded and learned.

    Args:
        store: The folder of the store as given, None for the project's own.

    Raises:
        SettingsError: The settings do not fit.
        StoreError: A file cannot be opened, or the folder that is named holds no store.
    """
    settings = read_configuration(Path.cwd()).read(ExpertsSettings)
    folder, _ = _kept(store)
    floor = settings.threshold
    with reading(folder, settings.telemetry, settings.learning, floor=floor) as records:
        yield records


@contextmanager
def spent(store: str | None) -> Iterator[Spent]:
    """Open the transactions that were approved, or are being judged.

    Args:
        store: The folder of the store as given, None for the project's own.

    Raises:
        SettingsError: The settings do not fit.
        StoreError: The folder that is named holds no store.
    """
    folder, durability = _kept(store)
    with closing(Spent(folder, durability=durability)) as opened:
        yield opened


def _kept(store: str | None) -> tuple[Path, Durability]:
    configuration = read_configuration(Path.cwd())
    settings = configuration.read(StoreSettings)
    folder = configuration.root / settings.path if store is None else Path(store)
    state = folder if folder.name == NAME else folder / NAME
    if store is not None and not state.is_dir():
        text = f"nothing was judged in {state} yet: `ciranda experts verify FILE` makes one"
        raise StoreError(text)
    return folder, Durability(settings.durability)


def whoever(by: str | None) -> str:
    """Return who decides: as named, else the name that they are logged in by."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a name for its user
        return "unknown"
