"""Text with `${{ }}` in it."""

import json

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.expressions import ExpressionError, Stored, compile_template

SCOPE = {"a": 3, "s": "x", "n": None, "d": {"k": {"v": [1, True, None, "é"]}}, "b": b"x", "f": 1.5}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${{ a }}", 3),
        ("  ${{ a }}\n", 3),
        ("${{a}}", 3),
        ("${{ n }}", None),
        ("${{ d }}", {"k": {"v": [1, True, None, "é"]}}),
        ("${{ a }}${{ a }}", "33"),
        ("a=${{ a }} s=${{ s }}", "a=3 s=x"),
        ("${{ f }}!", "1.5!"),
        ("${{ d.k.v }}!", '[1, true, null, "é"]!'),
        ("${{ d.k }}!", '{"v": [1, true, null, "é"]}!'),
        ("${{ a > 1 }}!", "true!"),
        ("${{ (1, 2) }}!", "[1, 2]!"),
        ("${{ range(3) }}!", "[0, 1, 2]!"),
        ("${{ n ?? '-' }}!", "-!"),
        ("${{ '}}' }}", "}}"),
        ("${{ '${{ a }}' }}", "${{ a }}"),
        ("${{ {'a': {'b': 1}} }}", {"a": {"b": 1}}),
        ("${{ {'a': {'b': 1}}}}", {"a": {"b": 1}}),
        ("${{ f'{a}}}' }}", "3}"),
        ("${{ f'{ {1: 2}[1] }' }}", "2"),
        ("$${{ a }}", "${{ a }}"),
        ("x $${{ a }} ${{ a }}", "x ${{ a }} 3"),
        ("$ {{ a }} $a {a} }}", "$ {{ a }} $a {a} }}"),
        ("${{ a }} }}", "3 }}"),
        ("${{\n a\n}}", 3),
    ],
)
def test_a_text_becomes(text, value):
    made = compile_template(text)(SCOPE)

    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("text", "kind", "offset", "message"),
    [
        ("ab ${{ a", "syntax", 3, "never closed"),
        ("ab ${{ 'a }}", "syntax", 7, "never closed"),
        ("ab ${{ }}", "syntax", 3, "is empty"),
        ("ab ${{ a b }}", "syntax", 9, "'b' is not expected"),
        ("ab ${{ a } }}", "syntax", 9, "closes nothing"),
        ("ab ${{ nope }}", "undefined", 7, "unknown name 'nope'"),
        ("ab ${{ a }} ${{  d.x }}", "undefined", 19, "no property 'x'"),
        ("ab ${{ n }}", "value", 7, "null cannot be written"),
        ("ab ${{ b }}", "type", 7, "JSON has no word for bytes"),
        ("ab ${{ {1, 2} }}", "type", 7, "JSON has no word for a set"),
        ("ab ${{ float('nan') }}", "value", 7, "NaN"),
        ("ab ${{ a / 0 }}", "zero", 9, "division by zero"),
        ("${{ ${{ a }} }}", "syntax", 4, "'\\$'"),
    ],
)
def test_a_fault_points_into_the_whole_text(text, kind, offset, message):
    with pytest.raises(ExpressionError, match=message) as caught:
        compile_template(text)(SCOPE)

    assert (caught.value.kind, caught.value.offset, caught.value.source) == (kind, offset, text)


def test_a_fault_on_a_later_line_has_its_line_and_column():
    with pytest.raises(ExpressionError) as caught:
        compile_template("one\n  two ${{ a +\n nope }}")(SCOPE)

    assert (caught.value.line, caught.value.column) == (3, 2)
    assert caught.value.picture().endswith("\n     nope }}\n     ^")


def test_the_shape_of_a_template_is_told():
    whole, mixed = compile_template(" ${{ a }} "), compile_template("x ${{ 1 }}")

    assert (whole.single, whole.constant, len(whole.expressions)) == (True, False, 1)
    assert (mixed.single, mixed.constant, mixed.parts[0]) == (False, True, "x ")
    assert compile_template("plain").constant
    assert compile_template("plain").expressions == ()


def nested_delimiters() -> list[str]:
    pieces = [
        "${{ a }}",
        "$${{ a }}",
        "{{ a }}",
        "{a}",
        "}}",
        "${{",
        "'}}'",
        "${{ 9**9**9 }}",
        "%s",
        "\\",
        '"',
        "{% a %}",
    ]
    return [first + between + last for first in pieces for between in ("", " ") for last in pieces]


def test_what_stands_in_data_is_never_evaluated():
    assert len(nested_delimiters()) >= 100
    template, single, text = (
        compile_template(each)
        for each in ("<${{ v }}|${{ v }}>", "${{ v }}", "${{ f'<{v}>' + v }}")
    )
    for value in nested_delimiters():
        scope = {"v": value, "a": 3}

        assert template(scope) == f"<{value}|{value}>"
        assert single(scope) == value
        assert text(scope) == f"<{value}>{value}"
        assert compile_template("x${{ [v] }}")(scope) == "x" + json.dumps(
            [value], ensure_ascii=False
        )


plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
data = st.recursive(
    plain,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


@settings(max_examples=share(300), deadline=None)
@given(data, st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=9))
def test_values_survive_alone_and_are_json_within_text(value, around):
    whole = compile_template("${{ v }}")({"v": value})
    assert whole == value
    if value is None:
        return

    within = compile_template(f"{around}${{{{ v }}}}.")({"v": value})

    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    assert within == f"{around}{shown}."


class Rows(Stored):
    def __init__(self, count):
        self.total = count

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self.total))]
        if not -self.total <= index < self.total:
            raise IndexError
        return {"n": index % self.total}

    def __len__(self):
        return self.total


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ rows[-1].n }}", 4),
        ("${{ len(rows) + rows.length }}", 10),
        ("${{ [r.n for r in rows if r.n > 2] }}", [3, 4]),
        ("${{ rows[1:3] }}", [{"n": 1}, {"n": 2}]),
        ("${{ {'n': 3} in rows }}", True),
        ("${{ sum(r.n for r in rows) }}", 10),
        ("${{ list(rows)[0] }}", {"n": 0}),
        ("${{ any(r.n == 4 for r in rows) }}", True),
        ("${{ rows == [{'n': 0}] }}", False),
        ("${{ [i for i, r in enumerate(rows)] }}", [0, 1, 2, 3, 4]),
        ("${{ rows[:1] }}!", '[{"n": 0}]!'),
    ],
)
def test_a_stored_list_reads_like_a_list(text, value):
    assert compile_template(text)({"rows": Rows(5)}) == value


def test_a_stored_list_pays_for_its_turns_and_is_not_read_when_it_cannot():
    with pytest.raises(ExpressionError, match="turns") as caught:
        compile_template("${{ [r for r in rows] }}")({"rows": Rows(10**7)})

    assert caught.value.kind == "limit"
    assert compile_template("${{ rows[5].n }}")({"rows": Rows(10**7)}) == 5
