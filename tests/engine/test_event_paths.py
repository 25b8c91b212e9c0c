"""Paths of steps, taken apart in one place."""

import pytest
from hypothesis import given, strategies as st

from ciranda.events.path import above, depth, holds, inside, is_index, named, place

PARTS = st.lists(st.sampled_from(["a", "b-1", "7", "0", "@catch0", "@finally"]), min_size=1)


@pytest.mark.parametrize(
    ("path", "owner", "level", "where", "name"),
    [
        ("load", "", 0, "load", "load"),
        ("verify/3", "verify", 1, "verify", "3"),
        ("files/2/rows/7", "files/2/rows", 3, "files/rows", "7"),
        ("pay/@catch0/tell", "pay", 1, "pay/@catch0/tell", "@catch0/tell"),
        ("@finally/clean", "", 0, "@finally/clean", "@finally/clean"),
    ],
)
def test_a_path_tells_where_its_step_is(path, owner, level, where, name):
    assert above(path) == owner
    assert depth(path) == level
    assert place(path) == where
    assert named(path, owner) == name


@given(PARTS)
def test_whatever_is_above_a_path_holds_it(parts):
    path = "/".join([*parts, "end"])
    levels = 0
    around = path
    while around := above(around):
        levels += 1
        assert holds(around, path)
        assert not holds(path, around)

    assert levels <= depth(path)
    assert holds("", path)
    assert not any(map(is_index, place(path).split("/")))


@pytest.mark.parametrize(
    ("path", "block", "prefix"),
    [
        ("", "", ""),
        ("group", "steps", "group/"),
        ("pick", "case1", "pick/"),
        ("pay", "catch0", "pay/@catch0/"),
        ("", "on-failure", "@on-failure/"),
    ],
)
def test_what_is_in_a_block_begins_with_its_step(path, block, prefix):
    assert inside(path, block) == prefix


def test_a_name_that_only_begins_alike_is_not_inside():
    assert not holds("load", "loader/1")
    assert not holds("files/1", "files/12")
