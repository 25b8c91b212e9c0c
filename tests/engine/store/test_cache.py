"""The cache's durable half: bounded, fresh, and wrong never."""

from contextlib import closing

import pytest

from ciranda.store import Cached, MemoryLog, SqliteLog
from ciranda.store.cache import Cache


def test_a_result_is_a_hit_until_it_expires(log, now):
    log.cache_put("k", b"value", now.wall + 10, "data.map:fetch", b"parts")

    now.pass_seconds(9.5)
    found = log.cache_get("k")
    assert (found.payload, found.parts, found.label) == (b"value", b"parts", "data.map:fetch")
    now.pass_seconds(0.5)

    assert log.cache_get("k") is None
    assert log.cache_get("other") is None
    assert log.cache_delete_expired() == 1
    assert log.cache_delete_expired() == 0


def test_a_key_holds_its_newest_result(log):
    log.cache_put("k", b"one")
    log.cache_put("k", b"two")

    assert log.cache_get("k").payload == b"two"


def test_the_newest_of_a_label_tells_what_changed(log, now):
    assert log.cache_last("l") is None
    log.cache_put("a", b"1", label="l", parts=b"first")
    now.pass_seconds(1)
    log.cache_put("b", b"2", label="l", parts=b"second")
    log.cache_put("c", b"3", label="m")

    assert log.cache_last("l").parts == b"second"


def test_results_outlive_the_process(tmp_path):
    for expected in (None, b"value"):
        log = SqliteLog(tmp_path)
        found = log.cache_get("k")
        assert (found.payload if found else None) == expected
        log.cache_put("k", b"value")
        log.close()


def test_the_least_recently_used_give_way_to_the_bounds(tmp_path):
    with closing(Cache(tmp_path, max_bytes=1000, max_rows=5)) as cache:
        for name in "abcde":
            cache.put(Cached(name, b"x" * 9, 0.0, None))
        cache.get("a", 0.0)
        cache.get("b", 0.0)

        cache.put(Cached("f", b"x" * 9, 0.0, None))
        assert [name for name in "abcdef" if cache.get(name, 0.0)] == list("abdef")

        cache.put(Cached("g", b"x" * 950, 0.0, None))
        cache.put(Cached("h", b"x" * 2000, 0.0, None))

        kept = [name for name in "abcdefgh" if cache.get(name, 0.0)]
        assert kept == list("bdefg")


def test_the_cache_in_memory_keeps_its_bound():
    log = MemoryLog(max_bytes=100)

    for number in range(20):
        log.cache_put(f"{number:02}", b"x" * 18)

    assert [n for n in range(20) if log.cache_get(f"{n:02}")] == [15, 16, 17, 18, 19]


@pytest.mark.parametrize(
    "damage",
    [
        "payload = x'00'",
        "payload = 1",
        "parts = 'text'",
        "expires = 4e9",
        "created = 1",
        "label = 'other'",
        "label = cast(x'fffe' AS TEXT)",
        '"check" = "check" + 1',
    ],
)
def test_a_damaged_row_is_a_miss_and_can_be_replaced(tmp_path, damage):
    with closing(Cache(tmp_path)) as cache:
        cache.put(Cached("k", b"value", 5.0, 1e9, "label", b"parts"))
        cache._database.execute(f"UPDATE cache SET {damage}")

        assert cache.get("k", 6.0) is None
        assert cache.last("label") is None
        cache.put(Cached("k", b"value", 5.0, 1e9, "label", b"parts"))

        found = cache.get("k", 6.0)
        assert found
        assert found.payload == b"value"
