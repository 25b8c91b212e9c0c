"""Schedules against a naive dispatcher, and against what must hold at every instant."""

import random
from itertools import pairwise

import pytest

from ciranda_planner.answering import plan_answer
from ciranda_planner.bounds import bounds_of
from ciranda_planner.dispatching import play, play_out, problem_of
from ciranda_planner.graph import SECOND, graph_of
from ciranda_planner.plan import Cost, Kind, Plan, RateLimit, Task
from ciranda_planner.reading import plan_of
from ciranda_planner.schedule import Cause
from ciranda_planner.search import search

from ...effort import THOROUGH

DRAWS = 5000 if THOROUGH else 400


def drawn(seed):
    """Return a random plan of up to 60 tasks, with limits of all kinds in half of them."""
    draw = random.Random(seed)
    count = draw.choice((1, 2, 5, 9, 14, 20, 60))
    limited = draw.random() < 0.5
    limit = None
    if limited and draw.random() < 0.7:
        limit = RateLimit(draw.choice((0.05, 0.2)), draw.randint(2, 4), draw.choice((None, 50)))
    tasks = []
    for at in range(count):
        needs = {draw.randrange(at) for _ in range(draw.randint(0, 3))} if at else ()
        cost = Cost()
        if limit and draw.random() < 0.5:
            cost = Cost(draw.randint(0, 2), draw.randint(0, 50), draw.randint(0, 9))
        names = [name for name in ("db", "web") if limited and draw.random() < 0.2]
        tasks.append(
            Task(
                f"t{at}",
                needs=tuple(f"t{need}" for need in sorted(needs)),
                kind=draw.choice(tuple(Kind)),
                estimate=draw.randint(0, 9) / 100,
                cost=cost,
                resources={name: draw.randint(1, 2) if name == "web" else 1 for name in names},
                priority=draw.randint(0, 2),
            )
        )
    cores = draw.choice((None, 1, 2))
    workers = draw.randint(1, 6)
    return Plan("drawn", tuple(tasks), workers, cores, limit, {"web": 2})


def naive(plan, order):
    """Return the starts by looking at everything whenever anything changes, in milliseconds."""
    tasks = {task.id: task for task in plan.tasks}
    length = {name: round(task.estimate * 1000) for name, task in tasks.items()}
    window = round(plan.rate_limit.window * 1000) if plan.rate_limit else 0
    starts: dict[str, int] = {}
    done: set[str] = set()
    running: set[str] = set()

    def used(name):
        return sum(tasks[one].resources.get(name, 0) for one in running)

    def fits(task, now):
        if plan.rate_limit is None:
            return True
        recent = [tasks[one].cost.units for one, start in starts.items() if start + window > now]
        return all(
            most is None or sum(units[at] for units in recent) + task.cost.units[at] <= most
            for at, most in enumerate(plan.rate_limit.units)
        )

    def costs(task):
        if plan.rate_limit is None:
            return False
        pairs = zip(task.cost.units, plan.rate_limit.units, strict=True)
        return any(cost for cost, most in pairs if most is not None)

    now = 0
    front = None
    while len(done) < len(tasks):
        ended = {one for one in running if starts[one] + length[one] <= now}
        running -= ended
        done |= ended
        if now and not ended and not (front and fits(tasks[front], now)):
            now += 1
            continue
        front = None
        for name in order:
            task = tasks[name]
            if name in starts or not done.issuperset(task.needs) or len(running) >= plan.workers:
                continue
            busy = sum(tasks[one].kind is Kind.CPU for one in running)
            if task.kind is Kind.CPU and plan.cpu_workers and busy >= plan.cpu_workers:
                continue
            if any(
                used(one) + units > plan.resources.get(one, 1)
                for one, units in task.resources.items()
            ):
                continue
            if costs(task) and (front or not fits(task, now)):
                front = front or name
                continue
            starts[name] = now
            running.add(name)
        now += all(length[one] for one in running if starts[one] == now)
    return {name: start / 1000 for name, start in starts.items()}


