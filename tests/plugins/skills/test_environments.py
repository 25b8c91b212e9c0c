"""Environments of scripts: what they need, made once by uv, and never without a word."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ciranda_skills.environments import (
    DependenciesError,
    Environments,
    MissingUvError,
    Need,
    NotInstalledError,
    Python,
    environments_folder,
    need_of,
)
from ciranda_skills.error import InlineMetadataError, SkillLimitError
from ciranda_skills.format import Skill, read_skill

from .installable import skill_at

# It does what uv does as far as it matters, and writes down how it was called.
FAKE_UV = """#!{python} -I
import json, os, pathlib, sys
with open({log!r}, "a") as log:
    log.write(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]) + "\\n")
words = sys.argv[5:]
assert sys.argv[1:5] == ["--quiet", "--no-progress", "--color", "never"]
if words[0] == "venv":
    python = pathlib.Path(words[-1], "bin", "python")
    python.parent.mkdir(parents=True)
    python.symlink_to({python!r})
elif "no-such-package" in words:
    sys.stderr.write("  x No solution found:\\n")
    sys.stderr.write("  because \\x1b[1mno-such-package\\x1b[0m is not there\\n")
    sys.exit(1)
elif "slow-package" in words:
    import time
    time.sleep(60)
else:
    python = pathlib.Path(words[words.index("--python") + 1])
    (python.parent.parent / "installed").write_text(" ".join(words[words.index("--") + 1 :]))
"""
OURS = Python("/usr/bin/python3", "3.12.4", "here")


class Uv:
    """A program in the place of uv."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        folder.mkdir()
        (folder / "uv").write_text(FAKE_UV.format(python=sys.executable, log=str(self.log)))
        (folder / "uv").chmod(0o755)
        self.environ = {"PATH": str(folder), "UV_INDEX_URL": "https://own", "SECRET": "s3cret"}

    @property
    def calls(self) -> list[list[str]]:
        """The words of each call."""
        return [json.loads(line)[0][4:] for line in self.log.read_text().splitlines()]


@pytest.fixture
def uv(tmp_path: Path) -> Uv:
    return Uv(tmp_path / "bin")


@pytest.fixture
def environments(tmp_path: Path, uv: Uv) -> Environments:
    return Environments(
        tmp_path / "cache", environ=uv.environ, python=OURS, clock=lambda: 99.0, timeout=30
    )


def skill_with(folder: Path, **scripts: str) -> Skill:
    """Return a skill whose scripts have these blocks."""
    blocks = {
        name: "# /// script\n" + "".join(f"# {line}\n" for line in text.splitlines()) + "# ///\n"
        for name, text in scripts.items()
    }
    skill = read_skill(skill_at(folder / "needy", **blocks)).skill
    assert skill is not None
    return skill


def need(*requirements: str, python: str = "") -> Need:
    return Need("scripts/x.py", requirements, python)


