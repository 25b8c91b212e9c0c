"""The harness puts stand-ins in the place of resources, for as long as those would live."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Annotated, Any

import pytest

from ciranda import Context, PluginError, Settings, action, hookimpl
from ciranda.actions import Action, resource
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

TWO = """
ciranda: 1
steps:
  a: {uses: shop.read, executor: inline}
  b: {uses: shop.read, executor: inline, needs: [a]}
outputs: {all: "${{ [steps.a.output, steps.b.output] }}"}
"""


class ShopSettings(Settings, section="shop"):
    name: str = "corner"


class Shop:
    """A plugin whose action asks for a resource of a scope; opening the real one fails."""

    def __init__(self, scope: str) -> None:
        @resource(scope=scope)
        @asynccontextmanager
        async def store() -> AsyncIterator[Any]:
            raise ConnectionError("no network in tests")
            yield

        @action("shop.read")
        async def read(*, found: Annotated[Any, store]) -> Any:
            """Read."""
            return found

        self.store = store
        self.read = read

    @hookimpl
    def settings(self) -> type[Settings]:
        return ShopSettings

    @hookimpl(specname="actions")
    def offered(self) -> list[Action]:
        return [self.read]


async def outputs(resources: Any, scope: str = "run", shop: Shop | None = None) -> Any:
    async with harness([shop or Shop(scope)], resources=resources) as h:
        first = await h.run(TWO)
        assert first.error is None, first.error
        second = await h.run(TWO)
        return [*first.outputs["all"], *second.outputs["all"]]


async def test_a_value_stands_in_by_name_or_by_the_resource_itself() -> None:
    shop = Shop("run")
    assert await outputs({"store": {"bread": 3}}) == [{"bread": 3}] * 4
    assert await outputs({shop.store: 7}, shop=shop) == [7] * 4


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("engine", [1, 1, 1, 1]), ("run", [1, 1, 2, 2]), ("step", [1, 2, 3, 4])],
)
async def test_what_a_function_opens_lives_as_long_as_the_real_one(
    scope: str, expected: list[int]
) -> None:
    told: list[str] = []

    @asynccontextmanager
    async def fake() -> AsyncIterator[int]:
        told.append("open")
        yield told.count("open")
        told.append("left")

    found = await outputs({"store": fake}, scope)
    assert found == expected
    assert told == ["open", "left"] * max(expected)


async def test_a_function_gets_what_it_takes_and_may_be_of_any_kind() -> None:
    async def waiting(settings: Any) -> str:
        return str(settings.name)

    @contextmanager
    def plain(ctx: Context) -> Iterator[str]:
        yield f"{ctx.step}"

    assert await outputs({"store": waiting}) == ["corner"] * 4
    assert await outputs({"store": plain}, "step") == ["a", "b", "a", "b"]
    assert await outputs({"store": lambda: 5}) == [5] * 4


async def test_one_that_cannot_be_made_fails_the_step_as_the_real_one_would() -> None:
    def broken() -> None:
        raise ValueError("no such shelf")

    async with harness([Shop("run")], resources={"store": broken}) as h:
        result = await h.run(TWO)
    assert result.steps["a"]["error"]["kind"] == "unavailable"
    assert "resource store cannot be opened: ValueError: no such shelf" in str(result.steps)


async def test_a_name_that_no_action_asks_for_is_a_mistake() -> None:
    with pytest.raises(PluginError, match=r"asks for a 'stor'; did you mean 'store'\?"):
        await outputs({"store": 1, "stor": 1})
    with pytest.raises(PluginError, match="asks for a 'store'; hand over its plugin"):
        await outputs({"store": 1, Shop("run").store: 1})


async def test_a_function_that_takes_something_else_is_refused() -> None:
    with pytest.raises(PluginError, match="'store' takes `url`; it can take `ctx` and `settings`"):
        await outputs({"store": lambda url: url})
