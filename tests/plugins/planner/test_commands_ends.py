"""A plan's end has one word, wherever it is told."""

import json

import pytest


@pytest.fixture(autouse=True)
def folder(release):
    return release


def plan(folder, *tasks, **fields):
    (folder / "plan.json").write_text(json.dumps({"name": "half", "tasks": tasks, **fields}))


def test_a_plan_of_which_some_is_done_is_partial_everywhere(cli, told, folder):
    plan(
        folder,
        {"id": "a", "command": ["true"], "estimate": 1},
        {"id": "b", "command": ["test", "-e", "go"], "estimate": 1},
    )

    ran = cli("run", "plan.json", code=1)
    drawn = cli("gantt", "last").out
    cli("gantt", "last", "--html", "run.html")

    assert "✗ half partial in" in ran.err
    assert "plan partial, run" in ran.out
    assert "half  partial  " in ran.out
    assert drawn.startswith("half  partial  ")
    assert "plan partial, run" in cli("show", "last").out
    assert '<span class="badge s-failed">partial</span>' in (folder / "run.html").read_text()
    assert told("gantt", "last")["state"] == told("show", "last")["plan"] == "partial"
    (folder / "go").touch()
    assert "✓ half succeeded in" in cli("run", "--resume", "last").err
    heads = [line for line in cli("gantt", "last").out.splitlines() if line.startswith("half ")]
    assert [head.split()[1] for head in heads] == ["partial", "succeeded"]


def test_a_plan_whose_time_was_over_has_timed_out_in_its_picture(cli, told, folder):
    plan(folder, {"id": "a", "behaviour": "hang", "estimate": 1}, timeout=0.05)

    ran = cli("run", "plan.json", code=1)

    assert "half timed_out in" in ran.err
    assert cli("gantt", "last").out.startswith("half  timed_out  ")
    assert told("gantt", "last")["state"] == "timed_out"
    assert told("gantt", "plan.json")["state"] == "planned"
