"""What serves an observer that misses nothing: the log of runs, or memory where there is none."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from ciranda.bus.implementation import Implementation
from ciranda.bus.persistent import remembered
from ciranda.bus.report import ObserverFailure
from ciranda.bus.served import Served
from ciranda.hooks import ObserverMark
from ciranda.store import Durability

if TYPE_CHECKING:
    from ciranda.engine import Engine

__all__ = ["durable_observer"]


def durable_observer(
    engine: Engine,
    one: Implementation,
    mark: ObserverMark,
    report: Callable[[ObserverFailure], None],
) -> Served:
    """Return what serves an observer that is marked `durable=True`.

    Args:
        engine: Whose runs it hears of.
        one: The function.
        mark: What was said about it.
        report: Is told of failures.
    """
    if engine.durability is Durability.OFF:
        return remembered(one, mark, report)
    from ciranda.runs.durable import Durable  # few plugins have such an observer

    return Durable(
        one,
        mark,
        report,
        log=lambda: engine.log,
        cursors=lambda: engine.books.cursors(engine.log.folder, engine.clock),
        mine=engine.sessions,
        owner=os.urandom(8).hex(),
    )
