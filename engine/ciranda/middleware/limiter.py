"""The one limiter: whoever asks starts in the order of asking, within every limit at once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Protocol, final

import anyio

from ciranda.errors import StepError, StoreError
from ciranda.middleware.window import Reservations, Window

__all__ = ["Book", "Limiter"]


class Book(Protocol):
    """What has been granted, and so what may be: in this process, or for the whole machine.

    Times are seconds on the clock of whoever asks; costs are whole units, one for each
    dimension. Methods return at once; those of a machine's book raise StoreError when its file
    cannot be used.
    """

    @property
    def ahead(self) -> bool:
        """Whether whoever is next in a queue must hold a place, lest others go before."""
        ...

    @property
    def limits(self) -> tuple[int, ...]:
        """The limit of each dimension."""
        ...

    @property
    def notices(self) -> list[str]:
        """Sentences that somebody should read; whoever does so empties the list."""
        ...

    def attempt(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; they are taken if that is `now` or before."""
        ...

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; infinity if they never can."""
        ...

    def reserve(self, costs: Sequence[int], now: float) -> float:
        """Take the first time at which all fit and return it; ValueError if they never can."""
        ...

    def hold(self, costs: Sequence[int], now: float) -> float:
        """Hold the first time at which all fit, which somebody will claim, and return it."""
        ...

    def claim(self, at: float, costs: Sequence[int], now: float) -> float:
        """Take what is held for `at`; return a time until `now`, or a later one that is held."""
        ...

    def advance(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of what is held for `at`: an earlier one if there is one by now."""
        ...

    def settle(self, at: float, costs: Sequence[int], used: Sequence[int], now: float) -> None:
        """Give back what was not used of a grant; book what was used beyond it."""
        ...

    def pause(self, until: float, now: float) -> None:
        """Let nothing start before `until`."""
        ...

    def patience(self, now: float) -> float:
        """Return after how many seconds whoever waits looks again for an earlier time."""
        ...

    def fill(self, now: float) -> tuple[float, ...]:
        """Return how much of each dimension counts, as a share of its limit."""
        ...

    def idle(self, now: float) -> bool:
        """Say whether nothing counts any more."""
        ...

    def close(self) -> None:
        """Let go of what is held open; whoever asks again opens it again."""
        ...


