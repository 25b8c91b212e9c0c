import datetime
from decimal import Decimal

import pytest

from ciranda_quantum import QuantumError
from ciranda_quantum.convert import check, convert


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "number", None),
        (True, "number", 1),
        (" 7 ", "number", 7),
        ("1e3", "number", 1000.0),
        (2.0, "integer", 2),
        ("3.5", "decimal", 3.5),
        ("on", "boolean", True),
        ("off", "boolean", False),
        (0.0, "boolean", False),
        (None, "boolean", None),
        ({"a": 1}, "string", "{'a': 1}"),
        (Decimal("1.50"), "string", "1.50"),
        (datetime.date(2026, 1, 2), "string", "2026-01-02"),
        (5, "array", [5]),
        ({1}, "array", [1]),
        (range(2), "array", [0, 1]),
        ({"a": 1}, "object", {"a": 1}),
        ("5", "json", 5),
        ("[1]", "json", [1]),
        (5, "json", 5),
        (datetime.datetime(2026, 1, 2, 3), "date", "2026-01-02"),
        (datetime.date(2026, 1, 2), "date", "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3), "datetime", "2026-01-02T03:00:00"),
        (object, "any", object),
    ],
)
def test_a_value_becomes_its_type(value, kind, expected):
    made = convert(value, kind, "x", [1_000_000])

    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("value", "kind", "of"),
    [
        ([1], "number", "type"), ("9" * 2000, "number", "type"), ("9" * 1200, "integer", None),
        (float("nan"), "integer", "type"), ([1], "boolean", "type"), ("[1]", "object", "type"),
        (5, "object", "type"), ("{", "json", "type"), ("nope", "json", "type"), (5, "date", "type"),
        (5, "datetime", "type"), ("[" * 5000, "array", "type"), ("[NaN]", "array", "type"),
        (range(2_000_000), "array", "limit"), ("{'a': 1}", "array", "type"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_of_its_type_is_told_by_its_name(value, kind, of):
    if of is None:
        assert convert(value, kind, "x", [1_000_000]) == int(value)
        return
    with pytest.raises(QuantumError, match="'x'") as caught:
        convert(value, kind, "x", [1_000_000])
    assert caught.value.kind == of


@pytest.mark.parametrize(
    ("value", "rule", "fits"),
    [
        (None, ("min", 5), True), (True, ("min", 0), False), ("7", ("min", 5), True),
        ("x", ("min", 5), False), ([1], ("minlength", 1), True), (123, ("maxlength", 2), False),
        (5, ("max", "a"), False), ("b", ("max", "c"), True), (5, ("enum", "5", "6"), True),
        ("a@b.co", ("validate", "email"), True), ("a..b@c.co", ("validate", "email"), False),
        ("é@b.co", ("validate", "email"), False), ("::1", ("validate", "ipv6"), True),
        ("4111 1111 1111 1111", ("validate", "creditcard"), True), (1.5, ("range", 1, 2), True),
        ("+55 11 91234-5678", ("validate", "phone"), True), ("01310100", ("validate", "cep"), True),
        ("52998224725", ("validate", "cpf"), True), ("00.000.000/0001-91", ("validate", "cnpj"), True),
    ],
)  # fmt: skip
def test_a_validator_accepts_or_refuses(value, rule, fits):
    if fits:
        assert check(value, (rule,), "x", [1_000_000]) is value
        return
    with pytest.raises(QuantumError, match="'x'") as caught:
        check(value, (rule,), "x", [1_000_000])
    assert caught.value.kind == "validation"
