"""What runs say about a plan, and what would make the next one shorter."""

from dataclasses import replace

import pytest

from ciranda import RunResult
from ciranda_planner.actual import Actual, Course
from ciranda_planner.execution import Outcome
from ciranda_planner.learning import learned
from ciranda_planner.plan import Cost, Kind, Plan, Task
from ciranda_planner.report import report_of
from ciranda_planner.search import search
from ciranda_planner.state import PlanState, State
from ciranda_planner.telemetry import FindingKind, findings
from ciranda_planner.tiers import TIERS, Mode
from ciranda_planner.tuning import SuggestionKind, advise

SUCCEEDED = State.SUCCEEDED


def plan_of(*tasks, workers=2, **more):
    return Plan("x", tasks, workers, **more)


def run_of(plan, spans, *, states=None, waited=None, attempts=None):
    """Return a run by the start and end of its tasks."""
    states, waited, attempts = states or {}, waited or {}, attempts or {}
    actual = Actual({task.id: task.id for task in plan.tasks}, {})
    for task, (start, end) in spans.items():
        each = [(start, start)] * (attempts.get(task, 1) - 1) + [(start, end)]
        actual.courses[task] = Course(
            states.get(task, SUCCEEDED), each, waited=waited.get(task, {})
        )
    ended = {task: course.state for task, course in actual.courses.items()}
    good = all(state is SUCCEEDED for state in ended.values())
    return Outcome(
        run="r",
        state=PlanState.SUCCEEDED if good else PlanState.PARTIAL,
        states=ended,
        report=report_of(plan, search(plan), actual),
        actual=actual,
        result=RunResult(run_id="r", status="succeeded"),
        results={},
        wall=actual.makespan,
        least=plan.workers,
    )


A, B = Task("a", estimate=1.0), Task("b", needs=("a",), estimate=1.0)
PAIR = plan_of(A, B)


def pair(a=1.0, b=1.0, **more):
    return run_of(PAIR, {"a": (0.0, a), "b": (a, a + b)}, **more)


def kinds(runs):
    return [(str(each.kind), each.task) for each in findings(runs)]


def test_nothing_is_said_of_no_run_nor_of_one_that_went_as_planned():
    three = plan_of(A, B, Task("c", needs=("b",), estimate=1.0))

    assert kinds([]) == []
    assert kinds([run_of(three, {"a": (0, 1), "b": (1, 2), "c": (2, 3)})]) == []


@pytest.mark.parametrize(
    ("cause", "words"),
    [("limit", "the rate limit held"), ("workers", "too few workers"), ("resources", "share held")],
)
def test_what_the_end_of_the_run_waited_for_is_a_bottleneck(cause, words):
    run = run_of(PAIR, {"a": (0, 1), "b": (2, 3)}, waited={"b": {cause: 1.0}})

    found = next(each for each in findings([run]) if each.kind is FindingKind.WAITED)

    assert found.task == "b"
    assert words in found.message
    assert found.seconds == pytest.approx(1.0)


def test_one_task_that_takes_most_of_the_run_is_named():
    run = run_of(plan_of(A, B), {"a": (0, 1), "b": (1, 9)})

    assert ("long_task", "b") in kinds([run])
    assert ("prediction", "") in kinds([run])


def test_what_became_slower_is_told_once_there_is_a_habit():
    usual = [pair(1.0 + drift, 1.0) for drift in (0.01, 0.0, 0.02)]

    assert ("slower_task", "b") in kinds([pair(1.0, 2.0), *usual])
    assert ("slower_run", "") in kinds([pair(1.0, 2.0), *usual])
    assert not {"slower_task", "slower_run"} & {kind for kind, _ in kinds([pair(), *usual])}
    assert not {"slower_task", "slower_run"} & {
        kind for kind, _ in kinds([pair(1.0, 2.0), *usual[:2]])
    }


def test_what_varies_anyway_is_not_called_slower():
    usual = [pair(1.0, each) for each in (1.0, 3.0, 1.2, 2.6, 1.9)]

    assert "slower_task" not in {kind for kind, _ in kinds([pair(1.0, 3.0), *usual])}


def test_runs_that_failed_are_no_measure():
    failed = pair(0.01, 0.01, states={"b": State.FAILED})

    assert "slower_run" not in {kind for kind, _ in kinds([pair(), failed, failed, failed])}


