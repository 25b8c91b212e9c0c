"""What the guide shows is a plugin that works."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.engine.middleware.stage import Stage, double, plan

from ciranda.actions import action
from ciranda.bus import Bus
from ciranda.errors import StepError
from ciranda.layer import Call, onion
from ciranda.middleware.builtin import builtins
from ciranda.middleware.shared import Shared
from ciranda.plugins import Plugins
from ciranda.settings import Configuration
from ciranda.workflow.model import Breaker, Cache, Concurrency, Rate

GUIDE = Path(__file__).parents[3] / "docs" / "middleware.md"

pytestmark = pytest.mark.anyio


@action("http.get", pure=True, version="1")
def get(url: str = "") -> str:
    return url


@pytest.fixture
def quota() -> Any:
    found = re.search(r"^```python\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(compile(found[1], str(GUIDE), "exec"), names)  # the guide is ours
    return names["Quota"](2)


@pytest.fixture
def plugins(quota: Any) -> Plugins:
    plugins = Plugins(Configuration(Path(), environ={}), bus=Bus(), entries=[])
    plugins.register(quota, "quota")
    for name, plugin in reversed(builtins(Shared).items()):
        plugins.register(plugin, name)
    return plugins


def test_all_layers_stand_where_the_guide_says(plugins):
    options: dict[str, Any] = {
        "cache": Cache(),
        "breaker": Breaker(),
        "concurrency": Concurrency("group"),
        "rate": Rate(10, 1.0),
        "timeout": 1.0,
    }

    names = [layer.name for layer in plugins.middlewares(plan(get, **options))]

    assert names == ["cache", "breaker", "quota", "concurrency", "rate", "timeout"]


def test_the_layer_of_the_guide_is_compiled_out_for_other_steps(plugins):
    assert plugins.middlewares(plan(double)) == []


async def test_the_layer_of_the_guide_does_what_it_says(plugins):
    stage = Stage()

    async def core(call: Call) -> Any:
        return call.inputs["url"]

    step = onion(plugins.middlewares(plan(get, cache=Cache())), core)

    for url in ("a", "a", "a", "b"):
        assert await step(stage.call({"url": url})) == url
    with pytest.raises(StepError, match="this run may make 2 calls"):
        await step(stage.call({"url": "c"}))
    assert await step(stage.call({"url": "c"}, run="another")) == "c"
