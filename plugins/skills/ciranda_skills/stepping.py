"""One run of a script as a step: what it asks for, what it tells, how it fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypedDict, cast

import msgspec

from ciranda.context import Context
from ciranda.errors import StepError

from .error import SkillError
from .format import Skill
from .opened import Opened
from .running import (
    BUBBLEWRAP,
    Chunk,
    Outcome,
    Priority,
    Progressed,
    Started,
    Status,
    Written,
    is_pure,
    priority_of,
)
from .sandbox import Level
from .settings import OPEN_NETWORK, Isolation, SkillsSettings

__all__ = [
    "ERRORS",
    "Ask",
    "Ran",
    "check_closed",
    "check_pure",
    "performed",
    "stdin_of",
]

# A script that failed, or had no time, may do better; what is refused stays refused.
ERRORS: Final = {
    "skills": False,
    "skills.failed": True,
    "skills.limit": True,
    "memory": False,
    "timeout": True,
}
_SHOWN: Final = 2_000  # characters of output in the detail of a failure
_KINDS: Final = {
    Status.FAILED: "skills.failed",
    Status.TIMEOUT: "timeout",
    Status.KILLED_MEMORY: "memory",
    Status.CANCELLED: "cancelled",
}


class Ran(TypedDict):
    """How a run went."""

    status: str
    exit_code: int | None
    signal: int | None
    stdout: str
    stderr: str
    stdout_total_bytes: int
    stderr_total_bytes: int
    truncated: bool
    json: Any
    wall_s: float
    sandbox: dict[str, Any]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a step asks for; None is as the settings say.

    Attributes:
        base: Folder whose project is searched; None is that of the workflow file.
    """

    skill: str
    base: Path | None = None
    script: str | None = None
    args: tuple[str, ...] = ()
    stdin: bytes | None = None
    params: Mapping[str, Any] | None = None
    env: Mapping[str, str] = {}
    timeout: float | None = None
    memory_mb: int | None = None
    max_output: int | None = None
    max_processes: int | None = None
    network: bool | None = None
    require: str | None = None
    isolation: Isolation | None = None
    priority: Priority | None = None


async def performed(ask: Ask, opened: Opened, ctx: Context | None) -> Ran:
    """Run a script as a step.

    Raises:
        StepError: It did not go well; the kind says how.
    """
    base = ask.base or (ctx.run.base if ctx is not None else Path()).absolute()
    settings = opened.settings
    require = max(Level[ask.require or settings.require], Level[settings.require])
    try:
        skill, interpreter = await opened.find(ask.skill, ask.script, base)
    except SkillError as error:
        raise StepError(error.kind, f"{error}.", retryable=False) from error
    isolation = ask.isolation or _isolation(skill, settings)
    if ask.network is None and settings.network and ctx is not None:
        ctx.log.warning(OPEN_NETWORK.format(f"`{skill.name}`"))
    outcome = await opened.company.run(
        skill,
        ask.script,
        ask.args,
        ask.stdin,
        timeout=ask.timeout or settings.timeout,
        max_output=ask.max_output or settings.max_output,
        memory_mb=ask.memory_mb or settings.memory_mb,
        max_processes=ask.max_processes or settings.max_processes,
        network=settings.network if ask.network is None else ask.network,
        env={**(ctx.env if ctx is not None else {}), **ask.env},
        params=ask.params,
        require=require,
        on_chunk=None if ctx is None else _teller(ctx),
        warm=isolation == "warm",
        strict=isolation == "strict",
        interpreter=interpreter,
        priority=ask.priority or priority_of(skill),
    )
    if opened.adopt is not None and ctx is not None and ctx.traceparent:
        from .tracing import span_of

        opened.adopt(span_of(ctx.traceparent, skill.name, ask.script, outcome))
    if not outcome.ok:
        raise _failed(outcome)
    return _ran(outcome)


def _isolation(skill: Skill, settings: SkillsSettings) -> Isolation:
    if skill.name in settings.strict:
        return "strict"
    return "warm" if skill.name in settings.warm else "fresh"


def check_closed(settings: SkillsSettings, network: bool | None) -> None:
    """Refuse to keep what a step finds with an open network.

    Args:
        settings: The project's.
        network: What the step says of it; None is as the settings say.

    Raises:
        ValueError: The network is open.
    """
    if settings.network if network is None else network:
        raise ValueError("it opens the network, whose answers change")


def stdin_of(given: Any) -> bytes | None:
    """Return what a script reads: text as it is, other values as JSON."""
    if given is None or isinstance(given, bytes):
        return given
    if isinstance(given, str):
        return given.encode(errors="surrogateescape")
    return json.dumps(given, ensure_ascii=False).encode(errors="surrogatepass")


def check_pure(skill: Skill) -> None:
    """Refuse to keep what a skill answers.

    Raises:
        ValueError: It does not promise to be pure.
    """
    if not is_pure(skill):
        raise ValueError(
            f"the skill `{skill.name}` does not say `pure: true` in the metadata of its SKILL.md"
        )


def _teller(ctx: Context) -> Any:
    def hear(chunk: Chunk) -> None:
        if isinstance(chunk, Written):
            ctx.output(chunk.stream, chunk.text.encode(errors="surrogateescape"))
        elif isinstance(chunk, Progressed):
            ctx.progress(chunk.progress, chunk.total, chunk.text)
        elif isinstance(chunk, Started):
            level, lacking = chunk.sandbox.level, ", ".join(chunk.sandbox.missing)
            weak = Level[level] < Level.L3 or BUBBLEWRAP in chunk.sandbox.missing
            tell = ctx.log.warning if weak else ctx.log.info
            tell(f"sandbox: {level}", missing=lacking)

    return hear


def _failed(outcome: Outcome) -> StepError:
    kind = outcome.kind or _KINDS.get(outcome.status) or "skills.refused"
    words = outcome.stderr.strip() or outcome.stdout.strip()
    last = words.rpartition("\n")[2].strip()[:200] if outcome.status is Status.FAILED else ""
    said = f"{outcome.message}{f': {last}' if last else '.'}"
    shown = {
        "stdout": outcome.stdout[:_SHOWN],
        "stderr": outcome.stderr[-_SHOWN:],
    }
    return StepError(kind, said[:1].upper() + said[1:], detail={**_ran(outcome), **shown})


def _ran(outcome: Outcome) -> Ran:
    plain: dict[str, Any] = msgspec.to_builtins(outcome)
    return cast(Ran, {name: plain[name] for name in Ran.__annotations__})
