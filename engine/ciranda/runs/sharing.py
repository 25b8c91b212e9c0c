"""What the built-in layers of one engine share, made of the engine's store and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.middleware.answers import Answers
from ciranda.middleware.fingerprint import Fingerprints
from ciranda.middleware.limits import Limiters
from ciranda.middleware.shared import Shared
from ciranda.settings import RateSettings
from ciranda.store import Durability
from ciranda.store.late import LateShelf
from ciranda.workflow.binding import bind

if TYPE_CHECKING:
    from ciranda.engine import Engine

__all__ = ["shared_of"]


def shared_of(engine: Engine) -> Shared:
    """Return what the layers of an engine share."""
    shelf = None if engine.durability is Durability.OFF else LateShelf(lambda: engine.log)
    root = engine.configuration.root
    kept = engine.configuration.read(RateSettings)
    # A resumed run uses the pinned source of an inline plugin, whatever its file says now.
    pinned = Fingerprints(
        lambda one: engine.plugins.digest(one.plugin) if one.plugin else None, [root]
    )
    return Shared(
        bind=lambda value: bind(value, functions=engine.functions),
        key=engine.key,
        answers=Answers(shelf),
        fingerprints=pinned,
        limiters=Limiters(folder=kept.place(root)),
        successes=lambda: engine.books.successes(
            None if shelf is None else engine.log.folder,
            engine.durability,
            engine.clock.wall,
        ),
    )
