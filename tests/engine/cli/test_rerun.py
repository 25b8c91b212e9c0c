"""`ciranda rerun`: what it tells, what it runs, what it refuses."""

import json

import pytest

FLOW = """\
ciranda: 1
name: release
inputs: {word: {default: hi}, pin: {type: secret, optional: true}}
steps:
  build: {run: [sh, -c, "echo build >> said"]}
  files:
    needs: [build]
    map: [a, b]
    run: [sh, -c, 'echo "$0" >> said', "${{ item }} ${{ inputs.word }}"]
  publish: {needs: [files], run: [sh, -c, "echo publish >> said"]}
outputs: {done: "${{ steps.files.counts.succeeded }}"}
"""


@pytest.fixture
def said(cli, project):
    """Run the flow; return what reads the lines that its steps have written since."""
    (project / "flow.yaml").write_text(FLOW)
    cli("run", "flow.yaml", "-q")

    def lines():
        found = (project / "said").read_text().split("\n")[:-1]
        (project / "said").write_text("")
        return found

    assert sorted(lines()) == ["a hi", "b hi", "build", "publish"]
    return lines


def test_it_tells_what_is_taken_over_and_runs_the_rest(cli, said):
    old = cli("runs", "-o", "json").data[0]["run"]
    done = cli("rerun", "last", "--from", "files/1", "-o", "json")

    assert f"taken over from run {old}: build" in done.err
    assert "runs again: files, `files/1` in it runs again" in done.err
    assert "runs again: publish, it needs `files`" in done.err
    assert done.data["outputs"] == {"done": 2}
    assert said() == ["b hi", "publish"]
    assert [row["status"] for row in cli("runs", "-o", "json").data] == ["succeeded"] * 2


def test_a_dry_run_only_tells(cli, said):
    text = cli("rerun", "last", "--from", "publish", "--dry-run").out
    data = cli("rerun", "last", "--from", "build", "--dry-run", "-o", "json").data

    assert text.endswith("build, files\nruns again: publish, it is where the new run begins\n")
    assert data["kept"] == []
    assert list(data["again"]) == ["build", "files", "publish"]
    assert said() == []
    assert len(cli("runs", "-o", "json").data) == 1


def test_inputs_are_set_and_the_file_may_be_taken_as_it_was(cli, said, project):
    cli("rerun", "last", "--from", "publish", "--set", "word=ho", "-q")
    assert sorted(said()) == ["a ho", "b ho", "publish"]

    (project / "flow.yaml").write_text(FLOW.replace("echo build", "echo built"))
    cli("rerun", "last", "--from", "publish", "--pinned", "-q")
    assert said() == ["publish"]
    cli("rerun", "last", "--from", "publish", "-q")
    assert sorted(said()) == ["a ho", "b ho", "built", "publish"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--from", "file"], 2, "has no step `file`; did you mean `files`?"),
        (["--from", "files/7"], 2, "the run has no `files/7`"),
        (["--from", "build", "--set", "wrd=x"], 2, "wrd"),
        (["--from", ""], 2, "PATH is given as an empty text"),
        ([], 2, "--from"),
    ],
)
def test_what_there_is_not_is_told_and_nothing_runs(cli, said, arguments, code, sentence):
    assert sentence in cli("rerun", "last", *arguments, code=code).err
    assert said() == []
    assert len(cli("runs", "-o", "json").data) == 1


def test_a_secret_input_is_given_once_more(cli, project):
    (project / "flow.yaml").write_text(FLOW)
    cli("run", "flow.yaml", "-q", "-i", "pin=12345678")

    assert "--from publish --set pin=...`" in cli("rerun", "last", "--from", "publish", code=2).err
    done = cli("rerun", "last", "--from", "publish", "--set", "pin=12345678", "-o", "json")
    assert json.loads(done.out)["status"] == "succeeded"


def test_a_failure_that_is_made_up_for_counts_no_more_than_in_the_first_run(cli, project):
    (project / "caught.yaml").write_text("""
ciranda: 1
steps:
  m:
    map: [1, 2]
    steps:
      t: {try: {j: {fail: {kind: a.b, message: no}}}, catch: [{steps: {k: {sleep: 1ms}}}]}
""")
    cli("run", "caught.yaml", "-q")

    done = cli("rerun", "last", "--from", "m/1/t/j")

    assert "1 step ok" in done.err
    assert "m/1/t/j  failed" in done.err
    assert "✗" not in done.err


def test_a_long_list_of_what_is_taken_over_is_cut(cli, project):
    (project / "flow.yaml").write_text(
        "ciranda: 1\nsteps: {m: {map: '${{ range(30) }}', emit: {event: e}}}\n"
    )
    cli("run", "flow.yaml", "-q")

    text = cli("rerun", "last", "--from", "m/29", "--dry-run").out

    assert "m/18, m/19, and 9 more\n" in text
