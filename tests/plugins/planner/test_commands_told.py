"""What the commands of plans say to people: on terminals, of nonsense, in help and completion."""

import io
import json
import sys

import pytest
from click.shell_completion import ShellComplete

from ciranda.cli.commands import ciranda


@pytest.fixture(autouse=True)
def folder(release):
    return release


class Terminal(io.StringIO):
    """Notes that a text was shown by touching a file."""

    def __init__(self, awaited, file):
        super().__init__()
        self.awaited, self.file = awaited, file

    def isatty(self):
        return True

    def write(self, text):
        if self.awaited in text:
            self.file.touch()
        return super().write(text)


def test_colours_are_for_terminals(cli, folder, monkeypatch):
    screen = Terminal("▸", folder / "seen")
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)

    cli("gantt", "tasks.yaml")

    assert "\x1b[" in screen.getvalue()
    assert "release" in screen.getvalue()


def test_a_terminal_sees_the_plan_go_on(cli, folder, monkeypatch):
    screen = Terminal(" 1/3", folder / "seen")
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    wait = "until test -e seen; do sleep 0.02; done"
    plan = {
        "workers": 3,
        "rate_limit": {"window": "1s", "requests": 2},
        "tasks": [{"id": "look", "command": ["sh", "-c", wait], "cost": {"requests": 2}}],
    }
    (folder / "look.json").write_text(json.dumps(plan))

    cli("run", "look.json")

    assert "requests " in screen.getvalue()
    assert "100%" in screen.getvalue()
    assert "critical path" in screen.getvalue()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["plan", "no.yaml"], "there is no such file"),
        (["plan", ""], "FILE is given as an empty text"),
        (["run", ""], "empty text"),
        (["plan", "."], "this is no file"),
        (["plan", "ciranda.toml"], ""),
        (["plan", "tasks.yaml", "--workers", "0"], "--workers"),
        (["plan", "tasks.yaml", "--save", "tasks.yaml/x.json"], "cannot be written"),
        (["show", "m000"], "there are no runs"),
        (["gantt", "last"], "there are no runs"),
        (["diff", "tasks.yaml"], "B"),
        (["tune", "last"], "there are no runs"),
        (["run", "--resume", "last"], "there is no run"),
        (["run", "--resume", "last", "--workers", "2"], "`--workers` goes with a FILE"),
        (["run", "--resume", "last", "--waves"], "`--waves` goes with a FILE"),
        (["gantt", "last", "--cpu-workers", "2"], "`--cpu-workers` goes with a FILE"),
        (["show", "last", "--no-learn"], "`--learn` goes with a FILE"),
        (["tune", "last", "--workers", "2"], "`--workers` goes with a FILE"),
        (["shwo"], "did you mean `ciranda planner show`?"),
    ],
)
def test_nonsense_gets_a_sentence_and_exit_code_2(words, sentence, cli):
    said = cli(*words, code=2)

    assert sentence in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"tasks: 7", b"\xff\xfe\x00", b"tasks: [{id: a", b'{"tasks": [{}]}', b"- a"],
)
@pytest.mark.parametrize("command", ["show", "gantt", "tune"])
def test_a_broken_file_is_told_in_the_same_way_everywhere(command, text, told, folder):
    (folder / "broken.yaml").write_bytes(text)

    answer = told(command, "broken.yaml", code=2)

    assert answer["valid"] is False
    assert answer["errors"][0]["message"]


def test_every_command_teaches_by_examples(cli):
    for name in ("plan", "run", "show", "gantt", "diff", "tune", "schema"):
        said = cli(name, "--help").out

        assert "Examples:" in said
        assert f"ciranda planner {name} " in said


def test_a_shell_completes_files_runs_and_commands(cli):
    cli("run", "tasks.yaml", "-q")
    shell = ShellComplete(ciranda, {}, "ciranda", "_CIRANDA_COMPLETE")

    def offered(*words):
        found = shell.get_completions(["planner", *words[:-1]], words[-1])
        return [(one.value, one.type) for one in found]

    assert [value for value, _ in offered("g")] == ["gantt"]
    assert offered("plan", "ta") == [("ta", "file")]
    assert ("last", "plain") in offered("gantt", "la")
    assert ("last", "plain") in offered("run", "--resume", "")
    assert offered("diff", "tasks.yaml", "ot") == [("ot", "file")]


def test_editors_get_a_schema(cli, folder):
    printed = cli("schema").out
    cli("schema", "-o", "plan.schema.json")

    assert json.loads(printed)["title"] == "A plan of ciranda"
    assert (folder / "plan.schema.json").read_text() == printed
