"""What is said of plans that cannot be run: every kind, with its place, all at once."""

import json
import math
import os
from typing import Any

import pytest

from ciranda.workflow.document import Limits
from ciranda_planner import loading
from ciranda_planner.answering import fault_answer
from ciranda_planner.faults import FaultKind, PlanError
from ciranda_planner.plan import Cost, Kind, RateLimit, Success
from ciranda_planner.reading import MOST_TASKS, Defaults, plan_of, read_plan
from ciranda_planner.tiers import TIERS, Mode, Tier

WORK = {"duration_ms": 10}


def faults(fields, **options):
    with pytest.raises(PlanError) as caught:
        plan_of(fields, **options)
    return caught.value.faults


def kinds(fields, **options):
    return [fault.kind.value for fault in faults(fields, **options)]


def one(**fields):
    return {"tasks": [{"id": "a", **WORK, **fields}]}


def beside(**fields):
    return {"tasks": [{"id": "a", **WORK}], **fields}


LENGTHS: list[Any] = [-1, -0.5, math.nan, math.inf, -math.inf, 1e300, 10**400, "10", True, None, []]
COSTS: list[Any] = [1, None, [], {"requests": -1}, {"requests": 0.5}, {"requests": "1"}]
WRONG: list[tuple[str, Any]] = [
    ("empty_plan", {}),
    ("empty_plan", {"tasks": []}),
    ("empty_plan", {"tasks": None}),
    ("empty_plan", None),
    ("invalid_file", [{"id": "a"}]),
    ("invalid_file", "tasks"),
    ("invalid_task", {"tasks": "a"}),
    ("invalid_task", {"tasks": {"a": WORK}}),
    ("invalid_task", {"tasks": ["a"]}),
    ("invalid_task", {"tasks": [None]}),
    *(("invalid_id", one(id=name)) for name in ("", "  ", " a", "a\n", None, 5, True, ["a"])),
    *(("invalid_id", one(id=name)) for name in ("x" * 201, "a\x1b[2J", "a\u202eb", "\ud800")),
    ("invalid_id", {"tasks": [WORK]}),
    *(
        ("invalid_deps", one(deps=needs))
        for needs in ("b", None, 5, {"b": 1}, [5], [None], [["b"]])
    ),
    ("invalid_deps", one(needs="b")),
    ("invalid_deps", one(validates="b")),
    ("invalid_deps", one(needs=[], deps=[])),
    *(("invalid_duration", one(duration_ms=length)) for length in LENGTHS),
    *(
        ("invalid_duration", {"tasks": [{"id": "a", "estimate": length}]})
        for length in (-1, "soon", "-2s", "5", "999999999999d", None, False, math.nan)
    ),
    ("invalid_duration", {"tasks": [{"id": "a"}]}),
    ("invalid_duration", one(estimate="2s")),
    ("invalid_duration", one(timeout_ms=0)),
    ("invalid_duration", one(timeout="1m", timeout_ms=60000)),
    ("invalid_duration", one(deadline_ms="5s")),
    ("invalid_duration", beside(plan_timeout_ms=-1)),
    *(("invalid_kind", one(kind=kind)) for kind in ("gpu", "IO", None, 1, ["io"])),
    *(
        ("invalid_workers", beside(max_workers=workers))
        for workers in (0, -1, 1.5, 2.0, "4", True, None, 10**9)
    ),
    *(("invalid_workers", beside(cpu_workers=workers)) for workers in (0, -1, 1.5, "4", False)),
    ("invalid_workers", beside(workers=1, max_workers=1)),
    ("invalid_workers", beside(tier=9)),
    ("invalid_workers", beside(tier=True)),
    ("invalid_workers", beside(mode="fast")),
    *(
        ("invalid_rate_limit", beside(rate_limit=limit))
        for limit in (5, "50/1m", {"requests": -1}, {"requests": True}, {"input_tokens": 1.5})
    ),
    ("invalid_duration", beside(rate_limit={"window_ms": 0})),
    *(("invalid_cost", one(cost=cost)) for cost in COSTS),
    ("unknown_field", one(cost={"request": 1})),
    ("unknown_field", one(dep=[])),
    ("unknown_field", beside(max_worker=2)),
    ("unknown_version", beside(version=2)),
    ("unknown_version", beside(version="1")),
    ("invalid_field", one(title=5)),
    ("invalid_field", one(priority="high")),
    ("invalid_field", one(retries=-1)),
    ("invalid_field", one(retries=101)),
    ("invalid_field", beside(already_succeeded="a")),
    ("unknown_dependency", beside(already_succeeded=["b"])),
    ("unknown_dependency", one(needs=["b"])),
    ("unknown_dependency", one(contingency="b")),
    ("invalid_contingency", one(contingency="a")),
    ("invalid_contingency", one(contingency=5)),
    ("cycle", one(deps=["a"])),
    ("duplicate_id", {"tasks": [{"id": "a", **WORK}, {"id": "a", **WORK}]}),
    *(
        ("invalid_behaviour", one(behaviour=behaviour))
        for behaviour in ("dance", "fail_times", "fail_times:-1", "fail_times:x", None, 5)
    ),
    ("invalid_work", one(uses="a.b", command="make")),
    ("invalid_work", one(uses=5)),
    ("invalid_work", one(**{"with": {}})),
    ("invalid_work", one(uses="a.b", **{"with": []})),
    *(
        ("invalid_work", one(command=words))
        for words in ("", "a 'b", [], [""], [1], 5, None, ["\0"])
    ),
    *(
        ("invalid_resource", one(resources=names))
        for names in ("db", 5, [5], {"db": 0}, {"db": "1"}, {"db": True})
    ),
    ("invalid_resource", beside(resources=["db"])),
    ("invalid_resource", beside(resources={"db": -1})),
    ("resource_deadlock", one(resources=["db", "db"])),
    ("resource_deadlock", one(resources={"db": 2})),
    ("resource_deadlock", {**one(resources=["db"]), "resources": {"db": 0}}),
    *(
        ("invalid_success", one(success=success))
        for success in (
            5,
            {},
            {"exit_code": -1},
            {"schema": 5},
            {"file": ""},
            "1 +",
            {"expression": 5},
        )
    ),
    ("unknown_field", one(success={"exit": 0})),
    ("rate_limit_unsatisfiable", {**one(cost={"requests": 2}), "rate_limit": {"requests": 1}}),
    ("rate_limit_unsatisfiable", {**one(cost={"requests": 1}), "rate_limit": {"requests": 0}}),
    ("too_large", {"tasks": [None] * (MOST_TASKS + 1)}),
]