def test_plans_are_played_as_a_naive_dispatcher_runs_them():
    for seed in range(DRAWS // 4):
        plan = drawn(seed)
        schedule = search(plan, tries=1)

        assert schedule.starts == naive(plan, schedule.order), seed


def peak(spans):
    """Return the most of what is in use at once; (start, end, units), half-open."""
    changes = sorted(
        change for start, end, units in spans for change in ((start, 1, units), (end, 0, -units))
    )
    most = now = 0
    for _, _, units in changes:
        now += units
        most = max(most, now)
    return most


@pytest.mark.uncounted
def test_no_limit_is_broken_at_any_instant_and_no_worker_idles():
    for seed in range(DRAWS):
        plan = drawn(seed)
        schedule = search(plan, tries=6, seed=seed)
        starts, ends, bounds = schedule.starts, schedule.ends, schedule.bounds
        longs = [task for task in plan.tasks if task.estimate]

        assert starts.keys() == {task.id for task in plan.tasks}
        assert all(ends[need] <= starts[task.id] for task in plan.tasks for need in task.needs)
        assert peak((starts[task.id], ends[task.id], 1) for task in longs) <= plan.workers
        cpu = ((starts[one.id], ends[one.id], 1) for one in longs if one.kind is Kind.CPU)
        assert peak(cpu) <= (plan.cpu_workers or plan.workers)
        for name, most in (("db", 1), ("web", 2)):
            held = ((starts[one.id], ends[one.id], one.resources.get(name, 0)) for one in longs)
            assert peak(held) <= most
        for at, most in enumerate(plan.rate_limit.units if plan.rate_limit else ()):
            if most is not None:
                window = round(plan.rate_limit.window * SECOND)
                granted = (
                    (begin := round(starts[one.id] * SECOND), begin + window, one.cost.units[at])
                    for one in plan.tasks
                )
                assert peak(granted) <= most
        assert schedule.makespan >= max(bounds.tightest - 1e-9, bounds.workers, bounds.cpu_workers)
        if plan.rate_limit is None and plan.cpu_workers is None:
            idle_while_ready(plan, schedule)


def idle_while_ready(plan, schedule):
    """Fail if a task that needs no resource waits while a worker is free."""
    for task in plan.tasks:
        if task.resources or task.id not in schedule.waits:
            continue
        start = schedule.starts[task.id]
        ready = max((schedule.ends[need] for need in task.needs), default=0.0)
        for instant in {ready, *(end for end in schedule.ends.values() if ready <= end < start)}:
            busy = sum(
                schedule.starts[one.id] <= instant < schedule.ends[one.id] for one in plan.tasks
            )
            assert busy >= plan.workers


def test_more_tries_never_make_a_schedule_longer():
    for seed in range(40):
        plan = drawn(seed)
        spans = [search(plan, tries=tries).makespan for tries in (1, 10, 60)]

        assert spans == sorted(spans, reverse=True)


def test_the_fast_way_and_the_full_one_play_alike():
    for seed in range(200):
        plan = drawn(seed)
        graph = graph_of(plan)
        problem = problem_of(plan, graph, graph.ranks())
        order = sorted(range(len(graph.tasks)), key=lambda task: hash((task, 7)))

        quick, full = play(problem, order), play_out(problem, order)

        assert quick is not None
        assert (quick.starts, quick.makespan) == (full.starts, full.makespan)
        assert play(problem, order, quick.makespan) is None or not quick.makespan
        again = play(problem, order, quick.makespan + 1)
        assert again is not None
        assert again.starts == quick.starts


def tasks_of(count, needs, length=10):
    return {
        "tasks": [{"id": f"t{at}", "deps": needs(at), "duration_ms": length} for at in range(count)]
    }


@pytest.mark.parametrize(
    ("fields", "levels", "makespan"),
    [
        (tasks_of(3000, lambda at: [f"t{at - 1}"] if at else []), 3000, 30),
        (tasks_of(3000, lambda at: [f"t{at + 1}"] if at < 2999 else []), 3000, 30),
        (tasks_of(1000, lambda at: []) | {"max_workers": 10}, 1, 1),
        (tasks_of(1000, lambda at: ["t0"] if at else []) | {"max_workers": 1000}, 2, 0.02),
        (tasks_of(1001, lambda at: [] if at < 1000 else [f"t{n}" for n in range(1000)])
         | {"max_workers": 1000}, 2, 0.02),
    ],
    ids=["chain", "chain backwards", "wide", "fan-out", "fan-in"],
)  # fmt: skip
def test_long_and_wide_plans_are_planned_without_recursion(fields, levels, makespan):
    schedule = search(plan_of(fields))

    assert len(schedule.levels) == levels
    assert schedule.makespan == pytest.approx(makespan)
    assert schedule.distance == pytest.approx(0)


def test_levels_are_longest_paths_sorted_by_code_point():
    tasks = [Task(name) for name in ("b", "é", "Z", "a10", "a9", "🎉")]
    tasks.append(Task("last", needs=("b", "next")))
    tasks.append(Task("next", needs=("é",)))

    levels = graph_of(Plan("p", tuple(tasks), 2)).levels()

    assert levels == (("Z", "a10", "a9", "b", "é", "🎉"), ("next",), ("last",))


def test_a_graph_of_tasks_that_wait_for_each_other_is_refused():
    with pytest.raises(ValueError, match="wait for each other"):
        graph_of(Plan("p", (Task("a", needs=("b",)), Task("b", needs=("a",))), 1))


def test_bounds_are_each_what_they_say():
    limit = RateLimit(1.0, requests=2)
    tasks = (
        Task("a", estimate=0.3, kind=Kind.CPU, cost=Cost(1), resources={"db": 1}),
        Task("b", estimate=0.4, kind=Kind.CPU, cost=Cost(1), resources={"db": 1}),
        Task("c", estimate=0.5, needs=("a",), cost=Cost(1)),
    )
    plan = Plan("p", tasks, 2, 1, limit)
    graph = graph_of(plan)

    bounds = bounds_of(plan, graph, graph.ranks())

    assert bounds.critical_path == 0.8
    assert bounds.workers == 0.6
    assert bounds.cpu_workers == 0.7
    assert bounds.resources == 0.7
    assert bounds.rate_limit == 1.4  # the third start is a window behind the first
    assert bounds.lower == 0.8
    assert bounds.tightest == 1.4


def test_what_held_each_task_back_is_known():
    plan = plan_of(
        {
            "workers": 3,
            "cpu_workers": 1,
            "rate_limit": {"window_ms": 500, "requests": 1},
            "tasks": [
                {"id": "c1", "kind": "cpu", "duration_ms": 100},
                {"id": "c2", "kind": "cpu", "duration_ms": 100},
                {"id": "r1", "cost": {"requests": 1}, "duration_ms": 10},
                {"id": "r2", "cost": {"requests": 1}, "duration_ms": 10},
                {"id": "d1", "resources": ["db"], "duration_ms": 20},
                {"id": "d2", "resources": ["db"], "duration_ms": 20},
                *({"id": f"w{at}", "duration_ms": 90} for at in range(3)),
            ],
        }
    )
    told = plan_answer(plan, search(plan, tries=1))

    assert told["waits"]["c2"] == {"ms": 100, "cause": "cpu_workers"}
    assert told["waits"]["r2"]["cause"] == "rate_limit"
    assert told["waits"]["w2"]["cause"] == "workers"
    assert {told["waits"][name]["cause"] for name in ("d1", "d2")} <= {"resources", "workers"}


def test_a_large_request_in_front_is_not_starved_by_small_ones():
    limit = {"window_ms": 100, "input_tokens": 100}
    small = [{"id": f"s{at}", "cost": {"input_tokens": 30}, "duration_ms": 10} for at in range(30)]
    large = {"id": "large", "cost": {"input_tokens": 100}, "duration_ms": 20}
    plan = plan_of({"workers": 4, "rate_limit": limit, "tasks": [*small, large]})

    schedule = search(plan, tries=1)

    assert schedule.order[0] == "large"
    assert schedule.starts["large"] == 0
    assert sorted(schedule.starts.values())[1] == 0.1
    assert all(later >= now for now, later in pairwise(sorted(schedule.starts.values())))


def test_ready_tasks_of_equal_urgency_go_by_priority_then_by_place():
    tasks = [{"id": name, "estimate": "1s", "priority": urgent} for name, urgent in
             (("d", 0), ("a", 0), ("c", 5), ("b", -1))]  # fmt: skip

    schedule = search(plan_of({"workers": 1, "tasks": tasks}))

    assert schedule.order == ("c", "d", "a", "b")


def test_what_has_succeeded_and_what_stands_by_is_no_part_of_the_schedule():
    plan = plan_of(
        {
            "already_succeeded": ["a"],
            "tasks": [
                {"id": "a", "duration_ms": 500},
                {"id": "b", "deps": ["a"], "duration_ms": 50, "contingency": "help"},
                {"id": "help", "duration_ms": 900},
            ],
        }
    )

    schedule = search(plan)

    assert schedule.starts == {"b": 0}
    assert schedule.levels == (("b",),)
    assert schedule.total_work == 0.05
    nothing = search(plan_of({"already_succeeded": ["a"], "tasks": [{"id": "a", "estimate": 1}]}))
    assert (nothing.makespan, nothing.levels, nothing.speedup) == (0, (), 1)


def test_what_deserves_a_look_is_told_and_nothing_else():
    fields = {
        "workers": 1,
        "plan_timeout_ms": 1000,
        "tasks": [
            {"id": "a", "duration_ms": 900, "timeout_ms": 100},
            {"id": "b", "deps": ["a", "a"], "duration_ms": 200, "deadline": "1s"},
        ],
    }
    plan = plan_of(fields)
    told = plan_answer(plan, search(plan))

    assert [(one["kind"], one["task"]) for one in told["warnings"]] == [
        ("duplicate_dependency", "b"),
        ("estimate_over_timeout", "a"),
        ("deadline_missed", "b"),
        ("plan_over_timeout", None),
    ]
    assert plan.tasks[1].needs == ("a",)
    assert plan.digest == plan_of(fields | {"x-seen": True}).digest


def test_speedup_efficiency_and_distance_are_told():
    plan = plan_of({"workers": 4, "tasks": tasks_of(8, lambda at: [], 100)["tasks"]})

    told = plan_answer(plan, search(plan))

    assert (told["speedup"], told["efficiency"], told["distance"]) == (4, 1, 0)
    assert Cause.WORKERS.value == "workers"
