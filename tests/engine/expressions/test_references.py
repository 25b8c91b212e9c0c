"""What an expression says about itself before it runs."""

import re

import pytest

from ciranda.expressions import ExpressionError, Function, compile  # noqa: A004 - as users write it


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("a", [("a",)]),
        ("steps.load.output.total", [("steps", "load", "output", "total")]),
        ("steps['load'].output[0].x", [("steps", "load", "output", 0, "x")]),
        ("steps.load.output[i].x", [("steps", "load", "output"), ("i",)]),
        ("steps[name].output", [("steps",), ("name",)]),
        ("a.b.upper().c", [("a", "b")]),
        ("[v.x + w for v in xs.ys if v]", [("w",), ("xs", "ys")]),
        ("[x for x in x]", [("x",)]),
        ("[y for x in a for y in x.b]", [("a",)]),
        ("any(v for v in a) and v", [("a",), ("v",)]),
        ("f'{a.b} {c}'", [("a", "b"), ("c",)]),
        ("{k: v}", [("k",), ("v",)]),
        ("x.a + x.a", [("x", "a"), ("x", "a")]),
        ("'a.b' + 1", []),
    ],
)
def test_the_paths_that_are_read(source, paths):
    assert sorted(each.path for each in compile(source).references) == sorted(paths)


@pytest.mark.parametrize(
    ("source", "guarded"),
    [
        ("steps.a.output ?? 1", [True]),
        ("(steps.a.output.x + 1) ?? 1", [True]),
        ("1 ?? steps.a.output", [False]),
        ("steps.b.output ?? steps.a.output", [True, False]),
        ("steps.a.output if steps.a.status == 'succeeded' else 0", [True, False]),
        ("0 if steps.a.status == 'failed' else steps.a.output", [False, True]),
        ("steps.b.output if steps.a.status == 'succeeded' else 0", [False, False]),
        ("steps.a.status == 'succeeded' and steps.a.output > 1", [False, True]),
        ("steps.a.output > 1 and steps.a.status == 'succeeded'", [False, False]),
        ("steps['a'].status == 'x' and [steps.a.output for _ in [1]]", [False, True]),
    ],
)
def test_which_reads_are_guarded(source, guarded):
    assert [each.guarded for each in compile(source).references] == guarded


def test_every_element_of_a_path_has_its_place():
    (reference,) = compile("1 + steps.load.output['total']").references

    assert reference.path == ("steps", "load", "output", "total")
    assert reference.offsets == (4, 10, 15, 22)
    assert reference.root == "steps"


def test_calls_and_constants_are_told():
    functions = {
        "failed": Function("failed"),
        "twice": Function("twice", lambda n: 2 * n, 1, 1, pure=True),
    }

    assert compile("failed() or len(x) > twice(1)", functions=functions).calls == (
        ("failed", 0),
        ("len", 12),
        ("twice", 21),
    )
    assert compile("1 + len('a')").constant
    assert compile("twice(1)", functions=functions).constant
    assert compile("[x for x in [1]]").constant
    assert not compile("a").constant
    assert not compile("failed()", functions=functions).constant


def test_a_function_of_the_scope_is_found_there():
    functions = {"failed": Function("failed", doc="Whether a step failed.")}
    expression = compile("failed() and x", functions=functions)

    assert expression({"()": {"failed": lambda: True}, "x": 5}) == 5
    with pytest.raises(ExpressionError, match="the function 'failed' has no meaning here"):
        expression({"x": 5})


def test_what_a_function_of_the_host_raises_is_told_by_type_only():
    def broken(value):
        raise ValueError(value)

    with pytest.raises(ExpressionError, match=r"^'broken' failed: ValueError$") as caught:
        compile("1 + broken('hush')", functions={"broken": Function("broken", broken, 1, 1)})({})

    assert caught.value.offset == 4


def test_a_compiled_expression_is_kept_and_the_cache_is_bounded():
    functions = {"f": Function("f", lambda: 1)}

    assert compile("a + 1") is compile("a + 1")
    assert compile("f()", functions=functions) is compile("f()", functions=functions)
    with pytest.raises(ExpressionError, match="there is no function 'f'"):
        compile("f()")
    first = compile("first_of_many")
    for number in range(2100):
        compile(f"x{number}")
    assert compile("first_of_many") is not first


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("len()", "'len' takes at least 1 argument, not 0"),
        ("len(1, 2)", "'len' takes 1 argument, not 2"),
        ("round(1, 2, 3)", "'round' takes at most 2 arguments, not 3"),
        ("sorted(x, revers=true)", "'sorted' takes no argument 'revers'; did you mean 'reverse'?"),
        ("lenn(x)", "there is no function 'lenn'; did you mean 'len'?"),
        ("twice()", "'twice' takes at least 1 argument, not 0"),
    ],
)
def test_a_call_is_checked_when_it_is_compiled(source, message):
    with pytest.raises(ExpressionError, match=f"^{re.escape(message)}$"):
        compile(source, functions={"twice": Function("twice", abs, 1, 1)})
