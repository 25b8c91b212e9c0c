"""The runs of plans in the store, found by what a person calls them and by the plan's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from ciranda.errors import RunNotFoundError, StoreError
from ciranda.store import Log

from .archive import is_plan, remembered, rows
from .execution import Outcome
from .plan import Plan
from .recorded import recorded

__all__ = ["Past", "found_plan_run", "past_runs", "plan_of_run"]


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
    if is_plan(log, row):
        return row.id
    parts = [each.id for each in rows(log) if each.parent == row.id and is_plan(log, each)]
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
    for row in rows(log, before):
        if row.name != name or row.status in ("running", "waiting") or not is_plan(log, row):
            continue
        try:
            found.append(Past(row.created, recorded(log, row.id)))
        except StoreError:  # of another version: what it says of the past is not understood
            continue
        if len(found) == most:
            break
    return found
