"""Many small calls of one script, done in batches by warm processes.

A call that finds a process idle is sent at once, alone. Those that come while all are busy are
collected, and sent together when one is done: as many as it does in a few milliseconds.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, final

import anyio
import anyio.abc
import msgspec

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Pool

from ..error import SkillError
from ..format import Skill
from .exchange import Call, Desk, is_final
from .facts import Facts
from .outcome import Outcome, Status
from .progress import Listener
from .verdict import Verdict
from .waiting import Priority, Turns

__all__ = ["Lane", "LaneStats", "Lines", "opened"]

_MOST: Final = 512  # calls of a batch
_BYTES: Final = 1 << 20  # of a batch
_WINDOW: Final = 0.005  # seconds that a batch should take
_UNKNOWN: Final = math.inf  # seconds that a call takes: nobody waits behind one until it is known
_SHARE: Final = 0.3  # of the newest batch in what is known of how long a call takes
_LOSSES: Final = 3  # processes that may be lost before a call begins
_TICK: Final = 0.001  # seconds between two looks at the least
_KILL: Final = 9


class LaneStats(msgspec.Struct):
    """Counts of one lane.

    Attributes:
        calls: That were answered.
        exchanges: Batches that were sent, of one call or more.
        largest: Calls of the largest.
        waiting: Calls that wait now.
        again: Calls that were sent again, as their process ended before they began.
    """

    calls: int = 0
    exchanges: int = 0
    largest: int = 0
    waiting: int = 0
    again: int = 0


@final
@dataclass(frozen=True, slots=True)
class Lines:
    """What a lane runs by.

    Args:
        skill: Whose script.
        name: The script, for messages.
        timeout: Seconds that a call has from when it begins.
        priority: Where batches wait in line for a slot.
        turns: That line.
        pool: The warm processes.
        facts: Tells what the script is, and the digest of the skill's files.
        desks: As many as batches may be under way.
        limit: Calls that may wait; beyond that callers wait before they are let in.
    """

    skill: Skill
    name: str
    timeout: float
    priority: Priority
    turns: Turns
    pool: Pool
    facts: Callable[[], Awaitable[tuple[Facts, str]]]
    desks: tuple[Desk, ...]
    limit: int


@final
class Lane:
    """Calls of one script, by processes that are kept warm; from `Runner.lane`.

    State lasts from call to call, as for any warm run. Of a call that ends its process nothing
    but its own outcome suffers: those before it keep theirs, those after it are done by another.
    A call whose caller was cancelled is left out if it was not sent; sent in company it is done
    all the same, and sent alone it is killed.
    """

    def __init__(self, lines: Lines, tasks: anyio.abc.TaskGroup) -> None:
        self._lines = lines
        self._tasks = tasks
        self._free = list(lines.desks)
        self._busy: dict[Desk, float] = {}  # and since when
        self._queue: deque[Call] = deque()
        self._again: deque[Call] = deque()  # go before the queue
        self._room = anyio.Semaphore(lines.limit, fast_acquire=True)
        self._each = _UNKNOWN
        self._open = True
        self._rest: anyio.Event | None = None
        self._stats = LaneStats()

    @property
    def script(self) -> str:
        """Which script's lane this is."""
        return self._lines.name

    @property
    def stats(self) -> LaneStats:
        """Counts as of now."""
        waiting = len(self._queue) + len(self._again)
        return msgspec.structs.replace(self._stats, waiting=waiting)

    async def call(
        self,
        params: Mapping[str, Any] | None = None,
        args: Sequence[str] = (),
        stdin: bytes | None = None,
        *,
        on_chunk: Listener | None = None,
    ) -> Outcome:
        """Do one call and return how it went.

        Args:
            params: As for `Runner.run`.
            args: As for `Runner.run`.
            stdin: As for `Runner.run`.
            on_chunk: As for `Runner.run`; it hears all at the end.

        Raises:
            PoolError: The lane is closed, or its processes cannot start.
        """
        self._ready()
        call = Call(params, args, stdin, on_chunk)
        if self._free and not self._queue and not self._again:
            await self._exchange(self._free.pop(), [call])
        else:
            await self._enter(call)
        return await call.result()

    async def map(self, many: Iterable[Mapping[str, Any] | None]) -> AsyncIterator[Outcome]:
        """Do a call for each of many parameters; yields how they went, in their order.

        As many are under way as the lane lets wait, however many there are.

        Args:
            many: As `params` for `call`; taken as they are needed.

        Raises:
            PoolError: The lane is closed, or its processes cannot start.
        """
        self._ready()
        window: deque[Call] = deque()
        try:
            for params in many:
                while window and (window[0].known or len(window) >= self._lines.limit):
                    yield await window.popleft().result()
                call = Call(params, (), None)
                await self._enter(call)
                window.append(call)
            while window:
                yield await window.popleft().result()
        finally:
            for call in window:
                call.gone = True

    def _ready(self) -> None:
        if not self._open:
            raise PoolError(
                f"the lane of `{self._lines.name}` is closed; open it with `async with`"
            )

    async def _enter(self, call: Call) -> None:
        """Join the queue, once there is room."""
        try:
            self._room.acquire_nowait()
        except anyio.WouldBlock:
            await self._room.acquire()
        self._ready()
        self._queue.append(call)
        self._start()

    def _start(self) -> None:
        """Send what waits, as far as there are free desks."""
        # Each takes what waits when its turn to run has come: no more than are waited for.
        waiting = len(self._queue) + len(self._again)
        while waiting > 0 and self._free:
            desk = self._free.pop()
            self._busy[desk] = math.inf
            self._tasks.start_soon(self._work, desk)
            waiting -= self._count
        if self._rest is not None and not waiting and not self._busy:
            self._rest.set()

    @property
    def _count(self) -> int:
        """How many calls a process does in a few milliseconds."""
        return max(1, min(_MOST, int(_WINDOW / max(self._each, 1e-7))))

    async def _work(self, desk: Desk) -> None:
        await self._exchange(desk, self._collected())

    def _collected(self) -> list[Call]:
        """Take from the queue as much as makes a batch."""
        count = self._count
        calls: list[Call] = []
        while self._again and len(calls) < count:
            calls.append(self._again.popleft())
        while self._queue and len(calls) < count:
            calls.append(self._queue.popleft())
            self._room.release()
        return [call for call in calls if not call.gone]

    async def _exchange(self, desk: Desk, calls: list[Call]) -> None:
        """Have calls done at a desk, which is free afterwards; some may wait again."""
        self._busy[desk] = math.inf
        for call in calls:
            call.desk = desk
        try:
            if calls:
                await self._refusable(desk, calls)
        finally:
            for call in _left(desk, calls):  # cancelled
                desk.refuse(call, self._stopped())
            del self._busy[desk]
            self._free.append(desk)
            self._start()

    async def _refusable(self, desk: Desk, calls: list[Call]) -> None:
        try:
            async with self._lines.turns.turn(self._lines.priority):
                await self._exchanged(desk, calls)
        except SkillError as error:
            for call in calls:
                desk.refuse(call, Verdict(Status.REFUSED, message=str(error), kind=error.kind))
        except PoolError as error:
            for call in _left(desk, calls):
                call.fail(error)

    async def _exchanged(self, desk: Desk, calls: list[Call]) -> None:
        lines = self._lines
        facts, version = await lines.facts()
        sent, raws = self._encoded(desk, facts, calls)
        if not sent:
            return
        if not lines.pool.ready:
            await lines.pool.call("ready", None, digest=version)  # starting costs them no time
        order = desk.order(facts, str(lines.skill.root), raws)
        failed: StepError | Verdict | None = None
        self._busy[desk] = time.monotonic()
        with anyio.CancelScope() as desk.scope:
            try:
                desk.told(await lines.pool.call("run", order, digest=version))
            except StepError as error:
                failed = error
        if desk.scope.cancelled_caught:
            failed = self._stopped(late=self._open)
        rest = desk.settle(sent, lines.name, failed)
        count = len(sent) - len(rest)
        self._stats.exchanges += 1
        self._stats.calls += count
        self._stats.largest = max(self._stats.largest, count)
        if count:
            each = desk.spent / count
            known = self._each < _UNKNOWN
            self._each = self._each + _SHARE * (each - self._each) if known else each
        self._repeat(desk, rest, failed if not count else None)

    def _encoded(
        self, desk: Desk, facts: Facts, calls: list[Call]
    ) -> tuple[list[Call], list[msgspec.Raw]]:
        """Return what makes one frame; the others wait for the next, or are refused."""
        sent: list[Call] = []
        raws: list[msgspec.Raw] = []
        size = 0
        for number, call in enumerate(calls):
            try:
                raw = call.raw(facts)
            except SkillError as error:
                verdict = Verdict(Status.REFUSED, message=str(error), kind=error.kind)
                desk.refuse(call, verdict)
                continue
            size += len(raw)
            if size > _BYTES and sent:
                self._wait_again(calls[number:])
                break
            sent.append(call)
            raws.append(raw)
        return sent, raws

    def _repeat(self, desk: Desk, calls: list[Call], failed: StepError | Verdict | None) -> None:
        """Have calls done by the next process: their own ended before they began.

        Args:
            desk: Where they were.
            calls: In their order.
            failed: What happened, where no call began at all.
        """
        if failed is not None:
            for call in calls:
                call.losses += 1
                if call.losses >= _LOSSES or not self._open or is_final(failed):
                    desk.lose(call, self._lines.name, failed)
            calls = [call for call in calls if not call.known]
        self._stats.again += len(calls)
        self._wait_again(calls)

    def _wait_again(self, calls: list[Call]) -> None:
        for call in calls:
            call.desk = None
        self._again.extendleft(reversed(calls))

    def _stopped(self, *, late: bool = False) -> Verdict:
        name = self._lines.name
        if late:
            message = f"`{name}` was killed after its {self._lines.timeout:g} seconds"
            return Verdict(Status.TIMEOUT, None, _KILL, message)
        return Verdict(Status.CANCELLED, None, None, f"`{name}` was cancelled")

    async def watch(self) -> None:
        """Kill processes whose call has no time left, for ever."""
        timeout = self._lines.timeout
        while True:
            soonest = now = time.monotonic()
            soonest += timeout
            for desk, sent in tuple(self._busy.items()):
                due = desk.began(sent) + timeout
                if due <= now and desk.scope is not None:
                    desk.scope.cancel()
                else:
                    soonest = min(soonest, due)
            await anyio.sleep(max(soonest - now, _TICK))

    async def drain(self) -> None:
        """Wait until all calls are answered."""
        while self._busy or self._queue or self._again:
            self._rest = anyio.Event()
            await self._rest.wait()

    async def close(self) -> None:
        """Kill what is under way, and answer what waits: it is cancelled."""
        self._open = False
        for call in (*self._again, *self._queue):
            self._lines.desks[0].refuse(call, self._stopped())
        self._again.clear()
        while self._queue:
            self._queue.popleft()
            self._room.release()
        for desk in tuple(self._busy):
            if desk.scope is not None:
                desk.scope.cancel()
        await self.drain()


def _left(desk: Desk, calls: Iterable[Call]) -> list[Call]:
    """Return the calls of a desk that have no outcome.

    Those that had to wait again are not its own any more: they may be at another one by now.
    """
    return [call for call in calls if call.desk is desk and not call.known]


@asynccontextmanager
async def opened(lines: Lines, tasks: anyio.abc.TaskGroup) -> AsyncIterator[Lane]:
    """Open a lane; leaving waits for its calls, or kills them when it is left by an error.

    Args:
        lines: What it runs by.
        tasks: Where its batches run.
    """
    lane = Lane(lines, tasks)
    watching = anyio.CancelScope()

    async def watch() -> None:
        with watching:
            await lane.watch()

    if lines.timeout < math.inf:
        tasks.start_soon(watch)
    try:
        yield lane
        await lane.drain()
    finally:
        with anyio.CancelScope(shield=True):
            await lane.close()
        watching.cancel()
