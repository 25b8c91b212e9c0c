"""Why a step stands as it does: facts, each with its sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from ciranda.errors import RunNotFoundError
from ciranda.events import (
    BlockEntered,
    MapExpanded,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.explaining.address import Address, address
from ciranda.explaining.before import conditions, item_fact, needs_facts, waited_facts
from ciranda.explaining.chronicle import Chronicle, status_of
from ciranda.explaining.fact import Fact
from ciranda.explaining.following import follows
from ciranda.explaining.keeping import cache_facts, kept_facts
from ciranda.explaining.outcome import (
    attempt_facts,
    cancel_facts,
    first_failed,
    map_facts,
    skip_facts,
)
from ciranda.explaining.pausing import pause_facts
from ciranda.explaining.wiring import is_main
from ciranda.explaining.within import block_facts
from ciranda.observe.spoken import plural, spoken

if TYPE_CHECKING:
    from ciranda.store import Cached
    from ciranda.workflow.model import Workflow

__all__ = ["Explanation", "explain"]

_DONE_TO: Final = ("skipped", "cancelled")  # they did not do it themselves

Rows = Callable[[str], Sequence["Cached"]]


class Explanation(msgspec.Struct, frozen=True):
    """Why a step stands as it does.

    Attributes:
        run: The run.
        path: The step, item or turn.
        status: How it stands.
        headline: The answer in one sentence.
        place: Where it stands in the file, as `file:line`.
        facts: Everything that led to it and follows from it, in order.
    """

    run: str
    path: str
    status: str
    headline: str
    place: str
    facts: tuple[Fact, ...]


def explain(
    chronicle: Chronicle, workflow: Workflow, path: str, *, rows: Rows | None = None
) -> Explanation:
    """Explain a step from the log of its run.

    Args:
        chronicle: The log.
        workflow: The workflow that the run pinned.
        path: As in the log: `files/2/rows/7`.
        rows: Returns the answers that the cache keeps under a label, newest first.

    Raises:
        RunNotFoundError: The path names no step.
    """
    entered = {
        event.path: event.block
        for event in chronicle.events
        if isinstance(event, BlockEntered) and is_main(event.block)
    }
    at = address(workflow, path.strip("/"), chronicle.paths, entered)
    _demand_item(chronicle, at)
    status = _status(chronicle, at)
    found = [*_facts(chronicle, at, rows or (lambda _: ()))]
    place = f"{at.level.workflow.file}:{at.step.line}" if at.step.line else ""
    return Explanation(
        chronicle.started.run,
        at.path,
        status,
        _headline(chronicle, at, status),
        place,
        tuple(found),
    )


def _demand_item(chronicle: Chronicle, at: Address) -> None:
    """Refuse an item beyond the list: the sentence says how many there are."""
    expanded = chronicle.last(at.at, MapExpanded)
    if at.item is not None and expanded is not None and at.item >= expanded.count:
        count = expanded.count
        there = f"0 to {count - 1}" if count else "none"
        raise RunNotFoundError(f"`{at.at}` has {plural(count, 'item')}: {there}")


def _facts(chronicle: Chronicle, at: Address, rows: Rows) -> Iterator[Fact]:
    yield from item_fact(chronicle, at)
    yield from skip_facts(chronicle, at)
    yield from cancel_facts(chronicle, at)
    yield from needs_facts(chronicle, at)
    yield from conditions(chronicle, at)
    yield from waited_facts(chronicle, at)
    yield from kept_facts(chronicle, at)
    yield from cache_facts(chronicle, at, rows)
    yield from attempt_facts(chronicle, at)
    yield from pause_facts(chronicle, at)
    yield from map_facts(chronicle, at)
    yield from block_facts(chronicle, at)
    yield from follows(chronicle, at)


def _status(chronicle: Chronicle, at: Address) -> str:
    end = chronicle.end(at.path)
    if end is not None:
        return status_of(end)
    events = chronicle.paths.get(at.path, [])
    if not events:
        never = at.item is not None and chronicle.end(at.at) is not None
        return "cancelled" if never else "pending"
    if isinstance(events[-1], StepWaits):
        return "waiting"
    return "running" if chronicle.ended is None else "interrupted"


def _headline(chronicle: Chronicle, at: Address, status: str) -> str:
    end, name = chronicle.end(at.path), f"`{at.path}`"
    match end:
        case None:
            return f"{name} {_unended(chronicle, at, status)}"
        case StepCompleted(cached=True):
            return f"{name} was answered from the cache"
        case StepCompleted():
            after = f" with attempt {end.attempt}" if end.attempt > 1 else ""
            return f"{name} succeeded{after}, after {spoken(end.duration)}"
        case StepFailed():
            tolerated = ", which `continue-on-error` let pass" if end.tolerated else ""
            tries = f" after {plural(end.attempts, 'attempt')}" if end.attempts > 1 else ""
            message = end.error.message.removesuffix("." if tolerated else "")
            return f"{name} failed{tries}: {end.error.kind}: {message}{tolerated}"
        case StepSkipped() | StepCancelled():
            return f"{name} was {status}: {end.reason}"
    return f"{name} {status} after {spoken(getattr(end, 'duration', 0.0))}"


def _unended(chronicle: Chronicle, at: Address, status: str) -> str:
    began = chronicle.last(at.path, StepStarted) or chronicle.last(at.path, MapExpanded)
    if status == "waiting":
        return "waits"
    if status == "running" and began is not None:
        return f"began {spoken(chronicle.since(began))} into the run and has not ended"
    if status == "interrupted":
        return "began, and the run ended without a word of its end"
    if status == "cancelled":
        first = first_failed(chronicle, at.at)
        why = f"`{first}` failed, which stopped the rest" if first else f"`{at.at}` ended before"
        return f"never began: {why}"
    for around in at.around:
        end = chronicle.end(around.path)
        if end is not None:
            was = status_of(end)
            return f"never began: `{around.path}` {'was ' if was in _DONE_TO else ''}{was}"
    return "never began: the run ended before" if chronicle.ended else "has not begun"
