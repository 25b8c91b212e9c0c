"""`ciranda planner plan|show|gantt|diff|tune`, and what `run` leaves besides its answer."""

import json
import os

import pytest

from ciranda.cli.entry import outcome

from .conftest import RELEASE as TASKS


@pytest.fixture(autouse=True)
def folder(release):
    return release


def test_a_plan_is_explained_in_sentences(cli, folder):
    text = TASKS.replace("estimate: 1ms", "estimate: 1ms, deadline: 1ms")
    (folder / "tasks.yaml").write_text(text)

    said = cli("plan", "tasks.yaml")

    assert said.out.splitlines()[:4] == [
        "release: 4 tasks, 2 workers",
        "wave 1: fetch",
        "wave 2: build, lint-a",
        "wave 3: ship",
    ]
    assert "critical path: fetch > build > ship (1.00 s)" in said.out
    assert "Warning: task `ship` is expected to end after" in said.err


def test_a_wide_wave_and_many_waits_are_told_in_short(cli, folder):
    tasks = [{"id": f"t{at}", "estimate": 1} for at in range(20)]
    (folder / "wide.json").write_text(json.dumps({"workers": 2, "tasks": tasks}))

    said = cli("plan", "wide.json").out

    assert "t0, t1, t10, t11, t12, t13, t14, t15, 12 more" in said
    assert "15 more wait, too" in said


def test_the_tasks_of_a_plan_are_listed_as_they_would_start(cli, folder):
    (folder / "full.yaml").write_text(
        "workers: 2\ncpu_workers: 1\ntier: 1\nmode: aggressive\nresources: {db: 2}\n"
        "already_succeeded: [a]\n"
        "tasks: [{id: a, estimate: 1}, {id: b, needs: [a], estimate: 1, contingency: c},"
        " {id: c, estimate: 1, uses: data.read, with: {path: x}}]\n"
    )

    said = cli("show", "full.yaml").out

    assert "2 workers, 1 for cpu tasks, tier 1, aggressive, 2 of `db`" in said
    assert "47 requests, 28,500 input tokens, 7,600 output tokens in 1 m 00 s" in said
    starts = {row.strip("* ").split()[0]: row for row in said.splitlines()[4:-1]}
    assert "0 ms" in starts["b"]
    assert "done" in starts["a"]
    assert "on standby" in starts["c"]


def test_what_is_shown_as_json_can_be_planned_again(told, folder):
    shown = told("show", "tasks.yaml")

    (folder / "again.json").write_text(json.dumps(shown["plan"]))

    assert told("diff", "tasks.yaml", "again.json")["same"] is True
    assert shown["makespan_ms"] == told("plan", "tasks.yaml")["makespan_ms"]


def test_a_schedule_is_drawn_before_anything_runs(cli, told, folder):
    rows = told("gantt", "tasks.yaml")["rows"]
    drawn = cli("gantt", "tasks.yaml").out
    cli("gantt", "tasks.yaml", "--html", "plan.html")

    assert rows[0] == {
        "task": "fetch",
        "planned": {"start_ms": 0, "end_ms": 1000},
        "actual": [],
        "state": "planned",
    }
    assert drawn.startswith("release  planned  1.00 s\n")
    assert "▸   ship" in drawn
    page = (folder / "plan.html").read_text()
    assert "<title>release</title>" in page
    assert "1970" not in page
    assert not (folder / ".ciranda").exists()


def test_a_run_is_shown_drawn_and_written_beside_its_prediction(cli, told, folder):
    ran = cli("run", "tasks.yaml", "--html", "run.html").out
    shown = cli("show", "last").out
    rows = {row["task"]: row for row in told("gantt", "last")["rows"]}

    for text in (ran, shown):
        assert "plan succeeded, run" in text
        assert "Above the bound" in text
        assert "Rate limit " in text
        assert "! the run took" in text
    assert "✓ lint-a" in ran
    assert "▔ as planned" in ran
    assert set(rows) == {"fetch", "lint-a", "build", "ship"}
    assert rows["ship"]["planned"] == {"start_ms": 1004, "end_ms": 1005}
    assert rows["ship"]["actual"][0]["part"] == 0
    page = (folder / "run.html").read_text()
    assert "Prediction and reality" in page
    assert "Where time was lost" in page
    assert 'class="bar plan"' in page
    assert {each["kind"] for each in told("show", "last")["findings"]} >= {"prediction"}


