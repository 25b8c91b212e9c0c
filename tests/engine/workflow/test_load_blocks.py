"""Steps within steps: what they become."""

from pathlib import Path
from typing import Any

import pytest

from ciranda.actions import Action
from ciranda.errors import WorkflowError
from ciranda.workflow.check import check
from ciranda.workflow.document import parse_document
from ciranda.workflow.load import load, loads, workflow_of
from ciranda.workflow.model import (
    Concurrency,
    Declared,
    Join,
    Loop,
    Matrix,
    Rate,
    Retry,
    Step,
    Trigger,
    Workflow,
)
from ciranda.workflow.places import Places

DATA = Path(__file__).parent / "data"


def only(text: str, top: str = "") -> Step:
    """Return the step `a` of a file; workflows that it uses are not read."""
    document = parse_document(f"ciranda: 1\n{top}\nsteps:\n  a: {{{text}}}\n")
    data: Any = document.plain()
    return workflow_of(data, Places(document)).steps["a"]


def every(steps: dict[str, Step]) -> list[Step]:
    """Return steps and those within them."""
    found = list(steps.values())
    for step in steps.values():
        for block in step.blocks.values():
            found += every(block.steps)
    return found


@pytest.fixture(scope="module")
def language() -> Workflow:
    return load(DATA / "language.yaml")


def test_each_step_knows_where_it_stands(language: Workflow):
    lines = (DATA / "language.yaml").read_text(encoding="utf-8").splitlines()
    steps = [*every(language.steps), *every(language.handlers["finally"].steps)]

    assert len(steps) > 25
    for step in steps:
        written = lines[step.line - 1][step.column - 1 :]
        assert written.startswith(("{", "- {") if step.id == "body" else f"{step.id}:")
    assert language.steps["files"].blocks["steps"].at == ("steps", "files", "steps")
    deep = language.steps["files"].blocks["steps"].steps["deep"]
    say = deep.blocks["steps"].steps["say"]
    assert say.at == ("steps", "files", "steps", "deep", "steps", "say")
    assert language.handlers["finally"].steps["sweep"].at == ("finally", "sweep")


def test_cases_are_blocks_and_one_body_is_a_step(language: Workflow):
    pick = language.steps["pick"]
    single, steps, last = (pick.blocks[f"case{number}"] for number in range(3))

    assert (pick.body, pick.cases) == (
        "switch",
        ("len(inputs.days) > 3", "len(inputs.days) > 1", None),
    )
    assert (single.result, list(single.steps)) == ("body", ["body"])
    assert single.steps["body"].at == single.at == ("steps", "pick", "switch", 0)
    assert single.steps["body"].if_ is None
    assert single.steps["body"].timeout == 30.0
    assert (steps.result, steps.outputs, steps.at[-1]) == ("", {"rested": True}, "steps")
    assert last.steps["body"].options["event"] == "idle"


def test_a_try_binds_its_error(language: Workflow):
    pay = language.steps["pay"]

    assert pay.catches == (("timeout", "exit.1"), ())
    assert [pay.blocks[name].binds for name in ("try", "catch0", "catch1", "finally")] == [
        "", "problem", "error", "",
    ]  # fmt: skip
    assert pay.blocks["on-failure"].binds == pay.blocks["on-cancel"].binds == "error"
    assert pay.blocks["try"].outputs == {"charged": "${{ steps.charge.output ?? 0 }}"}
    assert pay.blocks["catch1"].at == ("steps", "pay", "catch", 1, "steps")
    assert pay.blocks["try"].steps["charge"].blocks["compensate"].binds == ""
    assert {name: block.binds for name, block in language.handlers.items()} == {
        "on-failure": "error", "on-success": "", "on-cancel": "", "finally": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("run: x, while: x > 1", "loop", Loop("x > 1")),
        ("run: x, until: x, max: 3, every: 5s, on-max: stop", "loop",
         Loop("x", True, 3, 5.0, "stop")),
        ("run: x, matrix: {os: [a], include: [{n: 1}]}", "matrix",
         Matrix({"os": ["a"]}, [{"n": 1}])),
        ("run: x, map: [1, 2], join: any", "join", Join(1)),
        ("run: x, map: [1, 2], join: all", "join", Join()),
        ("run: x, map: [1, 2], join: race", "join", Join(1, "cancel", True)),
        ("run: x, map: [1, 2], join: {at-least: 2, rest: cancel}", "join", Join(2, "cancel")),
        ("sleep: 1h", "options", {"duration": "1h"}),
        ("wait: {event: paid}", "options", {"event": "paid"}),
        ("approve: {who: ana, form: {n: integer}}", "options",
         {"who": ["ana"], "form": {"n": {"type": "integer"}}}),
        ("uses: ./b.yaml, secrets: {K: '${{ secrets.K }}'}", "options",
         {"secrets": {"K": "${{ secrets.K }}"}}),
        ("uses: ../b.yaml", "body", "workflow"),
        ("uses: x.y, outputs: {a: integer, b: {file: c.bin}}", "declares",
         {"a": Declared({"type": "integer"}), "b": Declared(file="c.bin")}),
        ("run: x, idempotency-key: 7", "idempotency_key", 7),
    ],
)  # fmt: skip
def test_words_become_fields(text: str, field: str, value: Any):
    assert getattr(only(text), field) == value


