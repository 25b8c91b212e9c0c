"""Where skills are found, which of two counts, and what a catalogue discloses when."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ciranda_skills.disclosure import Catalogue, read_catalogue
from ciranda_skills.discovery import Discovery, Scope, discover
from ciranda_skills.error import (
    EscapeError,
    MissingResourceError,
    UnknownSkillError,
    UnreadableError,
)
from ciranda_skills.format import Violation


def make(
    folder: Path, *, name: str = "", text: str = "Does things.", body: str = "# Body\n"
) -> Path:
    """Make a skill and return its folder."""
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(
        f"---\nname: {name or folder.name}\ndescription: {text}\n---\n{body}"
    )
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def names(found: Discovery) -> list[str]:
    return [each.folder.name for each in found.found]


def test_the_places_of_the_project_come_before_those_of_the_user(project: Path, home: Path) -> None:
    for base in (home, project):
        for place in (".ciranda", ".claude", ".agents"):
            make(base / place / "skills" / f"{base.name}-{place[1:]}")

    found = discover(project=project, home=home)

    assert names(found) == [
        "project-agents", "project-claude", "project-ciranda",
        "home-agents", "home-claude", "home-ciranda",
    ]  # fmt: skip
    assert [each.scope for each in found.found] == [Scope.PROJECT] * 3 + [Scope.USER] * 3
    assert found.found[0].root == project / ".agents" / "skills"
    assert found.warnings == ()


def test_nothing_is_found_where_nothing_is(project: Path, home: Path) -> None:
    assert discover(project=project, home=home) == Discovery(())
    assert discover() == Discovery(())
    assert discover(project=project / "gone", home=home / "gone") == Discovery(())


def test_at_home_the_skills_are_the_users_own(home: Path) -> None:
    make(home / ".claude" / "skills" / "mine")

    found = discover(project=home, home=home)

    assert [each.scope for each in found.found] == [Scope.USER]


def test_named_roots_come_first_and_may_be_skills_themselves(project: Path, tmp_path: Path) -> None:
    one = make(tmp_path / "named" / "one")
    make(tmp_path / "many" / "b")
    make(tmp_path / "many" / "a")
    make(project / ".claude" / "skills" / "theirs")

    found = discover(project=project, roots=[one, tmp_path / "many"])

    assert names(found) == ["one", "a", "b", "theirs"]
    assert [each.scope for each in found.found][:3] == [Scope.GIVEN] * 3


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_a_named_root_that_is_no_folder_is_a_mistake(tmp_path: Path, kind: str) -> None:
    if kind == "a file":
        (tmp_path / "root").write_text("")

    with pytest.raises(UnreadableError, match="root is not a folder"):
        discover(roots=[tmp_path / "root"])


def test_git_and_node_modules_are_not_searched(project: Path) -> None:
    skills = project / ".agents" / "skills"
    for folder in (".git", "node_modules", "group/node_modules", ".hidden", "group"):
        make(skills / folder / "x-skill")

    found = discover(project=project)

    assert [str(each.folder.relative_to(skills)) for each in found.found] == [
        ".hidden/x-skill", "group/x-skill",
    ]  # fmt: skip


def test_what_lies_within_a_skill_is_part_of_it(project: Path) -> None:
    outer = make(project / ".agents" / "skills" / "outer")
    make(outer / "inner")

    assert names(discover(project=project)) == ["outer"]


def test_a_lower_case_file_makes_a_skill_too(project: Path) -> None:
    folder = make(project / ".agents" / "skills" / "low")
    (folder / "SKILL.md").rename(folder / "skill.md")

    catalogue = read_catalogue(discover(project=project))

    assert catalogue.get("low").warnings == (Violation.LOWERCASE_FILENAME,)


def test_folders_are_searched_six_deep_and_the_rest_is_told(tmp_path: Path) -> None:
    make(tmp_path / "1/2/3/4/5/six")
    make(tmp_path / "1/2/3/4/5/6b/seven")

    found = discover(roots=[tmp_path])

    assert names(found) == ["six"]
    assert found.warnings == (
        f"{tmp_path}/1/2/3/4/5/6b is 6 folders below {tmp_path}: what is below is not searched",
    )


def test_two_thousand_folders_are_searched_and_the_rest_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ciranda_skills.discovery._MOST_FOLDERS", 20)
    for number in range(30):
        make(tmp_path / f"s{number:02}")

    found = discover(roots=[tmp_path])

    assert names(found) == [f"s{number:02}" for number in range(19)]  # the root is one
    assert found.warnings == (f"{tmp_path} has more than 20 folders: the rest is not searched",)


def test_links_in_a_circle_are_entered_once(project: Path) -> None:
    skills = project / ".agents" / "skills"
    make(skills / "one")
    (skills / "up").symlink_to("..")
    (skills / "self").symlink_to(".")
    (skills / "loop").symlink_to("loop")
    (project / ".claude").symlink_to(".agents")

    found = discover(project=project)

    assert names(found) == ["one"]
    assert found.warnings == ()


def test_a_linked_skill_is_found_under_the_name_of_its_link(home: Path, tmp_path: Path) -> None:
    checkout = make(tmp_path / "src" / "demo-main", name="demo")
    skills = home / ".claude" / "skills"
    skills.mkdir(parents=True)
    (skills / "demo").symlink_to(checkout)

    (entry,) = read_catalogue(discover(home=home)).entries

    assert (entry.name, entry.warnings) == ("demo", ())
    assert entry.heading.root == checkout.resolve()


def test_a_folder_that_may_not_be_entered_is_told(tmp_path: Path) -> None:
    make(tmp_path / "open")
    (tmp_path / "shut").mkdir(mode=0)
    if os.access(tmp_path / "shut", os.R_OK):
        pytest.skip("this user enters every folder")

    found = discover(roots=[tmp_path])

    assert names(found) == ["open"]
    assert found.warnings == (f"{tmp_path}/shut cannot be searched: permission denied",)


def test_a_pipe_or_a_file_among_skills_is_no_folder(tmp_path: Path) -> None:
    make(tmp_path / "one")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "README.md").write_text("")

    assert names(discover(roots=[tmp_path])) == ["one"]


def test_of_one_name_the_project_counts_and_the_other_is_told(project: Path, home: Path) -> None:
    make(home / ".claude" / "skills" / "same", text="The user's.")
    make(project / ".claude" / "skills" / "same", text="The project's.")
    make(project / ".ciranda" / "skills" / "same", text="The later one.")

    catalogue = read_catalogue(discover(project=project, home=home))

    assert catalogue.get("same").description == "The project's."
    assert [text.rpartition("skill `same` in ")[2] for text in catalogue.warnings] == [
        f"{project}/.ciranda/skills/same (project) is hidden by the one in "
        f"{project}/.claude/skills/same (project)",
        f"{home}/.claude/skills/same (user) is hidden by the one in "
        f"{project}/.claude/skills/same (project)",
    ]


def test_of_one_scope_a_skill_in_the_folder_of_its_name_counts_before_others(
    project: Path, home: Path
) -> None:
    make(home / ".claude" / "skills" / "same", text="The user's.")
    for folder in ("a-copy", "same", "z-copy"):
        make(project / ".claude" / "skills" / folder, name="same", text=folder)
    make(project / ".claude" / "skills" / "other", name="user")
    make(home / ".claude" / "skills" / "user")

    catalogue = read_catalogue(discover(project=project, home=home))

    assert catalogue.get("same").description == "same"
    assert catalogue.get("user").scope is Scope.PROJECT
    assert "/a-copy (project) is hidden by the one in" in catalogue.warnings[0]
    assert all(text.endswith("skills/same (project)") for text in catalogue.warnings[:3])


def test_broken_skills_are_kept_apart(tmp_path: Path) -> None:
    make(tmp_path / "good")
    (make(tmp_path / "bad") / "SKILL.md").write_text("no frontmatter")

    catalogue = read_catalogue(discover(roots=[tmp_path]))

    assert [entry.name for entry in catalogue.entries] == ["good"]
    assert [reading.path.name for reading in catalogue.skipped] == ["bad"]
    assert catalogue.skipped[0].fatal == (Violation.MISSING_FRONTMATTER,)
    assert (len(catalogue), "good" in catalogue, "bad" in catalogue) == (1, True, False)


def test_a_skill_removed_between_search_and_reading_is_told(tmp_path: Path) -> None:
    folder = make(tmp_path / "brief")
    found = discover(roots=[tmp_path])
    (folder / "SKILL.md").unlink()
    folder.rmdir()

    catalogue = read_catalogue(found)

    assert len(catalogue) == 0
    assert catalogue.warnings == (f"the folder {folder} cannot be read: no such file or directory",)


def test_a_skill_is_disclosed_in_three_stages(tmp_path: Path) -> None:
    folder = make(tmp_path / "demo", text="Does it.", body="# How\n")
    (folder / "references").mkdir()
    (folder / "references" / "more.md").write_text("More.")
    catalogue = read_catalogue(discover(roots=[tmp_path]))

    entry = catalogue.get("demo")

    assert (entry.name, entry.description) == ("demo", "Does it.")
    assert (entry.heading.body, entry.heading.resources) == ("", ())
    assert catalogue.body("demo") == "# How\n"
    assert catalogue.load("demo").resources == ("references/more.md",)
    assert catalogue.resource("demo", "references/more.md") == b"More."
    with pytest.raises(EscapeError, match="leads out"):
        catalogue.resource("demo", "../demo-evil/x")
    with pytest.raises(MissingResourceError, match=r"has no file `nope\.md`"):
        catalogue.resource("demo", "nope.md")


def test_an_edited_skill_is_never_served_stale(tmp_path: Path) -> None:
    folder = make(tmp_path / "demo", body="old!")
    catalogue = read_catalogue(discover(roots=[tmp_path]))
    assert catalogue.body("demo") == "old!"
    before = (folder / "SKILL.md").stat()

    text = (folder / "SKILL.md").read_text().replace("old!", "new!")
    (folder / "SKILL.md").write_text(text)
    os.utime(folder / "SKILL.md", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert catalogue.body("demo") == "new!"


def test_a_skill_that_became_another_is_not_served(tmp_path: Path) -> None:
    folder = make(tmp_path / "demo")
    catalogue = read_catalogue(discover(roots=[tmp_path]))
    (folder / "SKILL.md").write_text("---\nname: other\ndescription: x\n---\n")

    with pytest.raises(UnknownSkillError, match="there is no skill `demo` any more in"):
        catalogue.load("demo")


def test_an_unknown_name_brings_the_nearest_to_mind(tmp_path: Path) -> None:
    make(tmp_path / "csv-glance")
    catalogue = read_catalogue(discover(roots=[tmp_path]))

    with pytest.raises(UnknownSkillError, match="no skill `csv-glnce`: did you mean `csv-glance`"):
        catalogue.get("csv-glnce")
    with pytest.raises(UnknownSkillError, match=r"there is no skill `zzz`$"):
        Catalogue(()).get("zzz")


@pytest.mark.usefixtures("uncollected")
def test_a_catalogue_of_a_thousand_reads_frontmatters_only(tmp_path: Path) -> None:
    for number in range(1000):
        folder = tmp_path / f"s{number:03}"
        folder.mkdir()
        with open(folder / "SKILL.md", "wb") as stream:
            stream.write(f"---\nname: s{number:03}\ndescription: Does {number}.\n---\n".encode())
            stream.truncate(8 << 20)  # a body that would take 8 GB to read
    start = time.process_time()

    catalogue = read_catalogue(discover(roots=[tmp_path]))

    assert len(catalogue) == 1000
    assert time.process_time() - start < 30


def search(tmp_path: Path, query: str, **skills: str) -> list[str]:
    for name, text in skills.items():
        make(tmp_path / name.replace("_", "-"), text=text)
    catalogue = read_catalogue(discover(roots=[tmp_path]))
    return [match.entry.name for match in catalogue.search(query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("csv", ["csv-profile", "json-diff"]),  # the name weighs more
        ("CSV files", ["csv-profile", "json-diff"]),
        ("json", ["json-diff"]),
        ("diff", ["json-diff", "text-metrics"]),
        ("differ", ["text-metrics"]),
        ("csv json", ["json-diff", "csv-profile"]),  # both words beat one
        ("profil", ["csv-profile"]),  # the beginning of a word
        ("CAFÉ", ["text-metrics"]),
        ("cafe\u0301", ["text-metrics"]),
        ("nothing", []),
        ("", []),
        ("  -- !", []),
    ],
)
def test_words_find_skills_by_name_and_description(
    tmp_path: Path, query: str, expected: list[str]
) -> None:
    found = search(
        tmp_path,
        query,
        csv_profile="Looks at tables in files.",
        json_diff="Compares two JSON files, or a csv with another.",
        text_metrics="Counts where texts differ, from café to bar.",
    )

    assert found == expected


def test_equal_matches_come_by_name_and_no_more_than_asked(tmp_path: Path) -> None:
    found = search(tmp_path, "thing", **{f"s{n}": "One thing." for n in "cab"})
    assert found == ["sa", "sb", "sc"]

    catalogue = read_catalogue(discover(roots=[tmp_path]))
    assert len(catalogue.search("thing", limit=2)) == 2
    assert Catalogue(()).search("thing") == ()
