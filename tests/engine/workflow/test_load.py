"""Files that are right: what they become."""

import re
from pathlib import Path

import msgspec
import pytest

from ciranda.actions import Action
from ciranda.errors import WorkflowError
from ciranda.workflow.check import check
from ciranda.workflow.load import load, loads, parse
from ciranda.workflow.model import (
    Breaker,
    Cache,
    Concurrency,
    EnvVar,
    Quota,
    Rate,
    Retry,
    SecretRef,
    Step,
    Workflow,
)

DATA = Path(__file__).parent / "data"


def only(text: str) -> Step:
    """Return the step `a` of a file whose steps are `text`."""
    return loads(f"ciranda: 1\nsteps:\n  a: {{{text}}}\n").steps["a"]


@pytest.fixture(scope="module")
def everything() -> Workflow:
    return load(DATA / "everything.yaml")


@pytest.mark.parametrize("name", ["settlement.yaml", "everything.yaml", "language.yaml"])
def test_the_examples_load_and_are_free_of_faults(name: str, actions: dict[str, Action]):
    check(load(DATA / name), actions)


def test_the_design_example_reads_as_written():
    workflow = load(DATA / "settlement.yaml")
    verify = workflow.steps["verify"]

    assert workflow.name == "settlement"
    assert workflow.plugins == ("./actions.py",)
    assert workflow.file == str(DATA / "settlement.yaml")
    assert workflow.source == (DATA / "settlement.yaml").read_bytes()
    assert (verify.line, verify.column) == (17, 3)
    assert (verify.as_, verify.index_as, verify.max_parallel) == ("payment", "payment_index", 16)
    assert verify.retry == Retry(3, 0.2, 2, 10.0, "full", ("timeout", "unavailable"))
    assert verify.breaker == Breaker(failures=0.5, window=20, minimum=10, open=30.0, probes=3)
    assert verify.timeout == 5.0
    assert workflow.steps["load"].timeout == 30.0


def test_words_of_a_program_keep_the_text_that_was_written(everything: Workflow):
    assert everything.steps["argv"].with_ == {
        "argv": ["echo", "007", "3.10", "true", "${{ inputs.short }}", "null-like"],
        "stdin": "${{ inputs.names }}",
        "cwd": "somewhere",
        "parse": "lines",
        "ok_codes": [0, 1],
        "inherit_env": ["LANG"],
    }


def test_a_command_is_split_around_its_expressions(everything: Workflow):
    assert everything.steps["words"].with_["argv"] == [
        "cp", "-r", "my file", "${{ inputs.file }}/x", "$${{", "literal", "}}",
    ]  # fmt: skip


def test_an_expression_with_blanks_and_quotes_stays_one_word():
    step = only("run: \"echo 'a b' x${{ inputs.n + ' | ' }}y > z\"".replace(" > z", ""))

    assert step.with_["argv"] == ["echo", "a b", "x${{ inputs.n + ' | ' }}y"]


def test_a_shell_gets_its_text_as_it_is(everything: Workflow):
    inputs = everything.steps["shell"].with_

    assert inputs["command"] == "echo $GREETING |\n  wc -c\n"
    assert inputs["shell"] is True
    assert inputs["inherit_env"] is True


def test_environment_keeps_the_text_that_was_written(everything: Workflow):
    assert everything.env == {
        "DEBUG": EnvVar(value="true"),
        "BARE": EnvVar(value="true"),
        "VERSION": EnvVar(value="3.10"),
        "PG": EnvVar(source="PGHOST", default="localhost"),
        "GREETING": EnvVar(value="hello ${{ inputs.text }}"),
    }
    assert everything.steps["argv"].env == {"LOG": "debug", "N": "7"}
    assert everything.steps["words"].env == {"LOG": "info"}


def test_secrets_are_kept_by_reference(everything: Workflow):
    assert everything.secrets == {
        "API": SecretRef(env="API_KEY"),
        "CERTIFICATE": SecretRef(file="cert.pem"),
        "TOKEN": SecretRef(command=("pass", "show", "007")),
    }


def test_inputs_know_their_types_and_bounds(everything: Workflow):
    inputs = everything.inputs

    assert inputs["short"].type == "integer"
    assert inputs["short"].default is msgspec.UNSET
    assert inputs["choice"].schema == {"enum": ["red", "green"]}
    assert inputs["amount"].schema == {"minimum": 0.5, "maximum": 10}
    assert inputs["key"].optional
    assert inputs["version"].default == "3.10"
    assert inputs["text"].description == "A word."


