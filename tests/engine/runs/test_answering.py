"""Actions that ask for other actions, through the bus."""

import pytest

from ciranda import Context, action, hookimpl
from ciranda.events import InvokeAction, Invoked
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

FLOW = 'ciranda: 1\nname: t\nsteps:\n  a: {uses: t.a}\noutputs: {a: "${{ steps.a.output }}"}\n'


@action("t.a")
async def ask(ctx: Context) -> int | None:
    answer = await ctx.ask(InvokeAction(action="t.twice", inputs={"n": 4}))
    output: int | None = answer.output
    return output


@action("t.twice")
def twice(n: int) -> int:
    return 2 * n


@action("t.twice")
def nothing(n: int) -> None:
    return None


class Offer:
    def __init__(self, *actions):
        self.offered = list(actions)

    @hookimpl
    def actions(self):
        return self.offered


class First:
    @hookimpl
    def invoke_action(self, request):
        return Invoked(output=request.inputs["n"] + 1)


@pytest.mark.parametrize(
    ("plugins", "expected"),
    [([Offer(ask, twice)], 8), ([Offer(ask, nothing)], None), ([Offer(ask, twice), First()], 5)],
)
async def test_the_engine_answers_unless_somebody_else_does(plugins, expected):
    async with harness(plugins=plugins) as h:
        assert (await h.run(FLOW)).outputs == {"a": expected}


async def test_an_action_that_is_not_there_fails_the_step():
    async with harness(plugins=[Offer(ask)]) as h:
        error = (await h.run(FLOW)).steps["a"]["error"]

    assert "t.twice" in error["message"]
