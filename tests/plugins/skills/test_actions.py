"""`skills.run` and the actions of single skills in workflows."""

import json

import pytest

from ciranda.actions import failure_of
from ciranda.errors import StepError, WorkflowError
from ciranda.events import CacheHit, StepLogged, StepProgressed
from ciranda.testing import harness
from ciranda_skills.actions import run
from ciranda_skills.own import own_actions
from ciranda_skills.settings import SkillsSettings
from ciranda_skills.shelf import Shelf

from .commanding import project
from .running_fixtures import on_asyncio
from .running_stage import below_us, make_skill, wait_until_gone

__all__ = ["on_asyncio", "project"]
pytestmark = pytest.mark.anyio

DOUBLE = (
    "def execute(n: int, by: int = 2):\n    print('so', flush=True)\n    return {'n': n * by}\n"
)
ECHO = (
    "import json, os, sys\nprint(json.dumps([sys.argv[1:], sys.stdin.read(), os.environ.get('A')]))"
)


@pytest.fixture
def settings():
    return {}


@pytest.fixture
def double(project):
    """A skill of the project, pure and trusted."""
    root = make_skill(
        project / ".agents/skills",
        {"scripts/main.py": DOUBLE, "scripts/echo.py": ECHO},
        name="double-it",
        metadata="metadata:\n  pure: true\n",
    ).root
    Shelf(project).trust.grant(root, "double-it")
    return root


@pytest.fixture
async def h(project, double, settings):
    before = below_us()
    async with harness(settings={"skills": settings}, folder=project) as made:
        yield made
    assert wait_until_gone(before) == set()


def flow(uses="skills.run", more="", **given):
    return (
        f"ciranda: 1\nname: t\nsteps:\n  a:\n    uses: {uses}\n    with: {json.dumps(given)}\n"
        f'{more}outputs: {{a: "${{{{ steps.a.output }}}}"}}\n'
    )


async def output(h, *arguments, **given):
    result = await h.run(flow(*arguments, **given))
    assert result.status == "succeeded", result.steps
    return result.outputs["a"]


async def failure(h, *arguments, **given):
    result = await h.run(flow(*arguments, **given))
    assert result.status == "failed"
    return result.steps["a"]["error"]


async def test_the_outcome_is_the_output_and_the_log_names_the_sandbox(h):
    found = await output(h, skill="double-it", params={"n": 4})

    assert (found["status"], found["exit_code"], found["json"]) == ("ok", 0, {"n": 8})
    assert found["stdout"] == "so\n"
    assert any(each.text.startswith("sandbox: L") for each in h.events(StepLogged))


async def test_words_input_and_variables_reach_the_script(h):
    given = {"args": ["x", "y"], "env": {"A": "1"}}

    text = await output(h, skill="double-it", script="echo", stdin="in", **given)
    value = await output(h, skill="double-it", script="scripts/echo.py", stdin={"k": [1]}, **given)

    assert text["json"] == [["x", "y"], "in", "1"]
    assert value["json"] == [["x", "y"], '{"k": [1]}', "1"]


async def test_a_script_is_an_action_with_its_own_inputs(h):
    found = await output(h, "skills.double_it", n=5, by=3)
    other = await output(h, "skills.double_it.echo", args=["x"], stdin="in")

    assert found["json"] == {"n": 15}
    assert other["json"][:2] == [["x"], "in"]


async def test_a_step_says_before_whom_it_waits(h):
    found = await output(h, skill="double-it", params={"n": 1}, priority="high")

    assert found["json"] == {"n": 2}
    with pytest.raises(WorkflowError, match="`priority`"):
        await h.run(flow(skill="double-it", priority="first"))


async def test_a_script_says_how_far_it_is(h, tmp_path):
    source = (
        "import json, sys\nfor n in 1, 2:\n"
        "    print(json.dumps({'progress': n, 'total': 2, 'text': 'rows'}), file=sys.stderr)\n"
        "print('{\"progress\"', file=sys.stderr)\n"
    )
    root = make_skill(tmp_path, {"scripts/main.py": source}).root

    await output(h, skill=f"{root}/")

    told = [(each.done, each.total, each.text) for each in h.events(StepProgressed)]
    assert told == [(1.0, 2.0, "rows"), (2.0, 2.0, "rows")]


