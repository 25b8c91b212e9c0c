"""One engine with skills: limits of each by the workflow file, figures, what is made ready."""

import sys
import textwrap

import anyio
import msgspec
import pytest

from ciranda.events import CircuitOpened
from ciranda.testing import harness
from ciranda_skills.attending import attend
from ciranda_skills.disclosure import read_catalogue
from ciranda_skills.discovery import discover
from ciranda_skills.environments import Environment, Python, environments_folder, need_of
from ciranda_skills.mcp.server import Limits, Offer
from ciranda_skills.mcp.server.protocol import Protocol
from ciranda_skills.opened import LendSkills
from ciranda_skills.preloading import preloaded
from ciranda_skills.running import Runner
from ciranda_skills.settings import SkillsSettings
from ciranda_skills.shelf import Shelf
from ciranda_skills.stats import Report, plain, prometheus, read_report
from ciranda_skills.stats.counts import Counts

from .commanding import project
from .running_fixtures import on_asyncio
from .running_stage import below_us, make_skill, wait_until_gone

__all__ = ["on_asyncio", "project"]
pytestmark = pytest.mark.anyio

FLAKY = """
import sys
def execute(n: int = 0) -> dict:
    if n < 0:
        sys.exit("ill")
    return {"n": n}
"""
NEEDY = """
# /// script
# dependencies = ["tiny-thing"]
# ///
import sys
def execute(n: int = 2):
    print("beside")
    return {"n": n, "by": sys.executable}
"""


@pytest.fixture
def known(project):
    """A pure skill that asks for a high priority, and one that fails now and then."""
    places = project / ".agents/skills"
    urgent = "metadata:\n  pure: true\n  priority: high\n"
    roots = [
        make_skill(places, {"scripts/main.py": FLAKY}, name="urgent", metadata=urgent).root,
        make_skill(places, {"scripts/main.py": FLAKY}, name="other").root,
    ]
    for root in roots:
        Shelf(project).trust.grant(root, root.name)
    return project


def flow(text):
    return "ciranda: 1\nname: t\nsteps:\n" + textwrap.indent(textwrap.dedent(text), "  ")


async def test_limits_of_one_skill_are_written_in_the_file_and_figures_are_kept(known):
    before = below_us()
    ill = """
        ill:
          uses: {uses}
          with: {given}
          retry: {{attempts: 3, on: [skills.failed], backoff: 1ms}}
          breaker: {{failures: 50%, window: 2, minimum: 2, open: 1h}}
          continue-on-error: true
    """
    by_name = ill.format(uses="skills.run", given="{skill: other, params: {n: -1}}")
    of_it = ill.format(uses="skills.other", given="{n: -1}")
    well = """
        well:
          uses: skills.run
          with: {skill: urgent, params: {}}
          breaker: {failures: 50%, window: 2, minimum: 2, open: 1h}
          concurrency: {group: urgent, max: 1}
          rate: {requests: 100/1s}
          cache: {}
        same:
          needs: [well]
          uses: skills.urgent
          with: {n: 1}
          cache: {}
    """
    async with harness(settings={"skills": {"slots": 1}}, folder=known) as h:
        for text in (by_name, of_it):
            result = await h.run(flow(text))
            error = result.steps["ill"]["error"]
            assert error["kind"] == "circuit_open", error  # after two that failed
        opened = [each.breaker for each in h.events(CircuitOpened)]
        assert opened == ["skills.run other", "skills.other"]
        for _ in range(2):
            result = await h.run(flow(well))
            assert result.status == "succeeded", result.steps
    assert wait_until_gone(before) == set()

    report = read_report(known)
    told = plain(report)
    assert told["skills"]["other"]["statuses"] == {"failed": 4}
    assert told["skills"]["urgent"]["statuses"] == {"ok": 2}
    assert told["skills"]["urgent"]["cache"] == {"hits": 2, "misses": 2, "hit_rate": 0.5}
    assert told["meters"]["started"] >= 1
    assert told["skills"]["urgent"]["latency"]["ready"]["count"] == 2  # it was ready before
    assert 'cache_total{skill="urgent",result="hit"} 2' in prometheus(report)


