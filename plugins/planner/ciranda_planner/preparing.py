"""Everything that stands between a plan and its run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from ciranda import Engine
from ciranda.store import Durability
from ciranda.workflow.check import Checked

from .compiling import Compiled, compile_plan
from .cores import within_cores
from .faults import PlanError
from .learning import durations_of, learned
from .plan import Cost, Plan
from .schedule import Schedule
from .search import search
from .settings import PlannerSettings
from .waves import with_barriers
from .wordless import wordless
from .workbench import actions_for, checked_work, in_order, unknown_actions, without_work

__all__ = ["Prepared", "prepare"]


@final
@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that can be run.

    Attributes:
        plan: As it runs: with its cores, and with its barriers.
        schedule: What it predicts.
        compiled: Its workflow.
        checked: The same, checked against the actions that there are; None when it is resumed.
        timeout: Seconds that the whole run may take.
        barriers: Tasks that stand between waves and are nobody's work.
        spent: What earlier parts of the run began: when, in seconds since the epoch, at what cost.
    """

    plan: Plan
    schedule: Schedule
    compiled: Compiled
    checked: Checked | None
    timeout: float
    barriers: frozenset[str] = frozenset()
    spent: tuple[tuple[float, Cost], ...] = ()


def prepare(
    engine: Engine, plan: Plan, *, file: str = "", waves: bool = False, learn: bool = True
) -> Prepared:
    """Search the schedule of a plan and make its workflow.

    Args:
        engine: Whose actions and settings it uses.
        plan: Without faults of its own.
        file: The plan's file.
        waves: Whether each level ends before the next one begins.
        learn: Whether tasks without an estimate get one of what they took before.

    Raises:
        PlanError: Tasks without work, actions that nobody brings, inputs that do not fit; all
            at once.
    """
    settings = engine.configuration.read(PlannerSettings)
    actions = actions_for(engine, plan)
    strange = unknown_actions(plan, actions, file)
    faults = in_order([*strange, *wordless(plan, file)], plan)
    blind = frozenset(fault.task for fault in strange)
    plan = without_work(plan, blind)  # the others are checked all the same
    bounded = within_cores(_estimated(engine, plan) if learn else plan, settings.cores)
    barriers: frozenset[str] = frozenset()
    if waves:
        bounded, barriers = with_barriers(bounded)
    schedule = search(bounded)
    compiled = compile_plan(
        bounded,
        schedule.order,
        actions.get,
        timeout=settings.timeout,
        file=file,
        barriers=barriers,
    )
    checked, wrong = checked_work(engine, compiled, blind, file)
    if checked is None:
        raise PlanError(in_order([*faults, *wrong], plan))
    if faults:
        raise PlanError(faults)
    timeout = plan.timeout or max(settings.plan_timeout, 2 * schedule.makespan)
    return Prepared(bounded, schedule, compiled, checked, timeout, barriers)


def _estimated(engine: Engine, plan: Plan) -> Plan:
    """Return the plan with what its tasks took before, where it does not say how long they take."""
    if not plan.unestimated or engine.durability is Durability.OFF:
        return plan
    return learned(plan, durations_of(engine.log, plan))
