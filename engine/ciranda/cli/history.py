"""Reading runs back from the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ciranda.errors import RunNotFoundError

if TYPE_CHECKING:
    from ciranda.events import Event, ForeignEvent
    from ciranda.observe.timeline import Timeline
    from ciranda.store import Log, RunRow
    from ciranda.workflow.model import Workflow

__all__ = [
    "OPEN",
    "events_of",
    "found_run",
    "masked",
    "opened",
    "pinned_workflow",
    "read_timeline",
    "status_of",
]

OPEN: Final = ("running", "waiting")  # statuses of runs that have not ended
_FILE = "ciranda.db"
_FOLDER = ".ciranda"


@contextmanager
def opened(store: str | None, *, reading: bool = False) -> Iterator[Log]:
    """Open the store that holds runs already.

    Args:
        store: Its folder as given, None for the project's own.
        reading: A store that cannot be written will do, for reading.

    Raises:
        RunNotFoundError: Nothing was ever run here.
        StoreError: It cannot be opened.
    """
    from ciranda.settings import StoreSettings, read_configuration
    from ciranda.store import Durability, open_store

    configuration = read_configuration(Path.cwd())
    settings = configuration.read(StoreSettings)
    folder = Path(store) if store is not None else configuration.root / settings.path
    inner = folder if folder.name == _FOLDER else folder / _FOLDER
    if not (inner / _FILE).exists():
        raise RunNotFoundError(f"there are no runs in {inner} yet: `ciranda run FILE` makes one")
    level = Durability(settings.durability)
    if level is Durability.OFF:
        level = Durability.PROCESS
    log = open_store(folder, level, reading=reading)
    try:
        yield log
    finally:
        log.close()


def found_run(store: str | None, named: str) -> str:
    """Return the id of the run that a person means.

    Raises:
        RunNotFoundError: There is none, or more than one.
    """
    with opened(store) as log:
        return log.run(named).id


def events_of(log: Log, run: str) -> Iterator[Event | ForeignEvent]:
    """Yield the events of a run, with `***` where a secret is."""
    from ciranda.events import RunEvent
    from ciranda.runs.journal import decode

    decoder = msgspec.msgpack.Decoder(RunEvent, ext_hook=masked)
    for record in log.read(run):
        yield decode(record, decoder)


def status_of(log: Log, row: RunRow) -> str:
    """Return a run's status; one whose process died is `interrupted`."""
    return "interrupted" if row.status == "running" and not log.held(row.id) else row.status


def pinned_workflow(log: Log, run: str) -> Workflow:
    """Return the workflow of a run as its files were when it began.

    Raises:
        ReplayError: What it pinned does not fit together.
        StoreError: It is missing or damaged.
        WorkflowError: It was written for another version of the language.
    """
    from ciranda.runs import pins

    return pins.pinned_workflow(log, log.run(run))


def read_timeline(log: Log, run: str) -> Timeline:
    """Return the timeline of a run; it ends where its process did."""
    from ciranda.observe.timeline import fold

    return fold(events_of(log, run))


def masked(code: int, data: memoryview) -> Any:
    """Decode what is no plain data: the `ext_hook` of whoever shows values."""
    from ciranda.vault import REFERENCE, Vault, redacted

    return redacted(Vault({}).ext_hook(code, data)) if code == REFERENCE else "***"
