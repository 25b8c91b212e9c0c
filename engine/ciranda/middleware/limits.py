"""The rate layer: at most so many starts in any window of time, first come first served."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final, final

import anyio

from ciranda.errors import StepError
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.middleware.naming import name_by_input, name_of
from ciranda.middleware.window import Reservations, Window
from ciranda.workflow.model import Rate

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["Limiter", "Limiters", "layer"]

_ONE: Final = (1,)


@final
class Limiter:
    """Lets callers start in the order in which they came.

    Only the caller in front has a deadline on its wait. Whoever leaves the queue sets that of
    the next, so a caller is woken once, when its turn has come, and one that is cancelled has
    taken nothing.
    """

    __slots__ = ("_clock", "_queue", "_reservations")

    def __init__(self, windows: Sequence[Window], clock: Callable[[], float]) -> None:
        self._reservations: Final = Reservations(windows)
        self._clock: Final = clock
        # OrderedDict: the first key of a dict costs as much as was ever removed before it.
        self._queue: OrderedDict[_Waiter, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._queue)

    def idle(self) -> bool:
        """Say whether forgetting this limiter would change nothing."""
        return not self._queue and self._reservations.idle(self._clock())

    def try_take(self, costs: Sequence[int]) -> float | None:
        """Return the time of the grant, now, or None when a caller has to wait."""
        now = self._clock()
        if self._queue or self._reservations.earliest(costs, now) > now:
            return None
        self._reservations.take(costs, now)
        return now

    async def acquire(self, costs: Sequence[int]) -> float:
        """Wait for the turn of `costs`, one of each dimension, and return the time of the grant.

        Raises:
            StepError: Kind `limit`: they can never fit.
        """
        now = self.try_take(costs)
        if now is not None:
            return now
        if self._reservations.earliest(costs, self._clock()) == inf:
            wanted = ", ".join(map(str, costs))
            limits = ", ".join(str(window.limit) for window in self._reservations.windows)
            text = f"a call that costs {wanted} can never fit a limit of {limits}"
            raise StepError("limit", text, retryable=False)
        waiter = _Waiter(costs)
        self._queue[waiter] = None
        try:
            return await self._turn(waiter)
        finally:
            del self._queue[waiter]
            if self._queue:
                first = next(iter(self._queue))
                first.scope.deadline = anyio.current_time() + self._delay(first)

    async def _turn(self, waiter: _Waiter) -> float:
        while True:
            if next(iter(self._queue)) is waiter:
                delay = self._delay(waiter)
                if delay <= 0:  # more than zero again when a timer fired early
                    now = self._clock()
                    self._reservations.take(waiter.costs, now)
                    return now
                waiter.scope = anyio.CancelScope(deadline=anyio.current_time() + delay)
            with waiter.scope:
                await anyio.sleep_forever()

    def _delay(self, waiter: _Waiter) -> float:
        now = self._clock()
        return self._reservations.earliest(waiter.costs, now) - now


@final
class _Waiter:
    __slots__ = ("costs", "scope")

    def __init__(self, costs: Sequence[int]) -> None:
        self.costs: Final = costs
        self.scope = anyio.CancelScope()


@final
class Limiters:
    """The limiters of one engine by name and rate.

    Steps share a limiter when both are equal. One that holds nothing is forgotten once there
    are many; one that still counts starts is kept, however many there are.
    """

    __slots__ = ("_clock", "_known", "_most", "_sweep_at")

    def __init__(self, clock: Callable[[], float] = anyio.current_time, most: int = 1000) -> None:
        self._clock: Final = clock
        self._most: Final = most
        self._sweep_at = most
        self._known: dict[tuple[str, int, float], Limiter] = {}

    def __len__(self) -> int:
        return len(self._known)

    def limiter(self, name: str, rate: Rate) -> Limiter:
        """Return the limiter of this name, a new one if there is none."""
        key = (name, rate.requests, rate.per)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._sweep_at:
                self._known = {k: each for k, each in self._known.items() if not each.idle()}
                self._sweep_at = max(self._most, 2 * len(self._known))
            found = Limiter([Window(rate.requests, rate.per)], self._clock)
            self._known[key] = found
        return found


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Let attempts start at most at the step's `rate`; None when it has none.

    Without a `key` the rate is that of this step, in all runs together. The time of the grant
    is left in the call's notes as `granted`.
    """
    rate = plan.options.rate
    if rate is None:
        return None
    if rate.key is None:
        name_for = name_by_input(f"{plan.workflow}:{plan.id}", None, shared.key)
    else:
        name_for = name_of(rate.key, "rate.key", shared)
    limiters, clock = shared.limiters, shared.clock

    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        limiter = limiters.limiter(name_for(call), rate)
        if limiter.try_take(_ONE) is None:
            await limiter.acquire(_ONE)
        call.notes["granted"] = clock()
        return await next(call)

    return Layer(call, Place.LIMIT, name="rate", after=("concurrency",))
