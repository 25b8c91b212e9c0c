"""The rate layer: at most so many starts in any window of time, first come first served."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import anyio
import msgspec

from ciranda.errors import StepError, StoreError
from ciranda.layer import AROUND, SPENT, Call, Layer, Next, Place, StepPlan
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.naming import name_by_input, name_of
from ciranda.middleware.pricing import Pricing
from ciranda.middleware.window import Window
from ciranda.workflow.model import Rate

if TYPE_CHECKING:
    from ciranda.middleware.shared import Shared

__all__ = ["Limiter", "Limiters", "layer"]

_LONGEST: Final = 3600.0  # seconds: what the other side asks for beyond that is not believed


@final
class Limiters:
    """The limiters of one engine by name and rate.

    Steps share a limiter when both are equal. One that holds nothing is forgotten once there
    are many; one that still counts starts is kept, however many there are.

    Args:
        clock: Seconds that never go back, for limiters of this process.
        most: How many are kept before those that hold nothing are looked for.
        folder: Where the files of the machine's limiters are; None is the user's own place.
    """

    __slots__ = ("_clock", "_folder", "_known", "_most", "_sweep_at")

    def __init__(
        self,
        clock: Callable[[], float] = anyio.current_time,
        most: int = 1000,
        folder: Path | None = None,
    ) -> None:
        self._clock: Final = clock
        self._most: Final = most
        self._folder: Final = folder
        self._sweep_at = most
        self._known: dict[tuple[object, ...], Limiter] = {}

    def __len__(self) -> int:
        return len(self._known)

    def limiter(self, name: str, rate: Rate) -> Limiter:
        """Return the limiter of this name, a new one if there is none.

        Raises:
            StoreError: The file of a machine's limiter cannot be used.
        """
        key = (name, rate.requests, rate.per, rate.input_tokens, rate.output_tokens, rate.shared)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= self._sweep_at:
                for forgotten in [k for k, each in self._known.items() if each.idle()]:
                    self._known.pop(forgotten).close()
                self._sweep_at = max(self._most, 2 * len(self._known))
            found = self._known[key] = self._made(name, rate)
        return found

    def secret_key(self) -> bytes:
        """Return what seals secrets in the names of the machine's limiters.

        Raises:
            StoreError: It cannot be read or made.
        """
        from ciranda.middleware.machine import private_folder, secret_key

        return secret_key(private_folder(self._folder))

    def _made(self, name: str, rate: Rate) -> Limiter:
        names = tuple(name for name, _, _ in rate.dimensions)
        if rate.shared == "engine":
            windows = [Window(limit, per) for _, limit, per in rate.dimensions]
            return Limiter(windows, self._clock, names)
        from ciranda.middleware.machine import MachineWindows

        spans = [(limit, per) for _, limit, per in rate.dimensions]
        # The clock of the whole machine: the event loop's may start anywhere.
        book = MachineWindows(name, spans, folder=self._folder)
        return Limiter(book, time.monotonic, names)


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Let attempts start at most at the rates that hold for a step; None when there are none.

    They are the step's own and those of the files that it is in. Without a `key`, the rate of a
    step is that of this step, and the rate of a file that of all its steps, in all runs together.
    The time of the grant is left in the call's notes as `granted`.
    """
    turns = []
    if plan.options.rate is not None:
        name = f"{plan.workflow}:{plan.id}"
        turns.append(_Turns(plan.options.rate, _naming(plan.options.rate, name, shared), shared))
    for up, rate in plan.rate:
        # A key of its own is in the rate already: the file's name is not known here.
        turns.append(_Turns(rate, _naming(rate, "", shared), shared, up))
    if not turns:
        return None
    first = turns[0]
    call = first.settled if first.pricing.settles else first.plain
    if len(turns) > 1:
        call = _Several(turns).call
    return Layer(call, Place.LIMIT, name="rate", after=("concurrency",))


def _naming(rate: Rate, name: str, shared: Shared) -> Callable[[Call], str]:
    if rate.key is None:
        return name_by_input(name, None, shared.key)
    if rate.shared == "engine":
        return name_of(rate.key, "rate.key", shared)
    found: list[Callable[[Call], str]] = []

    def named(call: Call) -> str:  # the key of the machine is read when it is first needed
        if not found:
            key = shared.limiters.secret_key()
            found.append(name_of(rate.key, "rate.key", shared, key))
        return found[0](call)

    return named


