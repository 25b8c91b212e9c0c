"""`ciranda planner run`: the contract of its output, and its exit codes."""

import json
from pathlib import Path

import pytest

from ciranda.cli.entry import outcome
from ciranda.cli.history import opened
from ciranda_planner.recorded import recorded

CASES = json.loads((Path(__file__).parent / "cases" / "planner.json").read_text())
FIGURES = {
    "makespan_ms", "total_work_ms", "critical_path_ms", "lower_bound_ms", "speedup", "efficiency",
    "distance_to_bound",
}  # fmt: skip
LOST = {
    "dependencies_ms", "workers_ms", "resources_ms", "limit_ms", "retries_ms", "engine_ms",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "ciranda.toml").write_text('[store]\ndurability = "process"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(capsys):
    def call(*words, code=0):
        capsys.readouterr()
        ended = int(outcome([*map(str, words)]))
        said = capsys.readouterr()
        assert ended == code, said
        return said

    return call


@pytest.fixture
def told(cli, folder):
    """Return what a plan answers."""

    def call(plan, *words, code=0):
        (folder / "plan.json").write_text(json.dumps(plan))
        said = cli("planner", "run", "plan.json", "-o", "json", *words, code=code)
        return json.loads(said.out)

    return call


@pytest.mark.parametrize("case", CASES["behaviour_cases"], ids=lambda case: case["id"])
def test_a_plan_ends_as_the_contract_says(case, told):
    expected = case["expected"]

    answer = told(case, code=0 if expected["plan"] == "succeeded" else 1)

    assert answer["plan"] == expected["plan"]
    assert answer["status"] == expected["status"]
    assert answer["executed"] == expected.get("executed", answer["executed"])
    assert answer["max_concurrency"] <= expected.get("max_observed_concurrency", 99)
    assert answer["wall_ms"] >= expected.get("min_wall_ms", 0)


def test_prediction_and_reality_stand_side_by_side(told):
    answer = told(
        {"tasks": [{"id": "a", "duration_ms": 5}, {"id": "b", "deps": ["a"], "duration_ms": 0}]}
    )

    assert set(answer["predicted"]) == set(answer["actual"]) == FIGURES
    assert set(answer["lost"]) == LOST
    assert set(answer["chain"]) == LOST | {"tasks"}
    assert answer["chain"]["tasks"] == ["a", "b"]
    assert answer["predicted"]["makespan_ms"] == 5
    assert answer["makespan_ms"] == answer["actual"]["makespan_ms"] >= 5


def test_all_that_is_wrong_is_told_at_once_and_nothing_runs(told, folder):
    needs = {"a": ["b"], "b": ["a"], "c": ["x"]}
    tasks = [{"id": name, "needs": each, "duration_ms": 1} for name, each in needs.items()]

    answer = told({"tasks": tasks}, code=2)

    assert answer["valid"] is False
    assert {each["kind"] for each in answer["errors"]} == {"cycle", "unknown_dependency"}
    assert not (folder / ".ciranda").exists()


def test_unknown_actions_and_inputs_that_do_not_fit_are_told_at_once_each_with_its_task(told):
    plan = {
        "tasks": [
            {"id": "first one", "uses": "data.read", "with": {"pth": "x"}},
            {"id": "b", "uses": "no.such"},
            {"id": "c", "uses": "data.read", "with": {"path": "${{ steps.d.output }}"}},
            {"id": "d", "uses": "other.none"},
        ]
    }

    answer = told(plan, code=2)

    assert [(each["kind"], each["task"], each["message"]) for each in answer["errors"]] == [
        ("invalid_work", "first one", "task `first one`: `data.read` has no input `pth`"),
        ("invalid_work", "first one", "task `first one`: `data.read` needs the input `path`"),
        (
            "unknown_action",
            "b",
            "task `b`: there is no action `no.such`: `ciranda actions` lists them",
        ),
        (
            "unknown_action",
            "d",
            "task `d`: there is no action `other.none`: `ciranda actions` lists them",
        ),
    ]


def test_a_task_in_words_alone_is_never_a_success(told):
    words = {"id": "a", "title": "Tidy up"}
    others = [{"id": "b", "uses": "no.such"}, {"id": "c", "title": "Wait", "estimate": "1ms"}]

    answer = told({"tasks": [words, *others]}, code=2)

    assert [(each["kind"], each["task"]) for each in answer["errors"]] == [
        ("invalid_work", "a"), ("unknown_action", "b"),
    ]  # fmt: skip
    assert "nothing says what does it" in answer["errors"][0]["message"]
    assert told({"tasks": [others[1]]})["plan"] == "succeeded"
    done = {"tasks": [words], "already_succeeded": ["a"]}
    assert told(done)["status"] == {"a": "succeeded"}


def test_a_run_goes_on_with_what_is_missing(told, cli, folder):
    tasks = [
        {"id": "a", "command": ["sh", "-c", "echo a >> done"]},
        {"id": "b-1", "command": ["test", "-e", "flag"], "needs": ["a"]},
        {"id": "c", "command": ["sh", "-c", "echo c >> done"], "needs": ["b-1"]},
    ]
    first = told({"tasks": tasks, "max_workers": 2}, code=1)
    (folder / "flag").touch()

    again = json.loads(cli("planner", "run", "--resume", "last", "-o", "json").out)

    assert first["status"] == {"a": "succeeded", "b-1": "failed", "c": "skipped"}
    assert again["run"] == first["run"]
    assert again["status"] == {"a": "succeeded", "b-1": "succeeded", "c": "succeeded"}
    assert again["executed"] == ["b-1", "c"]
    assert (folder / "done").read_text() == "a\nc\n"
    with opened(None) as log:
        assert str(recorded(log, "last").state) == "succeeded"


def test_a_run_that_is_resumed_as_any_other_keeps_its_workers(told, cli, folder):
    tasks = [{"id": "a", "command": ["test", "-e", "flag"]}] + [
        {"id": f"t{at}", "needs": ["a"], "duration_ms": 20} for at in range(4)
    ]
    told({"tasks": tasks, "max_workers": 1}, code=1)
    (folder / "flag").touch()

    cli("resume", "last")

    with opened(None) as log:
        ended = recorded(log, "last")
    assert str(ended.state) == "succeeded"
    assert ended.actual.together == 1


def test_a_file_or_a_run_is_given_and_not_both(cli, folder):
    (folder / "plan.json").write_text('{"tasks": [{"id": "a", "duration_ms": 1}]}')

    assert "give either FILE or `--resume RUN`" in cli("planner", "run", code=2).err
    cli("planner", "run", "plan.json", "--resume", "last", code=2)


def test_only_the_run_of_a_plan_is_resumed_as_one(cli, folder):
    (folder / "flow.yaml").write_text("ciranda: 1\nsteps:\n  a: {run: [test, -e, flag]}\n")
    cli("run", "flow.yaml", code=1)

    said = cli("planner", "run", "--resume", "last", code=2)

    assert "is not of a plan: `ciranda resume` goes on with it" in said.err


def test_options_win_over_the_file(told):
    tasks = [{"id": f"t{at}", "duration_ms": 10} for at in range(4)]

    answer = told({"tasks": tasks, "max_workers": 1}, "--workers", 4)

    assert answer["max_concurrency"] > 1


def test_people_read_sentences(cli, folder):
    (folder / "plan.yaml").write_text(
        "tasks: [{id: a, duration_ms: 1}, {id: b, behaviour: fail, duration_ms: 1}]\n"
    )

    said = cli("planner", "run", "plan.yaml", code=1)

    assert "plan partial" in said.out
    assert "  b: failed" in said.out
    assert "Makespan " in said.out
    assert "▔ as planned" in said.out


def test_cpu_tasks_work_in_processes_that_are_killed_when_their_time_is_over(told):
    tasks = [
        {"id": "hang", "kind": "cpu", "behaviour": "hang", "timeout_ms": 600},
        {"id": "burn", "kind": "cpu", "behaviour": "burn", "duration_ms": 20},
    ]

    answer = told({"tasks": tasks, "max_workers": 4, "cpu_workers": 2}, code=1)

    assert answer["status"] == {"hang": "timed_out", "burn": "succeeded"}
