"""What a step's value may be."""

import datetime
import decimal
import enum
import math
import os
import re
import subprocess
import sys
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.actions import NotPlainError, canonical, copy_value, digest, plain


class Sky(enum.Enum):
    CLEAR = "clear"


class Level(enum.IntEnum):
    HIGH = 3


@dataclass
class Point:
    x: int
    at: PurePosixPath


class Row(msgspec.Struct, rename="camel", tag="row"):
    my_id: int
    note: str | msgspec.UnsetType = msgspec.UNSET


class Pair(msgspec.Struct, array_like=True):
    a: int
    b: str


class Named(NamedTuple):
    a: int


class Model:
    def model_dump(self, *, by_alias: bool) -> dict[str, object]:
        return {"aliased": by_alias}


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


def typed(value):
    """Tag every part with its type, so that 1, 1.0 and True differ under ==."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    sign = math.copysign(1, value) if isinstance(value, float) else 0
    return (type(value).__name__, value, sign)


@settings(max_examples=share(200), deadline=None)
@given(values)
def test_plain_data_stays_as_it_is_and_survives_the_store(value):
    out = plain(value)

    assert typed(out) == typed(value)
    assert typed(msgspec.msgpack.decode(msgspec.msgpack.encode(out))) == typed(value)


@settings(max_examples=share(300), deadline=None)
@given(values, values)
def test_canonical_bytes_are_equal_exactly_when_values_and_types_are(a, b):
    assert (canonical(a) == canonical(b)) is (typed(a) == typed(b))


def test_look_alikes_have_different_canonical_bytes():
    alike = [1, 1.0, True, "1", b"1", [1], {"1": 1}, None, "", b"", [], {}, 0.0, -0.0, False]

    assert len({canonical(value) for value in alike}) == len(alike)


def test_the_order_of_keys_does_not_change_a_digest():
    assert digest({"a": 1, "b": {"d": 1, "c": 2}}) == digest({"b": {"c": 2, "d": 1}, "a": 1})


def test_digests_of_sets_do_not_depend_on_the_hash_seed():
    code = (
        "from ciranda.actions import digest, plain;"
        "print(digest(plain({'s': {'a', 'b', 'c', 1, 2.5, None}})))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }

    assert len(seen) == 1


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (Sky.CLEAR, "clear"),
        (Level.HIGH, 3),
        ({Sky.CLEAR: 1}, {"clear": 1}),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00Z"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (decimal.Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (Point(1, PurePosixPath("p")), {"x": 1, "at": "p"}),
        (Row(1), {"type": "row", "myId": 1}),
        (Row(1, note="n"), {"type": "row", "myId": 1, "note": "n"}),
        (Pair(1, "b"), [1, "b"]),
        (Named(1), [1]),
        (OrderedDict(a=(1,)), {"a": [1]}),
        (bytearray(b"x"), b"x"),
        (memoryview(b"x"), b"x"),
        (Model(), {"aliased": True}),
    ],
)
def test_what_is_not_plain_is_made_plain(given_value, expected):
    assert typed(plain(given_value)) == typed(expected)
    assert typed(plain([given_value])) == typed([expected])


def test_subclasses_of_plain_types_lose_their_class():
    class Text(str):
        __slots__ = ()

    out = plain({Text("k"): [Text("v"), Level.HIGH, True]})

    assert [type(key) for key in out] == [str]
    assert [type(item) for item in out["k"]] == [str, int, bool]


HALF: Any = 0.5j
cyclic: list[Any] = [1]
cyclic.append({"again": cyclic})
deep: list[Any] = []
for _ in range(70):
    deep = [deep]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"rows": [0, 1, 2, {"x": 1j}]}, r"^out\.rows\[3\]\.x is a complex, which"),
        ({"a b": [object()]}, r"^out\['a b'\]\[0\] is an object"),
        (lambda: None, "^out is a function"),
        ((item for item in "ab"), "^out is a generator"),
        (Point, "^out is a type"),
        ({"p": Point(HALF, PurePosixPath())}, r"^out\.p\.x is a complex"),
        (float("nan"), "^out is nan, and only finite"),
        ([0.5, float("-inf")], r"^out\[1\] is -inf"),
        ({"n": 2**63}, r"^out\.n is an integer beyond 64 bits"),
        (-(2**63) - 1, "^out is an integer beyond"),
        ("\ud800", "^out is text with a lone surrogate"),
        ({"\udfff": 1}, "is text with a lone surrogate"),
        ({1: 2}, "^out has the key 1, and keys must be text"),
        ({"a": {None: 2}}, r"^out\.a has the key None"),
        (cyclic, r"nests deeper than 64 levels or contains itself"),
        (deep, r"nests deeper than 64 levels"),
    ],
)
def test_what_cannot_be_a_value_is_named_with_its_place(value, sentence):
    with pytest.raises(NotPlainError) as caught:
        plain(value)

    assert re.search(sentence, caught.value.sentence("out"))


def test_64_levels_are_accepted():
    value: list[Any] = []
    for _ in range(63):
        value = [value]

    assert plain(value) == value


@settings(max_examples=share(100), deadline=None)
@given(values)
def test_neither_plain_nor_a_copy_shares_a_container(value):
    for copied in (plain(value), copy_value(value)):
        assert typed(copied) == typed(value)
        assert not containers(copied) & containers(value)


def containers(value) -> set[int]:
    if isinstance(value, dict):
        return {id(value)}.union(*map(containers, value.values()))
    if isinstance(value, list):
        return {id(value)}.union(*map(containers, value))
    return set()


def test_a_copy_keeps_what_is_not_plain_as_it_is():
    opaque = object()

    assert copy_value({"a": [opaque]})["a"][0] is opaque
