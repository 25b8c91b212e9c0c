"""`skills.run`: a script of any skill as a step of a workflow.

Kinds of failure: `skills.failed` (it ended with another exit code than 0, or by a signal),
`timeout`, `memory`, `skills.sandbox` (the sandbox would be too weak), `skills.unknown`,
`skills.trust` (nobody trusts this skill of the project), `skills.script`, `skills.parameters` and
other words of the plugin for what is refused before it begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, final

import msgspec

from ciranda.actions import Action, Arg, action
from ciranda.context import Context

from .finder import Finder
from .opened import Opened, open_skills
from .running import Priority
from .settings import Isolation, LevelName, SkillsSettings
from .stepping import ERRORS, Ask, Ran, check_closed, check_pure, performed, stdin_of

__all__ = ["AnyContent", "cacheable", "run"]


@final
class AnyContent:
    """What the answers of `skills.run` depend on besides its inputs: all files of the skill.

    Args:
        settings: The project's.
        finder: Finds skills.
    """

    def __init__(self, settings: SkillsSettings, finder: Finder) -> None:
        self._settings: Final = settings
        self._finder: Final = finder

    def __call__(self, inputs: Mapping[str, Any], base: Path) -> str:
        """Return it as a digest.

        Raises:
            ValueError: The skill does not promise to be pure, or the step opens the network.
            SkillError: It cannot be read, or may not run.
        """
        check_closed(self._settings, inputs.get("network"))
        held = self._finder.find(inputs["skill"], base)
        check_pure(held.skill)
        return held.content

    def skill(self, inputs: Mapping[str, Any], base: Path) -> str:
        """Return the name of the skill that a step ran; empty where it was never found."""
        given = inputs.get("skill")
        held = self._finder.last(given, base) if isinstance(given, str) else None
        return "" if held is None else held.skill.name


def cacheable(settings: SkillsSettings, finder: Finder) -> Action:
    """Return `skills.run` as one engine offers it, which knows what its answers depend on.

    Args:
        settings: The project's.
        finder: Finds skills.
    """
    return msgspec.structs.replace(run, fingerprint=AnyContent(settings, finder))


@action("skills.run", errors=ERRORS, breaker_key="skill")
async def run(  # noqa: PLR0913, PLR0917  (each is one word in `with:`)
    skill: str,
    script: str | None = None,
    args: list[str] | None = None,
    stdin: Any = None,
    params: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
    timeout: Annotated[float | None, Arg(minimum=0.001)] = None,  # noqa: ASYNC109  (an input)
    memory_mb: Annotated[int | None, Arg(minimum=1)] = None,
    max_output: Annotated[int | None, Arg(minimum=1)] = None,
    max_processes: Annotated[int | None, Arg(minimum=1)] = None,
    network: bool | None = None,
    require: LevelName | None = None,
    isolation: Isolation | None = None,
    priority: Priority | None = None,
    opened: Annotated[Opened | None, open_skills] = None,
    ctx: Context | None = None,
) -> Ran:
    """Run a script of a skill in a sandbox.

    Nothing that it starts is alive when the step ends, however it ends.

    Args:
        skill: Its name; or the path of its folder, with a `/`, relative to the workflow file.
        script: Its path from the skill's folder, or its name; the main one by default.
        args: What follows it on the command line.
        stdin: What it reads: text, or a value that is sent as JSON.
        params: Its parameters by name.
        env: Variables that it gets besides those declared for the step.
        timeout: Seconds it has.
        memory_mb: MiB that all its processes may hold together.
        max_output: Bytes kept of each of its streams.
        max_processes: Processes it may have at a time.
        network: Whether it may open internet sockets.
        require: The least sandbox; the settings may ask for more.
        isolation: `fresh` is a process of its own; `warm` is one that served this skill before,
            for skills that you trust; `strict` is a fresh one below bubblewrap.
        priority: Whether it waits before others, or after them, while all slots are taken; by
            default what the skill says in its metadata.
        opened: What runs it.
        ctx: The step.

    Returns:
        `status`, `exit_code`, `stdout`, `stderr`, `json` (what it printed, when that is JSON),
        `wall_s` and `sandbox`.
    """
    assert opened is not None  # the engine sees to it
    ask = Ask(
        skill=skill,
        script=script,
        args=tuple(args or ()),
        stdin=stdin_of(stdin),
        params=params,
        env=env or {},
        timeout=timeout,
        memory_mb=memory_mb,
        max_output=max_output,
        max_processes=max_processes,
        network=network,
        require=require,
        isolation=isolation,
        priority=priority,
    )
    return await performed(ask, opened, ctx)
