"""Running one script before the eyes of a person, or for a program."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Final, final

import anyio
import anyio.to_thread

from ciranda.cli import screen, streams
from ciranda.cli.exits import Exit
from ciranda.cli.interrupts import Interrupts
from ciranda.errors import PoolError

from ..environments import Environments, environments_folder, need_of
from ..error import SkillError
from ..format import Skill
from ..running import BUBBLEWRAP, Chunk, Outcome, Room, Runner, Started, Status, Written, script_of
from ..sandbox import Level
from ..settings import OPEN_NETWORK
from ..shelf import Shelf, load_folder
from .line import line
from .opening import is_folder
from .wishes import Wishes

__all__ = ["Performance"]

_FIELDS: Final = (
    "status", "exit_code", "signal", "stdout", "stderr", "stdout_total_bytes",
    "stderr_total_bytes", "truncated", "json", "wall_s", "sandbox",
)  # fmt: skip
# Refusals that are the caller's mistake.
_MISTAKES: Final = frozenset(
    (
        "skills.ambiguous", "skills.escape", "skills.inline", "skills.invalid", "skills.missing",
        "skills.parameters", "skills.script", "skills.trust", "skills.unknown",
        "skills.unreadable",
    )
)  # fmt: skip


@final
class Performance:
    """One call of `ciranda skills run`.

    Args:
        wishes: What is asked for.
    """

    def __init__(self, wishes: Wishes) -> None:
        self._wishes: Final = wishes
        self._json: Final = wishes.form == "json"
        self._left = False  # whether nobody reads what it writes any more
        self._shown = False  # whether anything of its stdout was written
        self._begun = ""  # a line of its stderr that has no end yet

    def run(self, backend: str) -> int:
        """Run the script; return the exit code.

        Raises:
            CirandaError: The settings are at fault, or no process can be started.
            OSError: The result cannot be written, to a full disk for example.
        """
        with Interrupts(hang_up=True) as interrupts:
            outcome = anyio.run(partial(self._perform, interrupts), backend=backend)
        if self._left:
            streams.silence()
            return Exit.FAILED
        self._conclude(outcome)
        if interrupts.signum:
            screen.say("interrupted")
            return interrupts.code
        if outcome.message:
            screen.error(outcome.message)
        return _code(outcome)

    def _conclude(self, outcome: Outcome) -> None:
        if self._json:
            screen.out(line({name: getattr(outcome, name) for name in _FIELDS}))
        elif not self._shown:  # what a function returned is nowhere else
            screen.raw(outcome.stdout)
        screen.flush()
        if self._begun:
            screen.say(self._begun)
        if outcome.truncated and not self._json:
            kept = self._wishes.settings.max_output
            screen.warn(f"it wrote more than the {kept:,} bytes that are kept of each stream")

    async def _perform(self, interrupts: Interrupts) -> Outcome:
        cancel = anyio.Event()
        failure: Exception | None = None
        outcome = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interrupts.watch, cancel.set)
            try:
                outcome = await self._outcome(cancel)
            except SkillError as error:
                outcome = Outcome(status=Status.REFUSED, message=str(error), kind=error.kind)
            except PoolError as error:
                outcome = Outcome(status=Status.REFUSED, message=str(error), kind="skills.limit")
            except Exception as error:  # a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        assert outcome is not None
        return outcome

    async def _outcome(self, cancel: anyio.Event) -> Outcome:
        wishes, settings = self._wishes, self._wishes.settings
        skill, interpreter = await anyio.to_thread.run_sync(self._prepared)
        if wishes.unasked:
            screen.warn(OPEN_NETWORK.format(f"`{skill.name}`"))

        def hear(chunk: Chunk) -> None:
            if not self._left and not self._json:
                try:
                    self._show(chunk)
                except OSError:
                    if not streams.reader_gone():
                        raise
                    self._left = True
                    cancel.set()

        room = Room(settings.folder_mb, settings.folder_files)
        async with Runner(slots=1, room=room) as runner:
            return await runner.run(
                skill,
                wishes.script,
                wishes.args,
                wishes.stdin,
                timeout=settings.timeout,
                max_output=settings.max_output,
                memory_mb=settings.memory_mb,
                max_processes=settings.max_processes,
                network=settings.network,
                env=wishes.env,
                params=wishes.params,
                require=wishes.require,
                on_chunk=hear,
                cancel=cancel,
                interpreter=interpreter,
            )

    def _prepared(self) -> tuple[Skill, Path | None]:
        """Return the skill, and the interpreter of its script's own environment if it has one."""
        wishes = self._wishes
        skill = self._skill()
        need = need_of(skill, script_of(skill, wishes.script))
        if need is None:
            return skill, None
        environments = Environments(environments_folder(os.environ, Path.home()))
        if wishes.install:
            return skill, Path(environments.make(need, screen.say).python)
        return skill, Path(environments.get(need).python)

    def _skill(self) -> Skill:
        wishes = self._wishes
        if is_folder(wishes.target):
            return load_folder(Path(wishes.target))
        skill, _ = Shelf(wishes.project, wishes.settings.roots).load(wishes.target)
        return skill

    def _show(self, chunk: Chunk) -> None:
        if isinstance(chunk, Started):
            lacking = chunk.sandbox.missing
            if Level[chunk.sandbox.level] < Level.L3 or BUBBLEWRAP in lacking:
                said = f"the sandbox is {chunk.sandbox.level} only; missing: {', '.join(lacking)}"
                screen.warn(said)
        elif isinstance(chunk, Written) and chunk.stream == "stdout":
            self._shown = True
            screen.raw(chunk.text)
            screen.flush()
        elif isinstance(chunk, Written):
            *lines, self._begun = (self._begun + chunk.text).split("\n")
            for each in lines:
                screen.say(each)


def _code(outcome: Outcome) -> int:
    if outcome.status is Status.OK:
        return Exit.OK
    if outcome.status is Status.REFUSED:
        if outcome.kind == "skills.sandbox":
            return Exit.WEAK_SANDBOX
        if outcome.kind in _MISTAKES:
            return Exit.USAGE
    return Exit.FAILED
