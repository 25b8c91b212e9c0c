"""Running a skill's evals before the eyes of a person, or for a program."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, final

import anyio
import anyio.to_thread
import msgspec

from ciranda.cli import screen
from ciranda.cli.exits import Exit
from ciranda.cli.interrupts import Interrupts
from ciranda.cli.values import as_json
from ciranda.settings import read_configuration

from ..error import SkillError
from ..evals import EvalsError, Report, Result, Verdict, read_evals, run_evals
from ..format import Skill
from ..interpreters import interpreter_of
from ..running import Outcome, Room, Runner, Status
from ..sandbox import Level
from ..settings import OPEN_NETWORK, SkillsSettings
from ..shelf import Shelf, load_folder
from .opening import is_folder

__all__ = ["Examination"]


@final
class Examination:
    """One call of `ciranda skills test`.

    Args:
        target: A folder, or the name of a skill that may run.
        given: The options.
    """

    def __init__(self, target: str, given: Mapping[str, Any]) -> None:
        self._target: Final = target
        self._given: Final = given
        self._json: Final = given["form"] == "json"
        configuration = read_configuration(Path.cwd())
        self._project: Final = configuration.root
        self._settings: Final = configuration.read(SkillsSettings)

    def run(self, backend: str) -> int:
        """Run the cases; return the exit code.

        Raises:
            CirandaError: There is no such skill or case, or the settings are at fault.
        """
        with Interrupts(hang_up=True) as interrupts:
            report = anyio.run(partial(self._perform, interrupts), backend=backend)
        if interrupts.signum:
            screen.say("interrupted")
            return interrupts.code
        if report is None:
            return Exit.USAGE
        if self._json:
            screen.out(as_json(msgspec.to_builtins(report)))
        else:
            counts = (
                f"{report.passed} passed",
                *([f"{report.failed} failed"] if report.failed else []),
                *([f"{report.skipped} skipped"] if report.skipped else []),
            )
            screen.out(f"{report.skill}: {', '.join(counts)} in {report.wall_s:.2f} s")
        return Exit.OK if report.ok else Exit.FAILED

    async def _perform(self, interrupts: Interrupts) -> Report | None:
        failure: Exception | None = None
        report = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(interrupts.watch, tasks.cancel_scope.cancel)
            try:
                report = await self._report()
            except EvalsError as error:
                screen.faults(error.faults)
            except Exception as error:  # a task group would wrap it
                failure = error
            tasks.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return report

    async def _report(self) -> Report:
        target, given, settings = self._target, self._given, self._settings
        if is_folder(target):
            skill = await anyio.to_thread.run_sync(load_folder, Path(target))
        else:
            shelf = Shelf(self._project, settings.roots)
            skill, _ = await anyio.to_thread.run_sync(shelf.load, target)
        evals = await anyio.to_thread.run_sync(read_evals, skill)
        if settings.network and not given["network"]:
            screen.warn(OPEN_NETWORK.format(f"`{skill.name}`"))
        room = Room(settings.folder_mb, settings.folder_files)
        async with Runner(slots=settings.slots, room=room) as runner:
            run = partial(
                _run,
                runner,
                memory_mb=given["memory_mb"] or settings.memory_mb,
                max_processes=given["max_processes"] or settings.max_processes,
                max_output=settings.max_output,
                network=given["network"] or settings.network,
                require=Level[given["require_sandbox"] or settings.require],
            )
            hear = None if self._json else _told
            return await run_evals(skill, evals, run, only=given["only"], on_result=hear)


async def _run(
    runner: Runner, skill: Skill, script: str | None = None, *given: Any, **options: Any
) -> Outcome:
    """Run a script in the environment that it asks for."""
    try:
        interpreter = await anyio.to_thread.run_sync(interpreter_of, skill, script)
    except SkillError as error:
        return Outcome(status=Status.REFUSED, message=str(error), kind=error.kind)
    return await runner.run(skill, script, *given, interpreter=interpreter, **options)


def _told(result: Result) -> None:
    if result.verdict is Verdict.SKIPPED:
        screen.out(f"  skipped  {result.name}: {result.reason}")
        return
    screen.out(f"  {result.verdict:<7}  {result.name}")
    for wrong in result.mismatches:
        screen.out(f"    {wrong.expected}: {wrong.message}")
        for line in wrong.diff:
            screen.out(f"      {line}")
