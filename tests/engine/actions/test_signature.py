"""From a signature to schemas."""

import datetime
import decimal
import enum
from collections.abc import Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Never, NotRequired, TypedDict

import msgspec
import pytest

from ciranda.actions import Arg, action, resource
from ciranda.context import Context
from ciranda.errors import ActionError, StepError


@resource()
@asynccontextmanager
async def shared():
    yield None


class Sky(enum.Enum):
    CLEAR = "clear"
    RAIN = "rain"


class Forecast(TypedDict):
    temps: list[float]
    sky: NotRequired[str]


@dataclass
class Tree:
    name: str
    kids: list["Tree"] = field(default_factory=list)


class Sent(msgspec.Struct, rename="camel"):
    message_id: str
    parts: list[Forecast] = []


class Opaque:
    pass


def inputs_of(function) -> dict[str, Any]:
    return action("t.x")(function).input_schema


def output_of(annotation) -> dict[str, Any]:
    def function():
        return None

    function.__annotations__["return"] = annotation
    return action("t.x")(function).output_schema


def test_names_types_defaults_and_what_is_required_come_from_the_signature():
    def function(city: str, *, days: int = 3, loud: bool = False, note: str | None = None): ...

    assert inputs_of(function) == {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "default": 3},
            "loud": {"type": "boolean", "default": False},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (Any, {}),
        (object, {}),
        (Never, {}),
        (float, {"type": "number"}),
        (bytes, {"type": "string", "contentEncoding": "base64"}),
        (Path, {"type": "string", "format": "path"}),
        (str | Path, {"type": "string"}),
        (str | bytes, {"type": "string"}),
        (list[str | Path], {"type": "array", "items": {"type": "string"}}),
        (Iterable[int], {"type": "array", "items": {"type": "integer"}}),
        (Mapping[str, object], {"type": "object"}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (Sky, {"title": "Sky", "enum": ["clear", "rain"]}),
        (datetime.datetime, {"type": "string"}),
        (decimal.Decimal, {"type": "string", "format": "decimal"}),
        (
            Annotated[int, Arg(minimum=1, maximum=9, doc="How many.", examples=[2])],
            {
                "type": "integer",
                "minimum": 1,
                "maximum": 9,
                "description": "How many.",
                "examples": [2],
            },
        ),
        (
            list[Annotated[str, Arg(pattern="^a", min_length=1, max_length=3)]],
            {
                "type": "array",
                "items": {"type": "string", "pattern": "^a", "minLength": 1, "maxLength": 3},
            },
        ),
    ],
)
def test_each_type_has_its_schema(annotation, schema):
    def function(x): ...

    function.__annotations__["x"] = annotation

    assert inputs_of(function)["properties"]["x"] == schema


def test_objects_of_an_output_are_closed_and_those_of_an_input_open():
    def function(tree: Tree): ...

    assert "additionalProperties" not in inputs_of(function)["properties"]["tree"]
    assert output_of(Tree)["additionalProperties"] is False
    assert output_of(list[Forecast])["items"]["additionalProperties"] is False
    sent = output_of(Sent)
    assert set(sent["properties"]) == {"messageId", "parts"}
    assert sent["properties"]["parts"]["items"]["additionalProperties"] is False


def test_schemas_hold_no_references_and_a_type_that_contains_itself_ends_in_anything():
    assert output_of(Tree)["properties"]["kids"] == {"type": "array", "items": {}}


def test_an_output_without_annotation_is_anything():
    def function(): ...

    assert action("t.x")(function).output_schema == {}
    assert output_of(None) == {"type": "null"}


def test_descriptions_come_from_the_docstring():
    def function(city: str, days: int = 1) -> Forecast:
        """Forecast the weather.

        Two lines.

        Args:
            city: Where to look,
                and where not.
            days (int): How many: one or more.

        Returns:
            What the sky
            will do.

        Raises:
            ValueError: Never.
        """
        raise NotImplementedError

    made = action("t.x")(function)

    assert made.doc == "Forecast the weather.\n\nTwo lines."
    assert made.parameter_docs == {
        "city": "Where to look, and where not.",
        "days": "How many: one or more.",
    }
    assert made.input_schema["properties"]["city"]["description"] == made.parameter_docs["city"]
    assert made.returns_doc == made.output_schema["description"] == "What the sky will do."


