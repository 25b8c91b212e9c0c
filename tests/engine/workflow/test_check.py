"""Files without faults: the graph, the status rules, the texts."""

import time
from pathlib import Path

import pytest

from ciranda.actions import Action
from ciranda.errors import WorkflowError
from ciranda.workflow.check import Checked, check, find_faults
from ciranda.workflow.graph import edges, lifts
from ciranda.workflow.load import loads
from ciranda.workflow.model import Step


def checked(actions: dict[str, Action], steps: str, top: str = "") -> Checked:
    return check(loads(f"ciranda: 1\n{top}\nsteps:\n{steps}"), actions)


def test_a_step_needs_what_it_names_and_what_it_reads(actions: dict[str, Action]):
    result = checked(
        actions,
        """
  a: {run: x}
  b: {run: x}
  c: {run: x}
  d:
    needs: [b]
    if: steps.c.output.code == 0
    run: [x, "${{ steps.a.output }}"]
    env: {A: "${{ steps.b.status }}"}
""",
    )

    assert result.edges == {"a": (), "b": (), "c": (), "d": ("b", "c", "a")}
    assert edges(result.workflow) == result.edges


def test_keys_of_modifiers_are_read_too(actions: dict[str, Action]):
    result = checked(
        actions,
        """
  a: {run: x}
  b: {run: x, cache: {key: "${{ steps.a.output.stdout }}"}}
  c: {run: x, concurrency: {group: "${{ steps.b.output.stdout }}"}}
""",
    )

    assert result.edges == {"a": (), "b": ("a",), "c": ("b",)}


def test_a_sequence_needs_the_step_above(actions: dict[str, Action]):
    result = checked(actions, "  a: {run: x}\n  b: {run: x}\n  c: {run: x}", "order: sequence")

    assert result.edges == {"a": (), "b": ("a",), "c": ("b",)}
    assert result.workflow.steps["b"].needs == ()


def test_a_sequence_does_not_ask_what_a_skipped_step_means(actions: dict[str, Action]):
    checked(
        actions, "  a: {if: inputs.n, run: x}\n  b: {run: x}",
        "order: sequence\ninputs: {n: boolean}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("always()", True),
        ("succeeded() or failed()", True),
        ("not cancelled()", True),
        ("steps.a.status == 'failed'", frozenset({"a"})),
        ("steps.a.status != steps.b.status", frozenset({"a", "b"})),
        ("steps.a.output.code == 0", frozenset()),
    ],
)
def test_status_in_if_lifts_the_rule_of_failed_needs(
    actions: dict[str, Action], condition: str, rule: object
):
    last = f'  c: {{needs: [a, b], if: "{condition}", run: x}}'
    result = checked(actions, f"  a: {{run: x}}\n  b: {{run: x}}\n{last}")

    assert result.lifts == {"a": frozenset(), "b": frozenset(), "c": rule}
    assert lifts(result.workflow) == result.lifts


@pytest.mark.parametrize(
    "reader",
    [
        'run: [x, "${{ steps.a.output.stdout ?? 1 }}"]',
        "run: [x, \"${{ steps.a.output.stdout if steps.a.status == 'succeeded' else 1 }}\"]",
        "if: steps.a.status == 'succeeded', run: [x, \"${{ steps.a.output.stdout }}\"]",
        "if: \"steps.a.status == 'succeeded' and steps.a.output.code == 0\", run: x",
        'if: (steps.a.output ?? null) != null, run: [x, "${{ steps.a.output.stdout }}"]',
        'run: [x, "${{ steps.a.status }} ${{ steps.a.attempts }} ${{ steps.a.duration }}"]',
        "needs: a, if: always(), run: x",
        "needs: a, if: steps.a.status != 'failed', run: x",
    ],
)
def test_a_step_that_may_be_skipped_is_read_with_care(actions: dict[str, Action], reader: str):
    checked(actions, f"  a: {{if: inputs.n, run: x}}\n  b: {{{reader}}}", "inputs: {n: boolean}")


def test_an_always_step_counts_as_one_that_runs(actions: dict[str, Action]):
    checked(
        actions,
        """
  a: {run: x}
  b: {needs: a, if: always(), run: x}
  c: {needs: b, run: [x, "${{ steps.b.output }}"]}
""",
    )


def test_only_succeeded_reads_without_a_guard(actions: dict[str, Action]):
    checked(actions, '  a: {run: x}\n  b: {if: succeeded(), run: [x, "${{ steps.a.output }}"]}')


def test_text_inputs_take_what_was_written(actions: dict[str, Action]):
    result = checked(
        actions,
        "  a: {uses: text.say, with: {text: 3.10, times: 3, tags: [1.0, 007, true, x]}}",
    )

    assert result.workflow.steps["a"].with_ == {
        "text": "3.10", "times": 3, "tags": ["1.0", "007", "true", "x"],
    }  # fmt: skip


def test_numbers_stay_numbers_where_anything_is_taken(actions: dict[str, Action]):
    result = checked(actions, "  a: {uses: any.thing, with: {value: [1, 1.5, true, 1e+20]}}")

    assert result.workflow.steps["a"].with_ == {"value": [1, 1.5, True, 1e20]}


