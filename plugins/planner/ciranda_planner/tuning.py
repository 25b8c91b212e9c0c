"""What would make the next run shorter: the plan is scheduled with each change, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, final

from msgspec.structs import replace as changed

from ciranda.observe.spoken import plural, spoken

from .answering import milliseconds
from .execution import Outcome
from .learning import learned
from .plan import Plan
from .schedule import Schedule
from .search import search
from .tiers import Mode, Tier

__all__ = ["Advice", "Suggestion", "SuggestionKind", "advise"]

_SHORTER: Final = 0.95  # of what the run takes now: less is not worth a change
_NEAR: Final = 1.02  # times the best that workers can do
_OFF: Final = 1.5  # times the estimate
_LEAST: Final = 0.05  # seconds
_MOST: Final = 5  # estimates and tasks that get a line
_WORKERS: Final = 64  # tried at the most
_EFFORT: Final = 20_000  # tasks played in a search


@final
class SuggestionKind(StrEnum):
    """What could be changed; programs may rely on the words."""

    WORKERS = "workers"
    CPU_WORKERS = "cpu_workers"
    MODE = "mode"
    TIER = "tier"
    TASK = "task"  # make it quicker
    ESTIMATE = "estimate"


@final
@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change, and what the run would take then; times are seconds."""

    kind: SuggestionKind
    task: str
    before: Any
    after: Any
    makespan: float
    message: str

    def plain(self, now: float) -> dict[str, Any]:
        """Return it as the command line tells it.

        Args:
            now: What the run takes without it.
        """
        return {
            "kind": self.kind.value,
            "task": self.task or None,
            "from": self.before,
            "to": self.after,
            "makespan_ms": milliseconds(self.makespan),
            "saves_ms": milliseconds(now - self.makespan),
            "message": self.message,
        }


@final
@dataclass(frozen=True, slots=True)
class Advice:
    """What the next run takes by what is known, and what could be changed."""

    plan: Plan
    schedule: Schedule
    suggestions: tuple[Suggestion, ...]


def advise(
    plan: Plan,
    durations: Mapping[str, float],
    runs: Sequence[Outcome],
    table: Mapping[int, Tier],
) -> Advice:
    """Return what could be changed in a plan.

    Args:
        plan: Without faults.
        durations: Seconds that its tasks took before, as far as they are known.
        runs: Its past, the newest first.
        table: The tiers.
    """
    real = learned(plan, durations, all_of_them=True)
    now = _tried(real)
    found = (
        *_workers(real, now),
        *_cpu_workers(real, now),
        *_modes(real, now, runs, table),
        *_tasks(real, now),
        *_estimates(plan, durations, now),
    )
    return Advice(real, now, found)


