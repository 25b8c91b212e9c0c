"""`with-middleware`: options of a plugin's layer around a step."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from ciranda import WorkflowError, hookimpl
from ciranda.errors import ActionError, PluginError
from ciranda.layer import Layer, Place, StepPlan, modifier
from ciranda.plugins import Plugins
from ciranda.settings import Configuration
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

FLOW = """
ciranda: 1
steps:
  a: {uses: shop.load, with-middleware: {loud.shout: {times: 2, as: "${{ it is }}"}}}
  b: {uses: shop.load}
"""


async def test_a_layer_reads_what_the_step_says_of_it_as_it_is_written():
    told = []

    class Loud:
        @hookimpl
        def middleware(self, target):
            if isinstance(target, StepPlan) and "loud.shout" in target.options.modifiers:
                options = target.options.modifiers["loud.shout"]

                async def shout(call, next):  # noqa: A002  (the word of the contract)
                    told.append((call.path, options))
                    return await next(call)

                return Layer(shout, Place.LIMIT, name="shout")
            return None

    async with harness(plugins=[Loud()], mocks={"shop.load": 12}) as h:
        assert (await h.run(FLOW)).ok

    assert told == [("a", {"times": 2, "as": "${{ it is }}"})]


async def test_a_layer_of_a_plugin_that_is_not_there_is_a_fault():
    text = FLOW.replace("loud.", "nowhere.")
    async with harness(mocks={"shop.load": 12}) as h:
        said = r"no plugin puts a layer `nowhere\.shout`"
        with pytest.raises(WorkflowError, match=said) as caught:
            await h.run(text)

    assert caught.value.faults[0].kind == "unknown-layer"
    assert (caught.value.faults[0].line, caught.value.faults[0].column) == (4, 42)


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often."""

    times: Annotated[int, msgspec.Meta(ge=1)] = 1


def echoing(*names):
    def echo(target, options):
        """Say an answer several times."""

        async def call(call, next):  # noqa: A002  (the word of the contract)
            return [await next(call)] * options.times

        return Layer(call, Place.LIMIT)

    class Loud:
        @hookimpl
        def modifiers(self):
            return [modifier(name, options=Times)(echo) for name in names or ("loud.echo",)]

    return Loud()


ASKING = "ciranda: 1\nsteps:\n  a: {uses: shop.load, with-middleware: {loud.echo: %s}}\n"


@pytest.mark.parametrize(("written", "answer"), [("{times: 2}", [12, 12]), ("{}", [12])])
async def test_a_modifier_gets_its_options_typed(written, answer):
    async with harness(plugins=[echoing()], mocks={"shop.load": 12}) as h:
        result = await h.run(ASKING % written)

    assert result.steps["a"]["output"] == answer


async def test_a_step_that_asks_for_two_modifiers_has_both():
    plugins = [echoing("loud.echo", "loud.shout")]
    flow = ASKING.replace("loud.echo: %s", "loud.echo: {times: 2}, loud.shout: {}")
    async with harness(plugins=plugins, mocks={"shop.load": 12}) as h:
        result = await h.run(flow)

    assert result.steps["a"]["output"] in ([[12], [12]], [[12, 12]])


def test_a_modifier_is_declared_in_a_way_that_can_work():
    with pytest.raises(ActionError, match=r'write @modifier\("slack\.quiet"\)'):
        modifier("quiet", options=Times)
    with pytest.raises(ActionError, match=r'options of modifier "a.b" are <class .int.>'):
        modifier("a.b", options=int)  # type: ignore[arg-type]  # on purpose


def test_what_a_modifier_says_of_itself_is_kept():
    (echo,) = echoing().modifiers()

    assert echo.doc == "Say an answer several times."
    assert echo.schema["properties"]["times"] == {"type": "integer", "minimum": 1, "default": 1}


def test_modifiers_keep_to_their_namespace_and_leave_with_their_plugin():
    plugins = Plugins(Configuration(Path()), entries=[])
    plugins.register(echoing(), "one")
    with pytest.raises(PluginError, match=r"'two' offers the modifier 'loud.echo', which plugin"):
        plugins.register(echoing(), "two")
    with pytest.raises(PluginError, match="'data' belongs to the plugin of ciranda"):
        Plugins(Configuration(Path())).register(echoing("data.echo"), "three")

    assert list(plugins.modifiers) == ["loud.echo"]
    assert plugins.refusal("loud.ecko", {})[1] == "did you mean `loud.echo`?"
    assert plugins.refusal("loud.whisper", {})[1] == "there is `loud.echo`"
    assert plugins.refusal("loud.echo", {"times": 3}) == plugins.refusal("other.x", {}) == ("", "")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("loud.echo", "{times: 0}", r"the options of `loud\.echo` do not fit: Expected `int` >= 1"),
        ("loud.echo", "{time: 1}", r"contains unknown field `time`"),
        ("loud.ecko", "{}", r"no plugin puts a layer `loud\.ecko` around steps"),
    ],
)
async def test_what_a_modifier_does_not_take_is_a_fault_of_the_file(name, options, said):
    text = ASKING.replace("loud.echo", name) % options
    async with harness(plugins=[echoing()], mocks={"shop.load": 12}) as h:
        with pytest.raises(WorkflowError, match=said) as caught:
            await h.run(text)

    assert (caught.value.faults[0].line, caught.value.faults[0].column) == (3, 42)
