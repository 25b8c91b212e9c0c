"""Questions to validators, as long as a command needs the answer."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import anyio

from ciranda.engine import Engine
from ciranda.errors import CirandaError, RunNotFoundError
from ciranda.events import Request
from ciranda.settings import StoreSettings, read_configuration
from ciranda.store.folder import NAME

from ..settings import ConsensusSettings, Named

__all__ = ["ask", "folder_of", "named_set", "require_runs"]

Answer = TypeVar("Answer")


def ask(
    request: Request[Answer], *, store: str | None, backend: str, proofs: bool = False
) -> Answer:
    """Ask one question on an engine of its own.

    Args:
        request: The question.
        store: The folder of the store as given, None for the project's own.
        backend: The event loop.
        proofs: Whether somebody has to be there who checks proofs.

    Raises:
        CirandaError: The answer is a fault.
    """

    async def asked() -> Answer:
        async with Engine(store=store) as engine:
            engine.plugins.load(["consensus", "experts"] if proofs else ["consensus"])
            await engine.plugins.start()
            try:
                answer: Answer = await engine.bus.ask(request)
            except CirandaError as error:
                error.__notes__ = []  # which hook failed says nothing to who typed the command
                raise
            return answer

    return anyio.run(asked, backend=backend)


def folder_of(store: str | None) -> Path:
    """Return the `.ciranda` that a command works with, which may not be there.

    Raises:
        SettingsError: The settings do not fit.
    """
    configuration = read_configuration(Path.cwd())
    kept = configuration.root / configuration.read(StoreSettings).path
    folder = kept if store is None else Path(store)
    return folder if folder.name == NAME else folder / NAME


def named_set(given: int | str | None) -> Named:
    """Return whom a command is about: as given, else as the settings say.

    Raises:
        SettingsError: The settings do not fit.
    """
    if given is None:
        return read_configuration(Path.cwd()).read(ConsensusSettings).named()
    return given if isinstance(given, int) else Path(given)


def require_runs(store: str | None) -> None:
    """Refuse a store in which nothing was ever run, and make none.

    Raises:
        RunNotFoundError: It is one.
        SettingsError: The settings do not fit.
    """
    folder = folder_of(store)
    if not (folder / "ciranda.db").exists():
        raise RunNotFoundError(f"there are no runs in {folder} yet: `ciranda run FILE` makes one")
