"""`with-middleware`: options of a plugin's layer around a step."""

import pytest

from ciranda import WorkflowError, hookimpl
from ciranda.layer import Layer, Place, StepPlan
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
