"""What a shell is offered, and actions of the plugins that a workflow names."""

import pytest
from click.shell_completion import ShellComplete

from ciranda.cli.commands import ciranda

PLUGIN = """\
from ciranda import action, hookimpl

@action("text.count", pure=True)
def count(text: str) -> int:
    \"\"\"Count words.\"\"\"
    return len(text.split())

@hookimpl
def actions():
    return [count]
"""
FLOW = "ciranda: 1\nplugins: [./text.py]\nsteps:\n  a: {uses: text.count, with: {text: hi}}\n"


def offered(*words):
    """Return the values and kinds that complete the last word."""
    shell = ShellComplete(ciranda, {}, "ciranda", "_CIRANDA_COMPLETE")
    found = shell.get_completions(list(words[:-1]), words[-1])
    return [(one.value, one.type) for one in found]


def plain(*words):
    return [value for value, kind in offered(*words) if kind == "plain"]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "ok"),
        ("validate", "ok.yaml", "ok"),
        ("schema", "ok"),
        ("graph", "ok"),
        ("run", "ok.yaml", "--inputs-file", "ok"),
        ("actions", "--file", "ok"),
    ],
)
def test_files_are_completed_by_the_shell(project, words):
    assert offered(*words) == [("ok", "file")]


@pytest.mark.parametrize("words", [("init", "fl"), ("runs", "--store", "fl")])
def test_folders_are_completed_by_the_shell(project, words):
    assert offered(*words) == [("fl", "dir")]


def test_runs_and_their_steps_are_completed(cli):
    assert plain("show", "") == []  # nothing was run yet
    assert plain("logs", "last", "") == []
    cli("run", "ok.yaml", "-q")
    (run,) = (row["run"] for row in cli("runs", "-o", "json").data)

    assert plain("show", "") == ["last", run]
    assert plain("show", "l") == ["last"]
    assert plain("trace", run[:3]) == plain("graph", run[:3]) == [run]
    assert plain("logs", "last", "") == ["say", "count"]
    assert plain("logs", run, "s") == ["say"]
    assert plain("logs", "nope", "s") == []


WAITS = """\
ciranda: 1
name: waits
steps:
  paid: {wait: {event: invoice.paid}}
  asked: {approve: {prompt: "Ship?"}}
  files: {map: "${{ [1, 2] }}", run: [echo, "${{ item }}"]}
"""


def test_what_a_run_waits_for_and_where_it_can_begin_again_is_completed(cli, project):
    assert plain("emit", "") == []
    (project / "waits.yaml").write_text(WAITS)
    cli("run", "waits.yaml", "--park", "-q", code=5)

    assert plain("emit", "in") == ["invoice.paid"]
    assert plain("emit", "x") == []
    assert plain("approve", "last", "") == plain("reject", "last", "") == ["asked"]
    assert plain("rerun", "last", "--from", "") == ["paid", "asked", "files"]
    assert plain("rerun", "last", "--from", "files/") == ["files/0", "files/1"]
    assert plain("explain", "last", "a") == ["asked"]


def test_plugins_and_rules_are_completed_and_paths_where_no_plugin_fits(project):
    assert plain("docs", "sk") == plain("plugin", "check", "sk") == ["skills"]
    assert {"experts", "planner", "skills"} <= set(plain("docs", ""))
    assert offered("plugin", "check", "./sk") == [("./sk", "file")]
    assert plain("plugin", "check", ".", "--rule", "action-c") == ["action-cancel"]


def test_actions_are_completed_and_a_broken_project_says_nothing(project, capsys):
    assert plain("actions", "data.") == ["data.read", "data.write"]

    (project / "ciranda.toml").write_text("[plugins]\nenable = 3\n")

    assert plain("actions", "data.") == []
    assert capsys.readouterr() == ("", "")


def test_actions_of_a_file_beside_the_workflow_are_explained(cli, project):
    (project / "text.py").write_text(PLUGIN)
    (project / "flow.yaml").write_text(FLOW)

    assert cli("actions", "text.count", "--file", "flow.yaml").out.startswith("text.count\n\nCount")
    assert "text.count" in cli("actions", "--file", "flow.yaml").out
    assert cli("actions", "text.count", code=2).err == (
        "Error: there is no plugin 'text': run `pip install ciranda-text`\n"
        "What a workflow brings along is found with `--file FLOW.yaml`.\n"
    )


def test_init_says_a_command_that_can_be_pasted(cli):
    assert "try `ciranda run 'my flows/workflow.yaml'`" in cli("init", "my flows").err