def test_what_limits_the_run_and_begins_it_is_read(language: Workflow):
    webhook, weekly, often, event, files = language.triggers

    assert language.concurrency == Concurrency("language", policy="cancel-old")
    assert language.rate == Rate(100, 60.0)
    assert (language.timeout, language.fail_fast) == (3600.0, True)
    assert webhook == Trigger(
        kind="webhook",
        options={"path": "/orders", "token": "${{ secrets.HOOK }}"},
        inputs={"days": "${{ event.data.days }}"},
        at=("on", "webhook"),
    )
    assert (weekly.at, often.at) == (("on", "schedule", 0), ("on", "schedule", 1))
    assert weekly.options["timezone"] == "Europe/Lisbon"
    assert (event.kind, files.options) == ("event", {"paths": ["in/*.csv"]})


def test_defaults_are_of_calls_at_any_depth_and_of_nothing_else(language: Workflow):
    for step in every(language.steps):
        expected = (30.0, 5.0) if step.body == "action" else (None,)
        assert step.timeout in expected, step.id
    assert language.steps["files"].max_parallel is None
    assert only("map: [1], run: x", "defaults: {max-parallel: 3}").max_parallel == 3
    assert only("matrix: {o: [1]}, run: x", "defaults: {max-parallel: 3}").max_parallel == 3
    assert only("map: [1], sleep: 5m", "defaults: {max-parallel: 3}").max_parallel is None


def test_templates_lie_under_the_step_and_over_the_defaults(language: Workflow):
    total = language.steps["files"].blocks["steps"].steps["sum"]

    assert total.uses == "math.add"
    assert total.with_ == {"x": 3, "y": 2}
    assert total.retry == Retry(attempts=3, backoff=1.0)
    assert total.timeout == 5.0
    assert total.env == {"LOG": "debug", "COLOUR": "never"}
    assert total.cache is not None


def test_the_last_template_wins_and_a_step_over_all():
    top = """defaults: {timeout: 1s, retry: {factor: 3}}
templates:
  a: {timeout: 2s, retry: 2, executor: thread, on-item-failure: keep}
  b: {timeout: 3s, retry: {attempts: 5, backoff: 2s}}
"""

    both = only("run: x, like: [a, b], retry: {backoff: 1s}", top)

    assert (both.timeout, both.executor) == (3.0, "thread")
    assert both.retry == Retry(attempts=5, backoff=1.0, factor=3)
    assert only("run: x, like: [b, a]", top).timeout == 2.0
    assert only("run: x, like: [a, b], retry: none", top).retry is None
    assert only("sleep: 5m, map: [1], like: c", "templates: {c: {on-item-failure: keep}}") == only(
        "sleep: 5m, map: [1], on-item-failure: keep", "templates: {c: {on-item-failure: keep}}"
    )


def test_the_order_of_the_file_holds_within():
    inner = only("steps: {b: {run: x}}, compensate: {c: {run: x}}", "order: sequence").blocks

    assert {name: block.order for name, block in inner.items()} == {
        "steps": "sequence", "compensate": "sequence",
    }  # fmt: skip


def test_a_fault_in_a_template_is_told_where_the_template_says_it(actions: dict[str, Action]):
    text = """ciranda: 1
templates:
  base: {cache: {key: "${{ inputs.a }}"}}
  add: {uses: math.add, with: {x: "${{ inputs.b }}"}, like: base}
steps:
  g: {steps: {h: {steps: {i: {like: add}}}}}
"""

    with pytest.raises(WorkflowError) as caught:
        check(loads(text), actions)

    assert [str(fault).split(" (")[0] for fault in caught.value.faults] == [
        "<string>:3:35: there is no input `a`",
        "<string>:4:47: there is no input `b`",
    ]
