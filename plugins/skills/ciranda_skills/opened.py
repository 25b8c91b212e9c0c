"""What an engine keeps open to run skills: processes, and the skills that it knows."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, final

import anyio
import anyio.to_thread
import msgspec

from ciranda.actions import resource
from ciranda.bus.report import logger
from ciranda.errors import CirandaError
from ciranda.settings import project_root

from .discovery import Scope
from .environments import Environments, environments_folder, need_of
from .error import SkillError, TrustError
from .format import Skill
from .prefetch import Prefetch
from .running import Ran, Runner, script_of
from .running.freshness import Fresh
from .running.recent import Recent
from .settings import SkillsSettings
from .shelf import Shelf, load_folder
from .stats import Recorder
from .successors import Successors

__all__ = ["Opened", "open_skills"]

_KNOWN: Final = 256
_ALLOW: Final = "`ciranda skills run --install`, once"


class _Held(msgspec.Struct, frozen=True):
    """A skill as it was loaded; it holds as long as its content is this."""

    skill: Skill
    scope: Scope
    fresh: Fresh
    content: str
    interpreters: dict[str | None, Path | None]


@final
class Opened:
    """Finds skills by name or folder, and has what runs them.

    Args:
        settings: The project's.
        runner: What runs scripts.
    """

    def __init__(self, settings: SkillsSettings, runner: Runner) -> None:
        self.settings: Final = settings
        self.runner: Final = runner
        self._held: Final[Recent[tuple[Path, str], _Held]] = Recent(_KNOWN)

    async def find(self, name: str, script: str | None, base: Path) -> tuple[Skill, Path | None]:
        """Return a skill as its files are now, and what runs the script in place of our Python.

        Args:
            name: Its name, or the path of its folder when there is a `/` in it.
            script: The script that is meant.
            base: Folder that paths begin at, and whose project is searched.

        Raises:
            SkillError: There is none that may run, or its script needs what is not installed.
        """
        held = self._held.get((base, name))
        if held is None or not await self._holds(held, base):
            held = await self._look(name, base)
            self._held.put((base, name), held)
        if script not in held.interpreters:
            held.interpreters[script] = await anyio.to_thread.run_sync(
                _interpreter, held.skill, script
            )
        return held.skill, held.interpreters[script]

    def _shelf(self, base: Path) -> Shelf:
        return Shelf(project_root(base), self.settings.roots)

    async def _holds(self, held: _Held, base: Path) -> bool:
        if await held.fresh.now() != held.content:
            return False
        return held.scope is not Scope.PROJECT or self._trusts(held, base)

    def _trusts(self, held: _Held, base: Path) -> bool:
        return self._shelf(base).trust.get(held.content) is not None

    async def _look(self, name: str, base: Path) -> _Held:
        skill, scope = await anyio.to_thread.run_sync(self._load, name, base)
        fresh = Fresh(skill.root)
        held = _Held(skill, scope, fresh, await fresh.now(), {})
        if scope is Scope.PROJECT and not self._trusts(held, base):
            raise TrustError(f"the skill `{name}` was edited right now: trust it again")
        return held

    def _load(self, name: str, base: Path) -> tuple[Skill, Scope]:
        if os.sep in name:
            return load_folder(base / name), Scope.GIVEN
        return self._shelf(base).load(name)


def _interpreter(skill: Skill, script: str | None) -> Path | None:
    try:
        need = need_of(skill, script_of(skill, script))
    except SkillError:
        if script is not None or len(skill.scripts) == 1:
            raise
        return None  # the runner says which scripts there are
    if need is None:
        return None
    environments = Environments(environments_folder(os.environ, Path.home()))
    return Path(environments.get(need, allow=_ALLOW).python)


@resource(scope="engine")
@asynccontextmanager
async def open_skills(settings: SkillsSettings) -> AsyncIterator[Opened]:
    """Keep processes for skills as long as the engine; the first step that needs them opens them.

    Args:
        settings: The project's.
    """
    successors = Successors()
    home = project_root(Path.cwd())
    recorder = Recorder(home, warn=logger().warning, begin=successors.load, also=successors.save)
    opened: Opened

    async def preload(name: str) -> bool:
        skill, interpreter = await opened.find(name, None, home)
        return interpreter is None and await opened.runner.preload(skill)

    prefetch = Prefetch(preload, successors, recorder.add)

    def observe(ran: Ran) -> None:
        recorder.note(ran)
        prefetch.ran(ran)

    runner = Runner(
        slots=settings.slots,
        zygotes=settings.zygotes,
        idle=settings.idle,
        ageing=settings.ageing,
        observe=observe,
        crowded=prefetch.crowded,
    )
    try:
        async with runner, anyio.create_task_group() as tasks:
            opened = Opened(settings, runner)
            for name in settings.preload:
                tasks.start_soon(_preload, opened, name)
            tasks.start_soon(prefetch.serve)
            yield opened
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(recorder.close)


async def _preload(opened: Opened, name: str) -> None:
    try:
        skill, interpreter = await opened.find(name, None, Path.cwd())
        if interpreter is None:
            await opened.runner.preload(skill)
    except CirandaError as error:
        logger().warning(f"the skill `{name}` is not made ready: {error}")
