"""Runs scripts of skills: each in a process of its own, forked ready, confined, killed whole."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, Unpack, final

import anyio
import anyio.abc
import anyio.to_thread
import msgspec

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Pool, PoolStats, Recycle

from ..error import SkillError
from ..format import Skill
from ..inside.order import Allowed
from ..sandbox import Kernel, Level, SandboxError, require
from ..sandbox.features import Features, try_features
from . import kinds
from .batching import Lane, Lines, opened
from .error import NoScriptError
from .exchange import Desk
from .facts import Facts, Known
from .folders import Folders, Room
from .forked import Sent, done
from .given import given
from .kinds import WarmKey
from .outcome import Outcome, Status
from .plan import Asked, Plan, allowed_of, is_pure, planned
from .pools import Lease, Pools
from .progress import Listener, Observer, Ran
from .recent import Recent
from .reports import Reports
from .run import Run, watching
from .verdict import Verdict, judge_failure, judge_warm
from .versions import Versions
from .waiting import AGEING, Priority, Turn, Turns
from .words import Words, asked_by

__all__ = ["Runner"]

_FEWEST: Final = 2
_MOST: Final = 10
_HOMES: Final = 256  # private folders of warm processes that are known


@final
class Runner:
    """Runs scripts of skills; an async context manager.

    Zygotes are kept by import set: interpreters that have imported what a skill's scripts
    name, forked for each run. At most `slots` runs go on at a time; others wait in line.

    Args:
        slots: How many runs at a time; None is two a processor, from 2 to 10.
        zygotes: How many import sets, and warm skills, are kept.
        idle: Seconds after which a process that nobody needed ends.
        warm_calls: Runs after which a warm process is replaced.
        folder: Where private folders of runs are made; None is the system's.
        room: What each of them has room for.
        clock: Seconds, for wall times.
        kernel: For tests, of machines that offer less.
        python: Command that starts Python for the workers; None is our interpreter.
        ageing: Seconds of waiting that make up for one level of priority.
        observe: Told of each run that has ended; it must not raise.
        crowded: Told whenever a run has to wait for a slot; it must not raise.
    """

    def __init__(  # noqa: PLR0913  (most of them never given)
        self,
        *,
        slots: int | None = None,
        zygotes: int = 8,
        idle: float = 300.0,
        warm_calls: int = 1000,
        folder: Path | None = None,
        room: Room | None = None,
        clock: Callable[[], float] = time.perf_counter,
        kernel: Kernel | None = None,
        python: tuple[str, ...] | None = None,
        ageing: float = AGEING,
        observe: Observer | None = None,
        crowded: Callable[[], None] | None = None,
    ) -> None:
        self._size = slots or max(_FEWEST, min(_MOST, 2 * (os.cpu_count() or 1)))
        self._most = zygotes
        self._idle = idle
        self._warm_calls = warm_calls
        self._folder = folder
        self._room = room or Room()
        self._clock = clock
        self._kernel = kernel or Kernel()
        self._python = python
        self._observe = observe
        self._slots = Turns(self._size, ageing=ageing, crowded=crowded)
        self._known = Known()
        self._versions = Versions(self._known)
        self._homes: Recent[WarmKey, str] = Recent(_HOMES)
        self._slates = itertools.count()
        self._lanes: Counter[str] = Counter()
        self._reports = Reports(self._kernel)
        self._open = False
        self._tasks: anyio.abc.TaskGroup
        self._pools: Pools
        self._folders: Folders
        self._features: Features

    async def __aenter__(self) -> Self:
        self._features = await anyio.to_thread.run_sync(try_features, self._kernel)
        self._folders = Folders(self._folder)
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        self._pools = Pools(self._tasks, self._most)
        self._open = True
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
                self._pools.close()
            else:
                self._tasks.cancel_scope.cancel()
            await self._tasks.__aexit__(None, None, None)
        finally:
            await self._pools.end()
            await self._folders.close()

    @property
    def stats(self) -> tuple[PoolStats, ...]:
        """Counts of the pools that are open, the one used last at the end."""
        return tuple(pool.stats for pool in self._pools.open)

    @property
    def counts(self) -> Counter[str]:
        """Processes `started`, `restarts` and `evictions`; calls and batches of lanes."""
        return self._pools.counts + self._lanes

    async def run(  # noqa: PLR0913  (one word each at the call, most of them never given)
        self,
        skill: Skill,
        script: str | None = None,
        args: Sequence[str] = (),
        stdin: bytes | None = None,
        *,
        timeout: float = 30.0,  # noqa: ASYNC109  (it counts from when the script begins)
        max_output: int = 1 << 20,
        memory_mb: int = 256,
        max_processes: int = 32,
        network: bool = False,
        env: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        require: Level = Level.L0,
        on_chunk: Listener | None = None,
        warm: bool = False,
        cancel: anyio.Event | None = None,
        interpreter: Path | None = None,
        priority: Priority = "normal",
        strict: bool = False,
    ) -> Outcome:
        """Run a script of a skill to its end, and tell how that was.

        When this returns, or raises because its caller was cancelled, nothing that the script
        started is alive.

        Args:
            skill: Whose script.
            script: Its path from the skill's folder, or its name; None is the main one.
            args: What follows it on the command line.
            stdin: What it reads; None is nothing.
            timeout: Seconds it has from the moment it is confined.
            max_output: Bytes kept of each stream; all are counted.
            memory_mb: MiB that all its processes may hold together.
            max_processes: Processes it may have at a time.
            network: Whether it may open internet sockets.
            env: Variables for it.
            params: For its function, or as JSON on stdin for a script without one.
            require: Refuse below this level of the sandbox.
            on_chunk: Hears of it while it goes on.
            warm: Run it in a process that served others of this skill before and shares state
                with them; for Python, others run fresh.
            cancel: Stops it when set, with an outcome that says so.
            interpreter: Python to run it with instead of ours, of an environment of its own.
            priority: Where it waits in line while all slots are taken.
            strict: Run it below bubblewrap where that works (L4), as `require` of L4 does.

        Raises:
            PoolError: The runner is closed, or its processes cannot start.
        """
        self._ready()
        asked = Asked(
            script=script,
            args=args,
            stdin=stdin,
            timeout=timeout,
            memory_mb=memory_mb,
            max_processes=max_processes,
            network=network,
            env=env or {},
            params=params,
            require=require,
            interpreter=interpreter,
            warm=warm,
            strict=strict,
        )
        run = Run(script or skill.name, timeout, max_output, on_chunk, self._clock)
        verdict, start, turn = None, self._clock(), self._slots.turn(priority)
        try:
            if cancel is None:
                verdict = await self._verdict(skill, asked, run, turn)
            else:
                async with watching(cancel, run):
                    verdict = await self._verdict(skill, asked, run, turn)
        except anyio.get_cancelled_exc_class():
            run.called_off = True
            run.end(run.stopped())
            raise
        outcome = run.end(verdict or run.stopped())
        if self._observe is not None:
            self._observe(Ran(skill.name, run.script, outcome, run.found, self._clock() - start))
        return outcome

    async def preload(self, skill: Skill, script: str | None = None) -> bool:
        """Have the zygote of a script ready, so that its first run need not wait for it.

        Returns:
            Whether it was not ready before.

        Raises:
            SkillError: There is no such script, or nothing to run it with.
            PoolError: It cannot start.
        """
        self._ready()
        facts = await self._known.get(skill, script, None)
        async with self._lease(allowed_of(skill, facts, Asked()), facts.imports) as pool:
            if pool.ready:
                return False
            await pool.run("ready", None)
            return True

    @asynccontextmanager
    async def lane(
        self, skill: Skill, script: str | None = None, **words: Unpack[Words]
    ) -> AsyncIterator[Lane]:
        """Open a lane for many small calls of a Python script, done in batches by warm processes.

        Args:
            skill: Whose script.
            script: As for `run`.
            words: See `Words`.

        Raises:
            SkillError: There is no such script, or it is no Python.
            SandboxError: It would be confined too weakly.
            PoolError: The runner is closed, or its processes cannot start.
        """
        self._ready()
        asked = asked_by(script, words)
        facts, _ = await self._versions.get(skill, asked)
        name = facts.command.script
        allowed = allowed_of(skill, facts, asked)
        if allowed.profile != "python":
            raise NoScriptError(f"`{name}` is no Python: only Python scripts have a lane")
        require(self._reports.of(allowed), asked.require)
        key = WarmKey(skill.root, msgspec.msgpack.encode(allowed))
        async with self._warm_lease(skill, key, allowed, facts.imports) as pool:
            home = self._homes.get(key) or self._folders.make()
            most = words.get("max_output", 1 << 20)
            slates = (f"{home}/slate-{number}" for number in self._slates)
            desks = [
                Desk(next(slates), most, asked.memory_mb, pure=is_pure(skill))
                for _ in range(min(self._size, words.get("workers", os.cpu_count() or 1)))
            ]
            lines = Lines(
                skill=skill,
                name=name,
                timeout=asked.timeout,
                priority=words.get("priority", "normal"),
                turns=self._slots,
                pool=pool,
                facts=lambda: self._versions.get(skill, asked),
                desks=tuple(desks),
                limit=words.get("limit", 4096),
            )
            try:
                async with opened(lines, self._tasks) as lane:
                    yield lane
                done = lane.stats
                self._lanes.update(lane_calls=done.calls, lane_batches=done.exchanges)
            finally:
                for desk in desks:
                    desk.close()

    def forget(self, skill: Skill) -> None:
        """End its warm processes, each when its run has ended."""
        self._pools.drop(lambda key: isinstance(key, WarmKey) and key.root == skill.root)

    async def _verdict(self, skill: Skill, asked: Asked, run: Run, turn: Turn) -> Verdict | None:
        try:
            facts, version = await self._versions.get(skill, asked)
            run.script = facts.command.script
            plan = planned(skill, facts, asked)
            plan = await self._reports.settled(plan, run)
            async with turn:
                if plan.warm:
                    return await self._warm(skill, plan, facts, version, run)
                with anyio.CancelScope() as run.scope:
                    return await self._forked(plan, facts.imports, run)
                return None
        except SkillError as error:
            return Verdict(Status.REFUSED, message=str(error), kind=error.kind)
        except SandboxError as error:
            return Verdict(Status.REFUSED, message=str(error), kind="skills.sandbox")
        except StepError as error:
            return None if error.kind == "timeout" else judge_failure(error, run.script)

    def _ready(self) -> None:
        if not self._open:
            raise PoolError("the runner of skills is closed; open it with `async with`")

    async def _forked(self, plan: Plan, imports: tuple[str, ...], run: Run) -> Verdict:
        home = self._folders.make()
        try:
            order = plan.order(home, self._room)
            async with given(plan.stdin) as stdin:
                sent = Sent(order, stdin, home, self._room)
                try:
                    return await self._in_zygote(plan, imports, sent, run)
                except PoolError:
                    if not imports or run.began:
                        raise
                    # A library that cannot be imported ahead, or starts threads when it is.
                    return await self._in_zygote(plan, (), sent, run)
        finally:
            await self._folders.remove(home)

    async def _in_zygote(
        self, plan: Plan, imports: tuple[str, ...], sent: Sent, run: Run
    ) -> Verdict:
        async with self._lease(plan.allowed, imports) as pool:
            return await done(pool, plan, sent, run)

    def _lease(self, allowed: Allowed, imports: tuple[str, ...]) -> Lease:
        def make() -> Pool:
            kind = kinds.zygote(names, self._features, allowed, python=self._python)
            return Pool(kind, self._size, idle=self._idle, stems=self._pools.stems)

        names = () if allowed.bwrap else imports  # below bubblewrap nothing of them is left
        key = allowed.profile, allowed.network, bool(allowed.bwrap), names
        return self._pools.lease(key, make)

    async def _warm(
        self, skill: Skill, plan: Plan, facts: Facts, version: str, run: Run
    ) -> Verdict:
        key = WarmKey(skill.root, msgspec.msgpack.encode(plan.allowed))
        async with self._warm_lease(skill, key, plan.allowed, facts.imports) as pool:
            run.found = "warm" if pool.ready else "cold"
            if not pool.ready:
                await pool.call("ready", None, digest=version)  # starting costs the run no time
            run.begin()
            answer = await pool.call(
                "run", plan.order(None, self._room), digest=version,
                on_output=run.captured.hear, patience=run.patience,
            )  # fmt: skip
        told = run.told(answer)
        return judge_warm(told.code, run.captured.stderr.tail, run.script, plan.allowed.memory_mb)

    def _warm_lease(
        self, skill: Skill, key: WarmKey, allowed: Allowed, imports: tuple[str, ...]
    ) -> Lease:
        def make() -> Pool:
            home = self._homes.put(key, self._folders.make())
            within = msgspec.structs.replace(allowed, home=home)
            recycle = Recycle(calls=self._warm_calls, rss_mb=allowed.memory_mb)
            kind = kinds.warm(skill, imports, self._features, within, recycle, python=self._python)
            return Pool(kind, self._size, idle=self._idle, stems=self._pools.stems)

        return self._pools.lease(key, make)
