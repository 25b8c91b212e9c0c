"""File patterns of goals, beside those of the standard library."""

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_planner.decomposing.patterns import find_files, is_pattern

FILES = [
    "a.py", "b.py", "ab.txt", "x/a.py", "x/y/a.py", "x/y/b.txt", "x/.hidden/a.py", ".dot.py",
    "x/[odd].py", "y/a-b.py",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("files") / "root"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root.parent / "secret.py").write_text("")
    (root / "out.py").symlink_to(root.parent / "secret.py")
    (root / "in.py").symlink_to(root / "a.py")
    (root / "loop").symlink_to(root)
    return root


NAMES = st.sampled_from(["*", "?", "*.py", "[ab].py", "[!a]*", "x", "y", "a*", "**", "?.txt"])


@settings(max_examples=80, deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_patterns_match_what_the_standard_library_matches_but_links_and_dots(folder, names):
    if names[-1] == "**":
        names = [*names, "*"]
    expected = {
        str(found.relative_to(folder))
        for found in Path(folder).glob("/".join(names))
        if found.is_file() and found.resolve().is_relative_to(folder)
    }
    expected = {one for one in expected if "/." not in f"/{one}" and not one.startswith("loop/")}

    assert find_files(folder, "/".join(names)) == sorted(expected)


def test_a_pattern_stays_in_the_folder(folder):
    assert find_files(folder, "./*.py") == ["a.py", "b.py", "in.py"]
    assert find_files(folder, "x/**") == ["x/[odd].py", "x/a.py", "x/y/a.py", "x/y/b.txt"]
    assert find_files(folder, ".*.py") == [".dot.py"]
    assert find_files(folder, "gone/*.py") == []
    for pattern in ("../*.py", "/etc/*", "~/*", "x/../../*.py"):
        with pytest.raises(ValueError, match="leads out of the folder"):
            find_files(folder, pattern)


def test_a_pattern_that_matches_too_much_or_is_none_is_refused(folder):
    with pytest.raises(ValueError, match="matches more than 2 files: narrow it down"):
        find_files(folder, "**/*.py", most=2)
    with pytest.raises(ValueError, match=r"`x/\[ab` is no pattern: close the `\[`"):
        find_files(folder, "x/[ab")


def test_a_hostile_pattern_takes_no_time_in_powers_of_its_stars(folder):
    (folder / "y" / f"{'a' * 200}.x").touch()

    assert find_files(folder, "**/" * 1000 + "*" * 1000 + ".none") == []
    assert find_files(folder, "y/" + "*a" * 60 + "b") == []


@pytest.mark.parametrize(
    ("word", "is_one"),
    [
        ("*.py", True), ("src/**", True), ("a?.txt", True), ("[ab].py", True), ("../*", True),
        ("2*3", False), ("**bold**", False), ("2.5*3", False), ("a.py", False), ("what?", False),
        ("a *.py", False), ("", False),
    ],
)  # fmt: skip
def test_words_are_told_from_patterns(word, is_one):
    assert is_pattern(word) is is_one
