"""Plans as ordinary workflows: ids, bodies, dispatch; what is kept of them in their runs."""

import pytest

from ciranda.errors import SettingsError, StoreError
from ciranda.workflow.load import loads
from ciranda_planner.acceptance import Acceptance, Demands
from ciranda_planner.archive import remembered
from ciranda_planner.compiling import compile_plan, dispatch_of, step_ids
from ciranda_planner.cores import within_cores
from ciranda_planner.limiting import limiter_of
from ciranda_planner.plan import Cost, Kind, RateLimit, Success
from ciranda_planner.settings import PlannerSettings
from ciranda_planner.trial import burn, trial

from .running import plan_of, sleeps


def compiled(*tasks, order=(), actions=None, **more):
    plan = plan_of(*tasks, **more)
    found = {action.name: action for action in (burn, trial)} | (actions or {})
    names = order or [task.id for task in tasks]
    return compile_plan(plan, names, found.get, timeout=60.0)


def test_tasks_keep_their_ids_where_a_workflow_can_read_them():
    ids = step_ids(["a", "b-c", "b_c", "b c", "7", "", "ü"])

    assert ids == {
        "a": "a", "b-c": "b_c_2", "b_c": "b_c", "b c": "b_c_3", "7": "_7", "": "_", "ü": "__2",
    }  # fmt: skip
    assert len(set(ids.values())) == len(ids)


def test_a_plan_comes_back_from_the_workflow_that_its_run_pins():
    made = compiled(
        sleeps("a", cost=Cost(1, 2, 3), resources={"db": 1}, success=Success(expression="true")),
        sleeps("b-1", "a", kind=Kind.CPU, command=("true",), retries=2),
        rate_limit=RateLimit(60.0, requests=5),
        order=["b-1", "a"],
    )

    plan, order, barriers = remembered(loads(made.workflow.source))

    assert plan == made.plan
    assert plan.digest == made.plan.digest
    assert order == ("b-1", "a")
    assert barriers == frozenset()


def test_what_is_no_plan_is_not_read_as_one():
    workflow = loads("ciranda: 1\nname: flow\nsteps:\n  a: {run: [true]}\n")

    with pytest.raises(StoreError, match="the run of `flow` is not of a plan"):
        remembered(workflow)


def test_each_task_is_one_step():
    made = compiled(
        sleeps("a", title="Look", description="at it", timeout=0.25),
        sleeps("b", "a", behaviour="fail_times:3", retries=3),
        sleeps("c", uses="planner.burn", with_={"seconds": 1}, kind=Kind.CPU),
        sleeps("d", command=("echo", "x"), success=Success(exit_code=3)),
        sleeps("e", behaviour="burn"),
        sleeps("f", behaviour="hang", kind=Kind.CPU, seconds=80.0),
    )
    steps = made.workflow.steps

    assert (steps["a"].uses, steps["a"].timeout, steps["a"].estimate) == ("planner.sleep", 0.25, 1)
    assert steps["a"].description == "Look: at it"
    assert steps["b"].needs == ("a",)
    assert steps["b"].with_ == {"seconds": 1.0, "failures": 3}
    assert (steps["b"].idempotent, steps["b"].retry.attempts) == (True, 4)
    assert steps["c"].retry.on == ("rate_limited",)
    assert steps["d"].with_ == {"argv": ["echo", "x"], "ok_codes": [3]}
    assert steps["e"].uses == steps["f"].uses == "planner.burn"
    assert (steps["d"].timeout, steps["f"].timeout) == (60, 160)


def test_functions_that_block_share_cores_or_wait_in_threads():
    from ciranda import action

    @action("work.blocking")
    def blocking() -> int:
        return 1

    made = compiled(
        sleeps("io", uses="work.blocking"),
        sleeps("cpu", uses="work.blocking", kind=Kind.CPU),
        sleeps("own", uses="planner.burn"),
        actions={"work.blocking": blocking},
    )

    assert {name: step.executor for name, step in made.workflow.steps.items()} == {
        "io": "thread", "cpu": "process", "own": None,
    }  # fmt: skip


def test_the_dispatch_has_the_order_and_all_limits_of_the_plan():
    made = compiled(
        sleeps("a-1", kind=Kind.CPU, resources={"cpu": 2}),
        sleeps("b", cost=Cost(1, 100)),
        sleeps("c"),
        order=["c", "a-1", "b"],
        workers=7,
        cpu_workers=2,
        resources={"cpu": 3},
        rate_limit=RateLimit(60.0, requests=5, output_tokens=9),
    )
    limiter = limiter_of(made.plan, lambda: 0.0)

    dispatch = dispatch_of(made, limiter)

    assert dispatch.order == {"c": 0, "a_1": 1, "b": 2}
    assert dispatch.most == 7
    assert dispatch.capacities == {"cpu": 2, "resource cpu": 3}
    assert dispatch.demands == {"a_1": {"cpu": 1, "resource cpu": 2}}
    assert dispatch.costs == {"b": (1, 0)}
    assert limiter is not None
    assert limiter.limits == (5, 9)


def test_a_limit_that_limits_nothing_is_no_limiter():
    assert limiter_of(plan_of(sleeps("a")), lambda: 0.0) is None
    assert limiter_of(plan_of(sleeps("a"), rate_limit=RateLimit(60.0)), lambda: 0.0) is None


def test_the_limit_of_a_tier_is_shared_by_all_plans_of_the_machine(tmp_path):
    def limiter(**more):
        plan = plan_of(sleeps("a"), rate_limit=RateLimit(60.0, requests=2), **more)
        return limiter_of(plan, lambda: 0.0, folder=tmp_path)

    account, same, own = limiter(tier=1), limiter(tier=1), limiter()
    try:
        assert account.try_take([2]) is not None
        assert same.try_take([1]) is None
        assert own.try_take([2]) is not None
    finally:
        account.close()
        same.close()


def test_work_on_cores_is_held_to_the_cores_there_are_and_trials_that_sleep_are_not():
    work = plan_of(sleeps("a", kind=Kind.CPU, uses="planner.burn"), cpu_workers=9)
    trials = plan_of(sleeps("a", kind=Kind.CPU), cpu_workers=9)

    assert within_cores(work, 2).cpu_workers == 2
    assert within_cores(plan_of(*work.tasks), 2).cpu_workers == 2
    assert within_cores(trials, 2) == trials


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"deadlin": 1}, "unknown field `deadlin`"),
        ({"schema": {"type": "nothing"}}, "has no JSON Schema"),
        ({"expression": "result >"}, "is no expression"),
    ],
)
def test_demands_that_make_no_sense_are_refused_before_anything_runs(options, message):
    with pytest.raises(SettingsError, match=message):
        Acceptance("a", Demands.read("a", options))


def test_the_settings_name_tiers_of_their_own():
    row = {"requests": 9, "input_tokens": 9, "output_tokens": 9}
    workers = {"conservative": 1, "balanced": 2, "aggressive": 3}
    import msgspec

    known = msgspec.convert(
        {"tier": 7, "tiers": {"7": {**row, "workers": workers}}}, PlannerSettings
    )
    lacking = msgspec.convert(
        {"tiers": {"7": {**row, "workers": {"balanced": 2}}}}, PlannerSettings
    )

    assert known.defaults(workers=4).table[7].requests == 9
    with pytest.raises(SettingsError, match="there is no tier 9: write one of 1, 2, 3, 4"):
        PlannerSettings(tier=9).defaults()
    with pytest.raises(SettingsError, match="says nothing of conservative, aggressive"):
        lacking.defaults()
