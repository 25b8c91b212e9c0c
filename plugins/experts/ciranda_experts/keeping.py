"""What a council keeps in the project's folder, as far as anything may be written there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from ciranda.errors import StoreError
from ciranda.store.folder import NAME
from ciranda.store.frozen import is_unwritable

from .learning.learning import Learning
from .learning.schema import FILE
from .settings import ExpertsSettings
from .telemetry.telemetry import Telemetry, open_telemetry

__all__ = ["Books", "learned", "open_books"]


class Books(NamedTuple):
    """Telemetry and what was learned; None where it is not wanted or cannot be kept."""

    telemetry: Telemetry | None
    learning: Learning | None


@asynccontextmanager
async def open_books(
    folder: Path, settings: ExpertsSettings, *, warn: Callable[[str], None]
) -> AsyncIterator[Books]:
    """Open telemetry and what was learned.

    Where nothing may be written nothing is recorded, and no human is asked. What was learned
    counts all the same: it may ask for more than the settings do.

    Args:
        folder: The project's folder.
        settings: The project's.
        warn: Told in one sentence that nothing is kept, or that something was lost.

    Raises:
        StoreError: A file is there and cannot be read, or is damaged.
    """
    problem = ""
    telemetry: Telemetry | None = None
    learning: Learning | None
    async with AsyncExitStack() as stack:
        if settings.telemetry.enabled:
            opening = open_telemetry(folder, settings.telemetry, warn=warn)
            try:
                telemetry = await stack.enter_async_context(opening)
            except StoreError as error:
                problem = _unwritable(error)
        try:
            learning = _learning(folder, settings, telemetry)
        except StoreError as error:
            problem = _unwritable(error)
            learning = learned(folder, settings)
        if learning is not None:
            stack.callback(learning.close)
        if problem:
            warn(
                f"{problem}; until then nothing is recorded, no human is asked and no transaction "
                "is approved"
            )
        yield Books(telemetry, learning)


def _learning(
    folder: Path,
    settings: ExpertsSettings,
    telemetry: Telemetry | None,
    *,
    reading: bool = False,
) -> Learning:
    return Learning(
        folder,
        settings.learning,
        floor=settings.threshold,
        find=(lambda _id, _key: None) if telemetry is None else telemetry.find,
        reading=reading,
    )


def learned(folder: Path, settings: ExpertsSettings) -> Learning | None:
    """Return what was learned, to be read; None where nothing ever was."""
    state = folder if folder.name == NAME else folder / NAME
    if not (state / f"{FILE}.db").exists():
        return None
    return _learning(folder, settings, None, reading=True)


def _unwritable(error: StoreError) -> str:
    """Return the sentence of a file that may not be written.

    Raises:
        StoreError: It is something else.
    """
    if is_unwritable(error) or isinstance(error.__cause__, OSError):
        return str(error)
    raise error
