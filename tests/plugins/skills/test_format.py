"""What the format says of a SKILL.md, case by case, and for bytes of any kind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from ciranda_skills.error import UnreadableError
from ciranda_skills.format import Reading, Violation, read_heading, read_skill
from ciranda_skills.format.fences import fence

from .frontmatter_case import BOTH, Case
from .frontmatter_table import CASES

_BOUNDED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _write(tmp_path: Path, data: bytes, folder: str = "demo", file: str = "SKILL.md") -> Path:
    root = tmp_path / folder
    root.mkdir(exist_ok=True)
    (root / file).write_bytes(data)
    return root


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_has_the_verdict_that_the_rules_give_it(case: Case, tmp_path: Path) -> None:
    reading = read_skill(_write(tmp_path, case.data, case.folder))

    assert [*reading.errors] == [*case.errors]
    assert sorted(reading.warnings) == sorted(case.warnings)
    assert (reading.valid, reading.loads) == (not case.errors, case.loads)
    assert (reading.skill is not None) == case.loads
    assert {*reading.messages} == {*reading.errors, *reading.warnings}
    for field, expected in case.fields.items():
        assert getattr(reading.skill, field) == expected


@pytest.mark.uncounted
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_heading_alone_says_what_the_whole_file_says(case: Case, tmp_path: Path) -> None:
    root = _write(tmp_path, case.data, case.folder)

    whole, heading = read_skill(root), read_heading(root)

    if case.id != "body that is no utf-8":  # the heading never saw it
        assert (heading.errors, heading.warnings) == (whole.errors, whole.warnings)
    assert (heading.name, heading.loads) == (whole.name, whole.loads)
    if heading.skill and whole.skill:
        assert heading.skill.metadata == whole.skill.metadata
        assert (heading.skill.body, heading.skill.resources) == ("", ())


def test_the_table_is_large_and_names_no_case_twice() -> None:
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len(CASES)


def test_every_kind_stands_in_the_table_or_is_of_the_file_name() -> None:
    seen = {kind for case in CASES for kind in (*case.errors, *case.warnings)}

    assert {*Violation} - seen == {Violation.LOWERCASE_FILENAME}


def test_a_lower_case_file_is_read_and_noted(tmp_path: Path) -> None:
    root = _write(tmp_path, f"---\n{BOTH}---\n".encode(), file="skill.md")

    reading = read_skill(root)

    assert (reading.valid, reading.loads) == (True, True)
    assert (reading.errors, reading.warnings) == ((), (Violation.LOWERCASE_FILENAME,))
    assert reading.skill is not None
    assert (reading.skill.file, reading.skill.resources) == ("skill.md", ())


def test_the_upper_case_file_wins_and_the_other_is_a_resource(tmp_path: Path) -> None:
    root = _write(tmp_path, b"nothing", file="skill.md")
    _write(tmp_path, f"---\n{BOTH}---\n".encode())

    reading = read_skill(root)

    assert (reading.valid, reading.warnings) == (True, ())
    assert reading.skill is not None
    assert (reading.skill.file, reading.skill.resources) == ("SKILL.md", ("skill.md",))


@pytest.mark.parametrize("file", ["Skill.md", "SKILL.MD", "SKILL.markdown", "SKILL.md.txt"])
def test_no_other_spelling_is_a_skill(tmp_path: Path, file: str) -> None:
    reading = read_skill(_write(tmp_path, f"---\n{BOTH}---\n".encode(), file=file))

    assert reading.errors == (Violation.MISSING_FRONTMATTER,)
    assert "there is no SKILL.md" in reading.messages[Violation.MISSING_FRONTMATTER]


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    root = _write(tmp_path, f"---\n{BOTH}---\n".encode())

    assert read_skill(root / "SKILL.md").valid


def test_a_relative_folder_has_the_name_it_really_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_write(tmp_path, f"---\n{BOTH}---\n".encode()))

    assert read_skill(Path()).valid


def test_a_link_to_a_skill_has_the_name_of_the_link(tmp_path: Path) -> None:
    root = _write(tmp_path, f"---\n{BOTH}---\n".encode(), folder="demo-checkout")
    link = tmp_path / "demo"
    link.symlink_to(root)

    reading = read_skill(link)

    assert reading.valid
    assert reading.skill is not None
    assert reading.skill.root == root.resolve()


def test_no_folder_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="nowhere cannot be read: no such file"):
        read_skill(tmp_path / "nowhere")


def test_a_skill_file_that_links_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text(f"---\n{BOTH}---\nSECRET")
    root = tmp_path / "demo"
    root.mkdir()
    (root / "SKILL.md").symlink_to(secret)

    reading = read_skill(root)

    assert reading.errors == (Violation.MISSING_FRONTMATTER,)
    assert "leads out of the skill's folder" in reading.messages[Violation.MISSING_FRONTMATTER]


def test_a_pipe_called_skill_md_is_never_opened(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    os.mkfifo(root / "SKILL.md")

    reading = read_skill(root)

    assert not reading.loads
    assert "a pipe, a device or a socket" in reading.messages[Violation.MISSING_FRONTMATTER]


def test_a_skill_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    root = _write(tmp_path, b"---\n")
    (root / "SKILL.md").chmod(0)
    if os.access(root / "SKILL.md", os.R_OK):
        pytest.skip("this user reads everything")

    reading = read_skill(root)

    assert reading.messages[Violation.MISSING_FRONTMATTER] == (
        "SKILL.md cannot be read: permission denied"
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"---\n" + b"a: b\n" * 300_000, Violation.UNCLOSED_FRONTMATTER),
        (b"---\n" + b"#\n" * 600_000 + b"---\n", Violation.UNCLOSED_FRONTMATTER),
        (b"---\n---\n" + bytes(17 << 20), Violation.INVALID_YAML),
    ],
    ids=["never closed", "closed too late", "endless body"],
)
def test_a_file_beyond_all_measure_is_refused(tmp_path: Path, data: bytes, kind: Violation) -> None:
    reading = read_skill(_write(tmp_path, data))

    assert not reading.loads
    assert reading.fatal == (kind,)


def test_fatal_says_why_lenient_reading_skips(tmp_path: Path) -> None:
    reading = read_skill(_write(tmp_path, b"---\nname: other\n---\n"))

    assert reading.fatal == (Violation.MISSING_DESCRIPTION,)
    assert reading.warnings == (Violation.NAME_MISMATCH,)


def test_bytes_below_do_not_hide_why_a_skill_cannot_be_read(tmp_path: Path) -> None:
    reading = read_skill(_write(tmp_path, b"---\nname: [\n---\n\xff"))

    assert reading.fatal == reading.errors == (Violation.INVALID_YAML,)
    assert "on line 3" in reading.messages[Violation.INVALID_YAML]


def test_reading_runs_nothing(tmp_path: Path) -> None:
    root = _write(tmp_path, f"---\n{BOTH}---\n".encode())
    trap = tmp_path / "ran"
    (root / "scripts").mkdir()
    for name in ("__init__.py", "run.py", "conftest.py", "setup.py"):
        (root / "scripts" / name).write_text(f"open({str(trap)!r}, 'w')")
    (root / "__init__.py").write_text(f"open({str(trap)!r}, 'w')")

    reading = read_skill(root)

    assert reading.loads
    assert not trap.exists()
    assert reading.skill is not None
    assert reading.skill.scripts == ("scripts/conftest.py", "scripts/run.py", "scripts/setup.py")


def _consistent(reading: Reading) -> None:
    assert reading.valid == (not reading.errors)
    assert reading.loads == (reading.skill is not None) == (not reading.fatal)
    assert {*reading.messages} == {*reading.errors, *reading.warnings}
    if reading.skill is not None:
        assert reading.skill.description.strip()
        assert reading.skill.name


@_BOUNDED
@given(st.binary(max_size=300))
def test_any_bytes_give_a_reading(tmp_path: Path, data: bytes) -> None:
    root = _write(tmp_path, data)

    _consistent(read_skill(root))
    _consistent(read_heading(root))


_WORDS = ["---", "...", "name", "description", ": ", ":", "- ", "demo", "!!str", "&a", "*a"]
_SIGNS = [*"\n \t|>[]{}\"',#!%?é\ufeff", "\r\n"]
_PIECES = st.sampled_from([*_WORDS, *_SIGNS])


@_BOUNDED
@given(st.lists(_PIECES, max_size=40), st.booleans())
def test_any_frontmatter_gives_a_reading(tmp_path: Path, pieces: list[str], mended: bool) -> None:
    text = "".join(pieces)
    root = _write(tmp_path, f"---\n{'description: a: b' * mended}\n{text}\n---\n".encode())

    whole = read_skill(root)

    _consistent(whole)
    assert read_heading(root).errors == whole.errors


@_BOUNDED
@given(st.text(st.sampled_from(list("ab:#'\"\\\\ -|>[]{}&*!%@`,?é")), max_size=20))
def test_whatever_holds_a_colon_is_repaired_to_what_was_written(tmp_path: Path, text: str) -> None:
    written = f"Use when: {text}".strip()
    root = _write(tmp_path, f"---\nname: demo\ndescription: {written}\n---\n".encode())

    reading = read_skill(root)

    assert (reading.errors, reading.warnings) == (("invalid_yaml",), ("yaml_repaired",))
    assert reading.skill is not None
    assert reading.skill.description == written


def _cut(text: str) -> tuple[str, str] | None:
    """Say by lines what the fences enclose: an oracle that knows no bytes and no patterns."""
    lines = text.split("\n")
    last = len(lines) - 1

    def closes(number: int) -> bool:
        line = lines[number]
        return line == "---" or (line == "---\r" and number < last)

    if not closes(0):
        return None
    for number in range(1, len(lines)):
        if closes(number):
            return "".join(f"{line}\n" for line in lines[1:number]), "\n".join(lines[number + 1 :])
    return None


@_BOUNDED
@given(
    st.lists(
        st.sampled_from(["---", "--- ", " ---", "----", "--", "", "a", "---\r", "\r", "x\r"]),
        min_size=1,
        max_size=8,
    )
)
def test_fences_are_whole_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    expected = _cut(text)

    found = fence(text.encode())

    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.frontmatter.decode(), found.body.decode()) == expected
