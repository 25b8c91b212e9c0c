"""A skill that was found before is looked at, and read again only when something changed."""

import os
import shutil
import time

import pytest

from ciranda.events import CacheHit
from ciranda.testing import harness
from ciranda_skills.actions import cacheable
from ciranda_skills.digest import digest
from ciranda_skills.error import TrustError, UnknownSkillError
from ciranda_skills.finder import Finder
from ciranda_skills.settings import SkillsSettings
from ciranda_skills.shelf import Shelf
from ciranda_skills.watch import Watch

from .commanding import project
from .running_fixtures import on_asyncio
from .running_stage import make_skill

__all__ = ["on_asyncio", "project"]

LATER = 10**9  # nanoseconds
PURE = "metadata:\n  pure: true\n"
FILES = {"scripts/main.py": "print(1)", "data/deep/table.csv": "1"}


@pytest.fixture
def finder():
    """Let what was written just now count as old: none of these tests fits into a tick."""
    return Finder(clock=lambda: time.time_ns() + LATER)


@pytest.fixture
def root(project):
    made = make_skill(project / ".agents/skills", FILES, name="tried", metadata=PURE).root
    os.symlink("scripts/main.py", made / "link")
    Shelf(project).trust.grant(made, "tried")
    return made


def tick(project):
    """Let the clock of the file system go on."""
    probe = project.parent / "probe"
    probe.touch()
    before = probe.stat().st_mtime_ns
    while probe.stat().st_mtime_ns == before:
        probe.touch()


def edit(root):
    (root / "scripts/main.py").write_text("print(2)")


def edit_and_set_the_times_back(root):
    path = root / "scripts/main.py"
    seen = path.stat()
    path.write_text("print(2)")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert path.stat().st_mtime_ns == seen.st_mtime_ns
    assert path.stat().st_size == seen.st_size


