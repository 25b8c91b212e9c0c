"""Intents: every field is understood, or the whole is refused in a sentence."""

import json
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.intent import (
    FaultKind,
    Intent,
    IntentError,
    Sort,
    read_intent,
)
from ciranda_experts.intent.numeral import digits_of, whole_of
from tests.effort import share

from .formulas import random_intent

CASES = json.loads(Path(__file__).with_name("cases.json").read_text())["cases"]
SOUND = {"post": ["x == x"]}
LEDGER: dict[str, Any] = {
    "root": "ab", "size": 1,
    "entries": [{"account": "a", "balance": 5, "index": 0, "proof": []}],
}  # fmt: skip


def refused(data, **options) -> IntentError:
    with pytest.raises(IntentError) as caught:
        read_intent(data, **options)
    assert caught.value.message.isprintable()
    return caught.value


def test_cases_are_read_or_refused_where_they_are_malformed():
    for case in CASES:
        if case["category"] == "malformed":
            error = refused(case)
            assert error.kind is FaultKind.MALFORMED, case["id"]
            assert error.where.endswith("[0]"), case["id"]
            assert error.column >= 1, case["id"]
        else:
            intent = read_intent(case)
            assert intent.id == case["id"]
            assert [c.text for c in intent.conditions] == [
                text for field in ("pre", "post", "constraints") for text in case.get(field, [])
            ]


def test_what_is_kept_of_an_intent_reads_as_the_same_intent():
    for case in CASES:
        if case["category"] != "malformed":
            intent = read_intent(case)

            assert read_intent(intent.source) == intent
            assert read_intent(json.dumps(intent.source)) == intent


def test_everything_that_is_given_is_found_in_the_intent():
    intent = read_intent(
        {
            "id": 7, "type": "transfer", "vars": {"alice": "int", "rate": "real", "ok": "bool"},
            "pre": ["alice > 0"], "post": ["ok or rate > 0.5", "new_alice == old_alice"],
            "int_bits": 64, "accounts": ["alice", "bob"], "transaction": "t1", "ledger": LEDGER,
            "code": ["x = 1", {"text": "go()", "language": "Go", "name": "m.go"}, "  "],
            "policy": {"threshold": 0.9, "experts": ["logic"], "budget_ms": 250},
            "budget_ms": 500, "title": "t", "meta": {"a": object()},
        }
    )  # fmt: skip

    assert (intent.id, intent.kind, intent.int_bits, intent.transaction) == (
        "7",
        "transfer",
        64,
        "t1",
    )
    assert intent.sorts == {
        "alice": Sort.INT, "rate": Sort.REAL, "ok": Sort.BOOL,
        "new_alice": Sort.INT, "old_alice": Sort.INT,
    }  # fmt: skip
    assert [condition.where for condition in intent.conditions] == ["pre[0]", "post[0]", "post[1]"]
    assert intent.accounts == ("alice", "bob")
    assert intent.ledger is not None
    assert intent.ledger.entries[0].balance == 5
    assert [(s.text, s.language, s.name) for s in intent.code] == [
        ("x = 1", "", ""),
        ("go()", "go", "m.go"),
    ]
    assert intent.policy.experts == ("logic",)
    assert intent.budget == 0.25
    assert "meta" not in intent.source
    assert read_intent(intent.source) == intent


@pytest.mark.parametrize(
    "data",
    [
        {}, "", "  \n\t", {"pre": ["x > 0"]}, {"pre": ["x > 0"], "post": []}, {"id": "a"},
        {"code": ""}, {"code": []}, {"code": [" ", {"text": "\n"}]}, {"accounts": []},
        {"post": None, "constraints": None, "code": None}, "# nothing but a comment",
        "guard { x > 0 }", "guard {}\nverify {\n # x > 0\n}", "{}", "vars: {x: int}",
    ],
)  # fmt: skip
def test_what_claims_nothing_is_refused_as_empty(data):
    assert refused(data).kind is FaultKind.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        {"accounts": ["a"]},
        {"code": "x"},
        {"transaction": "t"},
        {"ledger": LEDGER},
        {"constraints": ["x == 1"]},
    ],
)
def test_each_kind_of_claim_is_one(data):
    assert isinstance(read_intent(data), Intent)


