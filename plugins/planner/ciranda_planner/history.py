"""The runs of plans in the store, found by what a person calls them and by the plan's name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from ciranda.errors import RunNotFoundError, StoreError
from ciranda.store import Log, RunRow

from .execution import Outcome
from .plan import Plan
from .preparing import remembered
from .recorded import recorded

__all__ = ["Past", "found_plan_run", "past_runs", "plan_of_run"]

_PAGE: Final = 100  # runs read at once
_FAR: Final = 1000  # runs looked through at the most: whoever ran more keeps what is of use
_MARK: Final = b'"x-planner"'


@final
@dataclass(frozen=True, slots=True)
class Past:
    """A run of a plan that is over; `began` is in seconds since the epoch."""

    began: float
    outcome: Outcome


def found_plan_run(log: Log, named: str) -> str:
    """Return the id of the run of a plan that a person means.

    The run of a workflow stands for the one plan that one of its steps ran.

    Raises:
        RunNotFoundError: There is none, or more than one.
        StoreError: It is the run of a workflow without a plan.
    """
    row = log.run(named)
    if _is_plan(log, row):
        return row.id
    parts = [each.id for each in _rows(log) if each.parent == row.id and _is_plan(log, each)]
    if len(parts) > 1:
        raise RunNotFoundError(
            f"run {row.id} ran {len(parts)} plans: name one of {', '.join(parts)}"
        )
    if not parts:
        raise StoreError(
            f"run {row.id} of `{row.name}` is not of a plan: `ciranda show {row.id}` shows it"
        )
    return parts[0]


def plan_of_run(log: Log, run: str) -> Plan:
    """Return the plan of a run.

    Raises:
        StoreError: It was made of none, or by another version.
    """
    from ciranda.cli.history import pinned_workflow

    return remembered(pinned_workflow(log, run))[0]


def past_runs(log: Log, name: str, *, most: int, before: str | None = None) -> list[Past]:
    """Return the runs of the plans of one name that are over, the newest first.

    Args:
        log: The store.
        name: That of the plans.
        most: How many.
        before: Only those older than this run.
    """
    found: list[Past] = []
    for row in _rows(log, before):
        if row.name != name or row.status == "running" or not _is_plan(log, row):
            continue
        try:
            found.append(Past(row.created, recorded(log, row.id)))
        except StoreError:  # of another version: what it says of the past is not understood
            continue
        if len(found) == most:
            break
    return found


def _rows(log: Log, before: str | None = None) -> Iterator[RunRow]:
    seen = 0
    while seen < _FAR:
        rows = log.runs(limit=_PAGE, before=before)
        yield from rows
        if len(rows) < _PAGE:
            return
        seen += len(rows)
        before = rows[-1].id


def _is_plan(log: Log, row: RunRow) -> bool:
    try:
        return _MARK in log.blob(row.source)
    except StoreError:  # damaged, or gone
        return False
