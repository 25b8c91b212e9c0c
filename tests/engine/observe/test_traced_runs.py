"""`ciranda run` in a process of its own, traced: what arrives at a receiver in another one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ciranda.cli.commands import ciranda as group
from ciranda.errors import SettingsError

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "s3cr3t&<token>/of mine"
WORKFLOW = """\
ciranda: 1
name: measured
plugins: [./traced_actions.py]
secrets:
  TOKEN: {env: MY_TOKEN}
steps:
  crunch:
    uses: my.crunch
    with: {n: 3, token: "${{ secrets.TOKEN }}"}
  many:
    uses: my.soft
    map: ${{ [1, 2] }}
    with: {n: "${{ item }}"}
  thread:
    uses: my.threaded
    with: {n: 1}
  program:
    run: [sh, -c, 'printf %s "$TRACEPARENT"']
  request:
    uses: http.request
    with: {url: "URL/echo", allow_private: true}
  refuse:
    uses: my.refuse
    with: {token: "x ${{ secrets.TOKEN }}"}
    retry: {attempts: 2, backoff: 10ms, on: [crash]}
    continue-on-error: true
outputs:
  program: ${{ steps.program.output.stdout }}
  request: ${{ steps.request.output.json.traceparent }}
"""


def ciranda(folder, *arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "ciranda", *arguments],
        cwd=folder,
        env=dict(os.environ) | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def project(folder, receiver):
    shutil.copy(Path(__file__).with_name("traced_actions.py"), folder)
    folder.joinpath("flow.yaml").write_text(WORKFLOW.replace("URL", receiver.url))
    return folder


class Traced:
    """One run, and everything that anybody could see of it."""

    def __init__(self, folder, receiver):
        receiver.spans()
        receiver.raw()
        self.folder = project(folder, receiver)
        self.done = ciranda(
            folder,
            *("run", "flow.yaml", "-o", "json"),
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
            TRACEPARENT=CALLER,
            MY_TOKEN=SECRET,
            CIRANDA_LOG="debug",
        )
        assert self.done.returncode == 0, self.done.stderr
        self.outputs = json.loads(self.done.stdout)["outputs"]
        self.lines = [json.loads(line) for line in self.done.stderr.splitlines()]
        self.raw = receiver.raw()
        self.spans = receiver.spans()
        self.by_id = {span["id"]: span for span in self.spans}

    def lineage(self, span):
        """Return the names of a span and of those around it, innermost first."""
        names = []
        while span is not None:
            names.append(span["name"])
            span = self.by_id.get(span["parent"])
        return " < ".join(names)


@pytest.fixture(scope="module")
def traced(tmp_path_factory, receiving):
    return Traced(tmp_path_factory.mktemp("traced"), receiving)


def test_every_span_hangs_where_its_work_was_done(traced):
    root = "workflow.run measured"
    expected = [root]
    for path in ("crunch", "many", "many/0", "many/1", "thread", "program", "request", "refuse"):
        around = f"many < {root}" if "/" in path else root
        expected.append(f"{path} < {around}")
        if path != "many":
            expected.append(f"attempt 1 < {path} < {around}")
    expected += [
        f"attempt 2 < refuse < {root}",
        f"crunching < attempt 1 < crunch < {root}",
        f"deep inside < crunching < attempt 1 < crunch < {root}",
        f"soft < attempt 1 < many/0 < many < {root}",
        f"soft < attempt 1 < many/1 < many < {root}",
        f"threaded < attempt 1 < thread < {root}",
    ]

    assert sorted(map(traced.lineage, traced.spans)) == sorted(expected)


def test_the_run_continues_the_trace_of_its_caller(traced):
    (root,) = (span for span in traced.spans if span["parent"] not in traced.by_id)

    assert root["parent"] == CALLER[36:52]
    assert {span["trace"] for span in traced.spans} == {CALLER[3:35]}


def test_programs_and_servers_are_told_the_attempt_that_called_them(traced):
    for name in ("program", "request"):
        _, trace, span, _ = traced.outputs[name].split("-")
        assert trace == CALLER[3:35]
        assert traced.lineage(traced.by_id[span]) == f"attempt 1 < {name} < workflow.run measured"


def test_what_was_made_in_a_worker_lies_within_its_attempt(traced):
    (span,) = (span for span in traced.spans if span["name"] == "crunching")
    around = traced.by_id[span["parent"]]

    assert span["scope"] == "measuring"
    assert around["start"] <= span["start"] < span["end"] <= around["end"]
    assert span["resource"] == around["resource"]


def test_steps_name_the_action_that_they_call(traced):
    kinds = {
        span["name"]: span["attributes"].get("cicd.pipeline.task.type") for span in traced.spans
    }

    assert kinds["crunch"] == "my.crunch"
    assert kinds["many/1"] == "my.soft"


def test_log_lines_carry_the_ids_of_their_spans(traced):
    (crunched,) = (line for line in traced.lines if line["event"].startswith("crunched"))

    span = traced.by_id[crunched["span_id"]]
    assert traced.lineage(span) == "attempt 1 < crunch < workflow.run measured"
    assert (crunched["step"], crunched["trace_id"]) == ("crunch", CALLER[3:35])
    assert {line["run"] for line in traced.lines} == {crunched["run"]}
    assert {line["trace_id"] for line in traced.lines} == {CALLER[3:35]}


def test_a_secret_is_in_nothing_that_left(traced, monkeypatch):
    monkeypatch.chdir(traced.folder)
    shown = [
        CliRunner().invoke(group, command, catch_exceptions=False).output
        for command in (
            ["logs", "last"],
            ["trace", "last"],
            ["trace", "last", "--html", "-"],
            ["show", "last"],
        )
    ]

    assert "crunched" in shown[0]
    assert "<html" in shown[2]
    for text in (*shown, traced.done.stdout, traced.done.stderr, repr(traced.raw)):
        assert "s3cr3t" not in text
        assert "czNjcjN0" not in text  # the same in base64
    assert b"***" in traced.raw


def test_a_run_can_be_sent_again_later_with_the_same_ids(traced, receiver, monkeypatch):
    monkeypatch.chdir(traced.folder)

    result = CliRunner().invoke(group, ["trace", "last", "--otlp", receiver.url])

    mine = {
        span["id"]: (span["name"], span["parent"], span["attributes"], span["start"], span["end"])
        for span in traced.spans
        if span["scope"] == "ciranda"
    }
    again = {
        span["id"]: (span["name"], span["parent"], span["attributes"], span["start"], span["end"])
        for span in receiver.spans()
    }
    assert result.exit_code == 0
    assert f"sent {len(mine)} spans" in result.stderr
    assert again == mine


def test_a_receiver_that_is_down_costs_a_run_one_line(tmp_path):
    tmp_path.joinpath("flow.yaml").write_text(
        "ciranda: 1\nname: short\nsteps:\n  a: {run: [echo, hi]}\n"
    )

    done = ciranda(
        tmp_path, "run", "flow.yaml", "-q", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"
    )

    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("Warning: traces are incomplete: ")
    assert "Connection refused" in line


def test_without_its_variables_nothing_of_opentelemetry_is_imported(tmp_path):
    tmp_path.joinpath("flow.yaml").write_text(
        "ciranda: 1\nname: short\nsteps:\n  a: {run: [echo, hi]}\n"
    )
    program = (
        "import sys, click\n"
        "from ciranda.cli import main\n"
        "try: main(['run', 'flow.yaml', '-q'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry', 'structlog'))])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.parametrize(
    ("level", "expected"),
    [("off", "short  run"), ("error", ""), ("INFO", '"event": "step completed"')],
)
def test_log_lines_take_the_place_of_progress(tmp_path, monkeypatch, level, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIRANDA_LOG", level)
    tmp_path.joinpath("flow.yaml").write_text(
        "ciranda: 1\nname: short\nsteps:\n  a: {run: [echo, hi]}\n"
    )

    result = CliRunner().invoke(group, ["run", "flow.yaml", "--durability", "off"])

    assert result.exit_code == 0
    assert expected in result.stderr
    assert bool(result.stderr) == bool(expected)


def test_an_unknown_level_of_log_lines_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIRANDA_LOG", "loud")

    with pytest.raises(SettingsError, match="CIRANDA_LOG=loud is no level: write debug, info"):
        CliRunner().invoke(group, ["run", "flow.yaml"], catch_exceptions=False)