WRONG = ["", "text", 0, 1, -1, True, False, 1.5, float("nan"), float("inf"), [], [1], [None], {},
         {"a": 1}, {1: 2}, [[]], [{}], b"x", object(), 10**5000, "\ud800", "\0", {"\ud800": "int"},
         ("x", 1), {"x": None}, {"x": "Int"}, {"x": ["int"]}, {"and": "int"}, {"é": "int"},
         {"": "int"}, [True], ["x > 0", None], {"text": 1}, {"text": "a", "more": 1},
         [["x > 0"]]]  # fmt: skip
RIGHT: dict[str, list[Any]] = {
    "id": ["", "text", 0, 1, -1],
    "type": ["", "text"],
    "vars": [{}],
    "pre": [[]],
    "post": [[]],
    "constraints": [[]],
    "int_bits": [],
    "accounts": [[]],
    "transaction": ["text", 0, 1, -1],
    "ledger": [],
    "code": ["", "text", "\0", []],
    "policy": [{}],
    "budget_ms": [1, 1.5],
}


@pytest.mark.parametrize("field", RIGHT)
def test_a_field_of_a_wrong_kind_is_refused_by_its_name(field):
    for value in WRONG:
        data = {"constraints": ["x == 1"], field: value}
        if any(type(value) is type(right) and value == right for right in RIGHT[field]):
            if field != "constraints":
                assert isinstance(read_intent(data), Intent)
            continue

        error = refused(data)

        assert error.kind in {FaultKind.MALFORMED, FaultKind.LIMIT}
        assert error.where.startswith(field)
        assert error.line == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"psot": ["x > 0"]}, "`psot` is not a field of an intent: did you mean `post`?"),
        ({"zzzzzz": 1}, "`zzzzzz` is not a field of an intent: there are id, type, vars"),
        ({1: 2}, "a field whose name is a number: names are text"),
        ({"post": "x > 0"}, r"`post` must be a list of conditions, and is text: write `\[x > 0\]`"),
        (
            {"post": [True]},
            r"`post\[0\]` must be a condition as text, and is true or false: quote it",
        ),
        ({"post": [{"x": 1}]}, r"`post\[0\]` must be a condition as text, and is a mapping"),
        ({"vars": {"x": "float"}}, "the sort of `x` is `float`: write int, real or bool"),
        ({"vars": {"not": "int"}}, "`not` in `vars` means something in conditions"),
        ({"vars": ["x"]}, "`vars` must be a mapping of names to sorts, and is a list"),
        ({"accounts": ["a", "a"]}, "the account `a` is named twice: remove one"),
        ({"accounts": ["p"], "vars": {"p": "bool"}}, "the account `p` is declared bool"),
        ({"int_bits": 1}, "`int_bits` must be from 2 to 1024"),
        ({"int_bits": 64.0}, "`int_bits` must be a whole number such as 64"),
        ({"budget_ms": 0}, "`budget_ms` must be above 0"),
        ({"transaction": " "}, "`transaction` is empty: write its id"),
        ({"id": "a\nb"}, "`id` has a character that cannot be shown: a<U\\+000A>b"),
        ({"id": "a\u202eb"}, "`id` has a character that cannot be shown"),
        (
            {"code": {"text": "a", "lang": "c"}},
            "`code` has `lang`: it may have text, language and name",
        ),
        ({"code": ["a", "\ud800"]}, r"`code\[1\]` has half a character, <U\+D800>"),
        ({"policy": {"treshold": 1}}, "`policy` is not right: object contains unknown field"),
        ({"policy": {"threshold": 2}}, "`policy.threshold` must be from 0 to 1"),
        ({"policy": {"threshold": float("nan")}}, "`policy.threshold` must be from 0 to 1"),
        ({"policy": {"budget_ms": -1}}, "`policy.budget_ms` must be above 0"),
        ({"policy": {"rule": "\ud800"}}, "`policy.rule` has a character that cannot be shown"),
        ({"ledger": {**LEDGER, "size": -1}}, "`ledger.size` must be the number of its leaves"),
        (
            {"ledger": {**LEDGER, "entries": [{**LEDGER["entries"][0], "index": -1}]}},
            "an index in `ledger` must be the number of a leaf, from 0",
        ),
        ({"ledger": {**LEDGER, "root": 5}}, "expected `str`, got `int` - at `ledger.root`"),
        ({"ledger": {**LEDGER, "root": "a\n"}}, "a hash in `ledger` is no hash"),
        ({"vars": {"x": "int"}, "post": ["y == 1"]}, "`y` is not among the declared `vars`"),
    ],
)
def test_messages_name_the_field_and_what_to_do(data, message):
    with pytest.raises(IntentError, match=message):
        read_intent({**SOUND, **data})


