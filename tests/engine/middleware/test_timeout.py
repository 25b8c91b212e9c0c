"""Timeouts cancel what they give up."""

import anyio
import anyio.lowlevel
import pytest
from tests.engine.middleware.stage import Stage, layers, plan, wrapped

from ciranda.errors import StepError
from ciranda.events import Request
from ciranda.layer import Call
from ciranda.middleware import timeout
from ciranda.middleware.builtin import builtins
from ciranda.middleware.shared import Shared

pytestmark = pytest.mark.anyio


async def test_an_attempt_that_takes_too_long_is_cancelled_and_fails_with_kind_timeout():
    ended = []

    async def core(call: Call) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(call.path)

    with pytest.raises(StepError, match=r"^no answer within 10ms$") as caught:
        await wrapped(plan(timeout=0.01), Shared(), core)(Stage().call())

    assert (caught.value.kind, caught.value.retryable) == ("timeout", True)
    assert ended == ["step"]


async def test_an_attempt_in_time_gives_its_answer():
    async def core(call: Call) -> str:
        await anyio.lowlevel.checkpoint()
        return "in time"

    assert await wrapped(plan(timeout=60), Shared(), core)(Stage().call()) == "in time"


async def test_a_timeout_error_of_the_action_itself_stays_what_it_is():
    async def core(call: Call) -> None:
        raise TimeoutError("the socket said so")

    with pytest.raises(TimeoutError, match="the socket said so"):
        await wrapped(plan(timeout=60), Shared(), core)(Stage().call())


async def test_a_cancelled_attempt_is_no_timeout():
    async def core(call: Call) -> None:
        await anyio.sleep_forever()

    with anyio.move_on_after(0.01) as outer:
        await wrapped(plan(timeout=60), Shared(), core)(Stage().call())

    assert outer.cancelled_caught


async def test_a_step_without_options_has_no_layer_at_all():
    assert timeout.layer(plan(), Shared()) is None
    assert layers(plan(), Shared()) == []


async def test_a_request_gets_no_built_in_layer():
    assert {each.middleware(Request) for each in builtins(Shared).values()} == {None}
