"""What an engine keeps open to run skills: processes, and the skills that it knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, final

import anyio
import anyio.to_thread

from ciranda.actions import resource
from ciranda.bus.report import logger
from ciranda.context import Context
from ciranda.errors import CirandaError
from ciranda.events import Request

from .error import TrustError
from .finder import Finder
from .format import Skill
from .interpreters import interpreter_of
from .prefetch import Prefetch
from .running import Company, Ran, Room, Runner
from .settings import SkillsSettings
from .stats import Recorder
from .successors import Successors

__all__ = [
    "Figures",
    "LendSkills",
    "Opened",
    "keep_figures",
    "keep_open",
    "make_ready",
    "open_skills",
]


class LendSkills(Request["Opened"], frozen=True, kw_only=True):
    """What runs skills in this engine?"""


@final
class Opened:
    """Finds skills by name or folder, and has what runs them.

    Args:
        settings: The project's.
        runner: What runs scripts.
        company: What runs warm ones together, where there are several at a time.
        adopt: Takes in finished spans, as plain data; None where nobody traces.
    """

    def __init__(
        self,
        settings: SkillsSettings,
        runner: Runner,
        company: Company,
        adopt: Callable[[Any], None] | None = None,
    ) -> None:
        self.settings: Final = settings
        self.runner: Final = runner
        self.company: Final = company
        self.adopt: Final = adopt
        self._finder: Final = Finder(settings.roots)

    async def find(self, name: str, script: str | None, base: Path) -> tuple[Skill, Path | None]:
        """Return a skill as its files are now, and what runs the script in place of our Python.

        Args:
            name: Its name, or the path of its folder when there is a `/` in it.
            script: The script that is meant.
            base: Folder that paths begin at, and whose project is searched.

        Raises:
            SkillError: There is none that may run, or its script needs what is not installed.
        """
        held = self._finder.known(name, base)
        if held is None:
            read = await anyio.to_thread.run_sync(self._finder.read, name, base)
            held = self._finder.keep(name, base, read)
        if script not in held.interpreters:
            held.interpreters[script] = await anyio.to_thread.run_sync(
                interpreter_of, held.skill, script
            )
        return held.skill, held.interpreters[script]


async def _nothing(_: Opened) -> None:
    """Make nothing ready."""


class Figures(NamedTuple):
    """What is kept of runs.

    Attributes:
        recorder: Counts them.
        successors: Knows what follows what.
    """

    recorder: Recorder
    successors: Successors


@asynccontextmanager
async def keep_figures(home: Path) -> AsyncIterator[Figures]:
    """Keep figures of a project; those that nobody counted leave no trace.

    Args:
        home: The project's folder.
    """
    successors = Successors()
    recorder = Recorder(home, warn=logger().warning, begin=successors.load, also=successors.save)
    try:
        yield Figures(recorder, successors)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(recorder.close)


@asynccontextmanager
async def keep_open(
    settings: SkillsSettings,
    home: Path,
    figures: Figures,
    *,
    slots: int | None = None,
    ahead: Callable[[Opened], Coroutine[Any, Any, None]] = _nothing,
    adopt: Callable[[Any], None] | None = None,
) -> AsyncIterator[Opened]:
    """Keep processes for skills, count what runs and make ready what is likely to follow.

    Args:
        settings: The project's.
        home: The project's folder.
        figures: Are added to.
        slots: Scripts at a time; None is as the settings say.
        ahead: Makes skills ready, in the background.
        adopt: Takes in finished spans, as plain data; None where nobody traces.
    """
    recorder, successors = figures
    opened: Opened
    meters: Counter[str] = Counter()

    async def preload(name: str) -> bool:
        skill, interpreter = await opened.find(name, None, home)
        return interpreter is None and await opened.runner.preload(skill)

    prefetch = Prefetch(preload, successors, recorder.add)

    def measure() -> None:
        counts = runner.counts
        for name, more in (counts - meters).items():
            recorder.add(name, more)
        meters.update(counts - meters)

    def observe(ran: Ran) -> None:
        recorder.note(ran)
        prefetch.ran(ran)
        if ran.found == "cold":  # a process was started: nothing else changes what is measured
            measure()

    runner = Runner(
        slots=slots or settings.slots,
        room=Room(settings.folder_mb, settings.folder_files),
        zygotes=settings.zygotes,
        idle=settings.idle,
        ageing=settings.ageing,
        observe=observe,
        crowded=prefetch.crowded,
    )
    failed: Exception | None = None
    try:
        async with (
            runner,
            Company(runner, observe=observe) as company,
            anyio.create_task_group() as tasks,
        ):
            opened = Opened(settings, runner, company, adopt)
            tasks.start_soon(prefetch.serve)
            tasks.start_soon(ahead, opened)
            try:
                yield opened
            except Exception as error:
                failed = error
            tasks.cancel_scope.cancel()
    finally:
        measure()
    if failed is not None:
        raise failed  # as it is, not in a group


async def make_ready(opened: Opened, names: Iterable[str], home: Path) -> None:
    """Have the processes of some skills ready, one after another; says of which it cannot.

    Args:
        opened: What runs them.
        names: Of the skills.
        home: The project's folder.
    """
    for name in names:
        try:
            skill, interpreter = await opened.find(name, None, home)
            if interpreter is None:
                await opened.runner.preload(skill)
        except TrustError:
            if name in opened.settings.preload:
                logger().warning(f"the skill `{name}` is not made ready: nobody trusts it")
        except CirandaError as error:
            logger().warning(f"the skill `{name}` is not made ready: {error}")


@resource(scope="engine")
@asynccontextmanager
async def open_skills(ctx: Context) -> AsyncIterator[Opened]:
    """Lend what the plugin keeps open as long as the engine; the first that asks opens it.

    Args:
        ctx: Of the step that asks.
    """
    yield await ctx.ask(LendSkills())
