"""The static check: every fault at once, with places, and the schema of the result."""

import pytest

from ciranda.expressions import Function, Schema, compile  # noqa: A004 - as users write it

ORDER: Schema = {
    "type": "object",
    "properties": {
        "total": {"type": "number"},
        "name": {"type": "string"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"v": {"type": "integer"}},
                "additionalProperties": False,
            },
        },
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "more": {},
    },
    "additionalProperties": False,
}
NAMES: dict[str, Schema] = {
    "inputs": {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "s": {"type": "string"}, "b": {"type": "boolean"}},
        "additionalProperties": False,
    },
    "order": ORDER,
    "env": {"type": "object", "additionalProperties": {"type": "string"}},
    "any": {},
    "level": {"enum": ["low", "high"]},
    "tree": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "integer"}},
                "additionalProperties": False,
            }
        },
    },
}


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("inputs.n + 1", []),
        ("input.n", [(0, "unknown name 'input'; did you mean 'inputs'?")]),
        ("inputs.m", [(7, "there is no property 'm'")]),
        ("order.totla", [(6, "there is no property 'totla'; did you mean 'total'?")]),
        ("order['totla']", [(5, "there is no property 'totla'; did you mean 'total'?")]),
        (
            "nope + order.x + inputs.zz",
            [
                (0, "unknown name 'nope'"),
                (13, "there is no property 'x'"),
                (24, "there is no property 'zz'"),
            ],
        ),
        ("order.x ?? 1", [(6, "there is no property 'x'")]),
        ("inputs.n.x", [(9, "a number has no property 'x'")]),
        ("inputs.s.length + order.rows.length", []),
        ("order.more.anything[0].at.all", []),
        ("any.x + 1", []),
        ("env.HOME + 1", [(9, "cannot use '+' on a text and a number")]),
        ("inputs.s + 1", [(9, "cannot use '+' on a text and a number")]),
        ("inputs.s * 2 + 'x'", []),
        ("order.total / 2 > 1", []),
        ("order.name > 1", [(11, "cannot compare a text and a number with '>'")]),
        ("order.name == 1", []),
        ("1 < order.total < 'a'", [(16, "cannot compare a number and a text with '<'")]),
        ("1 in inputs.n", [(2, "cannot compare a number and a number with 'in'")]),
        ("-order.name", [(0, "cannot use '-' on a text")]),
        ("[r.v for r in order.rows]", []),
        ("[r.w for r in order.rows]", [(3, "there is no property 'w'")]),
        ("[x for x in inputs.n]", [(19, "cannot loop over a number")]),
        ("[r.v for r in order.rows if q]", [(28, "unknown name 'q'")]),
        (
            "order.rows[0].v + order.rows['a']",
            [(28, "the index of a list is a number, not a text")],
        ),
        ("inputs.n[0]", [(8, "a number has no items")]),
        ("inputs.n[1:]", [(8, "a number cannot be sliced")]),
        ("order.name.uper()", [(11, "a text has no method 'uper'; did you mean 'upper'?")]),
        ("order.rows.upper()", [(11, "a list has no method 'upper'")]),
        ("order.note + 'x'", []),
        ("order.note ?? 'x' + 1", [(18, "cannot use '+' on a text and a number")]),
        ("level.upper() + level", []),
        ("tree.next.next.v + 1", []),
        ("tree.next.nxt", [(10, "there is no property 'nxt'; did you mean 'next'?")]),
        ("{'a': 1}.b", [(9, "there is no property 'b'")]),
        ("f'{order.x}'", [(9, "there is no property 'x'")]),
        ("len(order.x)", [(10, "there is no property 'x'")]),
        ("sorted(order.rows)[0].zz", [(22, "there is no property 'zz'")]),
    ],
)
def test_the_faults_of(source, faults):
    found, _ = compile(source).check(NAMES)

    assert [(fault.offset, str(fault)) for fault in found] == faults
    assert all(fault.source == source for fault in found)


@pytest.mark.parametrize(
    ("source", "schema"),
    [
        ("inputs.n", {"type": "integer"}),
        ("inputs.n + 1", {"type": "integer"}),
        ("inputs.n + 1.5", {"type": "number"}),
        ("inputs.n / 2", {"type": "number"}),
        ("'a'", {"type": "string", "const": "a"}),
        ("inputs.s + 'a'", {"type": "string"}),
        ("f'{inputs.n}'", {"type": "string"}),
        ("inputs.n > 1", {"type": "boolean"}),
        ("not inputs.s", {"type": "boolean"}),
        ("any.x", {}),
        ("order.note ?? 1", {"anyOf": [{"type": "string"}, {"type": "integer", "const": 1}]}),
        ("order.total if inputs.b else order.total", {"type": "number"}),
        ("[r.v for r in order.rows]", {"type": "array", "items": {"type": "integer"}}),
        ("[1, 2]", {"type": "array", "items": {"type": "integer"}}),
        ("{k: 1 for k in env}", {"type": "object", "additionalProperties": {"type": "integer"}}),
        ("len(order.rows)", {"type": "integer"}),
        ("inputs.s.split(',')", {"type": "array", "items": {"type": "string"}}),
        ("order.rows[0].v", {"type": "integer"}),
        (
            "{'a': inputs.n}",
            {
                "type": "object",
                "properties": {"a": {"type": "integer"}},
                "required": ["a"],
                "additionalProperties": False,
            },
        ),
        ("now()", {"type": "string"}),
    ],
)
def test_the_schema_of_the_result_of(source, schema):
    functions = {"now": Function("now", lambda: "", returns={"type": "string"})}

    found, result = compile(source, functions=functions).check(NAMES)

    assert found == []
    assert result == schema


def test_an_open_scope_forgives_unknown_names_only():
    found, _ = compile("nope + order.x").check(NAMES, closed=False)

    assert [str(fault) for fault in found] == ["there is no property 'x'"]


def test_a_schema_that_refers_to_itself_ends():
    found, schema = compile("a.b").check(
        {"a": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}}
    )

    assert (found, schema) == ([], {})