@final
class Limiter:
    """Lets callers start in the order in which they came.

    Only the caller in front has a deadline on its wait. Whoever leaves the queue sets that of
    the next, so a caller is woken once, when its turn has come, and one that is cancelled has
    taken nothing. Of several processes, those in front hold places in the book, in the order in
    which they got there.

    Everything is for one event loop's thread.

    Args:
        windows: One for each dimension, or a book that is shared with others.
        clock: Seconds that never go back, on which grants are.
        names: What the dimensions are called in sentences and bars; may be left out.
    """

    __slots__ = ("_book", "_clock", "_place", "_queue", "names")

    def __init__(
        self,
        windows: Sequence[Window] | Book,
        clock: Callable[[], float],
        names: Sequence[str] = (),
    ) -> None:
        self._book: Final[Book] = (
            Reservations(windows) if isinstance(windows, Sequence) else windows
        )
        self._clock: Final = clock
        self.names: Final = tuple(names)
        # OrderedDict: the first key of a dict costs as much as was ever removed before it.
        self._queue: OrderedDict[_Waiter, None] = OrderedDict()
        self._place: tuple[float, tuple[int, ...]] | None = None  # held by who asks `earliest`

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def limits(self) -> tuple[int, ...]:
        """The limit of each dimension."""
        return self._book.limits

    def now(self) -> float:
        """Return the time on the limiter's clock, in seconds."""
        return self._clock()

    def idle(self) -> bool:
        """Say whether forgetting this limiter would change nothing."""
        return not self._queue and self._book.idle(self._clock())

    def close(self) -> None:
        """Let go of what is held open; whoever asks again opens it again."""
        self._book.close()

    def fill(self) -> tuple[float, ...]:
        """Return how much of each dimension counts now, as a share of its limit.

        It is more than 1 only where more was used than was asked for.
        """
        return self._book.fill(self._clock())

    def notices(self) -> list[str]:
        """Return the sentences that somebody should read, each once."""
        found = self._book.notices
        if not found:
            return found
        taken = found.copy()
        found.clear()
        return taken

    def try_take(self, costs: Sequence[int]) -> float | None:
        """Return the time of the grant, now, or None when a caller has to wait.

        Raises:
            StoreError: The file of a machine's limiter cannot be used.
        """
        now = self._clock()
        if self._queue:
            return None
        if self._place is not None:
            return self._redeemed(self._place, costs, now)
        at = self._book.attempt(costs, now)
        return at if at <= now else None

    def earliest(self, costs: Sequence[int]) -> float:
        """Return when `costs` would be granted, infinity if they never can be.

        Of a machine's limiter, the first who asks holds that place, so that it does not starve
        between processes: `try_take` of the same costs takes it from then on. The place is free
        again for whoever asks for other costs after its time.

        Raises:
            StoreError: The file of a machine's limiter cannot be used.
        """
        now, book = self._clock(), self._book
        if not book.ahead or self._queue or self._impossible(costs) is not None:
            return book.earliest(costs, now)
        if self._place is None:
            self._place = book.hold(costs, now), tuple(costs)
            return self._place[0]
        at, held = self._place
        if tuple(costs) != held:
            return max(at, book.earliest(costs, now))
        at = book.advance(at, costs, now)
        self._place = at, held
        return at

    def _redeemed(
        self, place: tuple[float, tuple[int, ...]], costs: Sequence[int], now: float
    ) -> float | None:
        """Take the place that is held, if it is time; it is no longer held then."""
        at, held = place
        if at > now:
            return None
        if tuple(costs) == held:
            at = self._book.claim(at, costs, now)
            self._place = None if at <= now else (at, held)
            return at if at <= now else None
        self._place = None
        self._book.settle(at, held, (0,) * len(held), now)
        at = self._book.attempt(costs, now)
        return at if at <= now else None

    def reserve(self, costs: Sequence[int]) -> float:
        """Take the first time at which all fit, behind everybody who waits, and return it.

        Whoever does not start then gives it back: `settle(at, costs, (0, ...))`.

        Raises:
            StepError: Kind `limit`: they can never fit.
            StoreError: The file of a machine's limiter cannot be used.
        """
        self._refuse(costs)
        now = self._clock()
        for waiter in self._queue:  # none of them may be put off by who comes later
            if waiter.at is None:
                waiter.at = self._book.hold(waiter.costs, now)
        return self._book.reserve(costs, now)

    def settle(self, at: float, costs: Sequence[int], used: Sequence[int]) -> None:
        """Correct a grant to what was really used.

        What was not used is free at once. What was used beyond the costs counts from now on.

        Args:
            at: The time of the grant, as it was returned.
            costs: What was asked for.
            used: What was used, in the same dimensions.

        Raises:
            StoreError: The file of a machine's limiter cannot be used.
        """
        self._book.settle(at, costs, used, self._clock())
        self._rouse()

    def pause(self, until: float) -> None:
        """Let nothing start before `until`, on the limiter's clock; never sooner than asked before.

        Raises:
            StoreError: The file of a machine's limiter cannot be used.
        """
        self._book.pause(until, self._clock())
        self._rouse()

    async def acquire(self, costs: Sequence[int]) -> float:
        """Wait for the turn of `costs`, one of each dimension, and return the time of the grant.

        Raises:
            StepError: Kind `limit`: they can never fit.
            StoreError: The file of a machine's limiter cannot be used.
        """
        granted = self.try_take(costs)
        if granted is not None:
            return granted
        self._refuse(costs)
        waiter = _Waiter(costs)
        self._queue[waiter] = None
        try:
            granted = await self._turn(waiter)
        finally:
            del self._queue[waiter]
            try:
                if granted is None and waiter.at is not None:
                    none = (0,) * len(costs)
                    self._book.settle(waiter.at, costs, none, self._clock())
            finally:
                self._rouse()
        return granted

    async def _turn(self, waiter: _Waiter) -> float:
        while True:
            if next(iter(self._queue)) is waiter:
                now = self._clock()
                at = self._claim(waiter, now)
                if at <= now:
                    return at
                # A timer may fire early: then this is the rest of the wait.
                waiter.scope = anyio.CancelScope(deadline=self._deadline(at, now))
            with waiter.scope:
                await anyio.sleep_forever()

    def _claim(self, waiter: _Waiter, now: float) -> float:
        """Return when the first in the queue starts; it has taken its costs if that is now."""
        book = self._book
        if waiter.at is None:
            if not book.ahead:
                return book.attempt(waiter.costs, now)
            waiter.at = book.hold(waiter.costs, now)
        if waiter.at <= now:
            waiter.at = book.claim(waiter.at, waiter.costs, now)
        else:
            waiter.at = book.advance(waiter.at, waiter.costs, now)
        return waiter.at

    def _hold(self, waiter: _Waiter, now: float) -> float:
        """Return when the first in the queue may start, for which it holds a place if it must."""
        book = self._book
        if waiter.at is not None:
            waiter.at = book.advance(waiter.at, waiter.costs, now)
        elif book.ahead:
            waiter.at = book.hold(waiter.costs, now)
        else:
            return book.earliest(waiter.costs, now)
        return waiter.at

    def _rouse(self) -> None:
        """Set the time at which the first in the queue wakes."""
        if not self._queue:
            return
        first, now = next(iter(self._queue)), self._clock()
        try:
            deadline = self._deadline(self._hold(first, now), now)
        except StoreError:  # it meets the error by itself
            deadline = -inf
        first.scope.deadline = deadline

    def _deadline(self, at: float, now: float) -> float:
        return anyio.current_time() + min(at - now, self._book.patience(now))

    def _refuse(self, costs: Sequence[int]) -> None:
        which = self._impossible(costs)
        if which is None:
            return
        if self.names:
            text = f"{costs[which]} {self.names[which]}"
            limit = str(self.limits[which])
        else:
            text, limit = ", ".join(map(str, costs)), ", ".join(map(str, self.limits))
        raise StepError(
            "limit", f"a call that costs {text} can never fit a limit of {limit}", retryable=False
        )

    def _impossible(self, costs: Sequence[int]) -> int | None:
        """Return the first dimension in which the costs are above the limit."""
        for which, (cost, limit) in enumerate(zip(costs, self.limits, strict=True)):
            if cost > limit:
                return which
        return None


@final
class _Waiter:
    __slots__ = ("at", "costs", "scope")

    def __init__(self, costs: Sequence[int]) -> None:
        self.costs: Final = costs
        self.at: float | None = None  # the place that is held, if one is
        self.scope = anyio.CancelScope()