def test_an_input_can_have_a_name_that_python_reserves():
    def function(source: Annotated[str, Arg(name="from", doc="Where from.")]):
        """Do it.

        Args:
            source: Not shown.
        """

    schema = inputs_of(function)

    assert schema["required"] == ["from"]
    assert schema["properties"]["from"]["description"] == "Where from."


def test_keyword_rest_opens_the_inputs_to_values_of_its_type():
    def anything(**rest): ...

    def numbers(**rest: int): ...

    assert inputs_of(anything)["additionalProperties"] is True
    assert inputs_of(numbers)["additionalProperties"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (complex, "complex"),
        (Opaque, "Opaque"),
        (list[Opaque], "Opaque"),
        (Callable[[int], str], "Callable"),
        (Tree | Sent, "unions"),
    ],
)
def test_a_type_that_no_workflow_can_hold_is_refused_with_its_place(annotation, kind):
    def function(x): ...

    function.__annotations__["x"] = annotation

    with pytest.raises(ActionError, match=rf'^Action "t.x" cannot take the parameter "x".*{kind}'):
        action("t.x")(function)
    with pytest.raises(ActionError, match=rf'^Action "t.x" cannot return .*{kind}'):
        output_of(annotation)


def test_inputs_that_cannot_be_given_by_name_are_refused():
    def positional(x, /): ...

    def several(*x: int): ...

    for function in (positional, several):
        with pytest.raises(ActionError, match=r'cannot have the parameter ".*x.*given by name'):
            action("t.x")(function)


def test_limits_of_an_optional_input_are_limits_of_its_value():
    @action("t.x")
    def one(
        n: Annotated[int | None, Arg(minimum=1, name="from")] = None,
        m: Annotated[int, Arg(minimum=2, name="to")] | None = None,
        kind: Annotated[Literal[1], Arg(doc="Which.")] = 1,
    ): ...

    assert one.input_schema["properties"] == {
        "from": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "default": None},
        "to": {"anyOf": [{"type": "integer", "minimum": 2}, {"type": "null"}], "default": None},
        "kind": {"enum": [1], "default": 1, "description": "Which."},
    }
    assert one.bind({"from": 1, "to": None}) == {"n": 1, "m": None}
    with pytest.raises(StepError, match=r'Input "from" of t.x: expected int >= 1'):
        one.bind({"from": 0})


def test_a_default_that_no_file_can_hold_is_not_shown():
    @action("t.x")
    def endless(seconds: float = float("inf")): ...

    assert endless.input_schema["properties"] == {"seconds": {"type": "number"}}


def test_keys_of_an_input_may_be_numbers_written_as_text():
    @action("t.x")
    def ranks(names: dict[int, str]): ...

    assert ranks.bind({"names": {"1": "ana"}}) == {"names": {1: "ana"}}


def test_parameters_that_nothing_can_fill_are_refused():
    def twice(a: Context, b: Context): ...
    def same(a: Annotated[int, Arg(name="x")], x: int): ...
    def method(self, x: int): ...
    def bare(x: shared): ...  # type: ignore[valid-type]

    functions: list[tuple[Any, str]] = [
        (twice, "asks for its context twice"),
        (same, 'has 2 inputs called "x"'),
        (method, "is a method, and no workflow can hand in `self`"),
        (bare, r'takes the resource "shared" without a type; write `x: Annotated\[Client, shared'),
    ]
    for function, sentence in functions:
        with pytest.raises(ActionError, match=sentence):
            action("t.x")(function)


def test_an_annotation_that_does_not_exist_is_named():
    def function(x: "Missing"): ...  # type: ignore[name-defined]  # noqa: F821  (the point)

    with pytest.raises(ActionError, match='unknown name "Missing"; import or define it'):
        action("t.x")(function)


def test_an_annotation_that_is_no_type_is_named():
    def function(x: "1 +"): ...  # type: ignore[valid-type]  # noqa: F722  (the point)

    with pytest.raises(ActionError, match=r'"t.x" has an unreadable annotation'):
        action("t.x")(function)
