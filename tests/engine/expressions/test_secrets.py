"""Secrets pass through and join text; everything else is refused."""

import copy
import pickle

import pytest

from ciranda.expressions import ExpressionError, Secret, compile, compile_template  # noqa: A004 - as users write it


@pytest.fixture
def scope():
    return {
        "secrets": {"API": Secret("API", "hunter2"), "B": Secret("B", "pa55")},
        "n": None,
        "s": "x",
        "i": 1,
    }


@pytest.mark.parametrize(
    ("text", "revealed"),
    [
        ("${{ secrets.API }}", "hunter2"),
        ("${{ n ?? secrets.API }}", "hunter2"),
        ("${{ secrets.API ?? 'x' }}", "hunter2"),
        ("${{ secrets.API if i else 'x' }}", "hunter2"),
        ("Bearer ${{ secrets.API }}", "Bearer hunter2"),
        ("${{ secrets.API }}:${{ secrets.B }}", "hunter2:pa55"),
        ("${{ 'Bearer ' + secrets.API }}", "Bearer hunter2"),
        ("${{ secrets.API + ':' + secrets.B + s }}", "hunter2:pa55x"),
        ("${{ f'<{secrets.API}|{i}>' }}", "<hunter2|1>"),
        ("a ${{ f'{secrets.API}' + 'b' }} c", "a hunter2b c"),
    ],
)
def test_a_secret_is_passed_on_or_written_into_text(scope, text, revealed):
    value = compile_template(text)(scope)

    assert isinstance(value, Secret)
    assert value.reveal() == revealed
    assert "hunter2" not in f"{value} {value!r} {value.parts} {value:>10}"


def test_a_joined_secret_names_its_parts(scope):
    value = compile_template("a ${{ secrets.API }} ${{ secrets.B }} ${{ secrets.API }}")(scope)

    assert value.names == ("API", "B")
    assert [part if isinstance(part, str) else part.name for part in value.parts] == [
        "a ",
        "API",
        " ",
        "B",
        " ",
        "API",
    ]


def test_a_secret_may_be_an_element(scope):
    value = compile("{'key': secrets.API, 'all': [secrets.API, 1]}")(scope)

    assert value["key"].reveal() == value["all"][0].reveal() == "hunter2"


@pytest.mark.parametrize(
    "source",
    [
        "secrets.API == 'hunter2'",
        "'hunter2' == secrets.API",
        "secrets.API != 'x'",
        "secrets.API == secrets.B",
        "secrets.API < 'x'",
        "s < secrets.API",
        "secrets.API in ['hunter2']",
        "'h' in secrets.API",
        "s in [secrets.API]",
        "secrets.API in s",
        "len(secrets.API)",
        "secrets.API.length",
        "secrets.API.upper()",
        "secrets.API[0]",
        "secrets.API[1:]",
        "not secrets.API",
        "secrets.API and 1",
        "1 if secrets.API else 2",
        "bool(secrets.API)",
        "str(secrets.API)",
        "int(secrets.API)",
        "json(secrets.API)",
        "json([secrets.API])",
        "hash(secrets.API)",
        "hash({'a': [secrets.API]})",
        "list(secrets.API)",
        "sorted([secrets.API, 'x'])",
        "max(secrets.API, 'x')",
        "secrets.API * 2",
        "2 * secrets.API",
        "secrets.API + 1",
        "secrets.API % s",
        "'%s' % secrets.API",
        "f'{secrets.API:>20}'",
        "f'{secrets.API!r}'",
        "f'{[secrets.API]}'",
        "str([secrets.API])",
        "[c for c in secrets.API]",
        "{secrets.API: 1}",
        "{secrets.API}",
        "{'a': 1}[secrets.API]",
        "{'a': 1}.get(secrets.API)",
        "s.join([secrets.API])",
        "s.replace('x', secrets.API)",
        "s.startswith(secrets.API)",
        "s.split(secrets.API)",
        "any(secrets.API for _ in [1])",
        "[1 for _ in [1] if secrets.API]",
        "-secrets.API",
        "secrets.API ** 2",
        "abs(secrets.API)",
        "sum([secrets.API])",
        "[1, 2][secrets.API]",
        "range(secrets.API)",
        "set([secrets.API])",
        "dict([[secrets.API, 1]])",
        "secrets.API.x",
        "secrets.API & 1",
        "[secrets.API].index('x')",
        "[secrets.API].count('hunter2')",
        "['x'].index(secrets.API)",
    ],
)
def test_everything_else_with_a_secret_is_a_fault_of_its_own_kind(scope, source):
    with pytest.raises(ExpressionError) as caught:
        compile(source)(scope)

    assert caught.value.kind == "secret", caught.value
    assert "hunter2" not in str(caught.value)


def test_a_secret_cannot_be_written_within_a_list_in_text(scope):
    with pytest.raises(ExpressionError) as caught:
        compile_template("x ${{ [secrets.API] }}")(scope)

    assert caught.value.kind == "secret"


def test_a_secret_is_neither_pickled_nor_copied():
    secret = Secret("API", "hunter2")

    assert copy.deepcopy([secret])[0] is secret
    with pytest.raises(ExpressionError):
        pickle.dumps(secret)
