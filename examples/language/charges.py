"""An action that hands on the idempotency key of its step, for idempotency.yaml."""

from ciranda import Context, StepError, action, hookimpl
from ciranda.actions import Action


@action("shop.charge", errors={"shop.silent": True})
def charge(amount: int, *, ctx: Context) -> dict[str, object]:
    """Charge an order; the shop's first answer is lost on the way.

    Args:
        amount: How much.
        ctx: The step.
    """
    if ctx.attempt == 1:
        raise StepError("shop.silent", "the shop did not answer")
    return {"charged": amount, "key": ctx.key}


@hookimpl
def actions() -> list[Action]:
    """Offer the action."""
    return [charge]
