"""Experts at work: in the loop, in a thread, in a process, each with a deadline."""

from __future__ import annotations

import contextlib
import inspect
import threading
import time
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, final

import anyio
import anyio.from_thread
import anyio.to_thread
import msgspec
from anyio.abc import TaskGroup, TaskStatus

from ciranda.actions import signalled
from ciranda.errors import StepError
from ciranda.events.judging import Opinion

from ..expert import Expert, Finding, Isolation, Question
from ..meter import METER, Wait
from .answer import crashed, garbage, late, opinion_of
from .spans import active_tracer, describe

if TYPE_CHECKING:
    from ciranda.executors.pool import Pool

__all__ = ["Flight", "Running"]

_KILLED: Final = frozenset({"timeout"})
_SOON: Final = 0.001  # seconds between asking and the beginning that count as work


@final
class Flight:
    """One expert at work on one intent; others who ask the same may wait for it too.

    It measures its own working time: what it waits for a worker of others is no part of that.

    Args:
        expert: Who is at work.
        budget: Seconds that it may work.

    Attributes:
        opinion: What came of it; None while it is under way.
        due: When it is too late, by the clock of the event loop; never while it waits.
    """

    __slots__ = (
        "_at_most",
        "_left",
        "_since",
        "_waited",
        "_waits",
        "_watchers",
        "budget",
        "due",
        "expert",
        "landed",
        "opinion",
        "scope",
    )

    def __init__(self, expert: Expert, budget: float) -> None:
        self.expert: Final = expert
        self.budget: Final = budget
        self.scope: Final = anyio.CancelScope()
        self.opinion: Opinion | None = None
        self.landed: Callable[[Flight], None] | None = None
        self.due = anyio.current_time() + budget
        self._watchers: list[tuple[Callable[[Opinion], None], Callable[[], None]]] = []
        self._waits = 0  # for how many workers it waits
        self._waited = self._since = self._left = 0.0
        self._at_most = inf

    def watch(self, told: Callable[[Opinion], None], moved: Callable[[], None]) -> None:
        """Call `told` when it has landed, and `moved` when it is due at another time."""
        self._watchers.append((told, moved))

    def leave(self, told: Callable[[Opinion], None]) -> None:
        """Watch no longer; an expert for whose answer nobody waits is stopped."""
        if self.opinion is None:
            self._watchers = [each for each in self._watchers if each[0] is not told]
            if not self._watchers:
                self.scope.cancel()
                self.land(late(self.expert, self.budget, self.budget))

    def start(self) -> None:
        """Begin to measure; whoever watches is told if it begins noticeably later than asked."""
        due = anyio.current_time() + self.budget
        if due - self.due > min(_SOON, self.budget / 20):
            self._move(due)
        else:
            self.scope.deadline = self.due

    @property
    def waited(self) -> float:
        """Seconds that it has waited for workers."""
        if not self._waits:
            return self._waited
        return self._waited + min(anyio.current_time() - self._since, self._at_most)

    def stop(self, at_most: float) -> None:
        """Do not count what follows, for so many seconds at most."""
        self._waits += 1
        if self._waits > 1:
            return
        self._since, self._at_most = anyio.current_time(), at_most
        self._left = self.due - self._since
        self._move(self._since + at_most + self._left)

    def go_on(self) -> None:
        """Count again; once for each `stop`."""
        if self._waits == 1:
            waited = self.waited - self._waited
            self._waited += waited
            self._move(self._since + waited + self._left)
        self._waits -= 1

    def _move(self, due: float) -> None:
        self.due = self.scope.deadline = due
        for _, moved in self._watchers:
            moved()

    def land(self, opinion: Opinion) -> None:
        """Say what came of it; whatever comes later is dropped."""
        if self.opinion is not None:
            return
        self.opinion = opinion
        if self.landed is not None:
            self.landed(self)
        for told, _ in self._watchers:
            told(opinion)


