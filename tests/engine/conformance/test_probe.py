"""What an import may not do has a name; what every import does has none."""

import os

import pytest

from ciranda.conformance import probe


@pytest.mark.parametrize(
    ("event", "arguments", "told"),
    [
        ("open", ("notes.txt", "w", 0), "writes notes.txt"),
        ("open", ("notes.txt", None, os.O_RDWR), "writes notes.txt"),
        ("open", ("notes.txt", "r", 0), ""),
        ("open", (4, "wb", 0), ""),  # it was told of by name
        ("open", ("a/__pycache__/b.pyc", "wb", 0), ""),
        ("open", (os.devnull, "w", 0), ""),
        ("os.mkdir", ("out",), "writes to disk"),
        ("os.mkdir", ("a/__pycache__",), ""),
        ("os.rename", ("a", "b"), "writes to disk"),
        ("os.rename", ("a/__pycache__/b.tmp", "a/__pycache__/b.pyc"), ""),
        ("socket.bind", (None, None), "opens a socket"),
        ("import", ("json",), ""),
    ],
)
def test_an_effect_is_named_where_it_is_one(event, arguments, told):
    assert probe._effect(event, arguments) == told


def test_what_is_looked_at_before_and_after_is_the_same_where_nothing_happens(monkeypatch):
    before = probe._state()
    assert probe._state() == before

    monkeypatch.setenv("SAMPLE", "1")
    changed = probe._state()
    assert [name for name in before if before[name] != changed[name]] == ["the environment"]


def test_a_place_is_a_line_in_the_folders_of_the_plugin():
    assert probe._place(["/nowhere"]) == ""
    assert probe._inside("/a/b.py", ["/a"])
    assert not probe._inside("/c/b.py", ["/a"])
