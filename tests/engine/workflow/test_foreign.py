"""Files that are no YAML: what loaders return keeps the rules of YAML, and says where it stands."""

import math
import tomllib
from datetime import date
from enum import StrEnum
from typing import Any, cast

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.document import parse_document
from ciranda.workflow.load import load, loads
from ciranda.workflow.loader import Loaded, Loader, Where
from ciranda.workflow.nodes import plain
from ciranda.workflow.opening import document_of

FLOW = {"ciranda": 1, "steps": {"a": {"run": ["true"]}}}


def reading(answer, plugin="mine"):
    """Return what reads `.x` files: always as `answer`, or by calling it."""
    read = answer if callable(answer) else lambda data, file: answer
    return lambda suffix: Loader(read, plugin) if suffix == ".x" else None


def faults_of(answer, data=b""):
    with pytest.raises(WorkflowError) as caught:
        document_of(data, "flow.x", reading(answer))
    return caught.value.faults


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)


@settings(max_examples=60, deadline=None)
@given(data=st.dictionaries(texts, values, max_size=4))
def test_what_a_run_keeps_is_read_as_the_same_without_the_loader(data):
    document = document_of(b"", "flow.x", reading(data))
    again = parse_document(document.kept, file="flow.x").plain()

    assert repr(document.plain()) == repr(data) == repr(again)


@settings(max_examples=60, deadline=None)
@given(data=st.recursive(st.binary() | st.just(math.nan) | st.just(date(2026, 1, 1)) | scalars
    | st.integers() | st.tuples(scalars) | st.text(), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(scalars, inner, max_size=3)))  # fmt: skip
def test_whatever_a_loader_returns_is_a_document_or_a_fault(data):
    faults: tuple[Fault, ...] = ()
    document = None
    try:
        document = document_of(b"x", "flow.x", reading(data))
    except WorkflowError as error:
        faults = error.faults

    assert all(fault.file == "flow.x" and fault.message for fault in faults)
    if document is None:
        assert faults
    else:
        assert parse_document(document.kept).plain() == plain(document.root)


def endless():
    data: dict[str, Any] = {}
    data["again"] = data
    return data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": [1, date(2026, 1, 1)]}, "a.1: a workflow cannot hold a date"),
        ({"a": math.inf}, "a: `inf` is not a finite number"),
        ({"a": 2**64}, "a: `18446744073709551616` does not fit in 64 bits"),
        ({"a": 10**5000}, "does not fit in 64 bits"),
        ({"a": {1: 2}}, "a: the key `1` is not text"),
        ({10**5000: 2}, "a key, of type int, is not text"),
        ({"a": "\0"}, "a: text cannot hold a NUL character"),
        ({"\ud800": 1}, "a key cannot hold a NUL character, nor half of a character"),
        ({"k" * 2000: 1}, "a key is longer than 1,000 characters"),
        ({"a": (1,)}, "a: a workflow cannot hold a tuple"),
        (endless(), "collections are nested more than 64 deep"),
        ({"a": [None] * 200_000}, "the document has more than 200,000 values"),
        ({"a": "x" * (1 << 20)}, "the workflow is larger than 1 MiB as YAML"),
        ([], "the loader of plugin 'mine' returned list: tell its author"),
        (Loaded(FLOW, {("steps",): (0, 1)}), "returned positions that are none"),
        (Loaded(FLOW, {("steps",): (10**5000, 1)}), "returned positions that are none"),
        (Loaded(FLOW, cast("Any", None)), "returned positions that are none"),
        (None, "there is no workflow in this file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_yaml_could_not_hold_is_a_fault(data, message):
    assert message in str(faults_of(data)[0])


def test_a_coroutine_is_no_workflow():
    async def read(data, file):
        return FLOW

    assert "returned coroutine" in str(faults_of(read)[0])


class Word(StrEnum):
    ONE = "one"


def test_values_of_libraries_that_are_text_and_numbers_are_taken_as_that():
    class Whole(int):
        pass

    document = document_of(b"", "flow.x", reading({"a": Word.ONE, "b": Whole(3)}))

    assert [type(each) for each in cast("dict[str, Any]", document.plain()).values()] == [str, int]


def raising(error):
    def read(data, file):
        raise error

    return read


def test_a_file_that_cannot_be_read_is_told_of_with_its_place():
    error = ValueError("no end")
    vars(error).update(lineno=2, colno=3)
    (fault,) = faults_of(raising(error), b"one\ntwo\n")

    assert (str(fault), fault.source) == ("flow.x:2:3: no end", "two")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no heading"), "flow.x: no heading"),
        (ValueError(), "flow.x: the file cannot be read"),
        (
            KeyError("x"),
            "flow.x: the loader of plugin 'mine' raised KeyError: 'x' (tell its author)",
        ),
        (SystemExit(0), "flow.x: the loader of plugin 'mine' raised SystemExit: 0 (tell"),
        (RecursionError("deep"), "flow.x: the loader of plugin 'mine' raised RecursionError: deep"),
    ],
)
def test_what_a_loader_raises_is_a_fault_of_the_file(error, told):
    assert str(faults_of(raising(error))[0]).startswith(told)