def test_every_modifier_is_read(everything: Workflow):
    step = everything.steps["add"]

    assert step.cache == Cache(7 * 86400.0, "${{ inputs.text }}", "shared", True)
    assert step.breaker == Breaker(
        failures=0.5, slow=0.9, slow_after=5.0, window=10, window_seconds=True, minimum=5,
        open=30.0, factor=2, cap=300.0, probes=3, key="${{ inputs.text }}",
    )  # fmt: skip
    assert step.rate == Rate(50, 60.0, "all")
    assert step.concurrency == Concurrency("g-${{ inputs.text }}", 2, "cancel-old")
    assert (step.timeout, step.deadline, step.estimate) == (5400.0, 86400.0, 20.0)
    assert step.idempotent


def test_a_rate_counts_tokens_too():
    text = """
ciranda: 1
name: n
steps:
  ask:
    uses: a.b
    rate:
      input-tokens: 30000/1m
      output-tokens: 8000/90s
      cost: {input-tokens: "${{ inputs.n }}", output-tokens: 500}
      shared: machine
"""
    rate = loads(text).steps["ask"].rate

    assert rate == Rate(
        input_tokens=Quota(30_000, 60.0), output_tokens=Quota(8_000, 90.0),
        cost={"input-tokens": "${{ inputs.n }}", "output-tokens": 500}, shared="machine",
    )  # fmt: skip
    assert rate.dimensions == (("input-tokens", 30_000, 60.0), ("output-tokens", 8_000, 90.0))


def test_defaults_are_merged_key_by_key(everything: Workflow):
    steps = everything.steps

    assert steps["argv"].retry == Retry(attempts=5, backoff=1.0)
    assert steps["add"].retry == Retry(attempts=2, backoff=1.0)
    assert steps["words"].retry is None
    assert steps["each"].max_parallel == 2
    assert steps["literal"].max_parallel == 1
    assert steps["add"].max_parallel is None
    assert steps["argv"].cache is None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("true", True),
        ("false", False),
        ("timeout", ("timeout",)),
        ("[exit.1, timeout]", ("exit.1", "timeout")),
    ],
)
def test_continue_on_error_takes_a_word_a_list_or_everything(written: str, read: object):
    assert only(f"run: echo, continue-on-error: {written}").continue_on_error == read


def test_needs_takes_one_id_or_several():
    assert only("run: echo, needs: b").needs == ("b",)
    assert only("run: echo, needs: [b, c]").needs == ("b", "c")


@pytest.mark.parametrize(
    ("written", "read"),
    [("50%", 0.5), ("12.5%", 0.125), ("0.25", 0.25), ("100%", 1.0), ("1", 1.0)],
)
def test_shares_are_percent_or_fractions(written: str, read: float):
    step = only(f"run: echo, breaker: {{failures: {written}}}")

    assert step.breaker is not None
    assert step.breaker.failures == read


def test_cache_true_means_the_defaults():
    assert only("uses: math.add, cache: true").cache == Cache()
    assert only("uses: math.add, cache: false").cache is None


def test_a_file_without_a_name_is_called_by_its_own():
    assert loads("ciranda: 1\nsteps: {a: {run: x}}", file="jobs/night.yaml").name == "night"


def test_all_faults_come_at_once_and_in_order():
    with pytest.raises(WorkflowError) as caught:
        loads("ciranda: 1\nsteps:\n  a: {run: x, timeout: 3}\n  b-c: {run: x}\nfoo: 1\n")

    assert [fault.line for fault in caught.value.faults] == [3, 4, 5]


def test_parse_gives_plain_data_under_all_limits():
    assert parse(b"a: [1, 0x10, no, 1.5]") == {"a": [1, 16, "no", 1.5]}
    with pytest.raises(WorkflowError, match="written twice"):
        parse(b"a: 1\na: 2")


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path):
    with pytest.raises(WorkflowError, match="there is no such file"):
        load(tmp_path / "none.yaml")


def blocks() -> list[str]:
    page = (Path(__file__).parents[3] / "docs/workflow-file.md").read_text(encoding="utf-8")
    return re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", blocks())
def test_what_the_documentation_shows_is_free_of_faults(block: str, actions: dict[str, Action]):
    check(loads(block), actions)
