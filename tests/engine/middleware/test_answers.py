"""What is remembered, for how long and within which bounds, against a dict and a clock."""

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share
from tests.engine.middleware.stage import Clock

from ciranda.middleware.answers import Answer, Answers
from ciranda.store import Cached
from ciranda.workflow.model import Cache

encode = msgspec.msgpack.encode


class Shelf:
    """A store in a dict; `rows` may be damaged at will."""

    def __init__(self, wall: Clock) -> None:
        self.wall = wall
        self.rows: dict[str, Cached] = {}

    def cache_get(self, key: str) -> Cached | None:
        row = self.rows.get(key)
        expired = row is not None and row.expires is not None and row.expires <= self.wall()
        return None if expired else row

    def cache_put(self, key, payload, expires=None, label="", parts=b"") -> None:
        self.rows[key] = Cached(key, payload, self.wall(), expires, label, parts)


class Model:
    """A list, oldest use first, of (key, value, size, born, ttl)."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most, self.most_bytes = most, most_bytes
        self.rows: list[tuple[str, bytes, int, float, float | None]] = []

    def drop(self, key: str) -> None:
        self.rows = [row for row in self.rows if row[0] != key]

    def keep(self, key: str, payload: bytes, now: float, ttl: float | None) -> None:
        size = len(key) + len(payload)
        self.drop(key)
        if size > self.most_bytes:
            return
        while self.rows and (
            len(self.rows) >= self.most or sum(row[2] for row in self.rows) + size > self.most_bytes
        ):
            self.rows.pop(0)
        self.rows.append((key, payload, size, now, ttl))

    def get(self, key: str, now: float, ttl: float | None) -> object:
        for row in self.rows:
            if row[0] == key:
                self.rows.remove(row)
                age = now - row[3]
                if row[4] is not None and age >= row[4]:
                    return None
                self.rows.append(row)
                return None if ttl is not None and age >= ttl else (row[1], age)
        return None


TTL = st.sampled_from([None, 1.0, 2.0, 7.5])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.sampled_from("abcdefg"), st.integers(0, 30), TTL),
        st.tuples(st.just("get"), st.sampled_from("abcdefg"), st.just(0), TTL),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 2, 4, 15]), st.none()),
    ),
    max_size=60,
)


@given(most=st.integers(1, 5), most_bytes=st.integers(8, 80), steps=STEPS)
@settings(max_examples=share(400), deadline=None)
def test_memory_does_what_a_list_and_a_clock_do(most, most_bytes, steps):
    clock = Clock(0.0)
    answers = Answers(clock=clock, most=most, most_bytes=most_bytes)
    model = Model(most, most_bytes)
    for what, key, size, ttl in steps:
        if what == "wait":
            clock.now += size / 2
        elif what == "keep":
            payload = encode("x" * size)
            answers.keep(key, payload, Cache(ttl=ttl))
            model.keep(key, payload, clock.now, ttl)
        else:
            found = answers.get(key, Cache(ttl=ttl))
            expected = model.get(key, clock.now, ttl)
            got = None if found is None else (encode(found.value), found.age)
            assert got == expected
        assert len(answers) == len(model.rows) <= most
        assert answers.bytes_in_memory == sum(row[2] for row in model.rows) <= most_bytes


@pytest.mark.parametrize(("later", "found"), [(0.0, True), (9.999, True), (10.0, False)])
def test_an_answer_is_gone_exactly_when_it_is_as_old_as_its_ttl(later, found):
    clock = Clock(0.0)
    for kept, asked in [(10.0, None), (None, 10.0), (10.0, 99.0), (99.0, 10.0)]:
        answers = Answers(clock=clock)
        clock.now = 0.0
        answers.keep("key", encode(1), Cache(ttl=kept))
        clock.now = later

        assert (answers.get("key", Cache(ttl=asked)) is not None) is found


@pytest.mark.anyio
async def test_an_answer_from_the_store_keeps_its_age():
    clock, wall = Clock(0.0), Clock(1e9)
    shelf = Shelf(wall)
    terms = Cache(ttl=10.0)
    await Answers(shelf, clock=clock, wall=wall).store("key", encode([1]), terms)
    later = Answers(shelf, clock=clock, wall=wall)
    wall.now += 6

    found = later.get("key", terms)
    assert found == Answer([1], 6.0)

    clock.now += 3.999
    assert later.get("key", terms) is not None
    clock.now += 0.001
    wall.now += 4
    assert later.get("key", terms) is None


@pytest.mark.anyio
async def test_shared_answers_go_to_the_shared_store():
    wall = Clock()
    project, shared = Shelf(wall), Shelf(wall)
    answers = Answers(project, shared, clock=wall, wall=wall)

    await answers.store("p", encode(1), Cache())
    await answers.store("s", encode(2), Cache(scope="shared"))

    assert (list(project.rows), list(shared.rows)) == (["p"], ["s"])


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x92\x01", b"\x91" * 5000])
def test_bytes_that_cannot_be_decoded_are_a_miss(payload):
    wall = Clock()
    shelf = Shelf(wall)
    shelf.cache_put("key", payload)
    answers = Answers(shelf, clock=wall, wall=wall)

    assert answers.get("key", Cache()) is None
    assert len(answers) == 0