@pytest.mark.parametrize(
    ("kind", "fields"), WRONG, ids=[f"{at}-{kind}" for at, (kind, _) in enumerate(WRONG)]
)
def test_a_wrong_value_is_told_by_its_kind_and_nothing_else(kind, fields):
    found = faults(fields)

    assert {fault.kind.value for fault in found} == {kind}
    for fault in found:
        assert fault.message
        assert "\n" not in fault.message
        assert len(fault.message) < 300
        json.dumps(fault_answer([fault])).encode()


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file():
    text = b"""\
max_workers: 0
tasks:
  - {id: a, deps: [b], duration_ms: 5}
  - {id: b, deps: [a], duration_ms: .nan}
  - {id: c, deps: [ghost, 7], estimate: -2}
  - {id: c, kind: gpu, estimate: 1s, need: [a]}
  - {id: "", estimate: 99999999999999999999}
"""
    with pytest.raises(PlanError) as caught:
        read_plan(text, file="plan.yaml")

    found = [(fault.kind.value, fault.line, fault.column) for fault in caught.value.faults]

    assert found == [
        ("invalid_workers", 1, 14),
        ("cycle", 3, 5),
        ("invalid_duration", 4, 37),
        ("unknown_dependency", 5, 20),
        ("invalid_deps", 5, 27),
        ("invalid_duration", 5, 41),
        ("duplicate_id", 6, 10),
        ("invalid_kind", 6, 19),
        ("unknown_field", 6, 38),
        ("invalid_id", 7, 10),
        ("invalid_duration", 7, 24),
    ]
    assert str(caught.value).splitlines()[2] == (
        "plan.yaml:4:37: task `b`: `duration_ms` must be a number of milliseconds, not `.nan`"
    )


