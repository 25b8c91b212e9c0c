"""Compiled templates do what the slow interpreter does: page, value and variables."""

import copy
import os

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from ciranda_quantum import QuantumError, compile as compile_template
from ciranda_quantum.build import build

from .interpreter import Interpreter
from .stage import component

EXAMPLES = int(os.environ.get("QUANTUM_EXAMPLES", "50"))
NAMES = ("a", "b", "xs", "o", "t")
DATA = {"a": 3, "b": 2.5, "xs": [1, 2, 3], "o": {"k": 1}, "t": "<5>"}

name = st.sampled_from(NAMES)
atom = st.one_of(
    name,
    st.sampled_from(["i", "j", "e", "n", "m", "missing"]),
    st.integers(-9, 99).map(str),
    st.sampled_from(["1.5", "'x'", "'12'", "true", "null", "[1, a]", "o.k", "xs[0]", "xs.length"]),
)
expression = st.recursive(
    atom,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda each: f"({each[0]} {each[1]} {each[2]})"
        ),
        st.tuples(inner, st.sampled_from(["==", "<", ">=", "!="]), inner).map(
            lambda each: f"({each[0]} {each[1]} {each[2]})"
        ),
        st.tuples(inner, inner).map(lambda each: f"({each[0]} and {each[1]})"),
        st.tuples(inner, inner, inner).map(lambda each: f"({each[0]} if {each[1]} else {each[2]})"),
        inner.map(lambda each: f"len([{each}])"),
        inner.map(lambda each: f"f({each})"),
        inner.map(lambda each: f"-{each}"),
        inner.map(lambda each: f"[{each} for q in xs]"),
        inner.map(lambda each: f"sum([y * 2 for y in [{each}]])"),
    ),
    max_leaves=4,
)
target = st.sampled_from(["a", "b", "xs", "o", "n", "m", "i"])
text = st.one_of(
    expression.map(lambda each: f"{{{each}}}"),
    st.tuples(expression, expression).map(lambda each: f"{{{each[0]}}}-{{{each[1]}}}"),
    st.sampled_from(["5", "007", "plain", "1.5"]),
)


def xml(value):
    return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def assign(each):
    where, what, kind = each
    return f'<q:set name="{where}" value="{xml(what)}"{kind}/>'


def operate(each):
    where, operation, what = each
    return f'<q:set name="{where}" operation="{operation}" value="{xml(what)}"/>'


simple = st.one_of(
    text.map(xml),
    st.tuples(target, text, st.sampled_from(["", "", ' type="number"', ' type="string"'])).map(assign),
    st.tuples(target, st.sampled_from(["add", "subtract", "multiply", "append", "prepend", "remove"]),
              text).map(operate),
    target.map(lambda each: f'<q:set name="{each}" operation="increment"/>'),
    st.tuples(target, text).map(
        lambda each: f'<q:set name="{each[0]}" operation="setProperty" key="k" value="{xml(each[1])}"/>'
    ),
    text.map(lambda each: f'<p title="{xml(each)}">{xml(each)}</p>'),
    text.map(lambda each: f'<q:return value="{xml(each)}"/>'),
    st.just('<q:throw message="no" type="mine"/>'),
)  # fmt: skip


def several(inner):
    return st.lists(inner, min_size=1, max_size=4).map("".join)


def nested(inner):
    body = several(inner)
    leaving = st.sampled_from(["", "", "<q:break/>", "<q:continue/>"])
    return st.one_of(
        st.tuples(expression, body, body).map(
            lambda each: (
                f'<q:if condition="{xml(each[0])}">{each[1]}<q:else>{each[2]}</q:else></q:if>'
            )
        ),
        st.tuples(st.integers(-1, 3), st.integers(-1, 4), body, leaving).map(
            lambda each: (
                f'<q:loop var="i" from="{each[0]}" to="{each[1]}">{each[2]}{each[3]}</q:loop>'
            )
        ),
        st.tuples(expression, body).map(
            lambda each: f'<q:loop var="j" items="{{{xml(each[0])}}}" index="n">{each[1]}</q:loop>'
        ),
        st.tuples(body, body).map(
            lambda each: f'<q:try>{each[0]}<q:catch var="e">{each[1]}</q:catch></q:try>'
        ),
        body.map(lambda each: f"<div>{each}</div>"),
    )


def guard(each):
    """Let a run go on after what fails, so that later statements are compared too."""
    return f'<q:try>{each}<q:catch var="e">{{e.type}}</q:catch></q:try>'


statement = st.recursive(simple, nested, max_leaves=8)
template = st.tuples(
    several(st.one_of(statement.map(guard), statement.map(guard), statement)),
    st.sampled_from([
        '<q:return value="{x}"/>',
        '<q:set name="a" value="{x}"/><q:return value="{[a, b]}"/>',
        '<q:loop var="i" from="1" to="3"><q:if condition="i == 2"><q:return value="{x + i}"/></q:if></q:loop>',
        '<q:set name="n" value="{n + 1}"/><q:return value="{n}"/>',
    ]),
).map(lambda each: f'<q:function name="f"><q:param name="x"/>{each[1]}</q:function>{each[0]}')  # fmt: skip


def outcome(run):
    try:
        return run()
    except QuantumError as error:
        return error.kind if error.kind != "thrown" else ("thrown", error.message)
    except RecursionError:
        return "limit"


def same(left, right):
    """Equal, and of the same types all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right or left != left  # noqa: PLR0124 - NaN


@pytest.mark.uncounted
@given(template)
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@example(
    '<q:function name="f"/><q:loop var="i" from="1" to="3"><q:set name="m" operation="increment"/>{m}</q:loop>'
)
@example(
    '<q:function name="f"/><q:set name="m" value="1"/><q:loop var="i" from="1" to="3"><q:set name="m" value="{m + i}"/></q:loop>{m}'
)
@example(
    '<q:function name="f"/><q:set name="m" value="{xs}"/><q:set name="xs" operation="append" value="1"/>{m}{xs}'
)
def test_compiled_templates_do_what_the_interpreter_does(body):
    source = component(body)
    try:
        tree = build(source, "page.q")
        made = compile_template(source, name="page.q")
    except QuantumError as error:
        assert error.kind in {"compile", "undefined", "type", "arguments", "security", "limit"}
        return
    data = copy.deepcopy(DATA)

    def compiled():
        result = made.run(data)
        return result.html, result.value, result.variables

    got = outcome(compiled)
    wanted = outcome(lambda: Interpreter(tree, copy.deepcopy(DATA)).run())

    assert same(got, wanted), (got, wanted)
    assert data == DATA


@pytest.mark.parametrize("body", ["<p>{a}</p>", "<q:loop var='i' from='1' to='3'>{i}</q:loop>"])
def test_the_interpreter_itself_works(body):
    page, _, _ = Interpreter(build(component(body), "x"), DATA).run()

    assert page in {"<p>3</p>", "123"}
