"""What is wrong with tasks that are right one by one: their ids, their needs, what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ciranda.workflow.cycles import cycles
from ciranda.workflow.nearest import nearest

from .faults import FaultKind
from .loading import Source, Where
from .plan import RateLimit, Task
from .tasks import UNITS

__all__ = ["Numbered", "check_limits", "check_tasks"]

_HINTED: Final = 50  # faults with a hint, which take time to find
_SHOWN: Final = 12  # tasks of a cycle in a sentence; the fault holds all of them

Numbered = tuple[int, Task]  # a task and its place in the list


def check_tasks(source: Source, tasks: list[Numbered], succeeded: Iterable[str]) -> None:
    """Note duplicates, needs that nobody meets, and tasks that wait for each other."""
    known: dict[str, int] = {}
    for at, task in tasks:
        if not task.id:
            continue
        if task.id in known:
            message = (
                f"task `{task.id}` is there twice, first as task {known[task.id] + 1}: rename one"
            )
            source.add(FaultKind.DUPLICATE_ID, task.id, ("tasks", at, "id"), message)
        known.setdefault(task.id, at)
    sorted_ = _check_needs(source, tasks, known)
    for at, name in enumerate(succeeded):
        if name not in known:
            _unknown(source, "", ("already_succeeded", at), "`already_succeeded`", name, known)
    _check_contingencies(source, tasks, known)
    if not sorted_ or any(task.contingency is not None for _, task in tasks):
        _check_cycles(source, tasks, known)


def _check_needs(source: Source, tasks: list[Numbered], known: Mapping[str, int]) -> bool:
    """Note needs that are no tasks; say whether each task stands behind all that it needs."""
    sorted_ = True
    for at, task in tasks:
        for need in task.needs:
            place = known.get(need)
            if place is not None:
                sorted_ = sorted_ and place < at
            else:
                where = _where_needed(source, at, task, need)
                _unknown(source, task.id, where, f"task `{task.id or at + 1}`", need, known)
    return sorted_


def _where_needed(source: Source, at: int, task: Task, need: str) -> Where:
    """Return where a need was written, under whichever name."""
    for name in ("deps", "needs", "validates"):
        written = source.value(("tasks", at, name))
        if isinstance(written, list) and need in written:
            return "tasks", at, name, written.index(need)
    return "tasks", at


def _unknown(
    source: Source, task: str, where: Where, subject: str, name: str, known: Mapping[str, int]
) -> None:
    # A thousand of them have one cause, and each hint looks at two thousand tasks.
    meant = nearest(name, known) if len(source.faults) < _HINTED else None
    hint = f"did you mean `{meant}`?" if meant else "add it, or remove the need"
    message = f"{subject} needs `{name}`, which is no task; {hint}"
    if subject.startswith("`"):
        message = f"{subject} names `{name}`, which is no task; {hint}"
    source.add(FaultKind.UNKNOWN_DEPENDENCY, task, where, message)


def _check_contingencies(source: Source, tasks: list[Numbered], known: Mapping[str, int]) -> None:
    standby = {task.contingency for _, task in tasks if task.contingency is not None}
    for at, task in tasks:
        where = ("tasks", at, "contingency")
        other = task.contingency
        if other == task.id and other:
            message = f"task `{task.id}` is its own contingency: name another task"
            source.add(FaultKind.INVALID_CONTINGENCY, task.id, where, message)
        elif other is not None and other not in known:
            _unknown(source, task.id, where, f"task `{task.id or at + 1}`", other, known)
        for need in task.needs:
            if need in standby and need != task.id:
                message = (
                    f"task `{task.id or at + 1}` needs `{need}`, which runs only if another task"
                    " fails: need that task"
                )
                source.add(
                    FaultKind.INVALID_CONTINGENCY,
                    task.id,
                    _where_needed(source, at, task, need),
                    message,
                )


def _check_cycles(source: Source, tasks: list[Numbered], known: Mapping[str, int]) -> None:
    """Note each cycle once; a contingency waits for the task that it stands by for."""
    needs: dict[str, tuple[str, ...]] = {}
    for at, task in tasks:
        if known.get(task.id) != at:
            continue
        needs[task.id] = task.needs
        if task.id in task.needs:
            message = f"task `{task.id}` needs itself: remove it from its needs"
            where = _where_needed(source, at, task, task.id)
            source.add(FaultKind.CYCLE, task.id, where, message, path=(task.id, task.id))
    for _, task in tasks:
        if task.id in needs and task.contingency in needs and task.contingency != task.id:
            needs[task.contingency] = (*needs[task.contingency], task.id)
    if not _waits_for_ever(needs):
        return
    for ring in cycles(needs):
        path = (*ring, ring[0])
        shown = [f"`{name}`" for name in path]
        if len(shown) > _SHOWN:
            shown[_SHOWN // 2 : -_SHOWN // 2] = [f"({len(shown) - _SHOWN:,} more)"]
        message = f"tasks wait for each other: {' → '.join(shown)}; remove one of these needs"
        source.add(FaultKind.CYCLE, ring[0], ("tasks", known[ring[0]]), message, path=path)


def _waits_for_ever(needs: Mapping[str, tuple[str, ...]]) -> bool:
    """Say whether any task waits for itself; to say which takes five times as long."""
    waiting = dict.fromkeys(needs, 0)
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    for name, wanted in needs.items():
        for need in wanted:
            if need in dependents:
                dependents[need].append(name)
                waiting[name] += 1
    free = [name for name, count in waiting.items() if not count]
    for name in free:  # which grows as it is walked
        for dependent in dependents[name]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                free.append(dependent)
    return len(free) < len(needs)


def check_limits(
    source: Source,
    tasks: list[Numbered],
    limit: RateLimit | None,
    capacities: Mapping[str, int],
    succeeded: frozenset[str],
) -> None:
    """Note tasks that could never start: they ask for more than there ever is."""
    for at, task in tasks:
        if (limit is None and not task.resources) or task.id in succeeded:
            continue
        for name, units in task.resources.items():
            most = capacities.get(name, 1)
            if units > most:
                message = (
                    f"task `{task.id or at + 1}` takes `{name}` {units:,} times at once, and there"
                    f" is {most:,}: it would wait for itself; raise it in the plan's `resources`"
                )
                where = ("tasks", at, "resources")
                source.add(FaultKind.RESOURCE_DEADLOCK, task.id, where, message)
        if limit is None or not task.cost:
            continue
        for unit, cost, largest in zip(UNITS, task.cost.units, limit.units, strict=True):
            if largest is not None and cost > largest:
                message = (
                    f"task `{task.id or at + 1}` takes {cost:,} {unit.replace('_', ' ')}, and the"
                    f" limit of a window is {largest:,}: it could never start; split it"
                )
                source.add(
                    FaultKind.RATE_LIMIT_UNSATISFIABLE,
                    task.id,
                    ("tasks", at, "cost", unit),
                    message,
                )
