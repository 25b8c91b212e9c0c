"""Frames: what is sent arrives, and nothing hostile does harm."""

import random
import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.executors.pool.worker import frames
from ciranda.executors.pool.worker.weight import containers

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def reader() -> frames.FrameReader[Any]:
    return frames.FrameReader(frames.decoder(frames.FromWorker))


@settings(max_examples=share(100), deadline=None)
@given(st.lists(values, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=10))
def test_frames_cut_anywhere_arrive_whole_and_in_order(sent, cuts):
    stream = b"".join(frames.encode(frames.Result(n, value)) for n, value in enumerate(sent))
    incoming = reader()
    found = []
    start = turn = 0

    while start < len(stream):
        size = cuts[turn % len(cuts)]
        found += incoming.feed(stream[start : start + size])
        start, turn = start + size, turn + 1

    assert found == [frames.Result(n, value) for n, value in enumerate(sent)]


def test_a_frame_at_the_cap_passes_and_one_byte_more_does_not():
    room = frames.CAP - len(msgspec.msgpack.encode(frames.Result(1, b"x" * 70_000))) + 70_000

    sent = frames.encode(frames.Result(1, b"x" * room))

    assert reader().feed(sent) == [frames.Result(1, b"x" * room)]
    with pytest.raises(frames.FrameTooBigError, match="16,777,216 bytes, above the cap"):
        frames.encode(frames.Result(1, b"x" * (room + 1)))


def test_text_on_the_wrong_descriptor_is_seen_at_its_first_bytes():
    with pytest.raises(frames.FrameError, match="cannot begin with b'hello world'"):
        reader().feed(b"hello world")


@pytest.mark.parametrize(
    "body",
    [
        msgspec.msgpack.encode([99, 1]),
        msgspec.msgpack.encode([2, 1, "call", None, None]),
        msgspec.msgpack.encode([9, "one", None]),
        msgspec.msgpack.encode([9, 1, None, "extra"]),
        msgspec.msgpack.encode({"type": 9}),
        msgspec.msgpack.encode([9, 1, msgspec.msgpack.Ext(5, b"x")]),
        b"\x93\x09\x01" + b"\x91" * 100_000,
        b"\x93\x09\x01\xdd\xff\xff\xff\xff",
        b"\x93\x09\x01\xdf\xff\xff\xff\xff",
        b"\x93\x09\x01\xc6\xff\xff\xff\xff",
        b"\x93\x09\x01\xa2\xff\xff",
        b"",
    ],
    ids=[
        "unknown tag",
        "tag of the other direction",
        "wrong type",
        "extra field",
        "mapping",
        "extension",
        "deep",
        "list of 4 billion",
        "mapping of 4 billion",
        "bytes of 4 billion",
        "not utf-8",
        "empty",
    ],
)
def test_a_body_that_is_no_frame_is_refused(body):
    head = (frames.MAGIC << 24 | len(body)).to_bytes(4, "big")

    with pytest.raises(frames.FrameError, match="does not decode"):
        reader().feed(head + body)


def test_a_few_bytes_cannot_fan_out_into_a_million_lists():
    count = 1_000_100
    body = b"\x93\x09\x01\xdd" + count.to_bytes(4, "big") + b"\x90" * count
    head = (frames.MAGIC << 24 | len(body)).to_bytes(4, "big")

    with pytest.raises(frames.FrameError, match="more than 1,000,000 lists and mappings"):
        reader().feed(head + body)


def nested(value: object) -> int:
    match value:
        case list():
            return 1 + sum(map(nested, value))
        case dict():
            return 1 + sum(map(nested, value.values()))
        case _:
            return 0


@settings(max_examples=share(100), deadline=None)
@given(values | st.lists(st.text(min_size=30, max_size=300) | st.binary(max_size=70_000)))
def test_the_count_before_decoding_is_the_count_after(value):
    assert containers(msgspec.msgpack.encode(value)) == nested(value)


def test_a_binary_value_full_of_what_could_begin_a_list_passes():
    sent = frames.encode(frames.Result(1, b"\x90" * 2_000_000))

    assert len(reader().feed(sent)) == 1


def test_two_thousand_hostile_streams_never_do_more_than_raise_frame_error():
    draw = random.Random(9)
    honest = [
        frames.encode(frames.Result(1, {"a": [1, 2.5, None, "text", b"bytes"]})),
        frames.encode(frames.Error(1, "k", "m", None, None, {"d": 1}, "t")),
        frames.encode(frames.Event(1, "e", [True])) + frames.encode(frames.Log(1, "info", "x")),
    ]
    refused = 0
    tracemalloc.start()

    for turn in range(2_000):
        data = bytearray(draw.choice(honest))
        for _ in range(draw.randint(1, 6)):
            place = draw.randrange(len(data) + 1)
            match draw.randrange(3):
                case 0:
                    data[place : place + 1] = draw.randbytes(1)
                case 1:
                    del data[place : place + draw.randint(1, 4)]
                case _:
                    data[place:place] = draw.randbytes(draw.randint(1, 8))
        if turn % 2:  # keep the header honest, so that the body is decoded
            data[:4] = (frames.MAGIC << 24 | max(0, len(data) - 4)).to_bytes(4, "big")
        try:
            reader().feed(bytes(data))
        except frames.FrameError:
            refused += 1

    assert refused > 1_000
    assert tracemalloc.get_traced_memory()[1] < frames.CAP
    tracemalloc.stop()