def test_waves_are_nobodys_bars(told, cli):
    cli("run", "tasks.yaml", "--waves", "-q")

    assert {row["task"] for row in told("gantt", "last")["rows"]} == {
        "fetch", "lint-a", "build", "ship",
    }  # fmt: skip


def test_a_run_that_was_not_kept_is_told_and_not_drawn(cli):
    said = cli("run", "tasks.yaml", "--durability", "off", "--html", "x.html", code=2)

    assert "plan succeeded" in said.out
    assert "this run is not kept" in said.err


def test_a_workflow_stands_for_the_one_plan_in_it(cli, told, folder):
    step = "{uses: planner.run, with: {file: tasks.yaml}}"
    flow = f"ciranda: 1\nname: flow\nsteps:\n  one: {step}\n"
    (folder / "flow.yaml").write_text(flow)
    (folder / "both.yaml").write_text(f"{flow}  two: {step}\n")
    assert outcome(["run", "flow.yaml", "-q"]) == 0
    assert told("show", "last")["plan"] == "succeeded"
    assert told("tune", "last")["name"] == "release"

    assert outcome(["run", "both.yaml", "-q"]) == 0
    assert "ran 2 plans: name one of" in cli("gantt", "last", code=2).err


def test_a_workflow_without_a_plan_is_not_taken_for_one(cli, folder):
    (folder / "flow.yaml").write_text('ciranda: 1\nname: flow\nsteps:\n  a: {run: ["true"]}\n')
    assert outcome(["run", "flow.yaml", "-q"]) == 0

    assert "of `flow` is not of a plan" in cli("show", "last", code=2).err


def test_a_saved_plan_runs_and_one_that_was_touched_does_not(cli, told, folder):
    cli("plan", "tasks.yaml", "--save", "saved.json")
    printed = cli("plan", "tasks.yaml", "--save", "-").out

    assert (folder / "saved.json").read_text() == printed
    assert told("run", "saved.json")["plan"] == "succeeded"
    assert told("diff", "last", "saved.json")["same"] is True
    (folder / "saved.json").write_text(printed.replace('"workers": 2', '"workers": 3'))
    assert told("run", "saved.json", code=2)["errors"][0]["kind"] == "altered_plan"


def test_the_difference_of_two_plans_is_told_line_by_line(cli, folder):
    text = TASKS.replace("workers: 2", "workers: 1").replace("id: lint-a", "id: lint-b")
    (folder / "other.yaml").write_text(text.replace("lint-a", "lint-b").replace("4ms", "9ms"))

    said = cli("diff", "tasks.yaml", "other.yaml").out.splitlines()

    assert said == [
        "- lint-a",
        "+ lint-b",
        "~ plan: workers 2 -> 1",
        "~ build: estimate 0.004 -> 0.009",
        '~ ship: needs ["build","lint-a"] -> ["build","lint-b"]',
        "makespan: 1.00 s -> 1.01 s",
    ]
    assert cli("diff", "tasks.yaml", "tasks.yaml").out == "the plans are the same\n"


def test_another_critical_path_is_told(cli, folder):
    (folder / "other.yaml").write_text(TASKS.replace("2ms", "2s"))

    said = cli("diff", "tasks.yaml", "other.yaml").out

    assert "critical path was: fetch > build > ship\n" in said
    assert "critical path is: fetch > lint-a > ship\n" in said


