"""Keys by which services know a step's work again."""

from __future__ import annotations

from typing import Final

import pytest

from ciranda import hookimpl
from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.testing import harness

pytestmark = pytest.mark.anyio


@action("shop.twice")
async def twice(ctx: Context) -> str:
    """Answer a second attempt with the key of the step."""
    if ctx.attempt == 1:
        raise StepError("timeout", "who knows whether it was done")
    return ctx.key


class Shop:
    """Brings the action."""

    @hookimpl
    def actions(self) -> list[Action]:
        return [twice]


FLOW: Final = """
ciranda: 1
inputs: {order: {type: string, default: a7}}
secrets: {SALT: {env: SALT}}
steps:
  plain: {uses: shop.twice, idempotent: true, retry: 2}
  own: {uses: shop.twice, idempotency-key: "charge-${{ inputs.order }}", retry: 2}
  each:
    map: [x, y]
    uses: shop.twice
    idempotency-key: "${{ item }}-${{ secrets.SALT }}-${{ step.id }}"
    retry: 2
"""


async def test_a_step_has_one_key_for_all_attempts_and_may_say_which() -> None:
    async with harness([Shop()], environ={"SALT": "salt"}) as h:
        result = await h.run(FLOW)

    assert result.steps["plain"]["output"] == f"{result.run_id}:plain"
    assert result.steps["own"]["output"] == "charge-a7"
    assert [each.reveal() for each in result.steps["each"]["output"]] == [
        "x-salt-each",
        "y-salt-each",
    ]


async def test_a_key_that_cannot_be_evaluated_fails_the_step_once() -> None:
    text = 'idempotency-key: "key ${{ null }}"'
    flow = f"ciranda: 1\nsteps:\n  a: {{uses: shop.twice, {text}, retry: 3}}\n"
    async with harness([Shop()]) as h:
        result = await h.run(flow)

    error = result.steps["a"]["error"]
    assert error["kind"] == "invalid-input"
    assert error["message"].startswith("`idempotency-key` cannot be evaluated: ")
    assert result.steps["a"]["attempts"] == 1