def test_tasks_that_fail_now_and_then_are_unreliable():
    bad = pair(states={"b": State.TIMED_OUT})
    again = pair(attempts={"a": 3})

    assert ("unreliable", "b") in kinds([pair(), bad, pair(), bad])
    assert ("unreliable", "a") in kinds([again, pair(), again])
    assert "unreliable" not in {kind for kind, _ in kinds([pair(), bad])}


def suggested(plan, durations=None, runs=()):
    advice = advise(plan, durations or {}, runs, TIERS)
    return {(each.kind, each.task): each for each in advice.suggestions}


def test_as_many_workers_as_make_it_shorter_and_no_more_are_suggested():
    plan = plan_of(*(Task(f"t{at}", estimate=1.0) for at in range(6)), workers=2)

    found = suggested(plan)[SuggestionKind.WORKERS, ""]

    assert (found.before, found.after, found.makespan) == (2, 6, 1.0)
    assert found.plain(3.0)["saves_ms"] == 2000


def test_workers_that_have_nothing_to_do_are_told():
    found = suggested(plan_of(A, B, workers=8))[SuggestionKind.WORKERS, ""]

    assert found.after == 1
    assert found.message == "1 worker in place of 8 would do as well: 2.00 s"


def test_cores_are_named_where_they_are_what_is_missing():
    tasks = (Task(f"t{at}", estimate=1.0, kind=Kind.CPU) for at in range(4))

    found = suggested(plan_of(*tasks, workers=4, cpu_workers=1))

    assert found[SuggestionKind.CPU_WORKERS, ""].after == 2


def test_the_task_of_the_critical_path_that_matters_is_named():
    plan = plan_of(Task("long", estimate=4.0), Task("short", estimate=1.0))

    found = suggested(plan)

    assert found[SuggestionKind.TASK, "long"].makespan == 2.0
    assert (SuggestionKind.TASK, "short") not in found


def test_estimates_are_held_against_what_tasks_took():
    plan = plan_of(
        Task("far", estimate=1.0, command=("x",)),
        Task("near", estimate=1.0, command=("x",)),
        Task("silent", estimate=1.0, command=("x",)),
        unestimated=frozenset({"silent"}),
    )

    found = suggested(plan, {"far": 4.0, "near": 1.1, "silent": 9.0})

    assert (SuggestionKind.ESTIMATE, "far") in found
    assert (SuggestionKind.ESTIMATE, "near") not in found
    assert (SuggestionKind.ESTIMATE, "silent") not in found


def tiered(tier, mode):
    row = TIERS[tier]
    tasks = [Task(f"t{at}", estimate=1.0, cost=Cost(requests=1)) for at in range(100)]
    return plan_of(
        *tasks,
        workers=row.workers[mode],
        rate_limit=row.rate_limit(mode),
        tier=tier,
        mode=str(mode),
    )


def test_a_mode_or_a_tier_that_allows_more_is_weighed():
    found = suggested(tiered(1, Mode.CONSERVATIVE))

    assert found[SuggestionKind.TIER, ""].after == 2
    assert found[SuggestionKind.TIER, ""].makespan < 20
    assert found[SuggestionKind.MODE, ""].after in {"balanced", "aggressive"}


def test_refusals_by_the_other_side_ask_for_a_calmer_mode():
    plan = tiered(1, Mode.AGGRESSIVE)
    run = run_of(plan, {task.id: (0, 1) for task in plan.tasks})
    run.actual.courses["t0"].error = type("Refusal", (), {"kind": "rate_limited"})()

    found = suggested(plan, runs=[run])

    assert found[SuggestionKind.MODE, ""].after == "balanced"
    assert (SuggestionKind.TIER, "") not in found


def test_what_was_learned_stands_in_for_estimates_that_nobody_gave():
    plan = plan_of(A, B, unestimated=frozenset({"b"}))

    some = learned(plan, {"a": 5.0, "b": 7.0})
    every = learned(plan, {"a": 5.0, "b": 7.0}, all_of_them=True)

    assert [task.estimate for task in some.tasks] == [1.0, 7.0]
    assert [task.estimate for task in every.tasks] == [5.0, 7.0]
    assert some.unestimated == frozenset()
    assert replace(plan, unestimated=frozenset()).digest == plan.digest
