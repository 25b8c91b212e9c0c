"""What of an import is told: asked of the functions here, where nobody watches the process."""

import os

import pytest

from ciranda.conformance import probe


@pytest.mark.parametrize(
    ("event", "arguments", "told"),
    [
        ("open", ("/a/notes", "w", 0), "writes /a/notes"),
        ("open", ("/a/notes", "r", os.O_RDONLY), ""),
        ("open", ("/a/notes", None, os.O_WRONLY | os.O_CREAT), "writes /a/notes"),
        ("open", ("/a/notes", None, os.O_RDONLY), ""),
        ("open", (4, "w", 0), ""),
        ("open", ("/a/__pycache__/b.pyc", "w", 0), ""),
        ("open", (os.devnull, "w", 0), ""),
        ("os.mkdir", ("/a/__pycache__", 0, -1), ""),
        ("os.mkdir", ("/a/b", 0, -1), "writes to disk"),
        ("os.rename", ("/a/__pycache__/b", "/a/c", -1, -1), ""),
        ("os.rename", ("/a/b", "/a/c", -1, -1), "writes to disk"),
        ("os.system", ("true",), "starts a process"),
        ("import", ("json",), ""),
    ],
)
def test_what_an_import_does_to_others_is_told_and_no_more(event, arguments, told):
    assert probe._effect(event, arguments) == told


def test_it_is_told_where_in_the_plugin_that_was():
    def asked(*folders):
        return probe._place([*folders])

    assert asked(os.path.dirname(__file__)).startswith(f"{__file__}:")
    assert asked("/nowhere/at/all") == ""
