"""Canonical bytes: one for each value, and no others are taken."""

from __future__ import annotations

import enum
import random
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_consensus.encoding import MOST_BYTES, MOST_DEPTH, EncodingError, decode, encode

scalars = st.none() | st.booleans() | st.integers() | st.binary(max_size=40) | st.text(max_size=40)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=15,
)


def shape(value):
    """Return a value with its types, for Python takes 1, True and 1.0 for the same."""
    if isinstance(value, (list, tuple)):
        return ("list", *map(shape, value))
    if isinstance(value, dict):
        return ("dict", *sorted((key, shape(item)) for key, item in value.items()))
    return type(value).__name__, value


@settings(max_examples=60, deadline=None)
@given(values, values)
def test_values_come_back_and_different_ones_have_different_bytes(one, two):
    assert shape(decode(encode(one))) == shape(one)
    assert (encode(one) == encode(two)) == (shape(one) == shape(two))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60) | values.map(encode), st.data())
def test_what_is_taken_is_canonical(data, draw):
    if data and draw.draw(st.booleans()):
        at = draw.draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw.draw(st.binary(max_size=2)) + data[at + 1 :]
    try:
        value = decode(data)
    except EncodingError:
        return
    assert encode(value) == data


@pytest.mark.uncounted
def test_every_change_of_a_byte_is_refused_or_another_value():
    value = {"a": [1, -300, True, None, "text", b"raw"], "b": {"": 2**70}, "ç": ["", b"", {}, []]}
    data = encode(value)
    taken = 0
    for at in range(len(data)):
        assert_refused(data[:at])
        for byte in range(256):
            changed = data[:at] + bytes([byte]) + data[at + 1 :]
            if changed != data:
                try:
                    found = decode(changed)
                except EncodingError:
                    continue
                taken += 1
                assert shape(found) != shape(value)
                assert encode(found) == changed
    assert taken > 0
    assert_refused(data + b"\0", match="1 bytes are left over")


def assert_refused(data, match="."):
    with pytest.raises(EncodingError, match=match):
        decode(data)


@pytest.mark.uncounted
def test_a_hundred_thousand_pairs_share_no_bytes():
    rng = random.Random(1)
    pieces = [b"", b"\0", b":", b"a", b"ab", b"b", *(rng.randbytes(n % 5) for n in range(410))]
    pairs = {(one, two) for one in pieces for two in pieces}
    seen = {encode([one, two]) for one, two in pairs}
    assert len(seen) == len(pairs) > 80_000
    texts = {encode({str(n): one}) for n in range(250) for one in ("", "0", 0, b"0", None, False)}
    numbers = {encode(n) for n in range(-10_000, 10_000)} | {encode(str(n)) for n in range(10_000)}
    assert (len(texts), len(numbers)) == (1500, 30_000)


def test_what_looks_alike_has_bytes_of_its_own():
    alike = [1, "1", b"1", True, [1], {"1": 1}, "1 ", -1, 257, None, "", b"", [], {}, 0, False]
    alike += ["é", "e\u0301"]  # the same to a reader, and two texts
    assert len({encode(one) for one in alike}) == len(alike)


def test_bytes_are_the_same_on_every_machine():
    value = {"b": [0, -1, 127, 128, -129, 2**64], "a": {"ü": "ß", "z": b"\0"}, "": [None, True]}
    assert encode(value) == encode(dict(reversed(value.items())))
    assert encode((1, (2,))) == encode([1, [2]])
    assert encode(value).hex() == (
        "4403" "00" "4c024e54" "0161" "4402" "017a" "420100" "02c3bc" "5302c39f"
        "0162" "4c06" "490100" "4901ff" "49017f" "49020080" "4902ff7f" "4909010000000000000000"
    )  # fmt: skip
    assert sha256(encode([value] * 9)).hexdigest()[:16] == "929a9da1daf07645"


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.0, "a float has no canonical bytes"),
        (float("nan"), "a float has no canonical bytes"),
        ([-0.0], "a float has no canonical bytes"),
        (Decimal(1), "a Decimal has no canonical bytes"),
        (Colour.RED, "a Colour has no canonical bytes"),
        (bytearray(b"x"), "a bytearray has no canonical bytes"),
        ({1}, "a set has no canonical bytes"),
        ("\ud800", "half of a surrogate pair"),
        ({"\udfff": 1}, "half of a surrogate pair"),
        ({1: 1}, "the key 1 is no text"),
        (bytes(MOST_BYTES), "above the limit"),
    ],
)
def test_what_has_no_canonical_bytes_is_refused(value, words):
    with pytest.raises(EncodingError, match=words):
        encode(value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no value with the tag b''"),
        (b"X", "no value with the tag b'X'"),
        (b"I\x00", "a number with needless bytes"),
        (b"I\x02\x00\x01", "a number with needless bytes"),
        (b"I\x02\xff\xff", "a number with needless bytes"),
        (b"S\x81\x00a", "a length with needless bytes"),
        (b"S\xff\xff\xff\xff\xff\x01", "a length that does not end"),
        (b"S\x80", "a length that does not end"),
        (b"S\x02a", "end in the middle of a value"),
        (b"S\x01\xff", "text that is no UTF-8"),
        (b"S\x03\xed\xa0\x80", "text that is no UTF-8"),
        (b"S\x02\xc0\x80", "text that is no UTF-8"),
        (b"L\xff\xff\xff\x7f", "items do not fit the bytes"),
        (b"L\x01", "items do not fit the bytes"),
        (b"D\x02\x01aN\x01aN", "keys that are not in order"),
        (b"D\x02\x01bN\x01aN", "keys that are not in order"),
        (b"D\x01\x01\xffN", "a key that is no UTF-8"),
        (b"NN", "1 bytes are left over"),
        (b"L\x01" * (MOST_DEPTH + 1) + b"N", "nested deeper than 32"),
        (bytes(MOST_BYTES + 1), "above the limit"),
        (bytearray(b"N"), "a bytearray is no canonical bytes"),
    ],
)
def test_bytes_of_no_value_are_refused(data, words):
    assert_refused(data, match=words)


def test_depth_is_bounded_and_reached():
    deep: list[object] = []
    for _ in range(MOST_DEPTH - 1):
        deep = [deep]
    assert decode(encode(deep)) == deep
    with pytest.raises(EncodingError, match="nested deeper"):
        encode([deep])
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(EncodingError, match="nested deeper"):
        encode(loop)