def test_a_goal_is_planned_saved_and_run(cli, told, folder):
    (folder / "goal.md").write_text("1. Greet `echo hello`\n2. Wave `echo bye`\n")
    cli("plan", "goal.md", "--save", "goal.json")

    assert told("run", "goal.md")["executed"] == ["greet", "wave"]
    assert told("diff", "goal.md", "goal.json")["changed"].keys() <= {"greet", "wave"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(b"\xff\xfe", "it is no text in UTF-8"), (b"", "goal.md"), (b"- Ship after x", "names `x`")],
)
def test_a_goal_that_makes_no_sense_is_told(text, sentence, told, folder):
    (folder / "goal.md").write_bytes(text)

    answer = told("run", "goal.md", code=2)

    assert sentence in "".join(each["message"] for each in answer["errors"]) or text == b""


def test_estimates_are_learned_where_nobody_gave_them(cli, told, folder):
    (folder / "guess.yaml").write_text(
        "name: g\ntasks:\n  - {id: a, command: [sleep, '0']}\n"
        "  - {id: b, command: [sleep, '0'], estimate: 500ms}\n"
    )
    before = told("plan", "guess.yaml")["total_work_ms"]
    cli("run", "guess.yaml", "-q")

    by_default = told("plan", "guess.yaml")["total_work_ms"]

    assert before == 1500
    assert 500 < by_default < 1000
    assert told("plan", "guess.yaml", "--learn")["total_work_ms"] < 500
    assert told("plan", "guess.yaml", "--no-learn")["total_work_ms"] == 1500
    assert told("run", "guess.yaml")["predicted"]["total_work_ms"] < 1000
    assert told("run", "guess.yaml", "--no-learn")["predicted"]["total_work_ms"] == 1500


def test_advice_is_of_what_tasks_really_took(cli, told):
    first = told("tune", "tasks.yaml")
    cli("run", "tasks.yaml", "-q")

    second = told("tune", "tasks.yaml")
    said = cli("tune", "tasks.yaml").out

    assert (first["runs"], second["runs"]) == (0, 1)
    assert second["makespan_ms"] < first["makespan_ms"]
    assert set(second["durations_ms"]) == {"fetch"}
    assert ("estimate", "fetch") in {(one["kind"], one["task"]) for one in second["suggestions"]}
    assert "by what 1 run took" in said
    assert "- `fetch` takes" in said


def test_a_plan_that_cannot_be_bettered_is_told_so(cli, folder):
    (folder / "one.yaml").write_text("workers: 1\ntasks: [{id: a, estimate: 20ms}]\n")

    assert "nothing to suggest" in cli("tune", "one.yaml").out


def test_ctrl_c_keeps_what_is_finished(cli, told, folder):
    stopped = f"test -e go || {{ kill -INT {os.getpid()}; sleep 9; }}"
    tasks = [
        {"id": "a", "command": ["sh", "-c", "echo a >> done"]},
        {"id": "b", "needs": ["a"], "command": ["sh", "-c", stopped]},
        {"id": "c", "needs": ["b"], "command": ["true"]},
    ]
    (folder / "plan.json").write_text(json.dumps({"tasks": tasks}))

    answer = told("run", "plan.json", code=130)
    (folder / "go").touch()
    again = told("run", "--resume", "last")

    assert answer["plan"] == "cancelled"
    assert answer["status"] == {"a": "succeeded", "b": "cancelled", "c": "skipped"}
    assert again["plan"] == "succeeded"
    assert again["executed"] == ["b", "c"]
    assert (folder / "done").read_text() == "a\n"
    rows = told("gantt", "last")["rows"]
    parts = {row["task"]: [one["part"] for one in row["actual"]] for row in rows}
    assert parts == {"a": [0], "b": [0, 1], "c": [1]}


def test_what_fails_says_how_to_go_on(cli, folder):
    (folder / "bad.yaml").write_text('tasks: [{id: a, command: ["false"], estimate: 1}]\n')

    said = cli("run", "bad.yaml", code=1)

    assert "go on after a fix: ciranda planner run --resume m" in said.err
    assert "  a: failed (exit.1: `false` ended with code 1.)" in said.out
