"""Evals: read strictly with places, run through whatever runs scripts, and compared in detail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.errors import PoolError
from ciranda_skills.error import MissingResourceError, UnknownSkillError
from ciranda_skills.evals import (
    Evals,
    EvalsError,
    Expect,
    Text,
    mismatches,
    read_evals,
    run_evals,
)
from ciranda_skills.evals.positions import read_document
from ciranda_skills.format import Skill, read_skill
from ciranda_skills.running import Outcome, Runner, Status, script_of

from .installable import skill_at

SCRIPT = """
import json, os, sys
said = {"args": sys.argv[1:], "stdin": sys.stdin.read(), "env": os.environ.get("COLOUR")}
if os.path.exists("data/in.txt"):
    said["file"] = open("data/in.txt").read()
print("hint", file=sys.stderr)
print(json.dumps(said))
sys.exit(3 if "bad" in sys.argv else 0)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = skill_at(tmp_path / "say-back", run=SCRIPT)
    (folder / "evals").mkdir()
    return folder


def load(folder: Path) -> Skill:
    skill = read_skill(folder).skill
    assert skill is not None
    return skill


def written(folder: Path, *cases: Mapping[str, Any], **more: Any) -> tuple[Skill, Evals]:
    """Write cases and read them again."""
    (folder / "evals" / "evals.json").write_text(json.dumps({"evals": cases, **more}))
    skill = load(folder)
    return skill, read_evals(skill)


async def run(
    skill: Skill,
    script: str | None = None,
    args: Sequence[str] = (),
    stdin: bytes | None = None,
    *,
    timeout: float = 30.0,  # noqa: ASYNC109  (the run's own)
    env: Mapping[str, str] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Outcome:
    """Run a script with nothing around it."""
    done = subprocess.run(  # noqa: ASYNC221  (a test waits for one script)
        [sys.executable, skill.root / script_of(skill, script), *args],
        cwd=skill.root, input=stdin or b"", capture_output=True, timeout=timeout, check=False,
        env={"PATH": os.environ["PATH"], **(env or {})},
    )  # fmt: skip
    return Outcome(
        status=Status.FAILED if done.returncode else Status.OK,
        exit_code=done.returncode,
        stdout=done.stdout.decode(),
        stderr=done.stderr.decode(),
        json=json.loads(done.stdout),
        wall_s=0.5,
    )


@pytest.mark.anyio
async def test_cases_run_and_a_report_counts_them(folder: Path) -> None:
    (folder / "evals" / "in.csv").write_text("a,b")
    said = {"args": ["1", "2.5"], "stdin": "a,b", "env": "red"}
    skill, evals = written(
        folder,
        {"id": 1, "prompt": "Tell me.", "expected_output": "It tells.", "assertions": ["x"]},
        {"id": "all", "script": "scripts/run.py", "args": [1, 2.5], "env": {"COLOUR": "red"},
         "stdin_file": "evals/in.csv", "expect": {"json": said, "stderr": "hint\n"}},
        {"id": "object", "script": "run", "stdin": {"a": 1},
         "expect": {"stdout": {"contains": ['"stdin": "{', "a"], "lacks": "file"}}},
        {"name": "fails well", "args": ["bad"], "expect": {"exit_code": 3}},
        {"id": "fails", "args": ["bad"], "expect": {"status": "ok", "exit_code": 0}},
        skill_name="say-back",
    )  # fmt: skip
    heard: list[str] = []

    report = await run_evals(skill, evals, run, on_result=lambda result: heard.append(result.name))

    assert (report.passed, report.failed, report.skipped) == (3, 1, 1)
    assert not report.ok
    names = ["1", "all", "object", "fails well", "fails"]
    assert [result.name for result in report.results] == names
    assert sorted(heard) == sorted(names)
    assert report.results[0].reason.startswith("it asks a model")
    failed = report.results[-1]
    assert [each.expected for each in failed.mismatches] == ["status", "exit_code"]
    assert failed.mismatches[1].message == "the exit code should be 0, and is 3"
    told = msgspec.to_builtins(report)
    assert json.loads(json.dumps(told))["results"][1] == {
        "name": "all", "verdict": "passed", "mismatches": [], "reason": "", "status": "ok",
        "exit_code": 0, "wall_s": 0.5,
    }  # fmt: skip


@pytest.mark.anyio
async def test_files_of_a_case_lie_in_a_copy_of_the_skill(folder: Path) -> None:
    skill, evals = written(
        folder,
        {"id": "laid", "files": {"data/in.txt": "one", "b": {"base64": "AAE="}},
         "script": "run", "expect": {"json_schema": {"properties": {"file": {"const": "one"}},
                                                     "required": ["file"]}}},
        {"id": "there", "script": "run", "files": ["SKILL.md"], "expect": {"status": "ok"}},
    )  # fmt: skip

    report = await run_evals(skill, evals, run)

    assert report.ok
    assert report.passed == 2
    assert not (folder / "data").exists()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"../x": ""}, "leads upwards with `..`"),
        ({"/tmp/x": ""}, "has an absolute path"),
        ({"scripts": ""}, "`scripts`: Is a directory"),
        ({"SKILL.md": "nothing"}, "the skill does not load with them"),
    ],
)
async def test_files_that_cannot_be_laid_out_fail_their_case(
    folder: Path, files: dict[str, str], said: str
) -> None:
    skill, evals = written(folder, {"id": "x", "script": "run", "files": files})

    report = await run_evals(skill, evals, run)

    assert report.failed == 1
    assert said in report.results[0].mismatches[0].message


