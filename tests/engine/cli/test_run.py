"""`ciranda run`, `validate` and `resume`."""

import json

import pytest


def test_outputs_go_to_standard_output_and_progress_beside_it(cli):
    said = cli("run", "ok.yaml")

    assert said.out == "said: hi\nsize: 2\n"
    assert "✓ ok succeeded in" in said.err
    assert "say" in said.err


def test_json_tells_all_of_the_run(cli):
    data = cli("run", "ok.yaml", "-o", "json", "-i", "word=hello").data

    assert data["status"] == "succeeded"
    assert data["outputs"] == {"said": "hello", "size": 5}
    assert data["failures"] == {}
    assert data["duration"] > 0


def test_quiet_says_nothing_but_the_result(cli):
    assert cli("run", "ok.yaml", "-q").err == ""


def test_inputs_come_from_text_files_and_standard_input(cli, project):
    (project / "word.txt").write_text("from a file\n")
    (project / "inputs.yaml").write_text("word: from yaml\ntimes: 2\n")

    def said(*given, **options):
        return cli("run", "ok.yaml", "-q", "-o", "json", *given, **options).data["outputs"]["said"]

    assert said("-i", "word=@word.txt") == "from a file"
    assert said("-i", "word=@-", stdin=b"from stdin\n") == "from stdin"
    assert said("-i", "word=@@home") == "@home"
    assert said("--inputs-file", "inputs.yaml") == "from yaml"
    assert said("--inputs-file", "inputs.yaml", "-i", "word=wins") == "wins"
    assert said("--inputs-file", "-", stdin=b'{"word": "json"}') == "json"


def test_an_input_that_is_not_text_is_named(cli, project):
    (project / "junk").write_bytes(b"\xff\xfe\xfd")

    assert "junk is not UTF-8 text" in cli("run", "ok.yaml", "-i", "word=@junk", code=2).err


def test_a_dry_run_tells_the_order_and_runs_nothing(cli, project):
    said = cli("run", "fail.yaml", "--dry-run")

    assert "5 steps; nothing was run" in said.err
    lines = [line.split() for line in said.out.splitlines()]
    (project / "one.yaml").write_text("ciranda: 1\nsteps: {a: {run: [echo]}}\n")
    assert cli("run", "one.yaml", "--dry-run").err == "one: 1 step; nothing was run\n"
    assert ["1", "good", "run", "echo", "fine"] in lines
    assert ["2", "bad", "run", "sh", "-c", "echo", "out;", "echo", "err", ">&2;", "exit", "3",
            "good"] in lines  # fmt: skip
    assert any("may fail" in line for line in said.out.splitlines())
    assert not (project / ".ciranda").exists()


def test_a_dry_run_shows_inputs_as_resolved(cli):
    assert "input word (string) = ho" in cli("run", "ok.yaml", "--dry-run", "-i", "word=ho").out

    data = cli("run", "ok.yaml", "--dry-run", "-o", "json", "-i", "times=2").data
    assert data["inputs"] == {"word": "hi", "times": 2}
    assert data["order"] == [["say"], ["count"]]
    assert data["steps"]["count"]["needs"] == ["say"]


def test_a_failed_step_ends_with_1_and_says_what_to_do(cli):
    said = cli("run", "fail.yaml", code=1)

    run = cli("runs", "-o", "json").data[0]["run"]
    assert "exit.3: `sh` ended with code 3: err" in said.err
    assert "at fail.yaml:5" in said.err
    assert f"ciranda resume {run}" in said.err

    data = cli("run", "fail.yaml", "-q", "-o", "json", code=1).data
    assert data["failures"]["bad"]["kind"] == "exit.3"
    assert data["failures"]["bad"]["place"].endswith("fail.yaml:5")
    assert data["outputs"] is None
    assert data["status"] == "failed"


def test_without_a_store_nothing_is_kept(cli, project):
    said = cli("run", "fail.yaml", "--durability", "off", code=1)

    assert "ciranda resume" not in said.err
    assert not (project / ".ciranda").exists()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_both_event_loops_run_it(cli, backend):
    assert "said: hi" in cli("run", "ok.yaml", "--backend", backend).out


def test_a_store_of_its_own_is_named_in_the_advice(cli, tmp_path):
    said = cli("run", "fail.yaml", "--store", "elsewhere", code=1)

    assert said.err.count("--store elsewhere") == len(["resume", "logs", "trace"])
    assert (tmp_path / "elsewhere" / ".ciranda" / "ciranda.db").exists()


