"""Values with expressions inside."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.expressions import ExpressionError, Secret, compile_template
from ciranda.workflow.binding import BindingError, bind, condition

SCOPE = {"inputs": {"n": 3, "s": "text", "l": [1, {"a": 2}], "none": None}}
SECRET = {"secrets": {"K": Secret("K", "hush")}}


def naive(value: Any, scope: dict[str, Any]) -> Any:
    """Do what `bind` compiles, one value at a time."""
    if isinstance(value, str):
        return compile_template(value)(scope)
    if isinstance(value, dict):
        return {key: naive(each, scope) for key, each in value.items()}
    if isinstance(value, list):
        return [naive(each, scope) for each in value]
    return value


texts = st.sampled_from(
    ["plain", "", "${{ inputs.n }}", " ${{ inputs.l }} ", "n=${{ inputs.n }}", "$${{ x }}",
     "${{ inputs.s }}${{ inputs.n + 1 }}", "${{ {'a': inputs.l} }}"]
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)  # fmt: skip


@given(values)
@settings(deadline=None, max_examples=share(200))
def test_a_binding_gives_what_evaluating_piece_by_piece_gives(value: Any):
    bound = bind(value)

    made = bound(SCOPE)

    assert made == naive(value, SCOPE)
    assert list(made) == list(value) if isinstance(value, dict) else True
    assert bound.constant == (not bound.sites)


@given(values)
@settings(deadline=None, max_examples=share(100))
def test_what_a_reader_changes_nobody_else_sees(value: Any):
    bound = bind(value)
    before = repr(bound(SCOPE))

    spoil(bound(SCOPE))

    assert repr(bound(SCOPE)) == before
    assert SCOPE["inputs"]["l"] == [1, {"a": 2}]


def spoil(value: Any) -> None:
    if isinstance(value, dict):
        for each in value.values():
            spoil(each)
        value["spoilt"] = True
    elif isinstance(value, list):
        for each in value:
            spoil(each)
        value.append("spoilt")


def test_a_binding_knows_what_it_reads_and_where():
    bound = bind({"a": ["x ${{ inputs.n }} ${{ now() }}", {"b": "${{ steps.x.output }}"}]})

    assert [(site.path, site.offset, site.single) for site in bound.sites] == [
        (("a", 0), 6, False),
        (("a", 0), 22, False),
        (("a", 1, "b"), 4, True),
    ]
    assert [reference.path for reference in bound.references] == [
        ("inputs", "n"), ("steps", "x", "output"),
    ]  # fmt: skip
    assert bound.calls == {"now"}


def test_what_fails_says_where_it_was_written():
    bound = bind({"a": [1, "n: ${{ inputs.missing }}"]})

    with pytest.raises(BindingError, match="missing") as caught:
        bound(SCOPE)

    assert caught.value.path == ("a", 1)
    assert caught.value.source == "n: ${{ inputs.missing }}"
    assert caught.value.source[caught.value.offset :].startswith("missing")


def test_what_cannot_be_compiled_says_where_it_was_written():
    with pytest.raises(BindingError, match="ends too early") as caught:
        bind({"a": {"b": "${{ 1 + }}"}})

    assert caught.value.path == ("a", "b")


def test_a_secret_is_passed_on_and_makes_its_text_secret():
    made = bind({"a": "${{ secrets.K }}", "b": "Bearer ${{ secrets.K }}"})(SECRET)

    assert made["a"].reveal() == "hush"
    assert made["b"].reveal() == "Bearer hush"


@pytest.mark.parametrize(
    ("text", "written"),
    [("${{ inputs.n }}", "3"), ("${{ inputs.s }}", "text"), ("${{ inputs.l }}", '[1, {"a": 2}]'),
     ("${{ inputs.n == 3 }}", "true"), ("x", "x"), ("<${{ inputs.n }}>", "<3>")],
)  # fmt: skip
def test_texts_stay_texts_where_only_text_is_taken(text: str, written: str):
    assert bind({"X": text}, texts=True)(SCOPE) == {"X": written}


def test_null_is_no_text():
    with pytest.raises(BindingError, match="null") as caught:
        bind({"X": "${{ inputs.none }}"}, texts=True)(SCOPE)

    assert caught.value.path == ("X",)


def test_a_secret_text_stays_a_secret_where_only_text_is_taken():
    made = bind({"X": "${{ secrets.K }}"}, texts=True)(SECRET)

    assert made["X"].reveal() == "hush"


@pytest.mark.parametrize("text", ["inputs.n > 2", "${{ inputs.n > 2 }}", " ${{ inputs.n > 2 }} "])
def test_a_condition_is_an_expression_with_or_without_braces(text: str):
    assert condition(text)(SCOPE) is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("true", "never changes"),
        ("1 < 2", "never changes"),
        ("'text'", "never changes"),
        ("${{ 1 }}", "never changes"),
        ("f'{inputs.n}'", "never changes"),
        ("not ${{ inputs.n }}", "one expression"),
        ("${{ inputs.n }} and ${{ inputs.n }}", "one expression"),
        ("$${{ inputs.n }}", "one expression"),
        ("inputs.n >", "ends too early"),
    ],
)
def test_a_condition_that_decides_nothing_is_refused(text: str, message: str):
    with pytest.raises(ExpressionError, match=message):
        condition(text)


def test_a_status_function_is_answered_by_the_scope():
    expression = condition("failed() or inputs.n == 4")

    assert expression({**SCOPE, "()": {"failed": lambda: True}}) is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ range(3) }}", [0, 1, 2]),
        ("${{ {2, 1} }}", [1, 2]),
        ("${{ (1, [range(2)]) }}", [1, [[0, 1]]]),
        ("${{ {'a': (inputs.n,)} }}", {"a": [3]}),
    ],
)
def test_what_an_expression_computes_is_plain_data(text: str, value: Any):
    assert bind({"a": text})(SCOPE) == {"a": value}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${{ {1: 2} }}", "has the key 1, and keys must be text"),
        ("${{ {'a': [{'b': {inputs.n: 1}}]} }}", r"result\.a\[0\]\.b has the key 3"),
        ("${{ [range(2), {1: 2}] }}", r"result\[1\] has the key 1"),
        ("${{ {'k': (range(1), {'x': range(1), 2: 2})} }}", r"result\.k\[1\] has the key 2"),
        ("${{ 1e308 * 10 }}", "inf, and only finite numbers"),
        ("${{ 2 ** 63 }}", "integer beyond 64 bits"),
        ("${{ range(10 ** 12) }}", "more than 1,000,000 numbers"),
        ("${{ range(10 ** 30) }}", "more than 1,000,000 numbers"),
    ],
)
def test_a_result_that_cannot_be_kept_is_a_fault_of_the_expression(text: str, message: str):
    with pytest.raises(BindingError, match=message) as caught:
        bind({"a": text})(SCOPE)

    assert caught.value.path == ("a",)


def test_a_secret_within_a_computed_value_stays_a_secret():
    made = bind("${{ {'a': [secrets.K, range(1), {2}]} }}")(SECRET)

    assert made["a"][0].reveal() == "hush"
    assert made["a"][1:] == [[0], [2]]