@pytest.mark.anyio
async def test_single_cases_can_be_asked_for(folder: Path) -> None:
    skill, evals = written(folder, {"id": "one", "script": "run"}, {"id": "two", "script": "run"})

    report = await run_evals(skill, evals, run, only=["two"])

    assert [result.name for result in report.results] == ["two"]
    with pytest.raises(UnknownSkillError, match="there is no case `tow`: did you mean `two`"):
        await run_evals(skill, evals, run, only=["tow"])


FAULTS: list[tuple[str, list[str]]] = [
    ("{", ["1:2: it is not JSON: Expecting property name"]),
    ('{"evals": NaN}', ["1:1: it is not JSON: NaN is no number"]),
    ("[" * 100_000, ["it is not JSON"]),
    ('{"evals": {}}', ["1:11: there is no list of cases"]),
    ("{}", ["1:1: there is no list of cases"]),
    ("[3]", ["1:2: a case must be a mapping"]),
    ('[{"id": 1}]', ["1:2: the case `1` runs nothing"]),
    ('[{"script": "run",\n "script": "run"}]', ["2:2: the key `script` is there twice"]),
    ('[{"id": 1, "prompt": ""},\n {"id": "1", "prompt": ""}]', ["2:2: there is another case `1`"]),
    ('{"skill_name": "other", "evals": []}', ["1:16: `skill_name` must be `say-back`"]),
    ('[{"script": "rum"}]', ["1:13: the skill `say-back` has no script `rum`"]),
    ('[{"script": "run", "agrs": []}]', ["1:28: the case has no key `agrs` (did you mean `args`"]),
    ('[{"script": "run", "args": "x"}]', ["1:28: `args` must be a list"]),
    ('[{"args": [[1]]}]', ["1:12: `args[0]` must be"]),
    ('[{"script": "run", "timeout": 0}]', ["`timeout` must be more than 0"]),
    ('[{"script": "run", "expect": {}}]', ["1:30: `expect` must not be shorter than 1"]),
    ('[{"expect": {"exitcode": 1}}]', ["`expect` has no key `exitcode` (did you mean `exit_code`"]),
    ('[{"expect": {"status": "fine"}}]', ["1:24: `expect.status` must be one of"]),
    ('[{"expect": {"exit_code": 256}}]', ["`expect.exit_code` must be at most 255"]),
    ('[{"expect": {"stdout": {}}}]', ["`expect.stdout` must not be shorter than 1"]),
    ('[{"expect": {"stdout": {"equal": ""}}}]', ["`expect.stdout` has no key `equal` (did you me"]),
    ('[{"expect": {"json_schema": {"type": "strng"}}}]', ["1:29: it is no JSON Schema: "]),
    ('[{"expect": {"json_schema": {"$ref": "http://x.invalid/y"}}}]', ["is not fetched: write"]),
    ('[{"expect": {"json_schema": {"$ref": "file:///etc/passwd"}}}]', ["is not fetched: write"]),
    ('[{"script": "run", "stdin_file": "../x"}]', ["1:34: the path `../x` leads out"]),
    ('[{"stdin": "", "stdin_file": "SKILL.md"}]', ["`stdin` and `stdin_file` exclude"]),
    ('[{"script": "run", "files": ["none"]}]', ["1:30: the skill has no file `none`"]),
    ('[{"script": "run", "files": {"a": {"base64": "!"}}}]', ["1:35: the content of `a`: "]),
    ('[{"script": "run", "files": {"a": {}}}]', ["`files.a` needs `base64`"]),
    (
        '[{"script": "rum"},\n {"args": 1},\n 4]',
        ["1:13: the skill `say-back` has no", "2:11: `args` must be a list", "3:2: a case must"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS)
def test_everything_wrong_is_told_with_its_place(
    folder: Path, text: str, expected: list[str]
) -> None:
    (folder / "evals" / "evals.json").write_text(text)

    with pytest.raises(EvalsError, match=r"evals/evals\.json:\d+:\d+: ") as said:
        read_evals(load(folder))

    found = [str(fault) for fault in said.value.faults]
    assert len(found) == len(expected)
    assert all(part in fault for part, fault in zip(expected, found, strict=True))
    assert (" more)" in str(said.value)) == (len(found) > 1)


def test_bytes_that_are_no_text_are_told_with_their_line(folder: Path) -> None:
    (folder / "evals" / "evals.json").write_bytes(b"[\n\xff]")

    with pytest.raises(EvalsError, match=r"evals\.json:2: byte 0xff is not UTF-8"):
        read_evals(load(folder))


def test_no_evals_are_said(folder: Path) -> None:
    with pytest.raises(MissingResourceError, match=r"`say-back` has no evals/evals\.json: there"):
        read_evals(load(folder))


def test_cases_of_other_tools_are_counted_and_left_alone(folder: Path) -> None:
    _, evals = written(
        folder,
        {"id": 1, "prompt": "x", "expectations": [], "files": ["no such"], "tags": ["own"]},
        {"query": "x", "should_trigger": True},
        version=2,
    )

    assert [(case.name, case.model) for case in evals.cases] == [("1", True), ("#2", True)]


@pytest.mark.anyio
async def test_what_a_run_raises_is_raised_as_it_is(folder: Path) -> None:
    async def broken(*_args: Any, **_named: Any) -> Outcome:
        raise PoolError("the runner is closed")

    skill, evals = written(folder, {"id": "one", "script": "run"}, {"id": "two", "script": "run"})

    with pytest.raises(PoolError, match="the runner is closed"):
        await run_evals(skill, evals, broken)


@pytest.mark.anyio
async def test_scripts_run_in_the_sandbox(folder: Path) -> None:
    skill, evals = written(
        folder,
        {"id": "x", "script": "run", "args": ["a"], "stdin": "in", "files": {"data/in.txt": "one"},
         "expect": {"json": {"args": ["a"], "stdin": "in", "env": None, "file": "one"}}},
    )  # fmt: skip

    async with Runner() as runner:
        report = await run_evals(skill, evals, runner.run)

    assert report.results[0].mismatches == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(value=JSON, indent=st.sampled_from([None, 0, 1, "\t"]), ascii_only=st.booleans())
def test_each_value_is_found_where_it_stands(
    value: Any, indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = read_document(text.encode("utf-8", "surrogatepass"), "x")

    assert document.value == value

    def check(inner: Any, path: tuple[str | int, ...]) -> None:
        fault = document.fault(path, "m")
        lines = text.split("\n")
        at = sum(len(line) + 1 for line in lines[: fault.line - 1]) + fault.column - 1
        assert json.JSONDecoder().raw_decode(text, at)[0] == inner
        items = inner.items() if isinstance(inner, dict) else ()
        for key, each in items or (enumerate(inner) if isinstance(inner, list) else ()):
            check(each, (*path, key))

    check(value, ())


@pytest.mark.parametrize(
    ("expected", "came", "diff"),
    [
        (1, 1.0, ()),
        (1, True, ("- $: 1", "+ $: true")),
        (False, 0, ("- $: false", "+ $: 0")),
        (None, 0, ("- $: null", "+ $: 0")),
        ({"a": [1, 2]}, {"a": [1]}, ("- $.a[1]: 2",)),
        ({"a": 1}, {"a": 1, "b": {}}, ("+ $.b: {}",)),
        ([{"x": "a"}], [{"x": "b"}], ('- $[0].x: "a"', '+ $[0].x: "b"')),
        ({"a": 1}, None, ('- $: {"a": 1}', "+ $: null")),
    ],
)
def test_json_is_compared_by_its_values(expected: Any, came: Any, diff: tuple[str, ...]) -> None:
    found = mismatches(Expect(json=expected), Outcome(status=Status.OK, json=came))

    assert tuple(line for each in found for line in each.diff) == diff
    assert bool(found) == bool(diff)


def test_texts_are_compared_to_their_last_line_end() -> None:
    outcome = Outcome(status=Status.OK, stdout="one\ntwo")

    (wrong,) = mismatches(Expect(stdout=Text(equals="one\ntwo\n")), outcome)

    assert wrong.expected == "stdout.equals"
    assert wrong.diff[-3:] == ("-two", "+two", "\\ no end of line")
    assert mismatches(Expect(stdout=Text(equals="one\ntwo")), outcome) == ()


def test_long_texts_are_compared_around_where_they_part() -> None:
    long = "x" * 100_000
    outcome = Outcome(status=Status.OK, stdout=f"{long}y{long}")

    (wrong,) = mismatches(Expect(stdout=Text(equals=f"{long}z{long}")), outcome)

    assert wrong.diff[0] == "at character 100,001"
    assert all(len(line) < 300 for line in wrong.diff)


def test_a_status_says_why_the_run_did_not_come_to_it() -> None:
    outcome = Outcome(status=Status.TIMEOUT, message="`run.py` did not end within 1 s")

    found = mismatches(Expect(exit_code=0, stderr=Text(contains=("x",), lacks=("",))), outcome)

    assert [each.message for each in found] == [
        "it should end `ok`, and ended `timeout`: `run.py` did not end within 1 s",
        "the exit code should be 0, and is none: `run.py` did not end within 1 s",
        'its stderr does not hold "x"',
        'its stderr holds ""',
    ]


def test_a_schema_says_what_does_not_fit() -> None:
    schema = {"type": "object", "properties": {"n": {"minimum": 3}}}
    outcome = Outcome(status=Status.OK, json={"n": 2})

    (wrong,) = mismatches(Expect(json_schema=schema), outcome)

    assert wrong.diff == ("+ $.n: 2 is less than the minimum of 3",)