@final
class Running:
    """Where experts run; an async context manager.

    A coroutine that cannot be cancelled, or a thread, may go on after its deadline: its answer
    is dropped, and a thread keeps its place until it has ended.

    Args:
        threads: Experts that may be in threads at once.
        processes: Worker processes; started when first needed.
        clock: Seconds, for latencies.
    """

    def __init__(
        self,
        *,
        threads: int = 16,
        processes: int = 2,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._size: Final = processes
        self._count: Final = threads
        self._clock: Final = clock
        self._pool: Pool | None = None
        self._opening: anyio.Lock
        self._places: anyio.CapacityLimiter
        self._threads: anyio.CapacityLimiter
        self._tasks: TaskGroup

    async def __aenter__(self) -> Self:
        self._opening = anyio.Lock()
        self._places = anyio.CapacityLimiter(self._count)
        # Never the bottleneck: places are counted above, past the end of a late call.
        self._threads = anyio.CapacityLimiter(float("inf"))
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tasks.cancel_scope.cancel()
        # Not told of `error`: it would come back wrapped in a group.
        await self._tasks.__aexit__(None, None, None)

    def begin(self, flight: Flight, question: Question, waiting: Any = None) -> None:
        """Let an expert work in the background; `flight.land` is called in the end.

        Args:
            flight: The expert and its budget.
            question: What it is asked.
            waiting: What the function of an expert in line returned, to be awaited.
        """
        self._tasks.start_soon(self._fly, flight, question, waiting)

    def run_soon(self, function: Callable[..., Any], *args: Any) -> None:
        """Do something in the background for as long as this is open."""
        self._tasks.start_soon(function, *args)

    @property
    def busy_threads(self) -> int:
        """Places that experts in threads hold, those that are too late included."""
        return self._places.borrowed_tokens

    def at_once(self, expert: Expert, question: Question, budget: float) -> Any:
        """Call an expert in line; return its opinion, or what has to be awaited for it."""
        begun, at = self._clock(), time.time_ns()
        try:
            found = expert.judge(question)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if signalled(error):
                raise
            opinion = crashed(expert, error, self._clock() - begun)
        else:
            if type(found) is not Finding and inspect.isawaitable(found):
                return found
            latency = self._clock() - begun
            if latency > budget:
                opinion = late(expert, budget, latency)
            else:
                opinion = opinion_of(expert, found, latency)
        if (tracer := active_tracer()) is not None:
            span = tracer.start_span(f"expert {expert.name}", start_time=at)
            describe(span, opinion)
            span.end()
        return opinion

    async def _fly(self, flight: Flight, question: Question, waiting: Any) -> None:
        expert, begun = flight.expert, self._clock()
        opinion: Opinion | None = None
        METER.set(flight)  # in this task alone
        try:
            if (tracer := active_tracer()) is None:
                opinion = await self._opinion(flight, question, waiting)
            else:
                with tracer.start_as_current_span(f"expert {expert.name}") as span:
                    opinion = await self._opinion(flight, question, waiting)
                    describe(span, opinion)
        finally:
            if opinion is None:  # it let the cancellation of something else through
                error = RuntimeError("what it waited for was cancelled")
                opinion = crashed(expert, error, self._clock() - begun)
            flight.land(opinion)

    async def _opinion(self, flight: Flight, question: Question, waiting: Any) -> Opinion:
        begun = self._clock()
        flight.start()
        try:
            with flight.scope:
                found = await self._found(flight.expert, question, waiting)
                latency = self._clock() - begun - flight.waited
                if latency <= flight.budget:
                    return opinion_of(flight.expert, found, latency)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if signalled(error):
                raise
            return self._failure(flight, error, self._clock() - begun - flight.waited)
        return late(flight.expert, flight.budget, self._clock() - begun - flight.waited)

    def _failure(self, flight: Flight, error: BaseException, latency: float) -> Opinion:
        kind = error.kind if isinstance(error, StepError) else ""
        if flight.expert.isolation is Isolation.PROCESS and kind in _KILLED:
            return late(flight.expert, flight.budget, latency)
        if flight.expert.isolation is Isolation.PROCESS and kind == "garbage":
            return garbage(flight.expert, str(error), latency)
        return crashed(flight.expert, error, latency)

    async def _found(self, expert: Expert, question: Question, waiting: Any) -> object:
        if waiting is not None:
            return await waiting
        if expert.isolation is Isolation.THREAD:
            found = await self._in_thread(expert, question)
            return await found if inspect.isawaitable(found) else found
        return await self._in_process(expert, question)

    async def _in_thread(self, expert: Expert, question: Question) -> object:
        places, holder = self._places, object()
        begun = threading.Lock()  # whoever takes it first decides whether the thread works
        # What is too late keeps its place, maybe for ever: others wait as long as they may work.
        with Wait(question.budget):
            await places.acquire_on_behalf_of(holder)

        def work() -> tuple[object]:  # in a tuple: Trio lets no thread return a coroutine
            if not begun.acquire(blocking=False):
                return (None,)  # too late before it began
            try:
                return (expert.judge(question),)
            finally:
                with contextlib.suppress(RuntimeError):  # the loop is gone, the places with it
                    anyio.from_thread.run_sync(places.release_on_behalf_of, holder)

        try:
            (found,) = await anyio.to_thread.run_sync(
                work, abandon_on_cancel=True, limiter=self._threads
            )
            return found
        finally:
            if begun.acquire(blocking=False):
                places.release_on_behalf_of(holder)  # no thread did or will

    async def _in_process(self, expert: Expert, question: Question) -> object:
        pool = await self._opened()
        judge: Any = expert.judge
        payload = {
            "source": question.intent.source,
            "budget": question.budget,
            "key": question.key,
        }
        name = f"{judge.__module__}:{judge.__qualname__}"
        with Wait() as wait:
            plain = await pool.call(name, payload, digest=expert.version, on_start=wait.end)
        try:
            return msgspec.convert(plain, Finding)
        except msgspec.ValidationError as error:
            raise StepError("garbage", f"its answer does not fit: {error}") from error

    async def _opened(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await self._tasks.start(self._keep_pool)
            return self._pool

    async def _keep_pool(self, *, task_status: TaskStatus[Pool]) -> None:
        """Keep the pool open: the task that enters it must be the one that leaves it."""
        from ciranda.executors.pool import Pool, WorkerKind  # most councils need no process

        kind = WorkerKind("experts", setup=f"{__package__}.worker:setup")
        async with Pool(kind, self._size) as pool:
            task_status.started(pool)
            try:
                await anyio.sleep_forever()
            finally:
                self._pool = None