@pytest.mark.parametrize(
    "data",
    [
        {"post": [f"x{n} == 1" for n in range(101)]},
        {"vars": {f"x{n}": "int" for n in range(101)}},
        {"post": ["x == 1"] * 201}, {"pre": ["x == 1"] * 150, "post": ["x == 1"] * 51},
        {"post": ["x == 1" + " or x == 1" * 1000] * 4}, {"code": "é" * (1 << 19) + "a"},
        {"code": ["a" * (1 << 19)] * 3}, {"code": ["a"] * 1001}, {"id": "a" * 257},
        {"accounts": [f"a{n}" for n in range(101)]}, {"vars": {"a" * 10_001: "int"}},
        {"post": ["x == " + "9" * 9999] * 106}, {f"f{n}": 1 for n in range(500)},
        {"ledger": {**LEDGER, "entries": LEDGER["entries"] * 1001}},
        {"ledger": {**LEDGER, "entries": [{**LEDGER["entries"][0], "proof": ["a"] * 65}]}},
        {"ledger": {**LEDGER, "entries": [{**LEDGER["entries"][0], "balance": 1 << 5000}]}},
        {"policy": {"experts": ["a"] * 101}}, "{" * 100_000, "[" * 100_000, '{"a":' * 100_000,
        "- " * 100_000, "a" * (5 << 20), '{"post": [], "id": ' + "9" * 100_000 + "}",
    ],
    ids=lambda data: str(data)[:24],
)  # fmt: skip
def test_what_is_too_many_too_large_or_too_deep_is_a_limit(data):
    assert refused({**SOUND, **data} if isinstance(data, dict) else data).kind is FaultKind.LIMIT


def test_what_stands_at_the_limit_is_read():
    intent = read_intent(
        {
            "post": [f"x{n} == 1" for n in range(100)] + ["x1 == 1"] * 100,
            "code": ["a" * (1 << 19)] * 2,
        }
    )

    assert len(intent.sorts) == 100
    assert len(intent.conditions) == 200


def test_states_of_declared_variables_and_accounts_need_no_declaration():
    intent = read_intent(
        {
            "vars": {"a": "real", "amount": "int"}, "accounts": ["b"],
            "post": ["new_a == old_a + amount", "new_b == old_b"],
        }
    )  # fmt: skip

    assert intent.sorts["old_a"] is Sort.REAL
    assert intent.sorts["new_b"] is Sort.INT
    for text in ("b == 1", "new_c == 1", "old_old_a == 1", "mid_a == 1"):
        error = refused({"vars": {"a": "real"}, "accounts": ["b"], "post": [text]})
        assert error.kind is FaultKind.UNKNOWN_NAME


def test_an_intent_has_no_part_that_its_giver_can_still_change():
    data: dict[str, Any] = {"vars": {"x": "int"}, "post": ["x == 1"], "accounts": ["x"]}
    intent = read_intent(data)
    data["post"].append("x == 2")
    data["vars"]["y"] = "int"
    data["accounts"].append("y")

    assert intent.source == {"vars": {"x": "int"}, "post": ["x == 1"], "accounts": ["x"]}


