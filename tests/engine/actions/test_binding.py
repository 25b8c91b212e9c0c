"""Inputs on their way in, results on their way out."""

import datetime
import decimal
import enum
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypedDict

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.actions import Arg, action
from ciranda.errors import StepError


class Sky(enum.Enum):
    CLEAR = "clear"


@dataclass
class Tree:
    name: str
    kids: list["Tree"] = field(default_factory=list)


class Line(msgspec.Struct):
    text: str
    width: int = 80


class Totals(TypedDict):
    rows: list[dict[str, int]]


@action("t.plain")
def plainly(a: int, b: str = "", c: Any = None, d: list[Any] | None = None, e: dict[str, Any] = {}):
    return a


@action("t.rich")
def richly(  # noqa: PLR0917  (one parameter a type)
    source: Annotated[Path, Arg(name="from")],
    at: datetime.datetime | None = None,
    price: decimal.Decimal = decimal.Decimal(0),
    sky: Sky = Sky.CLEAR,
    tree: Tree | None = None,
    lines: list[Line] = [],
    raw: bytes = b"",
    share: float = 0.0,
    either: str | bytes | None = None,
    count: Annotated[int, Arg(minimum=1)] = 1,
    **rest: int,
):
    return source


class RefusedError(ValueError):
    def errors(self) -> list[dict[str, Any]]:
        return [{"loc": ("kids", 0, "n"), "msg": "Input should be a valid integer"}]


class Model:
    """What pydantic's models look like from outside."""

    def __init__(self, n: int) -> None:
        self.n = n

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {"$ref": "#/$defs/N", "$defs": {"N": {"type": "object", "properties": {"n": {}}}}}

    @classmethod
    def model_validate(cls, value: Any) -> "Model":
        if value["n"] == "hunter22":
            raise RefusedError(f"input_value={value}")
        return cls(value["n"])

    def model_dump(self, *, by_alias: bool) -> dict[str, Any]:
        return {"n": self.n}


@action("t.model")
def modelled(model: Model, more: list[Model] | None = None) -> Model:
    return model


def test_models_of_pydantic_are_checked_by_themselves():
    bound = modelled.bind({"model": {"n": 1}, "more": [{"n": 2}]})

    assert (bound["model"].n, bound["more"][0].n) == (1, 2)
    assert modelled.finish(modelled(**bound)) == {"n": 1}
    assert modelled.input_schema["properties"]["model"]["properties"] == {"n": {}}
    assert modelled.output_schema["additionalProperties"] is False
    with pytest.raises(StepError) as caught:
        modelled.bind({"model": {"n": "hunter22"}})
    assert caught.value.message == (
        'Input "model" of t.model: kids.0.n: Input should be a valid integer.'
    )


def test_plain_inputs_pass_as_they_are():
    inputs = {"a": 1, "b": "x", "c": object(), "d": None, "e": {}}

    assert plainly.bind(inputs) is inputs


def test_inputs_are_converted_to_the_annotated_types():
    inputs = {
        "from": "/tmp/x",
        "at": "2026-01-02T03:04:05Z",
        "price": "1.10",
        "sky": "clear",
        "tree": {"name": "a", "kids": [{"name": "b"}]},
        "lines": [{"text": "t"}],
        "raw": b"\xff",
        "share": 1,
        "either": b"x",
        "extra": 3,
    }
    before = dict(inputs)

    bound = richly.bind(inputs)

    assert inputs == before
    assert bound == {
        "source": Path("/tmp/x"),
        "at": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
        "price": decimal.Decimal("1.10"),
        "sky": Sky.CLEAR,
        "tree": Tree("a", [Tree("b")]),
        "lines": [Line("t")],
        "raw": b"\xff",
        "share": 1.0,
        "either": b"x",
        "extra": 3,
    }
    assert richly(**bound) == Path("/tmp/x")


