"""Runs that find others like them under way: done in batches by warm processes, the others alone.

Only what shares its processes anyway is done in company, so nothing is shared that would not be.
A run that is alone is a run as ever: it waits for nobody, and what it writes is heard at once.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypedDict, Unpack, final

import anyio
import anyio.abc

from ciranda.errors import PoolError

from ..error import SkillError
from ..format import Skill
from ..sandbox import Level, SandboxError
from .batching import Lane
from .outcome import Outcome
from .progress import Listener, Observer, Ran
from .runner import Runner
from .waiting import Priority

__all__ = ["Company", "Limits"]

_LANES: Final = 16
_ALL: Final = 1 << 10  # as many processes as the runner has slots


class Limits(TypedDict):
    """What a run may do; as for `Runner.run`."""

    timeout: float
    max_output: int
    memory_mb: int
    max_processes: int
    network: bool
    env: Mapping[str, str]
    require: Level
    priority: Priority


@final
class _Kept:
    """A lane that is kept open."""

    __slots__ = ("known", "lane", "skill", "stop", "users")

    def __init__(self, skill: Skill) -> None:
        self.skill = skill
        self.lane: Lane | None = None
        self.users = 0
        self.known = anyio.Event()
        self.stop = anyio.Event()


@final
class Company:
    """Runs scripts of skills, warm ones together with others like them; a context manager.

    Args:
        runner: Runs what is alone, and has the processes; it is open.
        observe: Told of each run that was done in company, as the runner's is of all others.
        clock: Seconds, for what is observed.
        most: Lanes kept open.
    """

    def __init__(
        self,
        runner: Runner,
        *,
        observe: Observer | None = None,
        clock: Callable[[], float] = time.perf_counter,
        most: int = _LANES,
    ) -> None:
        self._runner = runner
        self._observe = observe
        self._clock = clock
        self._most = most
        self._present: Counter[Hashable] = Counter()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._tasks: anyio.abc.TaskGroup

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for kept in self._kept.values():
            kept.stop.set()
        if error is not None:
            self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)

    async def run(
        self,
        skill: Skill,
        script: str | None = None,
        args: Sequence[str] = (),
        stdin: bytes | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        warm: bool = False,
        strict: bool = False,
        interpreter: Path | None = None,
        on_chunk: Listener | None = None,
        **limits: Unpack[Limits],
    ) -> Outcome:
        """Run a script of a skill to its end, and tell how that was.

        In company, its output is heard when it has ended, and a run that was sent along with
        others is done even if its caller is cancelled.

        Args:
            skill: Whose script.
            script: As for `Runner.run`.
            args: As for `Runner.run`.
            stdin: As for `Runner.run`.
            params: As for `Runner.run`.
            warm: Whether it shares processes with others, and may be done together with them.
            strict: As for `Runner.run`.
            interpreter: As for `Runner.run`.
            on_chunk: As for `Runner.run`.
            limits: As for `Runner.run`.

        Raises:
            PoolError: The runner is closed, or its processes cannot start.
        """
        shares = warm and not strict and interpreter is None
        key = _key(skill, script, limits) if shares else None
        self._present[key] += 1
        try:
            if key is not None and self._present[key] > 1:
                kept = self._found(key, skill, script, limits)
                kept.users += 1
                try:
                    await kept.known.wait()
                    if kept.lane is not None:
                        return await self._together(kept.lane, skill, params, args, stdin, on_chunk)
                finally:
                    self._leave(kept)
            return await self._runner.run(
                skill, script, args, stdin, params=params, warm=warm, strict=strict,
                interpreter=interpreter, on_chunk=on_chunk, **limits,
            )  # fmt: skip
        finally:
            self._present[key] -= 1
            if not self._present[key]:
                del self._present[key]

    async def _together(
        self,
        lane: Lane,
        skill: Skill,
        params: Mapping[str, Any] | None,
        args: Sequence[str],
        stdin: bytes | None,
        on_chunk: Listener | None,
    ) -> Outcome:
        start = self._clock()
        outcome = await lane.call(params, args, stdin, on_chunk=on_chunk)
        if self._observe is not None:
            seconds = self._clock() - start
            self._observe(Ran(skill.name, lane.script, outcome, "warm", seconds))
        return outcome

    def _found(self, key: Hashable, skill: Skill, script: str | None, limits: Limits) -> _Kept:
        kept = self._kept.get(key)
        if kept is not None and kept.skill is not skill:  # it was edited
            self._part(key)
            kept = None
        if kept is None:
            kept = self._kept[key] = _Kept(skill)
            self._tasks.start_soon(self._keep, kept, script, limits)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._part(next(iter(self._kept)))
        return kept

    def _part(self, key: Hashable) -> None:
        """Forget a lane, which ends when nobody uses it any more."""
        kept = self._kept.pop(key)
        if not kept.users:
            kept.stop.set()

    def _leave(self, kept: _Kept) -> None:
        kept.users -= 1
        if not kept.users and kept not in self._kept.values():
            kept.stop.set()

    async def _keep(self, kept: _Kept, script: str | None, limits: Limits) -> None:
        lanes = self._runner.lane(kept.skill, script, workers=_ALL, **limits)
        try:
            async with lanes as lane:
                kept.lane = lane
                kept.known.set()
                await kept.stop.wait()
        except (SkillError, SandboxError, PoolError):
            pass  # whoever waits runs alone, and is told there
        finally:
            kept.known.set()


def _key(skill: Skill, script: str | None, limits: Limits) -> Hashable:
    """Return what runs have in common that may be done together."""
    rest = [value for name, value in sorted(limits.items()) if name != "env"]
    return skill.root, script, *rest, frozenset(limits["env"].items())
