"""From plain data to the model: what makes `ciranda serve` begin a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciranda.errors import Fault
from ciranda.workflow.cron import cron_problem, zone_hint, zone_problem
from ciranda.workflow.model import Trigger
from ciranda.workflow.places import Places

__all__ = ["read_triggers"]

Path = tuple[str | int, ...]


def read_triggers(
    written: Mapping[str, Any], places: Places, faults: list[Fault]
) -> tuple[Trigger, ...]:
    """Return the triggers of a file, in its order; what is wrong goes into `faults`."""
    found: list[Trigger] = []
    for kind, each in written.items():
        if not isinstance(each, list):
            found.append(_trigger(kind, each, ("on", kind)))
            continue
        for number, one in enumerate(each):
            path = ("on", kind, number)
            found.append(_trigger(kind, one, path))
            if kind == "schedule":
                _check_times(one, path, places, faults)
    return tuple(found)


def _trigger(kind: str, written: Mapping[str, Any], at: Path) -> Trigger:
    options = {key: value for key, value in written.items() if key != "inputs"}
    return Trigger(kind=kind, options=options, inputs=written.get("inputs", {}), at=at)


def _check_times(written: Mapping[str, Any], at: Path, places: Places, faults: list[Fault]) -> None:
    problem, hint = cron_problem(written["cron"])
    if problem:
        faults.append(places.fault((*at, "cron"), problem, hint=hint, kind="cron"))
    problem = zone_problem(written.get("timezone", "UTC"))
    if problem:
        hint = zone_hint(written["timezone"])
        faults.append(places.fault((*at, "timezone"), problem, hint=hint, kind="time-zone"))
