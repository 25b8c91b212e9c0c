"""Opening a council on an engine: its files, its solver, its own experts."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from ciranda import Engine
from ciranda.bus.report import logger
from ciranda.errors import SettingsError
from ciranda.events.judging import ProofChecked
from ciranda.store import Durability
from ciranda.workflow.nearest import nearest

from .answering import Answering
from .built_in import Watching, logic_expert
from .conservation.spent import Spent
from .council.council import Council
from .council.telling import Telling
from .guarding import Guarding
from .keeping import learned, open_books
from .looking import Looking
from .presolve.presolve import Presolver
from .settings import ExpertsSettings
from .solver.solver import Solver

__all__ = ["open_council"]


@asynccontextmanager
async def open_council(engine: Engine, settings: ExpertsSettings) -> AsyncIterator[Answering]:
    """Open what a council needs, and seat it.

    An engine that keeps nothing has a council that forgets, too: no telemetry, no reviews, and
    transactions are spent only as long as it is open. Where nothing may be written it judges all
    the same, but approves no transaction. With a plugin `Looking` it writes nothing.

    Raises:
        PluginError: A plugin of the settings cannot be used, or offers something that is no
            expert.
        SettingsError: A file of rules does not fit, or `mandatory` names a misspelt expert.
        StoreError: A file of the store cannot be read.
    """
    root = engine.configuration.root
    engine.plugins.load(declared=settings.plugins, folder=root)
    named = {engine.plugins.declare(text, root): text for text in settings.plugins}
    async with AsyncExitStack() as stack:
        keeps = engine.durability is not Durability.OFF
        folder = engine.folder
        if not keeps:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ciranda-")))
        looking = any(isinstance(one, Looking) for one in engine.bus.hooks.get_plugins())
        spent = Spent(folder, durability=engine.durability, looking=looking)
        stack.callback(spent.close)
        telemetry = learning = None
        if looking:
            learning = learned(folder, settings)
            if learning is not None:
                stack.callback(learning.close)
        elif keeps:
            books = open_books(folder, settings, warn=_warn)
            telemetry, learning = await stack.enter_async_context(books)
        solver = await stack.enter_async_context(Solver(workers=settings.processes))
        trusted = frozenset(settings.ledgers) if settings.ledgers else None
        presolver = Presolver()  # one expert after another looks at the same conditions
        built_in = [
            logic_expert(solver, timeout=settings.timeout, presolver=presolver),
            Guarding(settings.rules).expert(),
            Watching(solver, spent, trusted=trusted, presolver=presolver).expert(),
        ]
        council = Council(
            settings,
            telling=Telling(engine.bus),
            recorder=telemetry,
            desk=None if learning is None or looking else learning.reviews,
            adviser=learning,
        )
        await stack.enter_async_context(council)
        answering = Answering(
            council,
            engine.bus,
            built_in=built_in,
            check=_checker(solver, council),
            reviews=None if learning is None else learning.reviews,
            named=named,
        )
        _check_mandatory(settings, [one.name for one in council.experts])
        yield answering


def _check_mandatory(settings: ExpertsSettings, known: Sequence[str]) -> None:
    """Refuse a misspelt expert; others may be offered by what a workflow brings in later."""
    for name in settings.mandatory:
        meant = None if name in known else nearest(name, known)
        if meant:
            raise SettingsError(
                f"[experts] `mandatory` names {name!r}, who is not on the council; did you mean "
                f"`{meant}`?"
            )


def _checker(
    solver: Solver, council: Council
) -> Callable[[dict[str, Any]], Awaitable[ProofChecked]]:
    async def check(proof: dict[str, Any]) -> ProofChecked:
        from .checking import check_proof  # few want it

        return await check_proof(proof, solver, council.ask, council.required)

    return check


def _warn(text: str) -> None:
    logger().warning(text)
