"""Expressions that try to get out, to change the data, or to take more than their share."""

import copy
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.effort import share

from ciranda.expressions import Expression, ExpressionError, compile_template
from ciranda.expressions.dialect import YAML, Q
from ciranda.expressions.error import KINDS

SCOPE: dict[str, Any] = {
    "x": 7,
    "y": 2,
    "s": "hello",
    "xs": [3, 1, 2],
    "d": {"a": 1, "b": "two"},
    "st": {1, 2},
    "a": 1,
    "width": 10**9,
}


def corpus() -> dict[str, list[str]]:
    classes: dict[str, list[str]] = {}
    files = sorted(Path(__file__).parent.glob("hostile_*.txt"))
    for line in "\n".join(file.read_bytes().decode() for file in files).split("\n"):
        if line.startswith("# ") and "comment" not in line:
            current = classes.setdefault(line[2:], [])
        elif line:
            current.append(line)
    return classes


def run_in_small_stack(call):
    """Run in a thread of 512 KiB, as macOS gives; a fault of the stack ends the process."""
    outcome = []

    def run():
        try:
            outcome.append(call())
        except ExpressionError as fault:
            outcome.append(fault)

    before = threading.stack_size(512 * 1024)
    try:
        thread = threading.Thread(target=run)
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    return outcome[0]


def test_the_corpus_is_large_enough_to_mean_something():
    assert sum(map(len, corpus().values())) >= 400


@pytest.mark.parametrize("name", list(corpus()))
def test_every_hostile_expression_is_a_fault_with_a_place_and_changes_nothing(name):
    scope = copy.deepcopy(SCOPE)
    for source in corpus()[name]:
        with pytest.raises(ExpressionError) as caught:
            Expression(source, YAML, None)(scope)

        fault = caught.value
        assert fault.kind in KINDS, source
        assert 0 <= fault.offset <= len(source), source
        assert fault.source == source
        assert "\n" not in str(fault), source
        assert scope == SCOPE, source
        assert list(scope["d"]) == ["a", "b"]


@pytest.mark.uncounted
def test_no_hostile_expression_takes_long():
    slow = []
    for source in (line for lines in corpus().values() for line in lines):
        taken = _time(source)
        if taken > 1.0:
            taken = min(taken, _time(source))
        assert taken < 30, source
        if taken > 1.0:
            slow.append(source)

    # A few spend the whole budget of turns before they are stopped.
    assert len(slow) <= 12, slow


def _time(source: str) -> float:
    begin = time.process_time()
    with pytest.raises(ExpressionError):
        Expression(source, YAML, None)(SCOPE)
    return time.process_time() - begin


@pytest.mark.uncounted
def test_every_hostile_expression_is_a_fault_in_a_thread_with_a_small_stack():
    def all_of_them():
        for source in (line for lines in corpus().values() for line in lines):
            with pytest.raises(ExpressionError):
                Expression(source, YAML, None)(SCOPE)
        return "survived"

    assert run_in_small_stack(all_of_them) == "survived"


NESTED = {
    "parentheses": "(" * 100_000,
    "closed parentheses": "(" * 100_000 + "1" + ")" * 100_000,
    "lists": "[" * 100_000 + "]" * 100_000,
    "objects": "{'a':" * 100_000 + "1" + "}" * 100_000,
    "indexes": "x[" * 100_000,
    "calls": "len(" * 100_000 + ")" * 100_000,
    "methods": "s.upper(" * 100_000,
    "signs": "-" * 100_000 + "1",
    "inversions": "~" * 100_000 + "1",
    "negations": "not " * 100_000 + "1",
    "powers": "1**" * 100_000 + "1",
    "sums": "1+" * 100_000 + "1",
    "comparisons": "1<" * 100_000 + "1",
    "attributes": "x" + ".x" * 100_000,
    "conditions": "1 if 1 else " * 100_000 + "1",
    "ands": "1 and " * 100_000 + "1",
    "defaults": "x ?? " * 100_000 + "1",
    "comprehensions": "[" * 100_000 + "1" + " for x in xs]" * 100_000,
    "loops": "[1 " + "for x in xs " * 100_000 + "]",
    "texts": "f'{" * 100_000 + "1" + "}'" * 100_000,
    "text": "'" + "a" * 1_000_000 + "'",
    "digits": "1" * 1_000_000,
    "name": "a" * 1_000_000,
    "spaces": " " * 1_000_000,
    "arguments": "max(" + "1," * 100_000 + "1)",
    "tests": "[1 for x in xs " + "if 1 " * 100_000 + "]",
}