def test_a_broken_guard_is_told_and_never_dropped():
    error = refused({"pre": ["x > 0", "x == 1 ;;"], "post": ["x > 0"]}, line=17)

    assert (error.kind, error.where, error.line, error.column) == (
        FaultKind.MALFORMED,
        "pre[1]",
        17,
        8,
    )


@pytest.mark.parametrize("data", [None, 5, b"post: [x > 0]", ["x > 0"], object()])
def test_what_is_neither_mapping_nor_text_is_refused(data):
    assert "an intent is a mapping or a text, and this is" in refused(data).message


def test_the_file_is_a_note_of_the_error():
    error = refused({"post": 1}, file="a.yaml")

    assert error.__notes__ == ["in a.yaml"]


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*RIGHT, "x"]), inner, max_size=4)
    ),
    max_leaves=8,
))  # fmt: skip
@settings(max_examples=share(150), deadline=None)
def test_any_data_is_an_intent_or_a_fault(data):
    if isinstance(data, dict | str):
        try:
            intent = read_intent(data)
        except IntentError as error:
            assert error.message.isprintable()  # noqa: PT017  (one of two right outcomes)
        else:
            assert read_intent(intent.source) == intent


def test_random_intents_read_alike_from_data_json_and_what_is_kept():
    for seed in range(60):
        data = random_intent(Random(seed))
        intent = read_intent(data)

        assert read_intent(json.dumps(data)) == intent
        assert read_intent(intent.source).key == intent.key


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("t1 ", "t1"), ("\uff54\uff11", "t1"), ("e\u0301", "é"), ("é", "é"), ("a   b", "a b"),
        (7, "7"), ("Ⅷ", "VIII"), ("\u00a8x", "\u0308x"), ("\u04221", "\u04221"), ("ﬁn", "fin"),
    ],
)  # fmt: skip
def test_an_id_of_a_transaction_has_one_form(written, meant):
    intent = read_intent({"transaction": written})

    assert intent.transaction == meant
    assert read_intent(intent.source).transaction == meant
    assert intent.key == read_intent({"transaction": meant}).key


@pytest.mark.parametrize(
    "hidden",
    ["\u200b", "\u200d", "\ufe0f", "\u3164", "\uffa0", "\u2800", "\u034f", "\u00a0", "\u00ad"],
)
def test_an_id_of_a_transaction_hides_nothing(hidden):
    with pytest.raises(IntentError, match=f"U\\+{ord(hidden):04X}.*remove it") as caught:
        read_intent({"transaction": f"t{hidden}1"})
    assert caught.value.where == "transaction"


def test_an_id_of_a_transaction_is_bounded_in_the_form_that_it_has():
    with pytest.raises(IntentError, match="longer than 256 characters") as caught:
        read_intent({"transaction": "\ufdfa" * 256})
    assert caught.value.kind is FaultKind.LIMIT


@given(st.integers(0, 3000), st.integers(1, 9), st.integers(-9, 9))
def test_numbers_of_any_length_are_read_and_written_exactly(
    zeros: int, first: int, rest: int
) -> None:
    number = first * 10**zeros + rest
    text = digits_of(number)
    assert Decimal(text) == number
    assert whole_of(text.removeprefix("-")) == abs(number)
    assert digits_of(-number) == f"{Decimal(-number):f}"


@pytest.mark.parametrize("sign", ["", "+", "-"])
def test_zeros_before_an_exponent_do_not_count(sign: str) -> None:
    short, long = (
        read_intent({"constraints": [f"x == 1e{sign}{zeros}3"]}) for zeros in ("", "0" * 6000)
    )
    assert short.key == long.key


def test_too_many_large_numerals_are_refused_before_all_are_read() -> None:
    refused = ["2 ** 3 ** 4"]  # which is never reached
    with pytest.raises(IntentError, match="too large numbers") as caught:
        read_intent({"constraints": [f"x{n} ** 8 == {'7' * 9000}" for n in range(100)] + refused})
    assert caught.value.kind is FaultKind.LIMIT
