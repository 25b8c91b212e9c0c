"""Telling experts what came of a question, where they have asked for it."""

from __future__ import annotations

import anyio

from ciranda.actions import signalled
from ciranda.events.judging import Judgement, Opinion

from .answer import crashed, late, opinion_of
from .bench import Pledge

__all__ = ["settle", "settle_all"]

_LIMIT = 10.0  # seconds that an expert may take to note what came of its question


async def settle(pledge: Pledge, judgement: Judgement | None) -> Opinion | None:
    """Tell one expert; return what it says now, if that is something else than before.

    Is not cut short by a cancellation. A failure is an opinion: what could not be noted must not
    be approved.
    """
    try:
        with anyio.move_on_after(_LIMIT, shield=True):
            found = await pledge.settling.settle(pledge.question, judgement)
            return None if found is None else opinion_of(pledge.expert, found, 0.0)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        if signalled(error):
            raise
        return crashed(pledge.expert, error, 0.0)
    return late(pledge.expert, _LIMIT, _LIMIT)


async def settle_all(pledges: list[Pledge], judgement: Judgement | None) -> None:
    """Tell all of them, whatever each says."""
    for pledge in pledges:
        await settle(pledge, judgement)