def test_resume_goes_on_where_the_run_failed(cli, project):
    flag = project / "flag"
    (project / "flaky.yaml").write_text(
        "ciranda: 1\nsteps:\n"
        "  once: {run: [sh, -c, 'echo x >> once.log; echo once'], cwd: .}\n"
        f"  then: {{run: [test, -e, {flag}], needs: [once]}}\n"
        "outputs: {o: '${{ steps.once.output.stdout }}'}\n"
    )
    cli("run", "flaky.yaml", "-q", code=1)
    flag.touch()

    said = cli("resume", "last", "-o", "json")

    assert said.data["outputs"] == {"o": "once\n"}
    assert (project / "once.log").read_text() == "x\n"
    assert "has succeeded: there is nothing to resume" in cli("resume", "last", code=2).err


def test_resume_asks_for_secrets_again_and_says_so(cli, project):
    (project / "secret.yaml").write_text(
        "ciranda: 1\ninputs: {token: secret}\nsteps:\n"
        "  a: {run: [sh, -c, 'exit 1'], env: {T: '${{ inputs.token }}'}}\n"
    )
    said = cli("run", "secret.yaml", "-i", "token=hunter2hunter2", code=1)

    assert "-i token=..." in said.err
    assert "hunter2" not in said.err + said.out
    again = cli("resume", "last", "-i", "token=hunter2hunter2", code=1)
    assert "-i token=..." in again.err


def test_resume_takes_no_other_inputs_and_says_what_does(cli, project):
    (project / "n.yaml").write_text(
        "ciranda: 1\ninputs: {n: {type: integer, default: 1}}\nsteps: {a: {run: [test, -e, x]}}\n"
    )
    cli("run", "n.yaml", "-q", code=1)

    other = cli("resume", "last", "-i", "n=2", code=2).err
    assert "keeps the input `n` that it began with: `ciranda rerun " in other
    assert "has no input `m`" in cli("resume", "last", "-i", "m=2", code=2).err
    assert "`--set n` is no input: write `--set name=value`" in (
        cli("rerun", "last", "--from", "a", "--set", "n", code=2).err
    )


def test_validate_tells_of_every_file(cli, project):
    (project / "wrong.yaml").write_text("ciranda: 1\nsteps:\n  a: {uses: data.raed}\n")

    said = cli("validate", "ok.yaml", "wrong.yaml", "fail.yaml", code=2)
    assert said.out == "ok.yaml: ok\nfail.yaml: ok\n"
    assert "wrong.yaml:3:" in said.err
    assert "did you mean `data.read`?" in said.err
    assert said.err.endswith("Error: 1 fault in wrong.yaml\n")

    data = cli("validate", "ok.yaml", "wrong.yaml", "-o", "json", code=2).data
    assert [each["ok"] for each in data] == [True, False]
    assert data[1]["faults"][0]["line"] == 3
    assert data[1]["faults"][0]["kind"] == "unknown-action"
    assert cli("validate", "ok.yaml").out == "ok.yaml: ok\n"


def test_log_lines_for_machines_take_the_place_of_progress(cli, monkeypatch):
    monkeypatch.setenv("CIRANDA_LOG", "info")

    said = cli("run", "ok.yaml")

    assert {json.loads(line)["run"] for line in said.err.splitlines()} != set()
    assert said.out == "said: hi\nsize: 2\n"


def test_the_plan_of_a_dry_run_has_every_note(cli, project):
    (project / "notes.yaml").write_text(
        "ciranda: 1\ninputs: {n: {type: integer, default: 1}}\nsteps:\n"
        "  a: {if: inputs.n > 0, uses: data.read, with: {path: x}, retry: 3, timeout: 5s,\n"
        "      cache: {key: k, ttl: 1h}, continue-on-error: true, executor: process}\n"
        "  b: {map: '${{ [1, 2] }}', when: item > 1, run: 'echo ${{ item }}'}\n"
    )

    text = cli("run", "notes.yaml", "--dry-run").out

    notes = "if inputs.n > 0; 3 attempts; timeout 5s; cached; on the process executor; may fail"
    assert notes in text
    assert "for each of ${{ [1, 2] }}; when item > 1" in text
    assert "run echo ${{ item }}" in text


def test_outputs_that_fail_are_told_without_a_step(cli, project):
    (project / "out.yaml").write_text(
        "ciranda: 1\nsteps: {a: {run: [echo, x], parse: text}}\n"
        "outputs: {o: '${{ int(steps.a.output.data) }}'}\n"
    )

    said = cli("run", "out.yaml", "-o", "json", code=1)

    assert said.data["failures"][""]["message"] in said.err


def test_an_empty_workflow_prints_nothing(cli, project):
    (project / "mute.yaml").write_text("ciranda: 1\nsteps: {a: {run: [echo, x]}}\n")

    assert cli("run", "mute.yaml", "-q").out == ""