@pytest.mark.parametrize("name", list(NESTED))
@pytest.mark.parametrize("dialect", [YAML, Q], ids=["yaml", "q"])
def test_a_construct_nested_without_end_is_a_limit_at_once(name, dialect):
    source = NESTED[name]

    begin = time.process_time()
    fault = run_in_small_stack(lambda: Expression(source, dialect, None)(SCOPE))

    assert isinstance(fault, ExpressionError)
    assert fault.kind == "limit"
    assert time.process_time() - begin < 5


@pytest.mark.uncounted
@pytest.mark.parametrize("name", list(NESTED))
def test_what_fits_the_length_limit_never_exhausts_a_small_stack(name):
    unit = NESTED[name]
    for length in (100, 200, 400, 1000, 3000, 8000):
        # Cut from both ends: the brackets of a prefix are closed by those of a suffix.
        half = length // 2
        for source in (unit[:length], unit[:half] + unit[-half:]):
            outcome = run_in_small_stack(
                lambda source=source: Expression(source, YAML, None)(SCOPE)
            )
            assert isinstance(outcome, (ExpressionError, bool, int, str, list, tuple, dict)), source


def test_the_deepest_tree_that_is_allowed_compiles_in_a_small_stack():
    shapes = [
        ("({0} + x)", 60),
        ("(x if {0} else y)", 40),
        ("[{0}]", 60),
        ("max({0}, 1)", 60),
        ("(x < {0} < 1)", 40),
        ("({0} ?? 1)", 45),
        ("-({0} * 2)", 45),
        ("f'{{{0}}}'", 7),
        ("[z for z in [{0}]]", 30),
        ("(x + {0} * y ** 2)", 30),
        ("{{'k': {0}}}", 60),
        ("({0} and x or y)", 45),
        ("not ({0} == x)", 45),
    ]
    for shape, depth in shapes:
        source = "x"
        for _ in range(depth):
            source = shape.format(source)

        outcome = run_in_small_stack(lambda source=source: Expression(source, YAML, None))

        assert isinstance(outcome, Expression), (shape, outcome)


soup = st.lists(
    st.sampled_from([line for lines in corpus().values() for line in lines if len(line) < 40])
    | st.sampled_from([*"()[]{}.,:+-*/%<>=!?&|~'\"", " for ", " in ", " if ", " else ", "??", "**"])
    | st.sampled_from(["x", "xs", "d", "s", "1", "'a'", ".a", "[0]", "f'{", "}'", " and ", "not "]),
    min_size=1,
    max_size=12,
)


@settings(max_examples=share(1000), deadline=None, suppress_health_check=list(HealthCheck))
@given(soup.map("".join) | soup.map(" ".join))
def test_a_soup_of_hostile_pieces_gives_plain_data_or_a_fault(source):
    scope = copy.deepcopy(SCOPE)
    begin = time.process_time()
    try:
        value = Expression(source, YAML, None)(scope)
    except ExpressionError as fault:
        value = fault.offset if fault.offset <= len(source) else fault
    assert isinstance(value, (type(None), int, float, str, bytes, list, tuple, dict, set, range))
    assert scope == SCOPE
    assert time.process_time() - begin < 10


def test_a_megabyte_is_refused_at_once_as_a_template_too():
    begin = time.process_time()
    with pytest.raises(ExpressionError, match="8192"):
        Expression("x + " * 250_000, YAML, None)
    assert time.process_time() - begin < 10

    with pytest.raises(ExpressionError, match="never closed"):
        compile_template("${{ " + "'" + "a" * 1_000_000)


@pytest.mark.parametrize("value", ["sUpErSeCrEt", 982451653, 3.14159265, "xx\nyy"])
def test_a_fault_never_tells_a_value_of_the_data(value):
    scope = {"v": value, "l": [value], "o": {"k": value}}
    sources = [
        "v + [1]",
        "[1] + v",
        "v.nope",
        "v.nope()",
        "v[v]",
        "l[v]",
        "o[v]",
        "o.x",
        "l[9]",
        "v / 0",
        "int('a' + str(v))",
        "float(str(v) + 'z')",
        "v < l",
        "l < v",
        "-o",
        "len(5) + v",
        "sum(l, 'a')",
        "sorted([v, null])",
        "max(v, null, o)",
        "range(v, 'a')",
        "json({v: o, 1: v})",
        "'%d' % str(v)",
        "f'{v:=+#010_.3c}'",
        "dict([v])",
        "{o: v}",
        "l.index(null)",
        "str(v).index('zzz')",
        "[a for a, b in [v, l]]",
        "v and nope",
        "v ** l",
        "v << 1.5",
        "str(v).split('')",
        "str(v).encode().decode(v)",
        "o.get(l)",
        "v in 5",
    ]
    for source in sources:
        with pytest.raises(ExpressionError) as caught:
            Expression(source, YAML, None)(scope)

        text = f"{caught.value} {caught.value.picture()} {caught.value.__cause__}"
        assert str(value) not in text, source
        assert caught.value.__context__ is None or caught.value.__suppress_context__
