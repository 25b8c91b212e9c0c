"""Workflows that use themselves: where that is allowed, and what is known of them before a run."""

import pytest
from hypothesis import given, settings, strategies as st
from tests.engine.workflow.test_parts import faults, loaded, reader

from ciranda.actions import Action
from ciranda.errors import WorkflowError
from ciranda.workflow.check import check
from ciranda.workflow.circles import Circles
from ciranda.workflow.load import loads
from ciranda.workflow.parts import parts_of, steps_of

SELF = """ciranda: 1
inputs: {n: integer}
steps:
  less: STEP
outputs: {n: "${{ inputs.n }}"}
"""
USE = 'uses: ./f.yaml, with: {n: "${{ inputs.n - 1 }}"}'
SURE = {
    "alone": f"{{{USE}}}",
    "in a group": f"{{steps: {{a: {{{USE}}}}}}}",
    "tried": f"{{try: {{a: {{{USE}}}}}, catch: [{{steps: {{b: {{sleep: 1s}}}}}}]}}",
    "at last": f"{{try: {{b: {{sleep: 1s}}}}, finally: {{a: {{{USE}}}}}}}",
    "until": f"{{until: 'true', {USE}}}",
}
SELDOM = {
    "if": f"{{if: inputs.n > 0, {USE}}}",
    "a group with if": f"{{if: inputs.n > 0, steps: {{a: {{{USE}}}}}}}",
    "a case": f"{{switch: [{{if: inputs.n > 0, {USE}}}]}}",
    "a map": f'{{map: "${{{{ range(inputs.n) }}}}", {USE}}}',
    "a matrix": f'{{matrix: {{x: "${{{{ range(inputs.n) }}}}"}}, {USE}}}',
    "while": f"{{while: inputs.n > 0, {USE}}}",
    "a catch": f"{{try: {{b: {{sleep: 1s}}}}, catch: [{{steps: {{a: {{{USE}}}}}}}]}}",
    "a handler": f"{{sleep: 1s, on-cancel: {{a: {{{USE}}}}}}}",
}


@pytest.mark.parametrize("step", SURE.values(), ids=SURE)
def test_what_always_uses_itself_is_a_fault_at_that_place(step: str):
    text = SELF.replace("STEP", step)

    with pytest.raises(WorkflowError) as caught:
        loads(text, file="f.yaml", read=reader({}))

    column = text.splitlines()[3].index("./f.yaml") + 1
    assert [str(fault) for fault in caught.value.faults] == [
        f"f.yaml:4:{column}: this workflow uses itself without end: `f.yaml` → `f.yaml` "
        "(give the step an `if` that ends it, or repeat with `while` or `map` instead)"
    ]


@pytest.mark.parametrize("step", SELDOM.values(), ids=SELDOM)
def test_what_may_not_run_may_use_its_own_file(step: str, actions: dict[str, Action]):
    workflow = loads(SELF.replace("STEP", step), file="f.yaml", read=reader({}))

    checked = check(workflow, actions)

    assert parts_of(checked.workflow) == [checked.workflow]
    assert {s.uses for s in steps_of(checked.workflow) if s.body == "workflow"} == {"./f.yaml"}


def test_one_use_that_may_not_run_is_enough_for_a_circle():
    one = "ciranda: 1\nsteps: {x: {uses: ./two.yaml}}"
    two = "ciranda: 1\nsteps: {y: {when: item, map: [1], uses: ./one.yaml}}"

    workflow = loaded("  a: {uses: ./one.yaml}\n  b: {uses: ./two.yaml}", one=one, two=two)

    assert [part.file for part in parts_of(workflow)].count("one.yaml") == 2  # also within two
    assert len([*steps_of(workflow)]) == 6


def test_a_circle_of_which_another_way_is_sure_is_a_fault():
    one = "ciranda: 1\nsteps: {x: {if: 'true', uses: ./two.yaml}, y: {uses: ./two.yaml}}"
    two = "ciranda: 1\nsteps: {y: {uses: ./one.yaml}}"

    with pytest.raises(WorkflowError, match=r"one\.yaml:2:54: this workflow uses itself"):
        loaded("  a: {uses: ./one.yaml}", one=one, two=two)