def test_faults_of_json_have_their_places_too(tmp_path):
    file = tmp_path / "plan.json"
    file.write_text('{"tasks": [\n {"id": "a", "deps": ["bb"], "duration_ms": NaN}]}')

    with pytest.raises(PlanError) as caught:
        read_plan(file)

    places = [(fault.kind.value, fault.file, fault.line) for fault in caught.value.faults]
    assert places == [
        ("unknown_dependency", str(file), 2),
        ("invalid_duration", str(file), 2),
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (one(needs=["b"]), "task `a` needs `b`, which is no task; add it, or remove the need"),
        (one(deps=["a"]), "task `a` needs itself: remove it from its needs"),
        (one(dep=[]), "task `a`: `dep` is no field of it; did you mean `deps`?"),
        (one(kind="IO"), "task `a`: `kind` must be `io` or `cpu`, not `IO`"),
        (one(deps="b"), "task `a`: `deps` must be a list such as [b], not `b`"),
        (one(id=5), "task 1: an id is text, not `5`; quote it"),
        (
            {**one(cost={"input_tokens": 9000}), "rate_limit": {"input_tokens": 8000}},
            "task `a` takes 9,000 input tokens, and the limit of a window is 8,000: it could"
            " never start; split it",
        ),
        (
            one(resources=["db", "db"]),
            "task `a` takes `db` 2 times at once, and there is 1: it would wait for itself;"
            " raise it in the plan's `resources`",
        ),
    ],
)
def test_a_message_names_the_thing_what_is_wrong_and_the_next_step(fields, said):
    assert [fault.message for fault in faults(fields)] == [said]


def test_separate_cycles_are_told_separately_with_their_paths():
    needs = {"a": "b", "b": "a", "x": "z", "y": "x", "z": "y"}
    tasks = [{"id": name, "deps": [need], **WORK} for name, need in needs.items()]

    found = faults({"tasks": tasks})

    assert [fault.path for fault in found] == [("a", "b", "a"), ("x", "z", "y", "x")]
    assert "`x` → `z` → `y` → `x`" in found[1].message


def test_a_ring_of_two_thousand_is_one_cycle_told_in_a_line():
    tasks = [{"id": f"t{at}", "deps": [f"t{at - 1}"], **WORK} for at in range(1, 2000)]
    tasks.insert(0, {"id": "t0", "deps": ["t1999"], **WORK})

    (found,) = faults({"tasks": tasks})

    assert found.kind is FaultKind.CYCLE
    assert len(found.path) == 2001
    assert "(1,989 more)" in found.message
    assert len(found.message) < 300


def test_a_contingency_waits_for_its_task_and_nothing_waits_for_it():
    tasks = [
        {"id": "a", "contingency": "b", **WORK},
        {"id": "b", "contingency": "a", **WORK},
    ]
    assert kinds({"tasks": tasks}) == ["cycle"]

    tasks = [
        {"id": "a", "contingency": "b", **WORK},
        {"id": "b", **WORK},
        {"id": "c", "needs": ["b"], **WORK},
    ]
    assert kinds({"tasks": tasks}) == ["invalid_contingency"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", "empty_plan"),
        (b"# nothing\n", "empty_plan"),
        (b"tasks: [", "invalid_file"),
        (b"\xff\xfe\x00", "invalid_file"),
        (b'{"tasks": [{"id": "a", "id": "b", "duration_ms": 1}]}', "invalid_file"),
        (b"tasks: " + b"[" * 100_000, "too_large"),
        (b'{"tasks": ' + b"[" * 200_000, "too_large"),
        (b"a: &a [x, x]\nb: &b [*a, *a]\ntasks: [*b, *b]", "unknown_field"),
    ],
)
def test_a_file_that_is_no_plan_is_told_as_such(text, kind):
    with pytest.raises(PlanError) as caught:
        read_plan(text)

    assert kind in {fault.kind.value for fault in caught.value.faults}


def test_a_bomb_of_aliases_is_refused_in_a_moment():
    lines = ["a0: &a0 {id: x, duration_ms: 1}"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 9)]

    with pytest.raises(PlanError, match="more than 600,000 values"):
        read_plan("\n".join([*lines, "tasks: *a8"]).encode())