@pytest.mark.parametrize(
    ("given", "said"),
    [({"m": 5}, "m"), ({"n": "five"}, "n"), ({}, "n")],
)
async def test_inputs_of_such_an_action_are_checked_before_anything_runs(h, given, said):
    with pytest.raises(WorkflowError, match=f"`{said}`"):
        await h.run(flow("skills.double_it", **given))


async def test_inputs_that_are_known_late_are_checked_then(h):
    before = "  b: {uses: skills.double_it.echo}\n"
    text = flow("skills.double_it", before, n="${{ steps.b.output.json }}")

    result = await h.run(text)

    assert result.steps["a"]["error"]["kind"] == "invalid-input"


@pytest.mark.parametrize(
    ("source", "given", "kind"),
    [
        ("import sys; sys.exit('no luck')", {}, "skills.failed"),
        ("import time; time.sleep(60)", {"timeout": 0.2}, "timeout"),
        ("x = b'x' * (300 << 20)", {"memory_mb": 64}, "memory"),
        ("", {"script": "nope"}, "skills.script"),
        ("", {"script": "../x"}, "skills.escape"),
        ("def execute(n: int): pass", {"params": {"n": "x"}}, "skills.parameters"),
    ],
)
async def test_each_way_to_fail_has_a_kind_and_a_sentence(h, tmp_path, source, given, kind):
    root = make_skill(tmp_path, {"scripts/main.py": source}).root

    error = await failure(h, skill=f"{root}/", **given)

    assert error["kind"] == kind
    assert error["message"]
    if kind == "skills.failed":
        assert error["message"].endswith(": no luck")
        assert error["detail"]["exit_code"] == 1


async def test_a_skill_that_is_edited_is_not_trusted_any_more(h, double):
    await output(h, "skills.double_it", n=1)
    (double / "scripts/main.py").write_text("print('edited')")

    error = await failure(h, skill="double-it")
    own = await failure(h, "skills.double_it", n=1)

    assert error["kind"] == own["kind"] == "skills.trust"
    assert "`ciranda skills trust double-it`" in error["message"]


async def test_a_skill_that_nobody_has_is_named_with_the_nearest(h):
    error = await failure(h, skill="double-itt")

    assert error["kind"] == "skills.unknown"
    assert "did you mean `double-it`?" in error["message"]


async def test_a_pure_skill_is_answered_from_the_cache_until_it_is_edited(h, project, double):
    text = flow(more="    cache: {}\n", skill="double-it", params={"n": 1})

    first = (await h.run(text)).outputs["a"]
    again = (await h.run(text)).outputs["a"]
    hits = len(h.events(CacheHit))
    own = flow("skills.double_it", "    cache: {}\n", n=1)
    assert (await h.run(own)).outputs["a"] == (await h.run(own)).outputs["a"]
    assert len(h.events(CacheHit)) == 2
    (double / "SKILL.md").write_text((double / "SKILL.md").read_text() + "\nMore.\n")
    Shelf(project).trust.grant(double, "double-it")
    await h.run(text)

    assert (again, hits, len(h.events(CacheHit))) == (first, 1, 2)


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, "does not say `pure: true`"), ({"network": True}, "opens the network")],
)
async def test_what_may_not_be_cached_is_run_and_said(h, tmp_path, more, said):
    root = make_skill(tmp_path, {"scripts/main.py": "print(1)"}).root
    text = flow(more="    cache: {}\n", skill=f"{root}/", **more)

    await h.run(text)
    await h.run(text)

    assert h.events(CacheHit) == []
    assert any(said in str(each.fields.get("reason")) for each in h.events(StepLogged))


class TestSettings:
    @pytest.fixture
    def settings(self):
        return {"require": "L4", "preload": ["double-it", "nobody"]}

    @pytest.fixture
    def double(self, double, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))  # no bubblewrap
        return double

    async def test_they_are_the_least_that_a_step_gets(self, h):
        error = await failure(h, skill="double-it", params={"n": 1}, require="L0")

        assert error["kind"] == "skills.sandbox"
        assert "bubblewrap: sandbox L4 needs bubblewrap and there is none" in error["message"]


class TestRoom:
    @pytest.fixture
    def settings(self):
        return {"folder_files": 9}

    async def test_a_step_whose_folder_is_full_fails_with_a_kind_of_its_own(self, h, tmp_path):
        program = "cd; while mkdir d; do cd d; done; exit 1\n"
        root = make_skill(tmp_path, {"scripts/main.sh": program}).root

        error = await failure(h, skill=f"{root}/")

        assert error["kind"] == "skills.room"
        assert "its private folder" in error["message"]


