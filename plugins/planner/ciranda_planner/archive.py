"""The runs of plans among all runs in the store, and the plans that they were made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ciranda.errors import StoreError
from ciranda.store import Log, RunRow
from ciranda.workflow.model import Workflow

from .plan import Plan

__all__ = ["is_plan", "plan_of_row", "remembered", "rows"]

_PAGE: Final = 100  # runs read at once
_FAR: Final = 1000  # runs looked through at the most: whoever ran more keeps what is of use
_MARK: Final = b'"x-planner"'
_STRANGE: Final = (KeyError, TypeError, msgspec.DecodeError, msgspec.ValidationError)


def rows(log: Log, before: str | None = None) -> Iterator[RunRow]:
    """Yield the newest runs first, those older than one if that is named."""
    seen = 0
    while seen < _FAR:
        found = log.runs(limit=_PAGE, before=before)
        yield from found
        if len(found) < _PAGE:
            return
        seen += len(found)
        before = found[-1].id


def is_plan(log: Log, row: RunRow) -> bool:
    """Say whether a run is that of a plan."""
    try:
        return _MARK in log.blob(row.source)
    except StoreError:  # damaged, or gone
        return False


def plan_of_row(log: Log, row: RunRow) -> Plan | None:
    """Return the plan of a run, None if it is of none, of another version, or gone."""
    try:
        source = log.blob(row.source)
        return _kept(source)[0] if _MARK in source else None
    except (StoreError, *_STRANGE):
        return None


def remembered(workflow: Workflow) -> tuple[Plan, tuple[str, ...], frozenset[str]]:
    """Return the plan that a workflow was made of, its order, and its barriers.

    Raises:
        StoreError: It was made of none, or by another version.
    """
    try:
        return _kept(workflow.source)
    except _STRANGE:
        raise StoreError(
            f"the run of `{workflow.name}` is not of a plan: `ciranda resume` goes on with it"
        ) from None


def _kept(source: bytes) -> tuple[Plan, tuple[str, ...], frozenset[str]]:
    kept: Mapping[str, Any] = msgspec.json.decode(source)["x-planner"]
    plan = msgspec.convert(kept["plan"], Plan)
    return plan, tuple(kept["order"]), frozenset(kept["barriers"])
