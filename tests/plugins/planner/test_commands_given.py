"""What the command line is given besides a file, and what it says of the work in one."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(autouse=True)
def folder(release):
    return release


@pytest.mark.parametrize("command", ["plan", "run"])
def test_what_tasks_do_is_judged_with_all_else_in_one_pass(command, told, folder):
    (folder / "wrong.yaml").write_text(
        "tasks:\n"
        "  - {id: a, uses: data.read, with: {pth: x}, needs: [nobody]}\n"
        "  - {id: b, uses: no.such}\n"
        "  - {id: c, uses: data.read, with: {path: '${{ steps.b.output }}'}}\n"
        "  - {id: d, command: [echo, '${{ steps.nobody.output }}'], estimate: -1}\n"
    )

    found = told(command, "wrong.yaml", code=2)["errors"]

    assert [(one["line"], one["task"], one["kind"]) for one in found] == [
        (2, "a", "invalid_work"), (2, "a", "invalid_work"), (2, "a", "unknown_dependency"),
        (3, "b", "unknown_action"),
        (5, "d", "invalid_work"), (5, "d", "invalid_work"), (5, "d", "invalid_duration"),
    ]  # fmt: skip
    assert found[0]["message"] == "task `a`: `data.read` has no input `pth`"
    assert "there is no step `nobody`" in found[4]["message"]


def test_a_plan_without_faults_of_its_own_has_those_of_its_work(told, folder):
    (folder / "one.yaml").write_text("tasks: [{id: a, uses: data.read, with: {path: [1]}}]\n")

    (only,) = told("plan", "one.yaml", code=2)["errors"]

    assert (only["kind"], only["task"], only["line"]) == ("invalid_work", "a", 1)


def test_a_trial_is_planned_without_the_engine(folder):
    program = (
        "import sys; from ciranda.cli.entry import outcome; code = outcome(['planner', 'plan', "
        "'tasks.yaml']); print(sorted(sys.modules), file=sys.stderr); sys.exit(code)"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    for module in (b"ciranda.engine", b"ciranda.plugins.registry", b"apsw", b"jsonschema_rs"):
        assert b"'" + module + b"'" not in ended.stderr


def test_without_learning_words_alone_are_still_no_work(told, folder):
    (folder / "words.json").write_text(json.dumps({"tasks": [{"id": "a", "title": "Tidy up"}]}))

    (only,) = told("run", "words.json", "--no-learn", code=2)["errors"]

    assert "nothing says what does it" in only["message"]
    assert told("plan", "words.json", "--no-learn")["makespan_ms"] == 1000


def test_a_tier_and_a_mode_are_given_as_if_the_plan_named_them(told, cli, folder):
    (folder / "bare.yaml").write_text("tasks: [{id: a, estimate: 1ms}]\ntier: 1\n")

    assert told("plan", "bare.yaml")["workers"] == 4
    assert told("plan", "bare.yaml", "--tier", "3", "--mode", "aggressive")["workers"] == 30
    assert told("plan", "bare.yaml", "--mode", "conservative")["workers"] == 3
    assert told("plan", "tasks.yaml", "--tier", "3")["workers"] == 2  # as the plan says
    shown = cli("show", "bare.yaml", "--tier", "2").out
    assert "tier 2, balanced" in shown
    assert "850 requests" in shown
    (folder / "goal.md").write_text("1. Greet `echo hello`\n")
    assert told("plan", "goal.md", "--tier", "3")["workers"] == 20


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["plan", "tasks.yaml", "--tier", "9"], "there is no tier 9: write one of 1, 2, 3, 4"),
        (["plan", "tasks.yaml", "--mode", "fast"], "--mode"),
        (["run", "--resume", "last", "--tier", "2"], "`--tier` goes with a FILE"),
        (["gantt", "last", "--mode", "balanced"], "`--mode` goes with a FILE"),
    ],
)
def test_tiers_that_make_no_sense_get_a_sentence(words, sentence, cli):
    assert sentence in cli(*words, code=2).err
