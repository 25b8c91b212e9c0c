"""Which script of a skill is meant, and what runs it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ciranda_skills.error import SkillError
from ciranda_skills.running import (
    AmbiguousScriptError,
    InterpreterError,
    NoScriptError,
    command_for,
    script_of,
)

from .running_stage import make_skill


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["scripts/x.py"], "scripts/x.py"),
        (["scripts/deep/x.py"], "scripts/deep/x.py"),
        (["scripts/a.py", "scripts/main.py"], "scripts/main.py"),
        (["scripts/a.py", "scripts/run.sh"], "scripts/run.sh"),
        (["scripts/main.sh", "scripts/run.sh"], "scripts/main.sh"),
        (["scripts/a.py", "scripts/two-words.js"], "scripts/two-words.js"),
        (["scripts/a.py", "scripts/two_words.py"], "scripts/two_words.py"),
        (["scripts/a.py", "scripts/sub/main.py", "scripts/run.py"], "scripts/run.py"),
        (["scripts/__init__.py", "scripts/x.py"], "scripts/x.py"),
    ],
)
def test_the_main_script_is_found_without_a_name(
    tmp_path: Path, files: list[str], expected: str
) -> None:
    skill = make_skill(tmp_path, dict.fromkeys(files, ""), name="two-words")

    assert script_of(skill, None) == expected


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (["scripts/a.py", "scripts/b.py"], "2 scripts (`scripts/a.py`, `scripts/b.py`): say"),
        (["scripts/main.py", "scripts/main.sh"], "2 scripts (`scripts/main.py`, `scripts/main.sh"),
    ],
)
def test_several_scripts_are_told_and_one_must_be_said(
    tmp_path: Path, files: list[str], said: str
) -> None:
    skill = make_skill(tmp_path, dict.fromkeys(files, ""))

    with pytest.raises(AmbiguousScriptError) as told:
        script_of(skill, None)

    assert said in str(told.value)


@pytest.mark.parametrize(
    "name", ["scripts/a.py", "a.py", "a", "./scripts/a.py", "scripts/../scripts/a.py"]
)
def test_a_script_is_named_by_its_path_or_its_name(tmp_path: Path, name: str) -> None:
    skill = make_skill(tmp_path, {"scripts/a.py": "", "scripts/b.py": ""})

    assert script_of(skill, name) == "scripts/a.py"


def test_a_name_of_two_scripts_is_not_enough(tmp_path: Path) -> None:
    skill = make_skill(tmp_path, {"scripts/a.py": "", "scripts/a.sh": ""})

    with pytest.raises(AmbiguousScriptError):
        script_of(skill, "a")


def test_a_script_that_is_not_there_is_told_beside_those_that_are(tmp_path: Path) -> None:
    skill = make_skill(tmp_path, {"scripts/a.py": ""})

    with pytest.raises(
        NoScriptError, match=r"^the skill `tried` has no script `b.py`; it has `scripts/a.py`$"
    ):
        script_of(skill, "b.py")


def test_a_skill_without_scripts_has_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoScriptError, match="has no scripts: there is nothing to run"):
        script_of(make_skill(tmp_path, {"a.txt": ""}), None)


@pytest.mark.parametrize("name", ["../evil.py", "/etc/passwd", "scripts/out.py", "a\0b", "scripts"])
def test_a_path_out_of_the_skill_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "evil.py").write_text("print('evil')")
    skill = make_skill(tmp_path, {"scripts/a.py": ""})
    (skill.root / "scripts/out.py").symlink_to(tmp_path / "evil.py")

    with pytest.raises(SkillError):
        script_of(skill, name)


def test_a_sibling_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    make_skill(tmp_path, {"scripts/a.py": ""}, name="tried-evil")
    skill = make_skill(tmp_path, {"scripts/a.py": ""})

    with pytest.raises(SkillError, match="leads out of the skill's folder"):
        script_of(skill, "../tried-evil/scripts/a.py")


def found(name: str) -> str:
    return f"/bin/{name}"


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.py", "", ("python", ())),
        ("a.py", "#!/bin/sh\n", ("python", ())),
        ("A.PY", "", ("python", ())),
        ("a", "#!/usr/bin/env python3\n", ("python", ())),
        ("a", "#!/usr/bin/python3.11 -u\n", ("python", ())),
        ("a", "#!/usr/bin/env -S python3 -u\n", ("python", ())),
        ("a.sh", "", ("program", ("/bin/bash",))),
        ("a.sh", "#!/nowhere/dash -e\n", ("program", ("/bin/dash", "-e"))),
        ("a", "#!/usr/bin/env -S awk -f\n", ("program", ("/bin/awk", "-f"))),
        ("a.js", "", ("program", ("/bin/node",))),
        ("a.ts", "", ("program", ("/bin/tsx",))),
        ("a.pl", "", ("program", ("/bin/perl",))),
        ("a.rb", "#!/usr/bin/env X=1 ruby\n", ("program", ("/bin/ruby",))),
        ("a", "#!/bin/cat\n", ("program", ("/bin/cat",))),
    ],
)
def test_the_interpreter_comes_from_the_suffix_or_the_first_line(
    tmp_path: Path, name: str, head: str, expected: tuple[str, tuple[str, ...]]
) -> None:
    skill = make_skill(tmp_path, {f"scripts/{name}": head + "x"})

    command = command_for(skill, f"scripts/{name}", found)

    profile, prefix = expected
    path = str(skill.root / "scripts" / name)
    assert (command.profile, command.path) == (profile, Path(path))
    assert command.prefix == ((*prefix, path) if prefix else ())


def test_the_second_choice_serves_where_the_first_is_not_installed(tmp_path: Path) -> None:
    skill = make_skill(tmp_path, {"scripts/a.sh": "", "scripts/b.ts": ""})

    shell = command_for(skill, "scripts/a.sh", lambda name: found(name) if name == "sh" else None)
    deno = command_for(skill, "scripts/b.ts", lambda name: found(name) if name == "deno" else None)

    assert shell.prefix[0] == "/bin/sh"
    assert deno.prefix[:2] == ("/bin/deno", "run")


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("a.rb", "", "`scripts/a.rb` needs `ruby`, which is not installed: install it"),
        ("a.ts", "", "needs `tsx` or `bun` or `deno`, which is not installed"),
        ("a", "#!/opt/none/odd\n", "`scripts/a` needs `odd`, which is not installed"),
        ("a.txt", "x", "nothing says what runs `scripts/a.txt`: give it a suffix such as .py"),
        ("a", "#!\n", "nothing says what runs `scripts/a`"),
        ("a", "\x7fELFx", "nothing says what runs `scripts/a`"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence(
    tmp_path: Path, name: str, head: str, said: str
) -> None:
    skill = make_skill(tmp_path, {f"scripts/{name}": head})

    with pytest.raises(InterpreterError) as told:
        command_for(skill, f"scripts/{name}", lambda name: None)

    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_a_binary_is_run_by_itself_when_it_may(tmp_path: Path) -> None:
    skill = make_skill(tmp_path, {"scripts/tool": b"\x7fELF..."})
    os.chmod(skill.root / "scripts/tool", 0o755)

    command = command_for(skill, "scripts/tool", lambda name: None)

    assert command.prefix == (str(skill.root / "scripts/tool"),)