class TestNeed:
    """What a script says."""

    def test_a_script_without_a_block_needs_nothing(self, tmp_path: Path) -> None:
        skill = skill_at(tmp_path / "plain", run="import os", **{"run2": "# /// script\n# ///"})
        (skill / "scripts" / "tool.sh").write_text("# /// script\n# dependencies = ['x']\n# ///\n")
        loaded = read_skill(skill).skill
        assert loaded is not None

        assert need_of(loaded, "scripts/run.py") is None
        assert need_of(loaded, "scripts/run2.py") is None
        assert need_of(loaded, "scripts/tool.sh") is None

    def test_a_python_that_suits_needs_no_environment(self, tmp_path: Path) -> None:
        skill = skill_with(tmp_path, run='requires-python = ">=3.11"')

        assert need_of(skill, "scripts/run.py", OURS) is None
        assert need_of(skill, "scripts/run.py", Python("p", "3.10.1", "")) == Need(
            "scripts/run.py", (), ">=3.11"
        )

    def test_the_same_need_has_one_spelling(self, tmp_path: Path) -> None:
        skill = skill_with(
            tmp_path,
            one='dependencies = ["Rich >=13,<15", "my_Pkg[b,a]", "my_pkg[a,b]"]',
            two='dependencies = ["my-pkg[a, b]", "rich<15,>=13"]',
            other='dependencies = ["rich"]\nrequires-python = ">=3.11, <4"',
        )

        one, two, other = (need_of(skill, f"scripts/{n}.py", OURS) for n in ("one", "two", "other"))

        assert one is not None
        assert two is not None
        assert other is not None
        assert one.requirements == two.requirements == ("my-pkg[a,b]", "rich<15,>=13")
        assert one.key(OURS) == two.key(OURS) != other.key(OURS)
        assert other.requires_python == "<4,>=3.11"
        assert str(other) == "`rich`, Python <4,>=3.11"

    def test_another_python_takes_another_environment(self) -> None:
        newer = Python(OURS.path, "3.13.0", OURS.build)
        wanted = need("rich")

        assert wanted.key(OURS) != wanted.key(newer)
        assert need("rich", python=">=3.14").key(OURS) == need("rich", python=">=3.14").key(newer)

    def test_many_needs_are_told_in_short(self) -> None:
        assert str(need(*"abcdefg")) == "`a`, `b`, `c`, `d`, `e` and 2 more packages"

    @pytest.mark.parametrize(
        ("requirement", "said"),
        [
            ("x @ git+https://example.org/x", "only releases and wheels from https://"),
            ("x @ file:///etc/x.whl", "only releases and wheels from https://"),
            ("x @ http://example.org/x.whl", "only releases and wheels from https://"),
            ("x @ https://example.org/${UV_TOKEN}/x.whl", "must not hold `$`"),
        ],
    )
    def test_what_is_no_release_is_refused(
        self, tmp_path: Path, requirement: str, said: str
    ) -> None:
        skill = skill_with(tmp_path, run=f"dependencies = ['{requirement}']")

        with pytest.raises(DependenciesError) as error:
            need_of(skill, "scripts/run.py")
        assert said in str(error.value)

    def test_a_bad_block_is_told(self, tmp_path: Path) -> None:
        skill = skill_with(tmp_path, run="dependencies = 3")

        with pytest.raises(InlineMetadataError, match="`dependencies` in the block of"):
            need_of(skill, "scripts/run.py")


def test_nothing_is_installed_by_looking(environments: Environments, uv: Uv) -> None:
    wanted = need("rich")

    assert environments.find(wanted) is None
    with pytest.raises(
        NotInstalledError,
        match=r"`scripts/x\.py` needs `rich`, not installed yet: allow it with `--install`",
    ) as said:
        environments.get(wanted)
    assert said.value.requirements == ("rich",)
    assert not uv.log.exists()


def test_it_is_said_made_once_and_found_again(
    environments: Environments, uv: Uv, tmp_path: Path
) -> None:
    said: list[str] = []
    wanted = need("a>1", "b")

    made = environments.make(wanted, said.append)
    again = environments.make(need("a>1", "b"), said.append)

    folder = tmp_path / "cache" / wanted.key(OURS)
    assert said == [f"uv installs `a>1`, `b` for `scripts/x.py` into {folder}"]
    assert made == again == environments.find(wanted) == environments.get(wanted)
    assert (made.python, made.made_at) == (str(folder / "bin" / "python"), 99.0)
    assert (folder / "installed").read_text() == "a>1 b"
    assert uv.calls == [
        ["venv", "--no-project", "--no-python-downloads", "--python", OURS.path, str(folder)],
        ["pip", "install", "--no-build", "--python", made.python, "--", "a>1", "b"],
    ]
    version = subprocess.run([made.python, "-V"], capture_output=True, check=True)
    assert version.stdout.startswith(b"Python 3")


def test_another_python_is_looked_for_and_not_downloaded(
    environments: Environments, uv: Uv
) -> None:
    environments.make(need(python=">=3.14"), lambda _: None)

    (call,) = uv.calls
    assert call[:5] == ["venv", "--no-project", "--no-python-downloads", "--python", ">=3.14"]


def test_uv_sees_its_own_settings_and_no_secrets(
    environments: Environments, uv: Uv, tmp_path: Path
) -> None:
    environments.make(need("rich"), lambda _: None)

    for line in uv.log.read_text().splitlines():
        _, folder, environ = json.loads(line)
        assert folder == str(tmp_path / "cache")
        assert environ["UV_INDEX_URL"] == "https://own"
        assert "SECRET" not in environ