def test_files_that_all_use_each_other_are_refused_when_they_are_many():
    names = [f"t{number}" for number in range(12)]
    uses = "\n".join(f"  {name}: {{if: 'true', uses: ./{name}.yaml}}" for name in names)
    text = f"ciranda: 1\nsteps:\n{uses}\n"

    with pytest.raises(WorkflowError, match="too many files use each other in circles"):
        loads(text, file="t0.yaml", read=reader({f"{name}.yaml": text for name in names}))


KEYED = """
ciranda: 1
inputs: {n: integer, word: string}
secrets: {KEY: {env: KEY}}
steps:
  say: {uses: math.add, with: {x: 1}}
  less: {if: inputs.n > 0, uses: ./f.yaml, with: {n: text, wrd: b}, secrets: {KEI: x}}
  read: {uses: math.add, with: {x: "${{ steps.less.output.totl ?? 1 }}", y: "${{ steps.say.outpt }}"}}
  keep: {run: echo, env: {KEY: "${{ secrets.KEY }}"}}
outputs: {total: "${{ steps.say.output }}"}
"""  # noqa: E501  (as a file is written)


def test_what_it_hands_to_itself_is_checked(actions: dict[str, Action]):
    with pytest.raises(WorkflowError) as caught:
        check(loads(KEYED, file="f.yaml", read=reader({})), actions)

    said = [str(fault) for fault in caught.value.faults if "program.run" not in str(fault)]
    assert [each.partition(": ")[2] for each in said] == [
        "`./f.yaml` needs the input `word`",
        "input `n` of `./f.yaml` must be a whole number of 64 bits, not `text`",
        "`./f.yaml` has no input `wrd` (did you mean `word`?)",
        "`./f.yaml` has no secret `KEI` (did you mean `KEY`?)",
        "there is no property 'totl' (did you mean `total`?)",
        "`steps.say` has no `outpt` (did you mean `output`?)",
        "the secret `KEY` is not passed to this workflow by step `less` of f.yaml "
        "(write `secrets: {KEY: ${{ secrets.KEY }}}` there)",
    ]


def test_numbers_of_text_inputs_are_as_they_were_written(actions: dict[str, Action]):
    text = """
ciranda: 1
inputs: {version: string}
steps: {less: {if: inputs.version != '3.10', uses: ./f.yaml, with: {version: 3.10}}}
"""
    checked = check(loads(text, file="f.yaml", read=reader({})), actions)

    assert checked.workflow.steps["less"].with_ == {"version": "3.10"}


def test_an_early_end_gives_names_too_and_kinds_are_known_around_the_circle(
    actions: dict[str, Action],
):
    one = """
ciranda: 1
inputs: {n: integer}
steps:
  t:
    try: {x: {if: inputs.n > 0, uses: ./two.yaml, with: {n: 1}}}
    catch: [{on: sold.out, steps: {c: {sleep: 1s}}}]
  e: {if: inputs.n == 0, succeed: {outputs: {early: 1}}}
"""
    two = """
ciranda: 1
inputs: {n: integer}
steps:
  y: {uses: ./one.yaml, with: {n: "${{ inputs.n - 1 }}"}}
  z: {uses: math.add, with: {x: "${{ steps.y.output.early }}", y: "${{ steps.y.output.late }}"}}
  f: {fail: {kind: sold.out, message: none}}
"""
    said = faults(actions, "  a: {uses: ./one.yaml, with: {n: 1}}", one=one, two=two)

    assert [each.partition(": ")[2] for each in said] == ["there is no property 'late'"]


graphs = st.integers(1, 6).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(0, count - 1), max_size=3, unique=True),
        min_size=count,
        max_size=count,
    )
)


@settings(max_examples=60, deadline=None)
@given(graph=graphs)
def test_files_lead_back_to_one_around_them_and_to_no_other(graph: list[list[int]]):
    uses = {str(at): [str(other) for other in others] for at, others in enumerate(graph)}
    circles = Circles(uses)
    seen = set()

    def walk(use, ancestors: tuple[str, ...]) -> None:
        seen.add(use)
        assert use[1] <= set(ancestors)
        for other in uses[use[0]]:
            inner = circles.inner(use, other)
            assert (inner is None) == (other in (*ancestors, use[0]))
            if inner is not None:
                walk(inner, (*ancestors, use[0]))

    walk(("0", frozenset()), ())
    order = circles.unrolled("0", 10_000)

    assert set(order) == seen
    assert order[-1] == ("0", frozenset())
    for at, use in enumerate(order):
        inner = [circles.inner(use, other) for other in uses[use[0]]]
        assert all(one in order[:at] for one in inner if one is not None)