def replace_a_file(root):
    path = root / "scripts/main.py"
    seen = path.stat()
    (root.parent / "new").write_text("print(2)")
    os.utime(root.parent / "new", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    os.replace(root.parent / "new", path)


def add_a_nested_file(root):
    (root / "data/deep/more.csv").write_text("")


def remove_a_file(root):
    (root / "data/deep/table.csv").unlink()


def replace_a_folder(root):
    shutil.copytree(root / "data", root / "copy")
    (root / "copy/deep/table.csv").write_text("2")
    os.rename(root / "data", root.parent.parent / "old")
    os.rename(root / "copy", root / "data")


def replace_the_skill(root):
    other = root.parent.parent / "other"
    shutil.copytree(root, other, symlinks=True)
    edit(other)
    os.rename(root, root.parent.parent / "old")
    os.rename(other, root)


def retarget_a_link(root):
    (root / "link").unlink()
    os.symlink("data/deep/table.csv", root / "link")


def allow_to_execute(root):
    (root / "scripts/main.py").chmod(0o755)


CHANGES = [
    edit,
    edit_and_set_the_times_back,
    replace_a_file,
    add_a_nested_file,
    remove_a_file,
    replace_a_folder,
    replace_the_skill,
    retarget_a_link,
    allow_to_execute,
]


@pytest.mark.parametrize("name", ["tried", ".agents/skills/tried"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda each: each.__name__)
def test_a_skill_that_changed_is_never_taken_for_what_it_was(project, root, finder, change, name):
    first = finder.find(name, project)
    assert finder.known(name, project) is finder.find(name, project) is first
    assert first.content == digest(root)
    tick(project)

    change(root)

    assert finder.known(name, project) is None
    if name == "tried":
        with pytest.raises(TrustError, match="not trusted as it is now"):
            finder.find(name, project)
        Shelf(project).trust.grant(root, "tried")
    assert finder.find(name, project).content == digest(root) != first.content


@pytest.mark.parametrize("name", ["there", "./there", "there/SKILL.md", "./there/SKILL.md"])
def test_a_link_to_a_skill_that_leads_elsewhere_now_is_followed(tmp_path, finder, name):
    for each, source in (("one", "print(1)"), ("two", "print(2)")):
        make_skill(tmp_path / each, {"scripts/main.py": source})
    os.symlink("one/tried", tmp_path / "there")
    name = str(tmp_path / name)
    assert finder.find(name, tmp_path).content == digest(tmp_path / "one/tried")
    assert finder.known(name, tmp_path) is not None

    (tmp_path / "there").unlink()
    os.symlink("two/tried", tmp_path / "there")

    assert finder.find(name, tmp_path).content == digest(tmp_path / "two/tried")


def test_trust_that_is_taken_back_counts_at_once(project, root, finder):
    content = finder.find("tried", project).content
    given = finder.known("tried", project)

    Shelf(project).trust.revoke(content)

    with pytest.raises(TrustError, match="`ciranda skills trust tried`"):
        finder.find("tried", project)
    assert given is not None
    Shelf(project).trust.grant(root, "tried")
    assert finder.find("tried", project).skill is given.skill


def test_grants_that_others_may_write_are_no_longer_relied_upon(project, root, finder):
    folder, _ = Shelf(project).trust.places(finder.find("tried", project).content)

    folder.chmod(0o777)

    with pytest.raises(TrustError, match="others can write"):
        finder.find("tried", project)


def in_a_new_place(project):
    return make_skill(project / ".claude/skills", FILES, name="tried").root


def in_a_place_that_is_there(project):
    return make_skill(project / ".agents/skills/deep", FILES, name="tried").root


def renamed_by_its_file(project):
    path = project / ".agents/skills/other/SKILL.md"
    path.write_text(path.read_text().replace("name: other", "name: tried"))
    return path.parent


def behind_a_link_that_led_nowhere(project):
    return make_skill(project.parent / "later", FILES, name="tried").root


@pytest.mark.parametrize(
    "appear",
    [
        in_a_new_place,
        in_a_place_that_is_there,
        renamed_by_its_file,
        behind_a_link_that_led_nowhere,
    ],
    ids=lambda each: each.__name__,
)
def test_a_skill_of_the_same_name_nearer_by_hides_the_one_that_was_found(project, finder, appear):
    users = make_skill(project.parent / "home/.agents/skills", FILES, name="tried").root
    make_skill(project / ".agents/skills", FILES, name="other")
    (project / ".agents/skills/deep").mkdir()
    os.symlink(project.parent / "later", project / ".agents/skills/outside")
    assert finder.find("tried", project).skill.root == users
    assert finder.known("tried", project) is not None
    tick(project)

    root = appear(project)

    with pytest.raises(TrustError, match=f"in {project}"):
        finder.find("tried", project)
    Shelf(project).trust.grant(root, "tried")
    assert finder.find("tried", project).skill.root == root
    shutil.rmtree(root)
    assert finder.find("tried", project).skill.root == users


def test_a_project_that_begins_nearer_by_has_skills_of_its_own(project, root, finder):
    inner = project / "inner"
    inner.mkdir()
    assert finder.find("tried", inner).skill.root == root

    (inner / "ciranda.toml").write_text("")

    with pytest.raises(UnknownSkillError, match="no skill `tried`"):
        finder.find("tried", inner)


def test_what_lies_behind_a_skill_or_beside_its_project_is_not_looked_at(project, root, finder):
    held = finder.find("tried", project)
    paths = len(held.watch)
    tick(project)

    make_skill(project.parent / "home/.agents/skills", FILES, name="tried")
    make_skill(project / ".claude/skills", FILES, name="zebra")
    (project / "output.csv").write_text("1")

    assert finder.known("tried", project) is held
    assert paths == 12  # the settings, a place, 4 folders, 4 files, the grants and one of them


def test_a_skill_that_was_read_again_and_is_the_same_stays_the_same_object(project, root, finder):
    held = finder.find("tried", project)
    held.interpreters["scripts/main.py"] = None
    tick(project)
    os.utime(root / "SKILL.md")

    again = finder.find("tried", project)

    assert again is not held
    assert again.skill is held.skill
    assert again.interpreters == {"scripts/main.py": None}


def test_what_changed_just_now_is_not_relied_upon(tmp_path):
    path = tmp_path / "a"
    path.write_text("1")

    assert not Watch([path], asked=time.time_ns()).holds()
    assert Watch([path], asked=time.time_ns() + LATER).holds()
    assert not Watch([tmp_path / "gone"], asked=time.time_ns() + LATER).holds()


@pytest.mark.anyio
async def test_a_step_is_answered_anew_when_a_nearer_skill_hides_the_one_it_ran(project):
    answer = "def execute():\n    return {number}\n"
    make_skill(
        project.parent / "home/.agents/skills",
        {"scripts/main.py": answer.format(number=1)},
        name="tried",
        metadata=PURE,
    )
    text = (
        "ciranda: 1\nname: t\nsteps:\n"
        "  a: {uses: skills.run, with: {skill: tried, params: {}}, cache: {}}\n"
    )
    async with harness(folder=project) as h:
        said = [(await h.run(text)).steps["a"]["output"]["json"] for _ in range(2)]
        hits = len(h.events(CacheHit))
        files = {"scripts/main.py": answer.format(number=2)}
        root = make_skill(project / ".agents/skills", files, name="tried", metadata=PURE).root
        Shelf(project).trust.grant(root, "tried")
        said.append((await h.run(text)).steps["a"]["output"]["json"])

    assert (said, hits, len(h.events(CacheHit))) == ([1, 1, 2], 1, 1)


def test_the_network_is_what_the_engine_was_told_of_it(project, root, finder):
    opened = cacheable(SkillsSettings(network=True), finder).fingerprint
    closed = cacheable(SkillsSettings(), finder).fingerprint
    assert opened is not None
    assert closed is not None

    assert closed({"skill": "tried"}, project) == digest(root)
    with pytest.raises(ValueError, match="opens the network"):
        opened({"skill": "tried"}, project)
