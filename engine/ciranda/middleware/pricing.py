"""What an attempt costs in each dimension of its rate, before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.errors import StepError
from ciranda.expressions.error import ExpressionError
from ciranda.layer import Call
from ciranda.workflow.model import Rate

if TYPE_CHECKING:
    from ciranda.middleware.shared import Bind

__all__ = ["Pricing"]

Price = int | Callable[[Mapping[str, Any]], Any]


@final
class Pricing:
    """The costs of the attempts of one step, in the order of its rate's dimensions.

    Args:
        rate: The step's rate.
        bind: Turns a cost that may hold an expression into a function of a call's scope.

    Attributes:
        settles: Whether costs are estimates, which attempts correct by `ctx.used`.
    """

    __slots__ = ("_fixed", "_prices", "_words", "settles")

    def __init__(self, rate: Rate, bind: Bind) -> None:
        names = [name for name, _, _ in rate.dimensions]
        self._words: Final = tuple(name.replace("-", "_") for name in names)
        self._prices: Final[dict[str, Price]] = {}
        for name in names:
            written = rate.cost.get(name, 1 if name == "requests" else 0)
            self._prices[name] = written if isinstance(written, int) else bind(written)
        self.settles: Final = rate.input_tokens is not None or rate.output_tokens is not None
        fixed = tuple(each for each in self._prices.values() if isinstance(each, int))
        self._fixed: Final = fixed if len(fixed) == len(names) else None

    def costs(self, call: Call) -> tuple[int, ...]:
        """Return what the attempt is expected to cost.

        Raises:
            StepError: Kind `invalid-input`: an expression fails or gives no amount.
        """
        if self._fixed is not None:
            return self._fixed
        return tuple(_cost(name, price, call) for name, price in self._prices.items())

    def used(self, costs: tuple[int, ...], spent: Mapping[str, float]) -> tuple[int, ...]:
        """Return what the attempt has cost: what it told, else what was expected."""
        if not spent:
            return costs
        return tuple(
            max(0, math.ceil(spent[word])) if word in spent else cost
            for word, cost in zip(self._words, costs, strict=True)
        )


def _cost(name: str, price: Price, call: Call) -> int:
    if isinstance(price, int):
        return price
    try:
        value = price(call.scope)
    except ExpressionError as error:
        text = f"`rate.cost.{name}` cannot be evaluated: {error}"
        raise StepError("invalid-input", text, retryable=False) from error
    if isinstance(value, int | float) and not isinstance(value, bool):
        amount = float(value)
        if 0 <= amount < math.inf:
            return math.ceil(amount)  # part of a token is not to be had
    text = f"`rate.cost.{name}` must be a number from 0, not {value!r:.40}"
    raise StepError("invalid-input", text, retryable=False)
