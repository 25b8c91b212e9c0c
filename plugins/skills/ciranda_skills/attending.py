"""What the plugin does in one engine: lends what runs skills, and counts what caches answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, final

import anyio
import anyio.to_thread

from ciranda import hookimpl
from ciranda.events import Request
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.settings import project_root

from .actions import AnyContent
from .opened import Figures, LendSkills, Opened, keep_figures, keep_open, make_ready
from .own import Content
from .preloading import preloaded
from .settings import SkillsSettings
from .shelf import Shelf
from .stats import read_report

__all__ = ["Attending", "attend"]


@final
class Attending:
    """Answers for one engine.

    Args:
        settings: The project's.
        home: The project's folder.
        figures: Are added to.
        adopt: Takes in finished spans; None where nobody traces.
    """

    def __init__(
        self,
        settings: SkillsSettings,
        home: Path,
        figures: Figures,
        adopt: Callable[[Any], None] | None = None,
    ) -> None:
        self._adopt: Final = adopt
        self._settings: Final = settings
        self._home: Final = home
        self._figures: Final = figures
        self._wanted: Final = anyio.Event()
        self._known: Final = anyio.Event()
        self._leave: Final = anyio.Event()
        self._leaving = False
        self._opened: Opened | None = None
        self._failure: Exception | None = None

    @hookimpl(trylast=True)
    async def lend_skills(self, request: LendSkills) -> Opened:
        """Open what runs skills, if nobody has."""
        self._wanted.set()
        await self._known.wait()
        if self._opened is None:
            assert self._failure is not None
            raise self._failure
        return self._opened

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Count how the cache of a step that runs a skill answers."""
        if not isinstance(target, StepPlan) or target.options.cache is None:
            return None
        content = target.action.fingerprint
        if isinstance(content, Content):
            return Layer(self._counting(lambda _: content.skill), Place.TRACING, name="figures")
        if isinstance(content, AnyContent):
            named = partial(_named, content)
            return Layer(self._counting(named), Place.TRACING, name="figures")
        return None

    def _counting(self, skill_of: Callable[[Call], str]) -> Callable[[Call, Next], Any]:
        async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
            try:
                return await next(call)
            finally:
                if "cache_key" in call.notes and (skill := skill_of(call)):
                    self._figures.recorder.cached(skill, hit=bool(call.notes.get("cached")))

        return call

    async def serve(self) -> None:
        """Keep what runs skills open from when it is wanted, until the engine ends."""
        try:
            names = await anyio.to_thread.run_sync(self._ahead)
            if not names:
                await self._wanted.wait()
            if self._leaving:
                return
            ready = partial(make_ready, names=names, home=self._home)
            async with keep_open(
                self._settings, self._home, self._figures, ahead=ready, adopt=self._adopt
            ) as self._opened:
                self._known.set()
                await self._leave.wait()
        except Exception as error:
            if self._known.is_set():
                raise
            self._failure = error
            self._known.set()

    def _ahead(self) -> list[str]:
        entries = Shelf(self._home, self._settings.roots).catalogue().entries
        return preloaded(entries, self._settings, read_report(self._home))

    def leave(self) -> None:
        """End what is kept open."""
        self._leaving = True
        self._leave.set()
        self._wanted.set()


def _named(content: AnyContent, call: Call) -> str:
    return content.skill(call.inputs, call.ctx.run.base)


@asynccontextmanager
async def attend(
    settings: SkillsSettings, adopt: Callable[[Any], None] | None = None
) -> AsyncIterator[Attending]:
    """Attend to one engine.

    Args:
        settings: The project's.
        adopt: Takes in finished spans; None where nobody traces.
    """
    home = project_root(Path.cwd())
    async with keep_figures(home) as figures, anyio.create_task_group() as tasks:
        attending = Attending(settings, home, figures, adopt)
        tasks.start_soon(attending.serve)
        yield attending
        attending.leave()