class TestNetwork:
    @pytest.fixture
    def settings(self):
        return {"network": True}

    @pytest.mark.parametrize(("more", "count"), [({}, 1), ({"network": False}, 0)])
    async def test_what_the_settings_open_is_said_at_each_run(self, h, more, count):
        await h.run(flow(skill="double-it", params={"n": 1}, **more))

        logged = [str(each) for each in h.events(StepLogged)]
        assert sum("the network is open to `double-it`" in each for each in logged) == count


class TestStrict:
    @pytest.fixture
    def settings(self):
        return {"strict": ["double-it"], "require": "L1"}

    @pytest.fixture
    def double(self, double, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(tmp_path))
        return double

    async def test_without_bubblewrap_they_run_and_warn(self, h):
        found = await output(h, skill="double-it", params={"n": 1})

        assert found["sandbox"]["missing"][0] == "bubblewrap"
        (told,) = [each for each in h.events(StepLogged) if each.text.startswith("sandbox: L")]
        assert told.level == "warning"


class TestWarm:
    @pytest.fixture
    def settings(self):
        return {"warm": ["tried"], "roots": ["more"], "slots": 1}

    @pytest.fixture
    def tried(self, project):
        source = "n = 0\ndef execute():\n    global n\n    n += 1\n    return n\n"
        root = make_skill(project / "more", {"scripts/main.py": source}).root
        Shelf(project).trust.grant(root, "tried")

    async def test_warm_skills_keep_their_process_from_run_to_run(self, tried, h):
        runs = [(await output(h, skill="tried"))["json"] for _ in range(3)]
        fresh = await output(h, skill="tried", isolation="fresh")

        assert runs == [1, 2, 3]
        assert fresh["json"] == 1


def test_every_kind_is_declared():
    assert failure_of(StepError("skills.failed", "x"), run).retryable
    assert not failure_of(StepError("skills.escape", "x"), run).retryable


def test_the_action_of_a_skill_that_is_not_trusted_says_so_until_it_is(project):
    made = make_skill(project / ".agents/skills", {"scripts/main.py": DOUBLE}, name="double-it")

    known = {each.name: each for each in own_actions(SkillsSettings())}
    own = known["skills.double_it"]

    assert sorted(known) == [
        "skills.csv_profile", "skills.double_it", "skills.json_diff", "skills.licence_scan",
        "skills.log_errors", "skills.text_metrics",
    ]  # fmt: skip
    assert own.doc == "Not trusted: look at the skill, then `ciranda skills trust double-it`."
    with pytest.raises(StepError, match="then `ciranda skills trust double-it`") as caught:
        own.bind({"n": 2})
    assert caught.value.kind == "skills.trust"
    Shelf(project).trust.grant(made.root, "double-it")
    assert own.bind({"n": 2})["order"].params == {"n": 2, "by": 2}


def test_two_scripts_of_one_name_have_no_action_and_neither_has_what_cannot_be_named(project):
    files: dict[str, str | bytes] = {
        "scripts/a-b.py": "",
        "scripts/a_b.py": "",
        "scripts/c.py": "",
        "scripts/1.py": "",
    }
    root = make_skill(project / ".agents/skills", files, name="many").root
    Shelf(project).trust.grant(root, "many")

    names = [each.name for each in own_actions(SkillsSettings()) if "many" in each.name]

    assert names == ["skills.many.c"]


def test_a_schema_with_references_is_checked_when_the_step_runs(project):
    schema = {
        "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"type": "string", "description": "B."}},
        "required": ["a"], "$defs": {"n": {"type": "integer"}},
    }  # fmt: skip
    files: dict[str, str | bytes] = {
        "scripts/main.py": "",
        "scripts/main.schema.json": json.dumps(schema),
    }
    root = make_skill(project / ".agents/skills", files, name="refers").root
    Shelf(project).trust.grant(root, "refers")

    (own,) = [each for each in own_actions(SkillsSettings()) if each.name == "skills.refers"]

    assert own.input_schema["properties"]["a"] == {}
    assert own.input_schema["required"] == ["a"]
    assert own.parameter_docs == {"b": "B."}
    with pytest.raises(StepError, match="cannot take these parameters"):
        own.bind({"a": "x"})