def test_a_file_that_cannot_be_read_is_told_as_such(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b" " * 20)
    monkeypatch.setattr(loading, "_LIMITS", Limits(size=10, nodes=10))

    for name, said in (
        ("none.yaml", "there is no such file"),
        ("pipe", "this is no file"),
        ("large", "larger than"),
        ("nul\0", "cannot be read"),
        ("x" * 300, "cannot be read: file name too long"),
    ):
        with pytest.raises(PlanError, match=said):
            read_plan(tmp_path / name)


def test_both_spellings_of_a_task_mean_the_same():
    short = plan_of(
        {"tasks": [{"id": "a", **WORK}, {"id": "b", "deps": ["a"], "duration_ms": 250}]}
    )
    long = read_plan(
        b"tasks:\n- {id: a, estimate: 10ms}\n- {id: b, needs: [a], estimate: 250ms, kind: io}\n"
    )

    assert short.tasks == long.tasks
    assert short.digest == long.digest
    assert plan_of({"tasks": [{"id": "a", "estimate": 2.5, "x-note": 1}]}).tasks[0].estimate == 2.5


def test_every_field_is_read():
    plan = read_plan(
        """\
name: all of it
tier: 2
mode: aggressive
resources: {browser: 2}
plan_timeout_ms: 90000
already_succeeded: [früh]
tasks:
  - {id: früh, duration_ms: 5}
  - id: "task é 🎉"
    title: T
    description: D
    tags: [x]
    needs: [früh]
    uses: shop.load
    with: {day: 1}
    kind: cpu
    estimate: 1m30s
    cost: {requests: 1, input_tokens: 20}
    resources: [browser, db]
    priority: -3
    success: {exit_code: 0, schema: {type: object}, file: out.txt, expression: result.ok}
    contingency: help
    timeout_ms: 500
    deadline: 2m
    retries: 2
  - {id: help, command: "echo 'so sorry'"}
  - {id: check, validates: ["task é 🎉"], success: result.count > 2, behaviour: "fail_times:2"}
""".encode()
    )
    task = plan.tasks[1]

    assert (plan.name, plan.workers, plan.timeout) == ("all of it", 20, 90)
    assert plan.rate_limit == RateLimit(60, 950, 427_500, 85_500)
    assert (task.needs, task.uses, task.with_) == (("früh",), "shop.load", {"day": 1})
    assert (task.kind, task.estimate, task.cost) == (Kind.CPU, 90, Cost(1, 20))
    assert (task.resources, task.priority) == ({"browser": 1, "db": 1}, -3)
    assert task.success == Success(0, {"type": "object"}, "out.txt", "result.ok")
    assert (task.contingency, task.timeout, task.deadline, task.retries) == ("help", 0.5, 120, 2)
    assert plan.tasks[2].command == ("echo", "so sorry")
    assert plan.tasks[3].needs == ("task é 🎉",)
    assert plan.tasks[3].success == Success(expression="result.count > 2")
    assert plan.standby == {"help"}
    assert [each.id for each in plan.expected] == ["task é 🎉", "check"]


def test_what_a_plan_does_not_say_comes_from_the_table_and_the_command_line():
    fields = one()
    table = {1: Tier(60, 600, 60, dict.fromkeys(Mode, 7))}

    assert plan_of(fields).workers == 4
    assert plan_of(fields).rate_limit is None
    assert plan_of(fields | {"mode": "conservative"}).workers == 3
    assert plan_of(fields, defaults=Defaults(tier=4, mode=Mode.AGGRESSIVE)).workers == 40
    assert plan_of(fields, defaults=Defaults(table=table, tier=1)).rate_limit == RateLimit(
        60, 51, 510, 51
    )
    assert plan_of(fields | {"max_workers": 9}, defaults=Defaults(workers=2)).workers == 2
    assert plan_of(fields, defaults=Defaults(cores=3)).cpu_workers == 3
    assert plan_of(fields | {"cpu_workers": None}, defaults=Defaults(cores=3)).cpu_workers is None
    assert plan_of(fields | {"tier": 1, "rate_limit": None}).rate_limit is None
    assert TIERS[1].rate_limit(Mode.BALANCED) == RateLimit(60, 42, 25_500, 6_800)
