"""actions, plugins, schema, init, doctor, eval, completion."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from ciranda.actions import action
from ciranda.cli.manual import manual, type_text


def test_actions_are_listed_with_what_they_do(cli):
    lines = cli("actions").out.splitlines()

    assert lines[0].split() == ["action", "plugin"]
    assert ["data.read", "data", "Read", "a", "file."] in [line.split() for line in lines]
    assert {line.split()[0] for line in cli("actions", "data").out.splitlines()[1:]} == {
        "data.read", "data.write",
    }  # fmt: skip


def test_an_action_is_explained(cli):
    text = cli("actions", "data.read").out

    assert text.startswith("data.read\n\nRead a file.\n")
    assert "path (path, required): The file; relative to the workflow file." in text
    assert "Failures of its own:" in text
    assert "## `data.read`" in cli("actions", "data", "--format", "md").out


def test_actions_as_json(cli):
    one = cli("actions", "data.read", "--format", "json").data
    assert one["input"]["required"] == ["path"]
    assert [each["name"] for each in cli("actions", "data", "--format", "json").data] == [
        "data.read", "data.write",
    ]  # fmt: skip


def test_a_manual_tells_promises_and_outputs():
    @action("my.all", pure=True, idempotent=True, executor="process", errors={"my.odd": True})
    def all_(n: int | None = 3, *, names: list[str] | None = None, **rest: int) -> dict[str, int]:
        """Do all.

        Args:
            n: How many.
        """
        return {}

    text = "\n".join(manual(all_))

    assert text.startswith("my.all\n\nDo all.")
    assert "  n (integer or null, default 3): How many." in text
    assert "  my.odd (worth another attempt)" in text
    assert "It is pure (`cache:` is allowed), idempotent (failed attempts may be repeated)" in text
    assert text.endswith("run on the process executor.")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"enum": ["a", 1]}, "one of a, 1"),
        ({"const": "a"}, "a"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "string"),
        ({"type": ["integer", "null"]}, "integer or null"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": "array"}, "list of anything"),
        ({"type": "string", "format": "path"}, "path"),
        ({}, "anything"),
    ],
)
def test_types_are_said_in_words(schema, said):
    assert type_text(schema) == said


def test_plugins_are_listed(cli):
    assert ["data", "built-in"] in [line.split()[:2] for line in cli("plugins").out.splitlines()]
    assert "ciranda.std.data" in [each["module"] for each in cli("plugins", "-o", "json").data]


@pytest.fixture
def third_party(tmp_path, monkeypatch):
    """An installed plugin of another distribution that says when it is imported."""
    site = tmp_path / "site"
    info = site / "ciranda_shout-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ciranda-shout\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ciranda]\nshout = ciranda_shout\n")
    (info / "RECORD").write_text("")
    (site / "ciranda_shout.py").write_text(
        "import os\nos.environ['SHOUTED'] = '1'\n1 / int(os.environ.get('SHOUT_WORKS', '0'))\n"
    )
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    monkeypatch.delenv("SHOUTED", raising=False)


def test_a_plugin_is_enabled_by_name(cli, project, third_party):
    before = (project / "ciranda.toml").read_text()
    assert ["shout", "not", "enabled"] in [
        line.split()[:3] for line in cli("plugins").out.splitlines()
    ]

    assert "`shout` of ciranda-shout is enabled in" in cli("plugins", "enable", "shout").err
    assert "is enabled in" in cli("plugins", "enable", "shout").err
    assert "is built in and needs no enabling" in cli("plugins", "enable", "data").err

    text = (project / "ciranda.toml").read_text()
    assert text.startswith(before)
    assert 'enable = ["shout"]' in text
    assert "SHOUTED" not in os.environ  # listed and enabled, not imported


def test_a_broken_plugin_warns_where_it_is_not_asked_for(cli, third_party):
    cli("plugins", "enable", "shout")

    assert "Warning: plugin 'shout' cannot be imported" in cli("actions").err
    assert "plugin 'shout' cannot be imported" in cli("actions", "shout", code=2).err
    assert "shout" in cli("doctor", code=1).out
    sys.modules.pop("ciranda_shout", None)


def test_the_schema_accepts_what_the_engine_accepts(cli, project):
    (project / "mine.py").write_text(
        "from ciranda import action, hookimpl\n\n\n@action('my.add')\ndef add(x: int) -> int:\n"
        "    '''Add one.'''\n    return x + 1\n\n\n@hookimpl\ndef actions():\n    return [add]\n"
    )
    (project / "own.yaml").write_text(
        "ciranda: 1\nplugins: [./mine.py]\nsteps: {a: {uses: my.add, with: {x: 1}}}\n"
    )
    assert cli("schema", "own.yaml", "-o", "s.json").err == "wrote s.json\n"
    schema = json.loads((project / "s.json").read_text())

    validator = Draft202012Validator(schema)
    assert validator.is_valid({"ciranda": 1, "steps": {"a": {"uses": "my.add", "with": {"x": 1}}}})
    assert not validator.is_valid(
        {"ciranda": 1, "steps": {"a": {"uses": "my.add", "with": {"y": 1}}}}
    )
    assert json.loads(cli("schema").out)["title"] == "Ciranda workflow"


def test_init_writes_what_validates_and_runs(cli, project):
    said = cli("init", "new/flows")

    assert said.err.endswith("try `ciranda run new/flows/workflow.yaml`\n")
    assert cli("validate", "new/flows/workflow.yaml").out == "new/flows/workflow.yaml: ok\n"
    data = cli("run", "new/flows/workflow.yaml", "-q", "-o", "json").data
    assert data["outputs"] == {"words": 4, "letters": 19, "said": "4 words are plenty\n"}
    short = cli("run", "new/flows/workflow.yaml", "-q", "-o", "json", "-i", "text=two words").data
    assert short["outputs"]["said"] == "too short"
    first = (project / "new/flows/workflow.yaml").read_text().splitlines()[0]
    assert (project / "new/flows" / first.partition("=")[2]).is_file()


def test_init_leaves_what_is_there(cli, project):
    (project / "workflow.yaml").write_text("mine")
    (project / "workflow.schema.json").write_text("mine")

    said = cli("init")

    assert "workflow.yaml exists and is left as it is" in said.err
    assert "try" not in said.err
    assert (project / "workflow.yaml").read_text() == "mine"
    assert "cannot be written: not a directory" in cli("init", "/dev/null/x", code=2).err


def test_doctor_looks_at_everything(cli):
    data = cli("doctor", "-o", "json").data
    checks = {each["check"] for each in data}

    assert {"python", "sqlite", "store", "settings", "plugins", "loops", "traces"} <= checks
    assert {"startup", "editable"} <= checks
    assert all(each["level"] in ("ok", "warn") for each in data)
    cli("run", "ok.yaml", "-q")
    assert "1 run, nothing damaged" in cli("doctor").out


FINDING = """
from ciranda.hooks import hookimpl
@hookimpl
def findings(): {}
"""


@pytest.mark.parametrize(
    ("body", "level", "said", "code"),
    [
        ("return [('warn', 'is old')]", "warn", "is old", 0),
        ("return [('odd', 'is odd')]", "warn", "is odd", 0),
        ("return ['x']", "fail", "not enough values", 1),
        ("return 3", "fail", "the hook 'findings' returned int", 1),
        ("raise ValueError('sick')", "fail", "sick", 1),
    ],
)
def test_doctor_shows_what_plugins_find(cli, third_party, body, level, said, code):
    (Path(sys.path[-1]) / "ciranda_shout.py").write_text(FINDING.format(body))
    cli("plugins", "enable", "shout")

    data = cli("doctor", "-o", "json", code=code).data

    (found,) = [each for each in data if each["check"] == "shout"]
    assert found["level"] == level
    assert said in found["message"]
    sys.modules.pop("ciranda_shout", None)


def test_doctor_tells_where_traces_go(cli, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://name:password@localhost:4318")

    text = cli("doctor").out

    assert "exported to http://" in text
    assert "password" not in text


@pytest.mark.parametrize(
    ("expression", "given", "text", "data"),
    [
        ("1 + 2 * 3", [], "7", 7),
        ("'a' + inputs.b", ["-i", "b=c"], "ac", "ac"),
        ("inputs.rows[1].n", ["-i", 'rows=[{"n": 1}, {"n": 2}]'], "2", 2),
        ("Hello, ${{ inputs.name }}!", ["-i", "name=you"], "Hello, you!", "Hello, you!"),
        ("{'a': [1]}", [], '{"a":[1]}', {"a": [1]}),
        ("always() and not failed() and succeeded() and not cancelled()", [], "true", True),
        ("now()[:2]", [], "20", "20"),
    ],
)
def test_eval_prints_the_value(cli, expression, given, text, data):
    assert cli("eval", expression, *given).out == f"{text}\n"
    assert cli("eval", expression, *given, "-o", "json").data == data


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_code_is_for_the_shell(cli, shell):
    assert "_CIRANDA_COMPLETE" in cli("completion", shell).out


def test_completion_answers_the_shell(project):
    done = subprocess.run(
        [sys.executable, "-c", "from ciranda.cli import main; main()"],
        env={**os.environ, "_CIRANDA_COMPLETE": "bash_complete", "COMP_WORDS": "ciranda va",
             "COMP_CWORD": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.stdout == "plain,validate\n"
    assert done.stderr == ""


@pytest.mark.parametrize("script", ["print('works')", "import sys; sys.exit('refused')", "loop"])
def test_a_sandbox_layer_is_found_out_by_trying(monkeypatch, script):
    from ciranda.cli import sandboxes

    monkeypatch.setattr(sandboxes, "_SECONDS", 0.3)
    code = "import time; time.sleep(9)" if script == "loop" else script
    name, level, message = sandboxes._tried("layer", [sys.executable, "-I", "-S", "-c", code])

    assert name == "layer"
    assert (level, message) == {
        "print('works')": ("ok", "works"),
        "import sys; sys.exit('refused')": ("warn", "does not work: refused"),
    }.get(script, (level, message))
    assert level == ("ok" if "works" in script else "warn")


def test_bubblewrap_and_other_systems(monkeypatch):
    from ciranda.cli import sandboxes

    monkeypatch.setattr(sandboxes, "_tried", lambda name, argv: (name, "ok", argv[0]))
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert ("bubblewrap", "ok", "/usr/bin/bwrap") in list(sandboxes.sandbox_findings())
    monkeypatch.setattr(sys, "platform", "darwin")
    assert [level for _, level, _ in sandboxes.sandbox_findings()] == ["warn"]
