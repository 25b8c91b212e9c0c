"""The author's tutorial says nothing that does not run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ciranda
from ciranda import Engine
from ciranda.bus import Bus
from ciranda.events import Failure, RunCompleted, StepFailed, StepStarted
from ciranda.hooks import extension
from ciranda.plugins import Plugins
from ciranda.settings import Configuration
from ciranda.store import Database
from ciranda.testing import harness

TUTORIAL = Path(__file__).parents[3] / "docs" / "plugins.md"
TEXT = TUTORIAL.read_text("utf-8")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(ciranda, "action"), reason="the public names are not there"),
]


@pytest.fixture
def tutorial() -> Iterator[ModuleType]:
    """Every Python block of the tutorial, run one after another.

    Those that name a file of a package make that package, the others are one module.
    """
    names = ("tutorial", "ciranda_told", "ciranda_translate", "ciranda_translate.hooks")
    modules = {name: ModuleType(name) for name in names}
    sys.modules |= modules
    vars(modules["ciranda_translate"])["hooks"] = modules["ciranda_translate.hooks"]
    for found in re.finditer(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        line = TEXT.count("\n", 0, found.start(1))
        code = compile("\n" * line + found[1], str(TUTORIAL), "exec", dont_inherit=True)
        file = re.match(r"# (ciranda_\w+/\w+)\.py", found[1])
        name = file[1].replace("/__init__", "").replace("/", ".") if file else "tutorial"
        exec(code, vars(modules[name]))  # the tutorial is ours
    yield modules["tutorial"]
    for name in names:
        del sys.modules[name]


async def test_the_test_at_its_end_passes(tutorial: Any) -> None:
    await tutorial.test_it_tells_the_channel()


async def test_all_of_it_is_one_valid_plugin(tutorial: Any) -> None:
    configuration = Configuration(Path(), environ={"CIRANDA_SLACK__TOKEN": "t"})
    plugins = Plugins(configuration, bus=Bus(), entries=[])

    translate: Any = sys.modules["ciranda_translate"]
    plugins.register(tutorial, "tutorial")
    plugins.register(translate, "translate")
    plugins.load()
    async with plugins.bus.running():
        plugins.bus.publish_nowait(StepStarted(path="a"))
        plugins.bus.publish_nowait(
            StepFailed(path="a", error=Failure(kind="my.gone", message="gone"))
        )
        plugins.bus.publish_nowait(RunCompleted(status="failed"))
        answer = await plugins.bus.ask(translate.hooks.Translate(text="abc"))

    assert tutorial.failures == [("a", "my.gone")]
    assert tutorial.told == ["StepFailed", "RunCompleted"]
    assert answer == "cba"
    assert list(plugins.actions) == ["my.greet", "translate.text"]
    assert plugins.functions["slug"].call("A b") == "a-b"


async def test_state_of_the_tutorial_is_kept(tutorial: Any, tmp_path: Path) -> None:
    told: Any = sys.modules["ciranda_told"]
    async with Engine(
        configuration=Configuration(tmp_path), durability="off", plugins=[told]
    ) as engine:
        await engine.bus.publish(RunCompleted(run="r1", status="succeeded"))

    with closing(Database("told", told.MIGRATIONS, folder=tmp_path)) as database:
        assert database.query("SELECT run FROM told") == [("r1",)]


async def test_the_executor_of_the_tutorial_runs_a_step(tutorial: Any) -> None:
    async with harness([tutorial], settings={"slack": {"token": "t"}}) as h:
        result = await h.run(
            "ciranda: 1\nsteps:\n  a: {uses: my.greet, with: {name: Ana}, executor: remote}\n"
        )

    assert result.steps["a"]["output"] == "my.greet was done elsewhere"


def test_it_shows_or_names_every_hook_of_the_engine() -> None:
    hooks = [name for name, one in vars(extension).items() if hasattr(one, "ciranda_spec")]

    assert [name for name in hooks if not re.search(rf"def {name}\(|`{name}`", TEXT)] == []