def test_without_uv_the_error_names_it(tmp_path: Path) -> None:
    environments = Environments(tmp_path / "cache", environ={"PATH": str(tmp_path)}, python=OURS)
    pattern = r"`scripts/x\.py` needs `rich`: install uv \(https://docs\.astral\.sh/uv\), which"

    with pytest.raises(MissingUvError, match=pattern):
        environments.get(need("rich"))
    with pytest.raises(MissingUvError, match=pattern):
        environments.make(need("rich"), lambda _: None)
    assert not (tmp_path / "cache").exists()


def test_what_uv_says_is_the_reason_and_nothing_is_left(
    environments: Environments, tmp_path: Path
) -> None:
    with pytest.raises(
        DependenciesError,
        match=r"^uv cannot install what `scripts/x\.py` needs: x No solution found: because "
        r"\?\[1mno-such-package\?\[0m is not there$",
    ):
        environments.make(need("no-such-package"), lambda _: None)
    assert [each for each in os.listdir(tmp_path / "cache") if not each.startswith(".")] == []


def test_uv_that_hangs_is_ended(tmp_path: Path, uv: Uv) -> None:
    environments = Environments(tmp_path / "cache", environ=uv.environ, python=OURS, timeout=0.5)

    with pytest.raises(DependenciesError, match=r"needs: it did not end within 0\.5 s"):
        environments.make(need("slow-package"), lambda _: None)


def test_one_that_was_made_halfway_is_made_again(
    environments: Environments, tmp_path: Path, uv: Uv
) -> None:
    wanted = need("rich")
    made = environments.make(wanted, lambda _: None)
    (Path(made.python).parent.parent / "ciranda.json").unlink()

    assert environments.find(wanted) is None
    assert environments.make(wanted, lambda _: None) == made
    Path(made.python).unlink()
    assert environments.find(wanted) is None
    assert len(uv.calls) == 4


def test_two_that_need_the_same_make_it_once(environments: Environments, uv: Uv) -> None:
    said: list[str] = []
    threads = [
        threading.Thread(target=environments.make, args=(need("rich"), said.append))
        for _ in range(3)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(said) == 1
    assert len(uv.calls) == 2


def test_another_that_takes_too_long_is_named(tmp_path: Path, uv: Uv) -> None:
    environments = Environments(tmp_path / "cache", environ=uv.environ, python=OURS, timeout=0.01)
    wanted = need("rich")

    with (
        environments._locked(wanted.key(OURS)),
        pytest.raises(SkillLimitError, match=r"another process makes .* for too long"),
    ):
        environments.make(wanted, lambda _: None)


def test_they_can_be_cleared(environments: Environments, tmp_path: Path) -> None:
    environments.make(need("a"), lambda _: None)
    environments.make(need("b"), lambda _: None)

    assert environments.clear() == 2
    assert environments.clear() == 0
    assert environments.find(need("a")) is None
    assert Environments(tmp_path / "none").clear() == 0


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, uv: Uv) -> None:
    (tmp_path / "cache").write_text("in the way")
    environments = Environments(tmp_path / "cache", environ=uv.environ, python=OURS)

    with pytest.raises(DependenciesError, match=r"`scripts/x\.py` cannot be kept in .*cache: "):
        environments.make(need("rich"), lambda _: None)


def test_they_are_kept_with_other_caches(tmp_path: Path) -> None:
    below = Path("ciranda/skills/environments")

    assert environments_folder({}, tmp_path) == tmp_path / ".cache" / below
    assert environments_folder({"XDG_CACHE_HOME": "/c"}, tmp_path) == Path("/c") / below
    assert environments_folder({"XDG_CACHE_HOME": "c"}, tmp_path) == tmp_path / ".cache" / below


@pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not installed")
def test_the_real_uv_takes_these_words(tmp_path: Path) -> None:
    environments = Environments(tmp_path / "cache")

    made = environments.make(Need("scripts/x.py", (), f"=={Python().version}"), lambda _: None)

    version = subprocess.run([made.python, "-V"], capture_output=True, check=True)
    assert Python().version.encode() in version.stdout
    with pytest.raises(DependenciesError, match="uv cannot install what"):
        environments.make(need("no-such-package-at-all==0.0.0.1"), lambda _: None)
