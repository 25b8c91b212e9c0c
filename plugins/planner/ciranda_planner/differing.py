"""What two plans differ in: their tasks, their limits, and the runs that they predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from .answering import milliseconds
from .plan import Plan
from .saving import data_of
from .schedule import Schedule

__all__ = ["Difference", "differ"]

Change = tuple[Any, Any]


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """What a second plan has otherwise than a first; changes are pairs of before and after.

    Attributes:
        digests: Of the contents: equal for plans that mean the same.
        added: Tasks that only the second has.
        removed: Tasks that only the first has.
        changed: Fields of the other tasks.
        limits: Fields of the plans themselves.
        makespan: Predicted, in seconds.
        lower_bound: In seconds.
        critical_path: Tasks.
    """

    digests: tuple[str, str]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, Mapping[str, Change]]
    limits: Mapping[str, Change]
    makespan: tuple[float, float]
    lower_bound: tuple[float, float]
    critical_path: tuple[tuple[str, ...], tuple[str, ...]]

    @property
    def same(self) -> bool:
        """Whether the plans mean the same; the order of their tasks is no matter."""
        return not (self.added or self.removed or self.changed or self.limits)

    def plain(self) -> dict[str, Any]:
        """Return it as the command line tells it."""
        return {
            "same": self.same,
            "digests": list(self.digests),
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": {
                task: {name: list(pair) for name, pair in fields.items()}
                for task, fields in self.changed.items()
            },
            "limits": {name: list(pair) for name, pair in self.limits.items()},
            "makespan_ms": [milliseconds(each) for each in self.makespan],
            "lower_bound_ms": [milliseconds(each) for each in self.lower_bound],
            "critical_path": [list(each) for each in self.critical_path],
        }


def differ(first: tuple[Plan, Schedule], second: tuple[Plan, Schedule]) -> Difference:
    """Return what the second plan has otherwise than the first."""
    before, after = data_of(first[0]), data_of(second[0])
    old, new = ({task["id"]: task for task in data.pop("tasks")} for data in (before, after))
    changed = {task: _changes(old[task], new[task]) for task in old if task in new}
    return Difference(
        digests=(first[0].digest, second[0].digest),
        added=tuple(task for task in new if task not in old),
        removed=tuple(task for task in old if task not in new),
        changed={task: fields for task, fields in changed.items() if fields},
        limits=_changes(before, after),
        makespan=(first[1].makespan, second[1].makespan),
        lower_bound=(first[1].lower_bound, second[1].lower_bound),
        critical_path=(first[1].critical_path, second[1].critical_path),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Change]:
    names = dict.fromkeys((*before, *after))
    pairs = {name: (before.get(name), after.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
