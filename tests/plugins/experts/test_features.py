"""Keys and features: what an intent is to a cache, and at a glance."""

from typing import Any

import pytest

from ciranda_experts.intent import Feature, features, read_intent

LEDGER: dict[str, Any] = {
    "root": "ab", "size": 1,
    "entries": [{"account": "a", "balance": 5, "index": 0, "proof": []}],
}  # fmt: skip
BASE: dict[str, Any] = {
    "vars": {"a": "int", "r": "real"}, "pre": ["a > 0", "r > 1"], "post": ["a + 1 > 1"],
    "accounts": ["a"], "transaction": "t", "ledger": LEDGER, "code": "x = 1", "type": "k",
    "int_bits": 64,
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"}, {"pre": [" a>0 ", "(r > 1)"]}, {"post": ["((a)+1>1)"]}, {"title": "t"},
        {"budget_ms": 9}, {"policy": {"threshold": 0.5}}, {"code": ["x = 1"]},
        {"code": {"text": "x = 1"}},
    ],
)  # fmt: skip
def test_spelling_and_ids_do_not_change_the_key(change):
    assert read_intent({**BASE, **change}).key == read_intent(BASE).key


def test_what_experts_look_at_changes_the_key():
    changes: list[dict[str, Any]] = [
        {}, {"vars": {"a": "int", "r": "int"}}, {"vars": {"a": "int", "r": "real", "z": "int"}},
        {"pre": ["r > 1", "a > 0"]}, {"pre": ["a > 0"]}, {"post": ["1 + a > 1"]},
        {"post": ["a + 1 > 1.0"]}, {"post": ["a - 1 > 1"]},
        {"pre": [], "constraints": ["a > 0", "r > 1"]},
        {"accounts": ["a", "r"]}, {"accounts": []}, {"transaction": "u"},
        {"ledger": {**LEDGER, "root": "ac"}}, {"ledger": None}, {"code": "x = 2"},
        {"code": {"text": "x = 1", "language": "python"}}, {"code": {"text": "x = 1", "name": "n"}},
        {"code": ["x = 1", "x = 1"]}, {"type": "l"}, {"int_bits": 32}, {"int_bits": None},
        {"post": ["a + " + "9" * 5000 + " > 1"]}, {"post": ["a + " + "9" * 5001 + " > 1"]},
        {"post": ["r + 1e-5000 > 1"]},
    ]  # fmt: skip

    keys = [read_intent({**BASE, **change}).key for change in changes]

    assert len(set(keys)) == len(keys)
    assert all(len(key) == 64 for key in keys)


def test_declaring_what_is_so_anyway_does_not_change_the_key():
    assert (
        read_intent({"post": ["x == 1"]}).key
        == read_intent({"vars": {"x": "int"}, "post": ["x == 1"]}).key
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"post": ["x > 0"]}, {Feature.CONDITIONS}),
        ({"post": ["x + 1 > 0"]}, {Feature.CONDITIONS, Feature.ARITHMETIC}),
        ({"post": ["x * 2 > 0"]}, {Feature.CONDITIONS, Feature.ARITHMETIC}),
        ({"post": ["x * y > 0"]}, {Feature.CONDITIONS, Feature.ARITHMETIC, Feature.NONLINEAR}),
        ({"post": ["1 / y > 0"]}, {Feature.CONDITIONS, Feature.ARITHMETIC, Feature.NONLINEAR}),
        ({"post": ["x ** 2 > 0"]}, {Feature.CONDITIONS, Feature.ARITHMETIC, Feature.NONLINEAR}),
        ({"post": ["b == new_b"]}, {Feature.CONDITIONS, Feature.TRANSFER}),
        ({"post": ["old_b == new_b"]}, {Feature.CONDITIONS, Feature.TRANSFER}),
        ({"post": ["s_balance == old_s_balance"]}, {Feature.CONDITIONS, Feature.TRANSFER}),
        ({"post": ["new_x == 1"], "int_bits": 8}, {Feature.CONDITIONS, Feature.MACHINE_INTEGERS}),
        ({"accounts": ["a"], "transaction": "t", "ledger": LEDGER},
         {Feature.TRANSFER, Feature.TRANSACTION, Feature.LEDGER}),
        ({"code": "x = 1"}, {Feature.CODE}),
        ({"code": "while 1: pass"}, {Feature.CODE, Feature.LOOPS}),
        ({"code": "for(;;){}"}, {Feature.CODE, Feature.LOOPS}),
        ({"code": "def f(n): return f(n)"}, {Feature.CODE, Feature.RECURSION}),
        ({"code": "f = lambda n: f(n)"}, {Feature.CODE, Feature.RECURSION}),
        ({"code": "def f(n): return n"}, {Feature.CODE}),
        ({"code": "a" * 70_000}, {Feature.CODE, Feature.LARGE}),
        ({"post": ["x > 0"] * 60}, {Feature.CONDITIONS, Feature.LARGE}),
    ],
)  # fmt: skip
def test_features_are_seen_at_a_glance(data, expected):
    assert features(read_intent(data)) == expected
