"""A pool of warm worker processes."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Self, final

import anyio
import anyio.abc
import anyio.lowlevel
import msgspec

from ciranda.errors import PoolError, StepError

from .affinity import Affinity
from .ask import UNLIMITED, Ask, TreeLimits
from .keeping import Keeping
from .kind import WorkerKind
from .link import Hear
from .outcome import Exit, Notify
from .spawner import Spawner
from .stats import PoolStats
from .stem import Stems
from .warm import NeverBegunError, WarmWorker

_TURN: Final = 0.001  # seconds after which other tasks have a turn, when answers come at once


@final
class Pool:
    """Up to `size` workers of one kind, started when needed; an async context manager.

    Callers are served first come, first served. A worker that dies, breaks the protocol or is
    killed takes only its own call with it and is replaced in the background.

    Args:
        kind: What the workers are.
        size: How many may run at once.
        warm: How many to start in the background at once.
        grace: Seconds between a cancel frame and the kill when a call is cancelled.
        check_every: Seconds between health checks of idle workers.
        idle: Seconds after which a worker that nobody needed ends, down to `warm` of them; None
            is never.
        stems: Shared with other pools: interpreters that are started already.
    """

    def __init__(
        self,
        kind: WorkerKind,
        size: int,
        *,
        warm: int = 0,
        grace: float = 0.0,
        check_every: float = 1.0,
        idle: float | None = None,
        stems: Stems | None = None,
    ) -> None:
        if size < 1:
            raise PoolError(f"a pool of {kind.name!r} needs at least 1 worker, not {size}")
        self._kind = kind
        self._size = size
        self._warm = min(warm, size)
        self._grace = grace
        self._check_every = check_every
        self._idle_time = idle
        self._stems = stems
        self._keeping = Keeping(kind.release)
        self._slots = anyio.Semaphore(size, fast_acquire=True)
        self._idle: list[WarmWorker] = []
        self._busy: set[WarmWorker] = set()
        self._affinity = Affinity()
        self._count = dict.fromkeys(("calls", "failed", "started", "lost", "recycled"), 0)
        self._starting = 0
        self._rested = 0.0
        self._open = False
        self._tasks: anyio.abc.TaskGroup
        self._spawner: Spawner

    async def __aenter__(self) -> Self:
        self._spawner = Spawner()
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._open = True
        self._tasks.start_soon(self._watch)
        for _ in range(self._warm):
            self._tasks.start_soon(self._refill)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open = False
        try:
            if error is None:
                await self._drain()
        finally:
            try:
                with anyio.CancelScope(shield=True):
                    await self._shut()
            finally:
                self._tasks.cancel_scope.cancel()
                # Not told of `error`: it would come back wrapped in a group.
                await self._tasks.__aexit__(None, None, None)
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._spawner.close)

    async def _shut(self) -> None:
        for worker in self._busy:
            worker.abort()
        await self._drain()
        idle, self._idle = self._idle, []
        await self._keeping.part(idle)
        for worker in idle:
            await worker.stop()

    async def _drain(self) -> None:
        for _ in range(self._size):
            await self._slots.acquire()
        for _ in range(self._size):
            self._slots.release()

    @property
    def stats(self) -> PoolStats:
        """Counts as of now."""
        return PoolStats(
            size=self._size,
            alive=len(self._idle) + len(self._busy),
            idle=len(self._idle),
            busy=len(self._busy),
            queued=self._slots.statistics().tasks_waiting,
            **self._count,
        )

    @property
    def ready(self) -> bool:
        """Whether a worker waits for a call."""
        return bool(self._idle)

    async def call(
        self,
        name: str,
        payload: Any,
        *,
        deadline: float | None = None,
        affinity: str | None = None,
        digest: str | None = None,
        on_event: Notify | None = None,
        on_output: Hear | None = None,
        on_start: Callable[[], None] | None = None,
        patience: float | None = None,
        kept: Mapping[str, Notify] | None = None,
    ) -> Any:
        """Run one call in a worker and return its result as plain data.

        Args:
            name: What the worker's handler is asked for.
            payload: Plain data.
            deadline: Seconds from now, waiting included; then the whole tree of processes is
                killed.
            affinity: Calls with one key go to one worker while it is alive and free.
            digest: Digest of the code behind `name`; a worker that ran another one is replaced.
            on_event: Called with each frame of the call that is not its result: events, logs
                (`level` is `stdout` or `stderr` for captured output), progress, spans.
            on_output: Called with `stdout` or `stderr` and each piece of what was written there,
                all of it, as bytes; `on_event` then hears nothing of it.
            on_start: Called when the waiting is over and a worker takes the call.
            patience: Seconds from when a worker takes the call; then as after `deadline`.
            kept: Keys under which the worker keeps something after the call, for `release`, and
                who hears what it tells on letting go.

        Raises:
            StepError: `worker-lost` (retryable), `timeout`, `memory`, `limit`, `invalid-input`,
                `invalid-output`, `crash`, or the action's own kind.
            PoolError: The pool is closed or its workers cannot start.
        """
        ask = Ask(
            name, payload, deadline, on_event, on_output, self._grace, patience=patience, kept=kept
        )
        if deadline is None:
            return await self._call(ask, affinity, digest, on_start)
        with anyio.move_on_after(deadline):
            return await self._call(ask, affinity, digest, on_start)
        self._count["failed"] += 1
        raise StepError("timeout", f"{name!r} was killed after its {deadline:g} seconds")

    async def run(
        self,
        name: str,
        payload: Any,
        *,
        limits: TreeLimits = UNLIMITED,
        stdin: int | None = None,
        on_event: Notify | None = None,
        on_output: Hear | None = None,
    ) -> Exit:
        """Run one call of a kind that forks to the end of its process, and tell how it ended.

        The handler may close its private socket (`Job.close`) and become whatever it likes,
        another program included: what counts is how the kernel says it ended. When this returns,
        nothing that it started is alive, and all of its output was heard. Cancelling kills it.

        Args:
            name: What the worker's handler is asked for.
            payload: Plain data.
            limits: Of all of its processes together.
            stdin: Descriptor that it reads from; None is the null device.
            on_event: Called with each frame of the call that is not its result.
            on_output: Called with `stdout` or `stderr` and each piece of what was written there.

        Raises:
            StepError: The handler raised, its keeper was lost, or the payload cannot travel.
            PoolError: The pool is closed, its workers cannot start or do not fork.
        """
        if self._kind.lifetime != "fork":
            raise PoolError(f"workers of {self._kind.name!r} do not fork; use lifetime='fork'")
        ask = Ask(
            name, payload, notify=on_event, hear=on_output, whole=True, stdin=stdin, limits=limits
        )
        ended: Exit = await self._call(ask, None, None)
        return ended

    async def _call(
        self,
        ask: Ask,
        affinity: str | None,
        digest: str | None,
        on_start: Callable[[], None] | None = None,
    ) -> Any:
        if not self._open:
            raise PoolError(f"the pool of {self._kind.name!r} is closed; open it with `async with`")
        async with self._slots:
            while True:
                try:
                    answer = await self._serve(ask, affinity, digest, on_start)
                except NeverBegunError:
                    continue  # it was killed since it was looked at: nothing is lost
                break
        if time.monotonic() - self._rested > _TURN:  # it may never have had to wait for anything
            await anyio.lowlevel.cancel_shielded_checkpoint()
            self._rested = time.monotonic()
        return answer

    async def _serve(
        self,
        ask: Ask,
        affinity: str | None,
        digest: str | None,
        on_start: Callable[[], None] | None,
    ) -> Any:
        while (worker := self._pick(affinity, ask.name, digest)) and self._keeping.due(worker):
            await self._settle(worker)
        worker = worker or await self._start()
        if ask.kept:
            self._keeping.note(worker, ask.kept)
        if digest is not None:
            worker.digests[ask.name] = digest
        if affinity is not None:
            self._affinity.remember(affinity, worker)
        self._busy.add(worker)
        self._count["calls"] += 1
        try:
            if on_start is not None:
                on_start()
            if self._kind.lifetime == "reuse" and len(self._busy) == 1:
                ask = msgspec.structs.replace(ask, brief=True)
            return await worker.call(ask)
        except NeverBegunError:
            self._count["calls"] -= 1
            raise
        except StepError:
            self._count["failed"] += 1
            raise
        finally:
            self._busy.discard(worker)
            self._give_back(worker)

    async def release(self, key: str) -> None:
        """Have workers let go of what they keep under a key; idle ones have when this returns.

        The others do after their call, before another one is asked of them.
        """
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for worker in self._keeping.end(key):
                    group.start_soon(self._visit, worker)

    async def _settle(self, worker: WarmWorker) -> None:
        self._busy.add(worker)
        try:
            await self._keeping.settle(worker)
        finally:
            self._busy.discard(worker)
            self._give_back(worker)

    def _pick(self, affinity: str | None, name: str, digest: str | None) -> WarmWorker | None:
        while self._idle:
            known = self._affinity.choose(affinity, self._idle)
            if known is None and len(self._idle) + len(self._busy) < self._size:
                return None
            worker = known or self._idle[-1]
            self._idle.remove(worker)
            stale = digest is not None and worker.digests.get(name, digest) != digest
            if not worker.healthy():
                self._discard(worker, "lost")
            elif stale:
                self._discard(worker, "recycled")
            else:
                return worker
        return None

    async def _start(self) -> WarmWorker:
        worker = WarmWorker(self._kind, self._spawner, self._stems)
        self._starting += 1
        try:
            await worker.start()
        finally:
            self._starting -= 1
            if self._stems is not None:
                self._stems.order(self._kind)
        self._count["started"] += 1
        return worker

    def _give_back(self, worker: WarmWorker) -> None:
        if not worker.usable:
            self._discard(worker, "lost")
        elif worker.retired or self._kind.recycle.due(worker.calls, worker.rss_mb):
            self._discard(worker, "recycled")
        elif self._open:
            self._idle.append(worker)
            return
        else:
            self._discard(worker, None)
        if self._open:
            self._tasks.start_soon(self._refill)

    def _discard(self, worker: WarmWorker, why: str | None) -> None:
        if why is not None:
            self._count[why] += 1
        self._affinity.forget(worker)
        if not self._keeping.holds(worker):
            worker.abort()
        self._tasks.start_soon(self._stop, worker)

    async def _stop(self, worker: WarmWorker) -> None:
        with anyio.CancelScope(shield=True):
            await self._keeping.part([worker])
            await worker.stop()

    async def _refill(self) -> None:
        """Start a worker ahead of need, as long as there is room."""
        async with self._slots:
            alive = len(self._idle) + len(self._busy) + self._starting
            if not self._open or alive >= self._size:
                return
            try:
                self._idle.append(await self._start())
            except PoolError:
                return  # the next call starts one itself and tells its caller why not

    def _shrink(self) -> None:
        """End workers that nobody needed for a while, the one that rested longest first."""
        if self._idle_time is None:
            return
        before = anyio.current_time() - self._idle_time
        while len(self._idle) + len(self._busy) > self._warm and self._idle:
            longest = min(self._idle, key=lambda worker: worker.used)
            if longest.used > before:
                return
            self._idle.remove(longest)
            self._discard(longest, None)

    async def _watch(self) -> None:
        """Ping idle workers for ever, one at a time and never instead of a call."""
        while self._open:
            await anyio.sleep(self._check_every)
            self._shrink()
            for worker in tuple(self._idle):
                if not await self._visit(worker):
                    break

    async def _visit(self, worker: WarmWorker) -> bool:
        """Look after a worker if it is idle; return whether there was a slot for that."""
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            return False
        try:
            if worker in self._idle:
                self._idle.remove(worker)
                try:
                    await self._keeping.settle(worker)
                    await worker.ping()
                finally:
                    self._give_back(worker)
        finally:
            self._slots.release()
        return True
