"""Real files with something wrong somewhere: a sentence with a place, never anything else."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.actions import Action
from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.check import check, find_faults
from ciranda.workflow.dump import dump
from ciranda.workflow.load import load, loads, workflow_of
from ciranda.workflow.places import Places

DATA = Path(__file__).parent / "data"
NAMES = ("settlement.yaml", "everything.yaml", "language.yaml")
TEXTS = [(DATA / name).read_text(encoding="utf-8") for name in NAMES]
WORDS = [
    "", "null", "true", "3", "3.10", "-1", "[]", "{}", "[a]", "{a: b}", "${{ x }}", "${{", "}}",
    '"${{ steps.a.output }}"', "a-b", "always()", "steps", "50%", "10s", "!x", "&a", "*a", "'", '"',
    ": ", " #", "\n", "  ", "<<", "é", "\u2028", "needs: [load]", "if: failed()",
]  # fmt: skip


def faults_of(text: str, actions: dict[str, Action]) -> list[Fault]:
    """Load and check; anything but a workflow or faults is an error of ours."""
    try:
        _, faults = find_faults(loads(text, file="f.yaml"), actions)
    except WorkflowError as error:
        return list(error.faults)
    return faults


@given(data=st.data())
@settings(deadline=None, max_examples=share(300))
def test_a_word_put_anywhere_gives_a_workflow_or_faults(
    data: st.DataObject, actions: dict[str, Action]
):
    text = data.draw(st.sampled_from(TEXTS))
    begin = data.draw(st.integers(0, len(text)))
    end = min(len(text), begin + data.draw(st.integers(0, 12)))
    word = data.draw(st.sampled_from(WORDS))

    faults = faults_of(text[:begin] + word + text[end:], actions)

    assert all(fault.message and fault.line >= 1 and fault.column >= 1 for fault in faults)


@given(data=st.data())
@settings(deadline=None, max_examples=share(150))
def test_lines_left_out_or_doubled_give_a_workflow_or_faults(
    data: st.DataObject, actions: dict[str, Action]
):
    lines = data.draw(st.sampled_from(TEXTS)).splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = data.draw(st.sampled_from([[], lines[at : at + 1] * 2]))

    faults = faults_of("".join(lines) or "a", actions)

    assert all(fault.message and fault.line >= 1 and fault.column >= 1 for fault in faults)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    children: Any = ()
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    return [path, *(each for key, child in children for each in paths(child, (*path, key)))]


WHOLE = [dump(load(DATA / name)) for name in NAMES[1:]]
PLACES = [(whole, path) for whole in WHOLE for path in paths(whole)[1:]]
values = st.sampled_from(
    [None, True, 0, -1, 1.5, "", "x", "${{ x }}", "${{ 1 + }}", "10s", [], {}, [1], {"a": 1}, "\0"]
)


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@given(place=st.sampled_from(PLACES), new=values)
@settings(deadline=None, max_examples=share(400))
def test_any_value_of_a_model_made_in_python_may_be_wrong(
    place: tuple[Any, tuple[Any, ...]], new: Any, actions: dict[str, Action]
):
    with suppress(WorkflowError):
        check(workflow_of(replaced(*place, new), Places(None)), actions)