async def test_skills_are_made_ready_before_anybody_asks(known):
    async with attend(SkillsSettings(preload_most_used=1)) as attending:
        opened = await attending.lend_skills(LendSkills())
        with anyio.fail_after(20):
            while not opened.runner.counts["started"]:  # noqa: ASYNC110  (nobody is told)
                await anyio.sleep(0.01)

    assert read_report(known).meters["started"] >= 1
    assert read_report(known).skills == {}


async def test_an_engine_that_runs_no_skill_starts_and_writes_nothing(project):
    before = below_us()
    async with attend(SkillsSettings()):
        assert below_us() == before

    assert not (project / ".ciranda").exists()


def test_those_named_come_first_then_the_urgent_then_the_most_used(known):
    entries = read_catalogue(discover(project=known)).entries
    report = Report(
        skills={
            "gone": Counts(statuses={"ok": 9}),
            "other": Counts(statuses={"ok": 2}),
            "urgent": Counts(statuses={"ok": 3}),
        }
    )

    def names(**given):
        return preloaded(entries, SkillsSettings(**given), report)

    assert names() == ["urgent"]
    assert names(preload=("x",), preload_most_used=2) == ["x", "urgent", "other"]
    assert names(preload=("x", "y"), zygotes=1) == ["x"]


class TestEnvironments:
    """Scripts that say what they need, where somebody has installed it."""

    @pytest.fixture
    def needy(self, project, tmp_path, monkeypatch):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        made = make_skill(
            project / ".agents/skills",
            {"scripts/main.py": NEEDY, "scripts/plain.py": NEEDY.partition("def ")[0] + "print(1)"},
            name="needy",
        )
        Shelf(project).trust.grant(made.root, "needy")
        return made

    @pytest.fixture
    def installed(self, needy, tmp_path):
        need = need_of(needy, "scripts/main.py")
        assert need is not None
        folder = environments_folder({"XDG_CACHE_HOME": str(tmp_path / "cache")}, tmp_path)
        mark = folder / need.key(Python()) / "ciranda.json"
        mark.parent.mkdir(parents=True)
        made = Environment(python=sys.executable, requirements=need.requirements, made_at=0.0)
        mark.write_bytes(msgspec.json.encode(made))

    @pytest.fixture
    def served(self, needy):
        entry_of = lambda: read_catalogue(discover(roots=[needy.root]))  # noqa: E731
        return Offer(entry_of, lambda entry: True)

    async def test_a_step_and_a_client_run_the_function_in_it(
        self, needy, installed, project, served
    ):
        async with harness(settings={}, folder=project) as h:
            result = await h.run(flow("a: {uses: skills.needy, with: {n: 5}}"))
            plain_one = await h.run(flow("a: {uses: skills.needy.plain}"))
        async with Runner(slots=1) as runner:
            protocol = Protocol(served, runner, Limits())
            tool = await served.tool("needy_main")
            answer = await protocol.perform(tool, tool.order({"n": 7}), None)

        found = result.steps["a"]["output"]
        assert found["json"] == {"n": 5, "by": sys.executable}
        assert found["stderr"] == "beside\n"
        assert plain_one.steps["a"]["output"]["stdout"] == "1\n"
        assert answer.structured == {"n": 7, "by": sys.executable}

    async def test_without_it_both_are_told_what_to_do(self, needy, project, served):
        async with harness(settings={}, folder=project) as h:
            result = await h.run(flow("a: {uses: skills.needy, with: {n: 5}}"))
        protocol = Protocol(served, Runner(), Limits())
        tool = await served.tool("needy_main")
        answer = await protocol.perform(tool, tool.order({}), None)

        error = result.steps["a"]["error"]
        assert error["kind"] in {"skills.uninstalled", "skills.uv"}
        assert "needs `tiny-thing`" in error["message"]
        assert answer.failed
        assert answer.structured is not None
        assert answer.structured["kind"] == error["kind"]
