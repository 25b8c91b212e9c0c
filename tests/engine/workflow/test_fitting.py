"""The first look never says yes to what the validator refuses."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from jsonschema_rs import Draft202012Validator
from tests.effort import share

from ciranda.workflow.fitting import patterns_of, surely_fits
from ciranda.workflow.load import parse
from ciranda.workflow.schema import workflow_schema

SCHEMA = workflow_schema()
PATTERNS = patterns_of(SCHEMA)
VALIDATOR = Draft202012Validator(SCHEMA)
WHOLE: dict[str, Any] = {
    "ciranda": 1,
    "name": "whole",
    "plugins": ["./a.py"],
    "inputs": {"n": {"type": "integer", "default": 3, "minimum": 1}, "short": "string"},
    "env": {"A": "b", "C": {"from": "D", "default": ""}},
    "secrets": {"S": {"env": "S"}},
    "defaults": {"timeout": "30s"},
    "order": "sequence",
    "x-mine": [1, {"two": None}],
    "steps": {
        "a": {
            "uses": "data.read",
            "with": {"path": "x"},
            "retry": {"attempts": 3, "backoff": "1s"},
        },
        "b": {"run": ["echo", 1], "needs": ["a"], "continue-on-error": ["timeout"], "if": "true"},
        "c": {"map": [1, 2], "as": "n", "uses": "data.read", "max-parallel": 2, "retry": "none"},
        "d": {"run": "echo d", "parse": "json", "ok-codes": [0, 1], "breaker": {"failures": "50%"}},
    },
    "outputs": {"o": "${{ steps.a.output }}"},
}
LANGUAGE: Any = parse((Path(__file__).parent / "data/language.yaml").read_text(encoding="utf-8"))
WHOLE |= {**LANGUAGE, "steps": {**WHOLE["steps"], **LANGUAGE["steps"]}}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 1.0, 0.5, float("inf"), float("nan"), 2**53 + 1, 2**70]),
    st.sampled_from(["", "a", "é", "a\n", "1s", "no", "${{ x }}", "x-y", "50%", "none", "\0"]),
    st.just([]),
    st.just({}),
    st.just({"x-a": 1, "uses": "a.b", "run": "c"}),
)


def places(value, path=()):
    yield path
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, each in pairs:
        yield from places(each, (*path, key))


def changed(path, junk, name):
    """Put junk at a place, or beside it under a name of its own."""
    made: Any = copy.deepcopy(WHOLE)
    if not path:
        return junk
    here: Any = made
    for part in path[:-1]:
        here = here[part]
    if name is None:
        here[path[-1]] = junk
    elif isinstance(here, dict):
        here[name] = junk
    return made


def valid(validator, value):
    try:
        return validator.is_valid(value)
    except ValueError:  # a number beyond JSON
        return False


def test_a_faultless_file_is_sure_to_fit():
    assert VALIDATOR.is_valid(WHOLE)
    assert surely_fits(WHOLE, SCHEMA, patterns=PATTERNS)


@settings(max_examples=share(400), deadline=None)
@given(
    st.sampled_from(list(places(WHOLE))), JUNK, st.sampled_from([None, None, "run", "x-a", "é", ""])
)
def test_yes_to_a_file_is_never_wrong(path, junk, name):
    data = changed(path, junk, name)

    if surely_fits(data, SCHEMA, patterns=PATTERNS):
        assert valid(VALIDATOR, data)


KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["string", "integer", "number", "array", "object", ["null", "boolean"], "null"]
        ),
        "enum": st.just([1, "a", None, True, [1]]),
        "const": st.sampled_from([1, "a", False]),
        "minimum": st.just(1),
        "maximum": st.just(2),
        "exclusiveMinimum": st.just(0),
        "exclusiveMaximum": st.just(3),
        "minLength": st.just(1),
        "maxLength": st.just(2),
        "minItems": st.just(1),
        "maxItems": st.just(1),
        "minProperties": st.just(1),
        "maxProperties": st.just(1),
        "pattern": st.sampled_from(["^a", "b$"]),
        "required": st.just(["a"]),
        "dependentRequired": st.just({"a": ["b"]}),
        "not": st.just({"type": "null"}),
        "description": st.just("words"),
    },
)
SCHEMAS = st.recursive(
    KEYWORDS | st.booleans(),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "items": inner,
            "properties": st.fixed_dictionaries({}, optional={"a": inner, "b": inner}),
            "additionalProperties": inner,
            "patternProperties": st.fixed_dictionaries({}, optional={"^a": inner}),
            "propertyNames": inner,
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2)
            | st.just([{"required": ["a"]}, {"required": ["b"]}]),
            "if": inner,
            "then": inner,
            "else": inner,
        },
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    JUNK | st.sampled_from(["ab", "aé", 2, 3]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["a", "b", "ac", "é"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=share(500), deadline=None)
@given(SCHEMAS, VALUES)
def test_yes_is_never_wrong_for_any_schema(schema, value):
    if surely_fits(value, schema, patterns=patterns_of(schema)):
        assert valid(Draft202012Validator(schema), value)


@pytest.mark.parametrize(
    ("schema", "fitting", "other"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 3}, 2, 4),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5, 1),
        ({"type": ["string", "null"], "minLength": 1, "maxLength": 3}, "abc", ""),
        ({"enum": ["a", 1]}, 1, True),
        ({"const": "a"}, "a", "b"),
        ({"items": {"type": "string"}, "minItems": 1, "maxItems": 2}, ["a"], [1]),
        ({"anyOf": [{"type": "null"}, {"type": "array"}]}, [], {}),
        ({"allOf": [{"type": "integer"}, {"minimum": 2}]}, 2, 1),
        ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, {"a": 1, "b": 1}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}),
        ({"if": {"type": "string"}, "then": True, "else": {"type": "null"}}, "a", 1),
        ({"if": {"type": "string"}, "else": {"type": "integer"}}, 1, []),
        ({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}, 1, "a"),
        ({"patternProperties": {"^x-": True}, "additionalProperties": False}, {"x-a": 1}, {"a": 1}),
        ({"properties": {"a": {"type": "null"}}, "required": ["a"]}, {"a": None}, {"a": 1}),
        ({"propertyNames": {"maxLength": 2}, "maxProperties": 1}, {"ab": 1}, {"abc": 1}),
        ({"minProperties": 1}, {"a": 1}, {}),
        (True, 1, None),
    ],
    ids=str,
)
def test_yes_where_it_fits_and_no_where_it_does_not(schema, fitting, other):
    look = patterns_of(schema)

    assert surely_fits(fitting, schema, patterns=look)
    assert schema is True or not surely_fits(other, schema, patterns=look)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "^a"}, "a"),  # of unknown meaning
        ({"contains": {"const": 1}}, [1]),
        ({"oneOf": [{"type": "string"}]}, "a"),
        ({"type": "integer"}, 2**60),
        ({"type": "integer"}, 1.0),
        ({"$ref": "https://example.org"}, 1),
    ],
    ids=str,
)
def test_what_it_cannot_tell_is_left_to_the_validator(schema, value):
    assert not surely_fits(value, schema)


def test_only_known_patterns_and_plain_text_are_matched():
    schema = {"pattern": "^a$"}

    assert surely_fits("a", schema, patterns=patterns_of(schema))
    assert not surely_fits("a\n", schema, patterns=patterns_of(schema))
    assert surely_fits(1, schema)