def test_bytes_that_are_no_text_are_told_of_as_in_yaml():
    (fault,) = faults_of(lambda data, file: data.decode(), b"a\n\xff")

    assert str(fault) == "flow.x:2:1: byte 0xff is not UTF-8 (save the file as UTF-8)"


def test_a_signal_goes_through():
    with pytest.raises(KeyboardInterrupt):
        document_of(b"", "flow.x", reading(raising(KeyboardInterrupt())))


TEXT = b'x\nsteps:\n  a = "${{ inputs.m }}"\n'
WRONG = {"ciranda": 1, "steps": {"a": {"run": ["echo", "${{ inputs.m }}"], "retyr": 3}}}


def checked(answer, folder):
    from ciranda.plugins import Plugins
    from ciranda.runs.checker import Checker
    from ciranda.settings import Configuration

    (folder / "flow.x").write_bytes(TEXT)
    plugins = Plugins(Configuration(folder), entries=[])
    vars(plugins)["readers"] = reading(answer)
    with pytest.raises(WorkflowError) as caught:
        Checker(plugins).load(folder / "flow.x")
    return list(caught.value.faults)


def test_a_fault_names_the_field_where_no_place_is_known(tmp_path):
    (fault,) = checked(WRONG, tmp_path)

    assert fault.message.startswith("steps.a.retyr: ")
    assert (fault.line, fault.hint) == (0, "did you mean `retry`?")


def test_a_fault_points_to_the_place_or_to_what_is_around_it(tmp_path):
    around = Loaded(WRONG, {("steps", "a"): (2, 1)})
    exact = Loaded(WRONG, {("steps", "a", "retyr"): (3, 3)})

    (near,), (there,) = checked(around, tmp_path), checked(exact, tmp_path)

    assert (near.line, near.column, near.message[:14]) == (2, 1, "steps.a.retyr:")
    assert (there.line, there.column, there.source) == (3, 3, '  a = "${{ inputs.m }}"')
    assert not there.message.startswith("steps")


def test_a_fault_within_a_text_points_into_it(tmp_path):
    data = {"ciranda": 1, "steps": {"a": {"run": ["echo", "${{ inputs.m }}"]}}}
    known: dict[Where, tuple[int, int]] = {("steps", "a", "run", 1): (3, 7)}

    *_, fault = checked(Loaded(data, known), tmp_path)

    assert fault.message == "there is no input `m`"
    assert (fault.line, fault.column) == (3, TEXT.splitlines()[2].index(b"m }}") + 1)


def test_yaml_text_keeps_every_place(tmp_path):
    text = "\n\nciranda: 1\nsteps:\n  a: {run: ['true'], retyr: 3}\n"

    (fault,) = checked(text, tmp_path)

    assert (fault.line, fault.column) == (5, 22)


def test_workflows_that_it_uses_are_read_the_same_way_and_kept_as_yaml(tmp_path):
    def toml(suffix):
        return (
            Loader(lambda data, file: tomllib.loads(data.decode())) if suffix == ".toml" else None
        )

    (tmp_path / "flow.toml").write_text("ciranda = 1\n[steps.b]\nuses = './other.toml'\n")
    (tmp_path / "other.toml").write_text("ciranda = 1\n[steps.c]\nrun = ['true']\n")

    outer = load(tmp_path / "flow.toml", loaders=toml)
    inner = outer.steps["b"].blocks["workflow"].workflow
    assert inner is not None
    sources = {inner.file: inner.source}
    again = loads(outer.source, file=outer.file, read=lambda path: sources[str(path)])

    assert list(again.steps["b"].blocks["workflow"].steps) == ["c"]


@pytest.mark.parametrize("name", ["flow.yaml", "flow.YML", "flow.json", "flow"])
def test_nobody_is_asked_about_yaml_and_json(name):
    def never(suffix):
        raise AssertionError(suffix)

    document_of(b'{"ciranda": 1}', name, never)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"a = 1\n", "a workflow is a mapping, not text (it is read as YAML, since no plugin"),
        (b"[a]\nb: {", "it is read as YAML, since no plugin in use reads `.y` files"),
    ],
)
def test_a_suffix_that_nobody_reads_is_yaml_and_said_to_be(data, told):
    with pytest.raises(WorkflowError) as caught:
        document_of(data, "flow.y", reading(FLOW))

    assert told in str(caught.value)
