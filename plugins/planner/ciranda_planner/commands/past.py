"""What a command says of a run out of the store: its plan, its outcome, what deserves a look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, final

from ciranda.cli.history import opened

if TYPE_CHECKING:
    from ..chart import Chart
    from ..execution import Outcome
    from ..plan import Plan
    from ..telemetry import Finding

__all__ = ["Told", "past_of", "told_run"]

RUNS: Final = 10  # that are compared


@final
@dataclass(frozen=True, slots=True)
class Told:
    """A run of a plan; `chart` is its picture."""

    plan: Plan
    outcome: Outcome
    chart: Chart
    found: tuple[Finding, ...]

    @property
    def sentences(self) -> list[str]:
        """What deserves a look."""
        return [each.message for each in self.found]


def told_run(store: str | None, named: str) -> Told:
    """Return the run of a plan that a person means.

    Raises:
        RunNotFoundError: There is no such run, or more than one.
        StoreError: It is not the run of a plan.
    """
    from ..archive import remembered
    from ..chart import chart_of_run
    from ..history import found_plan_run, past_runs, plan_of_run
    from ..recorded import recorded
    from ..search import scheduled
    from ..telemetry import findings

    with opened(store, reading=True) as log:
        from ciranda.cli.history import pinned_workflow

        run = found_plan_run(log, named)
        plan, order, barriers = remembered(pinned_workflow(log, run))
        outcome = recorded(log, run)
        before = past_runs(log, plan.name, most=RUNS - 1, before=run)
        bare = replace(plan, tasks=tuple(each for each in plan.tasks if each.id not in barriers))
        chart = chart_of_run(log, run, bare, scheduled(plan, order), outcome.state)
        found = findings([outcome, *(each.outcome for each in before)])
        return Told(plan_of_run(log, run), outcome, chart, found)


def past_of(store: str | None, plan: Plan) -> tuple[dict[str, float], list[Outcome]]:
    """Return what the tasks of a plan took before, and the runs of plans of its name.

    Raises:
        StoreError: The store cannot be read.
    """
    from ciranda.errors import RunNotFoundError

    from ..history import past_runs
    from ..learning import durations_of

    try:
        with opened(store, reading=True) as log:
            runs = past_runs(log, plan.name, most=RUNS)
            return durations_of(log, plan), [each.outcome for each in runs]
    except RunNotFoundError:
        return {}, []