def test_the_item_of_a_map_has_the_type_of_the_list(actions: dict[str, Action]):
    steps = """
  load: {uses: data.read, with: {path: a}}
  each: {map: "${{ steps.load.output }}", as: row, uses: any.thing, with: {value: "${{ row.KEY }}"}}
"""

    checked(actions, steps.replace("KEY", "amount * 2"))
    with pytest.raises(WorkflowError, match=r"no property 'amuont' \(did you mean `amount`\?\)"):
        checked(actions, steps.replace("KEY", "amuont"))


def test_a_map_gives_a_list_of_outputs(actions: dict[str, Action]):
    steps = """
  each: {map: [1, 2], uses: math.add, with: {x: "${{ item }}"}}
  sum: {uses: math.add, with: {x: "${{ EXPRESSION }}"}}
"""

    checked(actions, steps.replace("EXPRESSION", "sum(steps.each.output)"))
    checked(actions, steps.replace("EXPRESSION", "steps.each.items[0].output"))
    with pytest.raises(WorkflowError, match="must be a whole number, and this gives a list"):
        checked(actions, steps.replace("EXPRESSION", "steps.each.output"))


def test_an_executor_of_a_plugin_is_known(actions: dict[str, Action]):
    workflow = loads("ciranda: 1\nsteps: {a: {run: x, executor: cluster}}")

    check(workflow, actions, executors=frozenset({"cluster"}))


def test_faults_of_all_kinds_come_at_once_in_order(actions: dict[str, Action]):
    workflow = loads(
        """ciranda: 1
inputs: {n: {type: integer, default: x}}
steps:
  a: {uses: math.ad}
  b: {uses: math.add, with: {x: "${{ 1 + }}"}, needs: [c]}
  d: {uses: text.say, with: {text: "${{ inputs.m }}"}, cache: {ttl: 1h}}
""",
        file="f.yaml",
    )

    _, faults = find_faults(workflow, actions)

    assert [fault.line for fault in faults] == [2, 4, 5, 5, 6, 6]
    assert len({(fault.line, fault.column) for fault in faults}) == len(faults)


def chain(count: int) -> dict[str, Step]:
    """Return steps that each need the next one."""
    return {
        f"s{at}": Step(
            id=f"s{at}",
            uses="math.add",
            with_={"x": at},
            needs=(f"s{at + 1}",) if at + 1 < count else (),
        )
        for at in range(count)
    }


@pytest.mark.uncounted
def test_ten_thousand_steps_in_a_chain_are_no_trouble(actions: dict[str, Action]):
    workflow = loads("ciranda: 1\nsteps: {a: {run: x}}")
    workflow.steps.clear()
    workflow.steps.update(chain(10_000))

    began = time.perf_counter()
    result = check(workflow, actions)

    assert len(result.edges) == 10_000
    assert time.perf_counter() - began < 10


@pytest.mark.uncounted
def test_a_ring_of_ten_thousand_steps_is_found(actions: dict[str, Action]):
    workflow = loads("ciranda: 1\nsteps: {a: {run: x}}")
    workflow.steps.clear()
    workflow.steps.update(chain(10_000))
    last = workflow.steps["s9999"]
    workflow.steps["s9999"] = Step(id=last.id, uses=last.uses, with_=last.with_, needs=("s0",))

    with pytest.raises(WorkflowError, match="wait for each other: `s0` → `s1`"):
        check(workflow, actions)


def test_kinds_of_joins_and_of_fail_are_kinds(actions: dict[str, Action]):
    found = checked(
        actions,
        """
  a: {try: {x: {fail: {message: oh}}}, catch: [{on: [failed], steps: {y: {run: echo}}}]}
  b: {map: [1, 2], join: any, run: echo, continue-on-error: [join, mine]}
  c: {fail: {kind: mine, message: oh}}
""",
    )

    assert list(found.edges) == ["a", "b", "c"]


def test_a_try_without_a_catch_is_there_to_undo_what_succeeded(actions: dict[str, Action]):
    undone = "{steps: {x: {run: echo, compensate: {u: {run: echo}}}}}"

    found = checked(actions, f"  a: {{try: {{b: {undone}}}}}\n  c: {{run: echo}}")

    assert list(found.edges) == ["a", "c"]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x"])
def test_a_file_that_is_kept_lies_within_the_project(
    actions: dict[str, Action], tmp_path: Path, path: str
):
    (tmp_path / "ciranda.toml").touch()
    (tmp_path / "in").mkdir()
    text = "ciranda: 1\nsteps: {a: {run: echo, outputs: {z: {file: '%s'}}}}"
    fine = ("in/x", "../x", "${{ step.dir }}/../../x", f"{tmp_path}/x")

    for each in fine:
        check(loads(text % each, file=str(tmp_path / "in" / "f.yaml")), actions)
    with pytest.raises(WorkflowError) as caught:
        check(loads(text % path, file=str(tmp_path / "f.yaml")), actions)
    assert [str(fault) for fault in caught.value.faults] == [
        f"{tmp_path}/f.yaml:2:44: the output `z` of step `a` leads out of the project {tmp_path}: "
        f"`{path}` (a file that is kept lies within the project, or in `${{{{ step.dir }}}}`)"
    ]
