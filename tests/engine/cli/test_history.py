"""Commands that look back: runs, show, logs, trace, graph, cancel."""

from typing import cast

import msgspec
import pytest

from ciranda.cli.history import opened
from ciranda.cli.logs import Printer, _chunks
from ciranda.store import Log, OutputChunk


@pytest.fixture
def failed(cli):
    cli("run", "fail.yaml", "-q", code=1)
    return cli("runs", "-o", "json").data[0]["run"]


def test_runs_are_listed_newest_first(cli, failed):
    cli("run", "ok.yaml", "-q")

    said = cli("runs")
    assert [line.split()[1:3] for line in said.out.splitlines()] == [
        ["workflow", "status"], ["ok", "succeeded"], ["fail", "failed"],
    ]  # fmt: skip
    assert [row["status"] for row in cli("runs", "-o", "json").data] == ["succeeded", "failed"]
    assert len(cli("runs", "-n", "1").out.splitlines()) == 2
    assert cli("runs", "--status", "failed", "-o", "json").data[0]["run"] == failed
    assert cli("runs", "--status", "interrupted").err == "there is no such run\n"


def test_prune_removes_what_ended_long_ago(cli, failed):
    assert cli("runs", "prune").out == "removed 0 runs, 0 events, 0 files\n"
    assert cli("runs", "prune", "--older", "0s").out.startswith("removed 1 run, ")
    assert cli("runs", "--store", ".", "prune", "--older", "0s").out.startswith("removed 0 runs")
    said = cli("runs")
    assert (said.out, said.err) == ("", "there is no run yet: `ciranda run FILE` makes one\n")


def test_a_store_that_was_emptied_is_damaged(cli, failed, project):
    (project / ".ciranda" / "ciranda.db").write_bytes(b"")

    for command in (["runs"], ["show", "last"], ["run", "ok.yaml"]):
        said = cli(*command, code=2)
        assert "ciranda.db is damaged: it is empty, and key beside it says that it was" in said.err


def test_show_tells_each_step(cli, failed):
    text = cli("show", "last").out

    assert f"run {failed} of fail: failed" in text
    assert "exit.3: `sh` ended with code 3: err (fail.yaml:5)" in text
    assert "bad printed last:\n  out\n  err\n" in text
    assert f"`ciranda resume {failed}` goes on with it" in text
    assert cli("show", failed[:-1]).out == text


def test_what_goes_on_names_the_store_that_was_named(cli):
    cli("run", "fail.yaml", "-q", "--store", "my store", code=1)
    run = cli("runs", "--store", "my store", "-o", "json").data[0]["run"]

    text = cli("show", "last", "--store", "my store").out

    assert f"`ciranda resume {run} --store 'my store'` goes on with it" in text


def test_show_as_json_is_what_the_log_holds(cli, failed):
    data = cli("show", "last", "-o", "json").data

    assert data["status"] == "failed"
    assert data["steps"]["good"]["output"]["stdout"] == "fine\n"
    assert data["steps"]["bad"]["error"]["kind"] == "exit.3"
    assert data["steps"]["later"]["status"] == "skipped"
    assert data["steps"]["many"]["counts"]["succeeded"] == 2
    assert [item["status"] for item in data["steps"]["many"]["items"]] == ["succeeded"] * 2
    assert data["outputs"] is None


def test_show_of_a_success_has_inputs_and_outputs(cli):
    cli("run", "ok.yaml", "-q", "-i", "word=hello")

    text = cli("show", "last").out

    assert "inputs:\n  word: hello\n" in text
    assert "outputs:\n  said: hello\n  size: 5\n" in text
    assert "goes on with it" not in text


def test_show_of_a_run_of_another_process_that_died(cli, project):
    with_dead = "ciranda: 1\nsteps: {a: {run: [sh, -c, 'kill -9 $PPID']}}\n"
    (project / "dead.yaml").write_text(with_dead)
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "ciranda", "run", "dead.yaml"], capture_output=True, check=False
    )
    assert done.returncode == -9

    assert "interrupted" in cli("show", "last").out
    assert cli("runs", "--status", "interrupted", "-o", "json").data[0]["status"] == "interrupted"
    assert "a" in cli("trace", "last").out
    assert "no process executes run" in cli("cancel", "last", code=2).err


def test_retries_and_skips_are_told(cli, project):
    (project / "again.yaml").write_text(
        "ciranda: 1\ninputs: {n: {type: integer, default: 1}}\nsteps:\n"
        "  a: {run: [sh, -c, 'exit 1'], retry: {attempts: 2, backoff: 1ms, on: [exit]}}\n"
        "  b: {if: inputs.n > 2, run: [echo, b]}\n"
    )
    cli("run", "again.yaml", "-q", code=1)

    steps = cli("show", "last", "-o", "json").data["steps"]

    assert steps["a"]["attempts"] == 2
    assert steps["b"]["status"] == "skipped"
    assert steps["b"]["reason"] in cli("show", "last").out


def test_logs_name_the_step_of_each_line(cli, failed):
    lines = cli("logs", "last").out.splitlines()

    assert {"good | fine", "bad | out", "bad | err"} <= set(lines)
    assert {"many/0 | item 1", "many/1 | item 2"} <= set(lines)


def test_logs_of_one_step_are_as_it_printed_them(cli, failed):
    assert sorted(cli("logs", "last", "bad").out.splitlines()) == ["err", "out"]
    assert cli("logs", "last", "many/1").out == "item 2\n"
    assert cli("logs", "last", "-f", "good").out == "fine\n"
    assert cli("logs", "last", "later").err == "later printed nothing\n"
    assert (
        f"run {failed} has no step `bda`; did you mean `bad`?"
        in cli("logs", "last", "bda", code=2).err
    )
    assert "it has good, bad" in cli("logs", "last", "zzzzzzz", code=2).err


