"""A run of a workflow that uses itself: every command finds its way at any level."""

import pytest
from click.shell_completion import ShellComplete

from ciranda.cli.commands import ciranda

FACTORIAL = """\
ciranda: 1
name: fact
inputs: {n: integer}
steps:
  less: {if: inputs.n > 1, uses: ./fact.yaml, with: {n: "${{ inputs.n - 1 }}"}}
  own: {run: [echo, "${{ inputs.n * (steps.less.output.own ?? 1) }}"], parse: json}
outputs: {own: "${{ steps.own.output.data }}"}
on-success:
  told: {run: [echo, "told ${{ inputs.n }} ${{ steps.own.output.data }}"]}
  quiet: {if: inputs.n > 9 and steps.own.status == 'succeeded', run: [echo, much]}
"""
TEST = """\
mocks: {told: {output: {}}, own: {output: {data: 1}}, less/less/own: {output: {data: 7}}}
cases:
  - name: levels have mocks and results of their own
    workflow: fact.yaml
    inputs: {n: 4}
    expect:
      outputs: {own: 1}
      order: [less/less/own, less/own, own]
      not-run: [less/less/less/less]
      steps: {less/less: {output: {own: 7}}}
"""
STRANGE = TEST.replace("less/less: {output", "less/lss: {output")


@pytest.fixture
def ran(cli, project):
    (project / "fact.yaml").write_text(FACTORIAL)
    return cli("run", "fact.yaml", "-q", "-i", "n=4", "-o", "json").data


def test_a_run_is_shown_explained_and_begun_again_at_any_level(cli, ran):
    assert ran["outputs"] == {"own": 24}

    assert cli("logs", "last", "less/less/own").out == "2\n"
    assert "less/less/less/own | 1" in cli("logs", "last", "less/less").out
    assert "has no step `less/lss`" not in cli("logs", "last", "less/less").err
    skipped = cli("explain", "last", "less/less/less/less").out
    assert "- `if: inputs.n > 1` was false, with inputs.n = 1" in skipped
    told = cli("explain", "last", "less/less/@workflow.on-success/told", "-o", "json").data
    quiet = cli("explain", "last", "less/less/@workflow.on-success/quiet").out
    assert told["status"] == "succeeded"
    assert 'was false, with inputs.n = 2, steps.own.status = "succeeded"' in quiet
    again = cli("rerun", "last", "--from", "less/less/own", "-o", "json")
    assert "runs again: own, it needs `less`" in again.err
    assert again.data["outputs"] == {"own": 24}
    assert "did you mean" in cli("explain", "last", "less/less/ow", code=2).err


def test_its_expressions_are_read_again_at_the_level_where_they_stand(cli, project):
    own = "own: {if: inputs.n != 2 or steps.less.status == 'failed', run"
    (project / "fact.yaml").write_text(
        FACTORIAL.replace("own: {run", own).replace("own.output.data }}", "own.status }}")
    )
    cli("run", "fact.yaml", "-q", "-i", "n=3", code=1)

    said = cli("explain", "last", "less/own").out

    assert 'with inputs.n = 2, steps.less.status = "succeeded"' in said


def test_plans_and_pictures_tell_once_that_it_begins_again(cli, ran):
    plan = cli("plan", "fact.yaml", "-i", "n=3").out
    text = cli("graph", "fact.yaml").out
    mermaid = cli("graph", "last", "--format", "mermaid").out
    dot = cli("graph", "fact.yaml", "--format", "dot").out

    assert "workflow ./fact.yaml again" in plan
    assert text.count("./fact.yaml again") == 1
    assert '["./fact.yaml again"]' in mermaid
    assert '"less/..." [label="./fact.yaml again"]' in dot


def test_spans_and_pages_know_the_action_at_every_level(cli, ran, project):
    cli("trace", "last", "--html", "page.html")

    assert (project / "page.html").read_text().count("uses program.run") >= 8


def test_cases_of_tests_name_steps_at_every_level(cli, ran, project):
    (project / "fact.test.yaml").write_text(TEST)
    assert "1 passed" in cli("test", "fact.test.yaml").out

    (project / "fact.test.yaml").write_text(STRANGE)
    assert "has no step `less/lss`" in cli("test", "fact.test.yaml", code=2).out


def test_paths_are_completed_level_by_level(ran):
    shell = ShellComplete(ciranda, {}, "ciranda", "_CIRANDA_COMPLETE")

    found = shell.get_completions(["explain", "last"], "less/less/")

    assert [one.value.removeprefix("less/less/") for one in found] == [
        *("less", "own", "@workflow.on-success/told", "@workflow.on-success/quiet")
    ]