@final
class _Turns:
    """What the layer of one step does with each attempt.

    Args:
        rate: The limit.
        name: Returns under which name a call counts.
        shared: Has the limiters.
        up: The number of files between the step and the one whose names the limit reads.
    """

    __slots__ = ("_clock", "_limiters", "_name", "_rate", "_up", "pricing")

    def __init__(
        self, rate: Rate, name: Callable[[Call], str], shared: Shared, up: int = 0
    ) -> None:
        self.pricing: Final = Pricing(rate, shared.bind)
        self._rate: Final = rate
        self._name: Final = name
        self._limiters: Final = shared.limiters
        self._clock: Final = shared.clock
        self._up: Final = up

    def now(self) -> float:
        """Return the time that `granted` tells."""
        return self._clock()

    async def plain(self, call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        """Await the attempt's turn; its cost is what it is."""
        limiter, _, _ = await self._turn(call)
        try:
            return await next(call)
        except StepError as error:
            _heed(limiter, error)
            raise

    async def settled(self, call: Call, next: Next) -> Any:  # noqa: A002  (as in layers)
        """Await the attempt's turn, and book afterwards what it says that it has used."""
        limiter, at, costs = await self._turn(call)
        spent: dict[str, float] = call.notes.setdefault(SPENT, {})
        spent.clear()  # attempts have notes of their own; layers inside may call more than once
        try:
            return await next(call)
        except StepError as error:
            _heed(limiter, error)
            raise
        finally:
            used = self.pricing.used(costs, spent)
            if used != costs:
                _book(limiter, at, costs, used, call)

    async def _turn(self, call: Call) -> tuple[Limiter, float, tuple[int, ...]]:
        limiter, costs = self.sought(call)
        try:
            at = limiter.try_take(costs)
            if at is None:
                at = await limiter.acquire(costs)
        except StoreError as error:
            raise _unusable(error) from error
        for notice in limiter.notices():
            call.ctx.log.warning(notice)
        call.notes["granted"] = self._clock()
        return limiter, at, costs

    def sought(self, call: Call) -> tuple[Limiter, tuple[int, ...]]:
        """Return the limiter that a call is to ask, and what the call costs there."""
        seen = self._seen(call) if self._up else call
        costs = self.pricing.costs(seen)
        try:
            return self._limiters.limiter(self._name(seen), self._rate), costs
        except StoreError as error:
            raise _unusable(error) from error

    def _seen(self, call: Call) -> Call:
        """Return a call with the names of the file that the limit stands in."""
        scope = call.scope
        for _ in range(self._up):
            scope = scope[AROUND]
        return msgspec.structs.replace(call, scope=scope)


@final
class _Several:
    """What the layer does with each attempt of a step under several limits.

    An attempt starts when it is within all of them at once. What one grants while another does not
    is given back: waiting for the one and then for the other would let attempts gather in between.
    """

    __slots__ = ("_settles", "_turns")

    def __init__(self, turns: list[_Turns]) -> None:
        self._turns: Final = turns
        self._settles: Final = any(each.pricing.settles for each in turns)

    async def call(self, call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        """Await the turn of an attempt everywhere, and book everywhere what it has used."""
        sought = [each.sought(call) for each in self._turns]
        try:
            times = await _together(sought)
        except StoreError as error:
            raise _unusable(error) from error
        for limiter, _ in sought:
            for notice in limiter.notices():
                call.ctx.log.warning(notice)
        call.notes["granted"] = self._turns[0].now()
        spent: dict[str, float] = {}
        if self._settles:
            spent = call.notes.setdefault(SPENT, spent)
            spent.clear()
        try:
            return await next(call)
        except StepError as error:
            for limiter, _ in sought:
                _heed(limiter, error)
            raise
        finally:
            for turn, (limiter, costs), at in zip(self._turns, sought, times, strict=True):
                used = turn.pricing.used(costs, spent) if turn.pricing.settles else costs
                if used != costs:
                    _book(limiter, at, costs, used, call)


async def _together(sought: list[tuple[Limiter, tuple[int, ...]]]) -> list[float]:
    """Wait until all limiters grant at once; return the times of the grants."""
    first = 0
    while True:
        granted: dict[int, float] = {}
        refused = -1
        for number in sorted(range(len(sought)), key=lambda each: each != first):
            limiter, costs = sought[number]
            at = await limiter.acquire(costs) if number == first else limiter.try_take(costs)
            if at is None:
                refused = number
                break
            granted[number] = at
        if refused < 0:
            return [granted[number] for number in range(len(sought))]
        for number, at in granted.items():
            limiter, costs = sought[number]
            limiter.settle(at, costs, (0,) * len(costs))
        first = refused


def _unusable(error: StoreError) -> StepError:
    return StepError("unavailable", str(error), retryable=False)


def _heed(limiter: Limiter, error: StepError) -> None:
    """Let nobody start before the time that the other side asked for."""
    wait = error.retry_after
    if wait is not None and wait > 0 and error.kind.partition(".")[0] == "rate_limited":
        limiter.pause(limiter.now() + min(wait, _LONGEST))


def _book(
    limiter: Limiter, at: float, costs: tuple[int, ...], used: tuple[int, ...], call: Call
) -> None:
    try:
        limiter.settle(at, costs, used)
    except StoreError as error:  # the attempt has its outcome; that the book is wrong is news
        call.ctx.log.warning("what was used could not be booked", reason=str(error))