def test_following_a_run_ends_with_it(cli, failed):
    naps: list[float] = []
    with opened(None) as log:
        real = log.run

        class Running:
            """A log whose run goes on for two more looks."""

            looks = 0

            def run(self, name):
                self.looks += 1
                return msgspec.structs.replace(
                    real(name), status="running" if self.looks < 3 else "failed"
                )

            output = log.output

        chunks = [
            chunk
            for some in _chunks(
                cast("Log", Running()), failed, None, follow=True, sleep=naps.append
            )
            for chunk in some
        ]

    assert len(chunks) >= 4
    assert naps == [0.2]


def chunk(number, path, offset, data):
    return OutputChunk(number, path, "stdout", 0.0, offset, data)


def test_lines_of_steps_that_print_at_once_stay_whole(capsys):
    printer = Printer(prefixed=True)

    printer.print(
        [
            chunk(1, "a", 0, b"one "),
            chunk(2, "b", 0, b"two\nbeg"),
            chunk(3, "a", 4, b"line\n"),
            chunk(4, "b", 100, b"\xff\n"),
        ]
    )
    printer.finish()

    assert capsys.readouterr().out.splitlines() == [
        "b | two", "a | one line", "... 93 bytes of b were not kept ...", "b | beg\\xff",
    ]  # fmt: skip


def test_trace_draws_writes_and_sends(cli, project, failed):
    text = cli("trace", "last").out
    assert "bad" in text
    assert failed in text

    assert cli("trace", "last", "--html", "run.html").err == "wrote run.html\n"
    page = (project / "run.html").read_text()
    assert page.startswith("<!")
    assert cli("trace", "last", "--html", "-").out == page
    assert "cannot be written" in cli("trace", "last", "--html", "/dev/full", code=2).err
    assert "is not an address" in cli("trace", "last", "--otlp", "nonsense", code=2).err
    assert (
        "did not take the spans" in cli("trace", "last", "--otlp", "http://127.0.0.1:1", code=2).err
    )


def test_graph_draws_a_file_and_a_run(cli, failed):
    assert "●  good" in cli("graph", "fail.yaml").out
    text = cli("graph", "last").out
    assert "✗  bad" in " ".join(text.split("\n"))
    assert "failed" in text


@pytest.mark.parametrize("target", ["fail.yaml", "last"])
def test_graph_as_text_for_other_programs(cli, failed, target):
    mermaid = cli("graph", target, "--format", "mermaid").out
    dot = cli("graph", target, "--format", "dot").out

    assert mermaid.startswith("flowchart TD\n")
    assert "s0 --> s1" in mermaid
    assert "[[" in mermaid
    assert dot.startswith('digraph "fail" {\n')
    assert '"good" -> "bad";' in dot
    assert ("fed7d7" in dot) is (target == "last")
    assert ("style" in mermaid) is (target == "last")


def test_graph_of_many_lanes_and_joins(cli, project):
    leaves = "".join(f"  s{i}: {{run: [echo, a], needs: [root]}}\n" for i in range(30))
    (project / "wide.yaml").write_text(f"ciranda: 1\nsteps:\n  root: {{run: [echo]}}\n{leaves}")
    (project / "diamond.yaml").write_text(
        "ciranda: 1\nsteps:\n  a: {run: [echo]}\n  b: {run: [echo], needs: [a]}\n"
        "  c: {run: [echo], needs: [a]}\n  d: {run: [echo], needs: [b, c, a]}\n"
        "  e: {run: [echo]}\n  f: {run: [echo], needs: [e, d]}\n"
    )

    assert "needs root" in cli("graph", "wide.yaml").out
    text = cli("graph", "diamond.yaml").out
    assert len([line for line in text.splitlines() if "●" in line]) == 6
    assert "╮" in text or "╯" in text


def test_cancel_reaches_a_run_of_another_process(cli, project):
    import subprocess
    import sys
    import time

    (project / "long.yaml").write_text("ciranda: 1\nsteps: {a: {run: [sleep, '60']}}\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "ciranda", "run", "long.yaml"], stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(200):
            if (project / ".ciranda" / "ciranda.db").exists() and "running" in cli("runs").out:
                break
            time.sleep(0.05)
        said = cli("cancel", "last", "--reason", "enough of it")
        assert "is asked to stop" in said.err
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()

    assert process.returncode == 1, err
    assert "cancelled" in cli("show", "last").out
    assert "was cancelled already: nothing to cancel" in cli("cancel", "last", code=2).err


def test_a_resumed_run_does_not_hear_what_was_said_to_it_before(cli, project):
    (project / "two.yaml").write_text(
        "ciranda: 1\nsteps:\n  a: {run: [test, -e, go]}\n  b: {run: [sleep, '0.5'], needs: [a]}\n"
    )
    cli("run", "two.yaml", "-q", code=1)
    with opened(None) as log:
        run = log.run("last").id
        log.post(run, "cancel", b"of the first try")
    (project / "go").touch()

    assert cli("resume", "last", "-o", "json").data["status"] == "succeeded"


def test_a_step_that_ran_in_the_end_does_not_say_why_it_was_skipped_once(cli, project):
    (project / "go.yaml").write_text(
        "ciranda: 1\nsteps:\n  a: {run: [test, -e, go]}\n  b: {run: [echo, b], needs: [a]}\n"
    )
    cli("run", "go.yaml", "-q", code=1)
    assert cli("show", "last", "-o", "json").data["steps"]["b"]["reason"] == "'a' failed"
    (project / "go").touch()
    cli("resume", "last", "-q")

    assert cli("show", "last", "-o", "json").data["steps"]["b"]["reason"] == ""
