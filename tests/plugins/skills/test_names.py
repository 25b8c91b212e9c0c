"""The rules of names: all that is wrong at once, in the normal form."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st

from ciranda_skills.format import Violation, read_skill
from ciranda_skills.format.names import check_name, normal_name
from tests.effort import share

LONG = "name_too_long"
CAPITAL = "name_not_lowercase"
ODD = "name_invalid_characters"
EDGE = "name_edge_hyphen"
DOUBLE = "name_consecutive_hyphens"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("a", ""),
        ("7", ""),
        ("csv-glance", ""),
        ("a-b-c-d", ""),
        ("a1-2b", ""),
        ("x" * 64, ""),
        ("x" * 65, LONG),
        ("größe", ""),
        ("навык", ""),
        ("技能", ""),
        ("スキル", ""),
        ("مهارة", ""),
        ("٣", ""),
        ("ß", ""),
        ("A", CAPITAL),
        ("aB", CAPITAL),
        ("НАВЫК", CAPITAL),
        ("Ω", CAPITAL),
        ("İ", CAPITAL),
        ("-", EDGE),
        ("-a", EDGE),
        ("a-", EDGE),
        ("-a-", EDGE),
        ("a--b", DOUBLE),
        ("a---b", DOUBLE),
        ("--", f"{EDGE} {DOUBLE}"),
        ("a_b", ODD),
        ("a b", ODD),
        ("a.b", ODD),
        ("a/b", ODD),
        ("../evil", ODD),
        ("a\0b", ODD),
        ("a\nb", ODD),
        ("a:b", ODD),
        ("a+b", ODD),
        ("a@b", ODD),
        ("a\u2010b", ODD),  # U+2010 looks like a hyphen
        ("a\u200bb", ODD),
        ("हिन्दी", ODD),  # its vowel signs are marks, not letters
        ("😀", ODD),
        ("<script>", ODD),
        ("-A--b_", f"{CAPITAL} {EDGE} {DOUBLE} {ODD}"),
        ("A" * 65 + "--", f"{CAPITAL} {EDGE} {DOUBLE} {LONG}"),
        ("_-", f"{EDGE} {ODD}"),
    ],
)
def test_a_name_in_a_folder_of_its_own_breaks_these_rules(name: str, kinds: str) -> None:
    found = check_name(name, name)

    assert sorted(found) == sorted(Violation(kind) for kind in kinds.split())


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("  demo\t", "demo"),
        ("\u00a0demo\u3000", "demo"),
        ("\uff44\uff45\uff4d\uff4f", "demo"),
        ("ﬁle", "file"),
        ("x²", "x2"),
        ("cafe\u0301", "café"),
        ("ⓐ", "a"),
        ("\uff21", "A"),
    ],
)
def test_a_name_counts_in_its_normal_form(written: str, normal: str) -> None:
    assert normal_name(written) == normal


@pytest.mark.parametrize(
    ("name", "folder", "same"),
    [
        ("demo", "demo", True),
        ("demo", "Demo", False),
        ("demo", "demo-2", False),
        ("café", "cafe\u0301", True),  # as macOS writes it to disk
        ("demo", "\uff44\uff45\uff4d\uff4f", True),
        ("demo", " demo", False),
    ],
)
def test_a_name_is_that_of_its_folder(name: str, folder: str, same: bool) -> None:
    assert (Violation.NAME_MISMATCH not in check_name(name, folder)) == same


def test_a_name_in_another_normal_form_than_its_folder_is_valid(tmp_path: Path) -> None:
    root = tmp_path / "cafe\u0301"
    root.mkdir()
    (root / "SKILL.md").write_text("---\nname: café\ndescription: Coffee.\n---\n", "utf-8")

    reading = read_skill(root)

    assert (reading.valid, reading.name) == (True, "café")


def test_messages_name_what_was_written_and_what_to_do() -> None:
    found = check_name("Bad_name", "good-name")

    assert found[Violation.NAME_NOT_LOWERCASE].endswith("has capitals: write `bad_name`")
    assert "`Bad_name` holds '_': only letters" in found[Violation.NAME_INVALID_CHARACTERS]
    assert "that of its folder, `good-name`: rename" in found[Violation.NAME_MISMATCH]


def _allowed(name: str) -> bool:
    """Say by one pattern over categories what the rules say one by one."""
    parts = name.split("-")
    signs = all(
        part and all(unicodedata.category(sign)[0] in "LN" or sign.isalnum() for sign in part)
        for part in parts
    )
    return signs and name == name.lower() and 1 <= len(name) <= 64


@settings(max_examples=share(200), deadline=None)
@given(st.text(st.sampled_from("ab-_ Aé٣ß.²"), max_size=8))
@example("a" * 65)
def test_a_name_is_right_exactly_when_no_rule_is_broken(written: str) -> None:
    name = normal_name(written)

    if name:
        assert (not check_name(name, name)) == _allowed(name)