def _tried(plan: Plan, tries: int | None = None) -> Schedule:
    return search(plan, tries=tries or max(1, min(100, _EFFORT // max(len(plan.expected), 1))))


def _workers(plan: Plan, now: Schedule) -> Iterator[Suggestion]:
    most = min(len(plan.expected), _WORKERS)
    counts = sorted({*(1 << bits for bits in range(7)), 3, 6, 12, 24, 48, plan.workers, most})
    takes = {
        count: now.makespan
        if count == plan.workers
        else _tried(replace(plan, workers=count), 20).makespan
        for count in counts
        if count <= max(most, plan.workers)
    }
    best = min(takes.values())
    enough = min(count for count, makespan in takes.items() if makespan <= _NEAR * best)
    makespan = takes[enough]
    if enough > plan.workers and _is_shorter(makespan, now):
        text = (
            f"with {enough} workers in place of {plan.workers} it takes {spoken(makespan)} in"
            f" place of {spoken(now.makespan)}"
        )
        yield Suggestion(SuggestionKind.WORKERS, "", plan.workers, enough, makespan, text)
    elif enough < plan.workers and makespan <= _NEAR * now.makespan:
        text = (
            f"{plural(enough, 'worker')} in place of {plan.workers} would do as well:"
            f" {spoken(makespan)}"
        )
        yield Suggestion(SuggestionKind.WORKERS, "", plan.workers, enough, makespan, text)


def _cpu_workers(plan: Plan, now: Schedule) -> Iterator[Suggestion]:
    if plan.cpu_workers is None or plan.cpu_workers >= plan.workers:
        return
    more = 2 * plan.cpu_workers
    makespan = _tried(replace(plan, cpu_workers=more), 20).makespan
    if _is_shorter(makespan, now):
        text = (
            f"cores are what it waits for: with {more} in place of {plan.cpu_workers} it takes"
            f" {spoken(makespan)} in place of {spoken(now.makespan)}"
        )
        yield Suggestion(SuggestionKind.CPU_WORKERS, "", plan.cpu_workers, more, makespan, text)


def _modes(
    plan: Plan, now: Schedule, runs: Sequence[Outcome], table: Mapping[int, Tier]
) -> Iterator[Suggestion]:
    """What another mode, or another tier, would change for a plan that names a tier."""
    if plan.tier is None or plan.tier not in table or plan.mode is None:
        return
    present = plan.tier
    mode, modes = Mode(plan.mode), list(Mode)
    at = modes.index(mode)
    storms = sum(
        each.error is not None and each.error.kind.startswith("rate_limited")
        for run in runs
        for each in run.actual.courses.values()
    )
    if storms and at:
        other = modes[at - 1]
        makespan = _in_mode(plan, table[present], other)
        text = (
            f"{storms} attempts were refused as too many: `mode: {other}` asks for less, and takes"
            f" {spoken(makespan)}"
        )
        yield Suggestion(SuggestionKind.MODE, "", str(mode), str(other), makespan, text)
        return
    for other in modes[at + 1 :]:
        makespan = _in_mode(plan, table[present], other)
        if _is_shorter(makespan, now):
            text = f"`mode: {other}` takes {spoken(makespan)} in place of {spoken(now.makespan)}"
            yield Suggestion(SuggestionKind.MODE, "", str(mode), str(other), makespan, text)
            break
    higher = min((tier for tier in table if tier > present), default=None)
    if higher is not None:
        makespan = _in_mode(plan, table[higher], mode)
        if _is_shorter(makespan, now):
            text = (
                f"an account of tier {higher} takes {spoken(makespan)} in place of"
                f" {spoken(now.makespan)}"
            )
            yield Suggestion(SuggestionKind.TIER, "", present, higher, makespan, text)


def _in_mode(plan: Plan, tier: Tier, mode: Mode) -> float:
    other = replace(plan, workers=tier.workers[mode], rate_limit=tier.rate_limit(mode))
    return _tried(other, 20).makespan


def _tasks(plan: Plan, now: Schedule) -> Iterator[Suggestion]:
    """Which tasks of the critical path the run would be shorter by, if they took half as long."""
    longest = sorted(now.critical_path, key=lambda task: now.starts[task] - now.ends[task])
    found = []
    for name in longest[: 2 * _MOST]:
        halved = tuple(
            changed(task, estimate=task.estimate / 2) if task.id == name else task
            for task in plan.tasks
        )
        makespan = _tried(replace(plan, tasks=halved), 20).makespan
        if _is_shorter(makespan, now):
            found.append((makespan, name))
    for makespan, name in sorted(found)[:_MOST]:
        took = now.ends[name] - now.starts[name]
        text = (
            f"`{name}` is on the critical path: in half of its {spoken(took)} the plan takes"
            f" {spoken(makespan)} in place of {spoken(now.makespan)}"
        )
        yield Suggestion(
            SuggestionKind.TASK, name, milliseconds(took), milliseconds(took / 2), makespan, text
        )


def _estimates(plan: Plan, durations: Mapping[str, float], now: Schedule) -> Iterator[Suggestion]:
    off = []
    for task in plan.tasks:
        took = durations.get(task.id)
        if took is None or task.id in plan.unestimated or abs(took - task.estimate) < _LEAST:
            continue
        if max(took, task.estimate) > _OFF * min(took, task.estimate):
            off.append((abs(took - task.estimate), task.id, task.estimate, took))
    for _, name, estimate, took in sorted(off, reverse=True)[:_MOST]:
        text = f"`{name}` takes {spoken(took)}, and its estimate is {spoken(estimate)}"
        yield Suggestion(
            SuggestionKind.ESTIMATE,
            name,
            milliseconds(estimate),
            milliseconds(took),
            now.makespan,
            text,
        )


def _is_shorter(makespan: float, now: Schedule) -> bool:
    return makespan < _SHORTER * now.makespan and now.makespan - makespan > _LEAST