@pytest.mark.parametrize(
    ("made", "inputs", "sentence"),
    [
        (plainly, {}, '^Input "a" of t.plain is required.$'),
        (plainly, {"a": "1"}, '^Input "a" of t.plain: expected int, got str.$'),
        (plainly, {"a": True}, "expected int, got bool"),
        (plainly, {"a": 1, "d": 3}, 'Input "d" of t.plain: expected array . null, got int'),
        (plainly, {"aa": 1}, '^t.plain has no input "aa"; did you mean "a".$'),
        (plainly, {"a": 1, "zzz": 1}, '^t.plain has no input "zzz".$'),
        (richly, {"from": 3}, '^Input "from" of t.rich: expected path, got int.$'),
        (richly, {"from": "x", "sky": "wet"}, 'Input "sky" of t.rich: invalid enum value'),
        (richly, {"from": "x", "count": 0}, 'Input "count" of t.rich: expected int >= 1'),
        (richly, {"from": "x", "either": 1}, "expected str . bytes, got int"),
        (richly, {"from": "x", "extra": "y"}, 'Input "extra" of t.rich: expected int, got str'),
        (
            richly,
            {"from": "x", "tree": {"name": "a", "kids": [{"name": 1}]}},
            r'^Input "tree.kids\[0\].name" of t.rich: expected str, got int.$',
        ),
    ],
)
def test_an_input_that_does_not_fit_is_named_as_written(made, inputs, sentence):
    with pytest.raises(StepError, match=sentence) as caught:
        made.bind(inputs)

    assert (caught.value.kind, caught.value.retryable) == ("invalid-input", False)


def returning(annotation):
    def function():
        return None

    function.__annotations__["return"] = annotation
    return action("t.out")(function)


@pytest.mark.parametrize(
    ("annotation", "result", "value"),
    [
        (Any, (1,), [1]),
        (None, None, None),
        (int, 3, 3),
        (float, 3, 3),
        (Path, Path("/a"), "/a"),
        (datetime.date, datetime.date(2026, 1, 2), "2026-01-02"),
        (decimal.Decimal, decimal.Decimal("1.1"), "1.1"),
        (Sky, Sky.CLEAR, "clear"),
        (Tree, Tree("a"), {"name": "a", "kids": []}),
        (list[Line], [Line("t")], [{"text": "t", "width": 80}]),
        (tuple[int, str], (1, "a"), [1, "a"]),
        (set[int], {2, 1}, [1, 2]),
        (bytes, b"\xff", b"\xff"),
        (Totals, {"rows": [{"x": 1}]}, {"rows": [{"x": 1}]}),
    ],
)
def test_a_result_is_finished_to_plain_data_once_and_for_all(annotation, result, value):
    finish = returning(annotation).finish

    assert finish(result) == value
    assert finish(finish(result)) == value


@pytest.mark.parametrize(
    ("annotation", "result", "sentence"),
    [
        (int, "3", "^output does not fit what t.out declares: expected int, got str.$"),
        (None, 3, "expected null, got int"),
        (Totals, {"rows": [{}, {"x": "y"}]}, r"^output\.rows\[1\]\[...\] does not fit"),
        (Totals, {}, "missing required field rows"),
        (Line, Line(1), r"^output\.text does not fit"),  # type: ignore[arg-type]  # the point
        (Any, {"rows": [{"x": 1j}]}, r"^output\.rows\[0\]\.x is a complex"),
        (int, float("nan"), "^output is nan"),
    ],
)
def test_a_result_that_breaks_the_declaration_is_an_invalid_output(annotation, result, sentence):
    with pytest.raises(StepError, match=sentence) as caught:
        returning(annotation).finish(result)

    assert (caught.value.kind, caught.value.retryable) == ("invalid-output", False)


def test_what_an_author_keeps_is_not_what_others_read():
    kept = {"rows": [1]}

    finished = returning(Any).finish(kept)
    kept["rows"].append(2)

    assert finished == {"rows": [1]}


@settings(max_examples=share(150), deadline=None)
@given(st.dictionaries(st.sampled_from("abcdez"), st.none() | st.integers(-5, 5) | st.text()))
def test_binding_agrees_with_the_schema(inputs):
    jsonschema = pytest.importorskip("jsonschema_rs")
    fits = jsonschema.is_valid(plainly.input_schema, inputs)

    try:
        plainly.bind(inputs)
    except StepError:
        assert not fits
    else:
        assert fits
