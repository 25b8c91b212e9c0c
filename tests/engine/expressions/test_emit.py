"""The code generator on its own, for code that is generated around expressions."""

import ast

import pytest

from ciranda.expressions import ExpressionError, Q
from ciranda.expressions.emit import emit
from ciranda.expressions.function import Function
from ciranda.expressions.grammar import parse
from ciranda.expressions.limits import ITERATIONS
from ciranda.expressions.runtime import NAMESPACE


def local(name, offset):
    return ast.Name(id=f"u_{name}", ctx=ast.Load())


def function_of(source, names, **options):
    """Return a host function whose parameters are the expression's names."""
    body = emit(parse(source, Q), local, dialect=Q, **options)
    shell = ast.parse(f"def run({', '.join(f'u_{name}' for name in names)}, c_budget): return 0")
    definition = shell.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.body = [ast.copy_location(ast.Return(value=body), body)]
    scope = dict(NAMESPACE)
    exec(compile(shell, "page.q", "exec"), scope)  # our own generated code
    return lambda *values: scope["run"](*values, [ITERATIONS])


def test_names_are_locals_when_asked():
    run = function_of("a + b * 2 > 10 && [x * a for x in xs][0] == a", ["a", "b", "xs"])

    assert run(3, 4, [1, 2]) is True
    assert run(3.5, 4, [1, 2]) is True
    assert run(1, 1, [1]) is False


def test_sums_are_bounded_where_names_are_assigned_again():
    run = function_of("a + a", ["a"])

    assert run(2**4000) == 2**4001
    with pytest.raises(ExpressionError, match="4096 bits"):
        run(2**4095)


def test_the_place_of_a_node_is_the_caller_s():
    run = function_of("a / b", ["a", "b"], place=lambda offset: (70, offset))

    with pytest.raises(ZeroDivisionError) as caught:
        run(1, 0)

    assert caught.traceback[-1].lineno + 1 == 70


def test_functions_of_a_component_are_called_by_their_own_code():
    functions = {"twice": Function("twice", None, 1, 1, named=frozenset({"n"}))}
    run = function_of(
        "twice(a) + twice(a, n=1)",
        ["a", "twice"],
        functions=functions.get,
        resolve_function=local,
    )

    assert run(3, lambda value, n=0: 2 * value + n) == 13
