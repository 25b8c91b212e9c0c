"""Running a skill's evals: each case through whatever runs scripts, and a report of them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Protocol

import anyio
import anyio.to_thread
import msgspec

from ciranda.workflow.nearest import nearest

from ..digest import digest
from ..error import SkillError, UnknownSkillError
from ..format import Skill, read_skill
from ..registry.copying import copy_skill
from ..registry.unpacking import Refusal
from ..registry.unpacking.pathname import parts_of
from ..running import Outcome, Status
from .case import Case, Evals
from .comparing import Mismatch, mismatches

__all__ = ["Report", "Result", "Run", "Verdict", "run_evals"]

_MODEL: Final = "it asks a model: only cases with a `script` or `expect` are run here"


class Run(Protocol):
    """What runs a script; `Runner.run` is one."""

    async def __call__(
        self,
        skill: Skill,
        script: str | None = None,
        args: Sequence[str] = (),
        stdin: bytes | None = None,
        *,
        timeout: float = 30.0,  # noqa: ASYNC109  (the run's own)
        env: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Run it to its end."""


class Verdict(StrEnum):
    """What a case came to."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One case and what it came to.

    Attributes:
        name: The case.
        verdict: What it came to.
        mismatches: Expectations that were not met.
        reason: Why it was not run.
        status: How the run ended; None without one.
        exit_code: Of the run.
        wall_s: Seconds that the run took.
    """

    name: str
    verdict: Verdict
    mismatches: tuple[Mismatch, ...] = ()
    reason: str = ""
    status: Status | None = None
    exit_code: int | None = None
    wall_s: float = 0.0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All cases of a skill.

    Attributes:
        skill: Its name.
        digest: Of the content that was tested.
        passed: How many cases met all expectations.
        failed: How many did not.
        skipped: How many were not run.
        wall_s: Seconds from the first to the last.
        results: Each, in the order of the file.
    """

    skill: str
    digest: str
    passed: int
    failed: int
    skipped: int
    wall_s: float
    results: tuple[Result, ...]

    @property
    def ok(self) -> bool:
        """Whether no case failed."""
        return not self.failed


async def run_evals(
    skill: Skill,
    evals: Evals,
    run: Run,
    *,
    only: Collection[str] = (),
    at_once: int = 2,
    on_result: Callable[[Result], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Report:
    """Run the cases of a skill.

    Args:
        skill: The skill.
        evals: Its cases.
        run: Runs a script, confined or however the caller wants it.
        only: Names of cases; none are all.
        at_once: How many run at a time.
        on_result: Hears of each case when it ends.
        clock: Seconds.

    Raises:
        UnknownSkillError: There is no case of a name.
        SkillError: The skill's files cannot be read.
    """
    chosen = _chosen(evals.cases, only)
    began = clock()
    found: dict[int, Result] = {}
    limiter = anyio.CapacityLimiter(at_once)

    failed: Exception | None = None

    async def one(number: int, case: Case) -> None:
        nonlocal failed
        async with limiter:
            try:
                found[number] = await _result(skill, case, run)
                if on_result is not None:
                    on_result(found[number])
            except Exception as error:
                failed = failed or error
                tasks.cancel_scope.cancel()

    content = await anyio.to_thread.run_sync(digest, skill.root)
    async with anyio.create_task_group() as tasks:
        for number, case in enumerate(chosen):
            tasks.start_soon(one, number, case)
    if failed is not None:
        raise failed  # as it is, not in a group
    results = tuple(found[number] for number in range(len(chosen)))
    counts = {verdict: sum(r.verdict is verdict for r in results) for verdict in Verdict}
    return Report(
        skill=skill.name,
        digest=content,
        passed=counts[Verdict.PASSED],
        failed=counts[Verdict.FAILED],
        skipped=counts[Verdict.SKIPPED],
        wall_s=clock() - began,
        results=results,
    )


def _chosen(cases: tuple[Case, ...], only: Collection[str]) -> tuple[Case, ...]:
    names = [case.name for case in cases]
    for name in only:
        if name not in names:
            meant = nearest(name, names)
            hint = f": did you mean `{meant}`?" if meant else ""
            raise UnknownSkillError(f"there is no case `{name[:80]}`{hint}")
    return tuple(case for case in cases if not only or case.name in only)


async def _result(skill: Skill, case: Case, run: Run) -> Result:
    if case.model:
        return Result(name=case.name, verdict=Verdict.SKIPPED, reason=_MODEL)
    try:
        outcome = await _outcome(skill, case, run)
    except (SkillError, Refusal) as error:
        wrong = Mismatch("files", f"its files cannot be laid out: {error}")
        return Result(name=case.name, verdict=Verdict.FAILED, mismatches=(wrong,))
    wrongs = mismatches(case.expect, outcome)
    return Result(
        name=case.name,
        verdict=Verdict.FAILED if wrongs else Verdict.PASSED,
        mismatches=wrongs,
        status=outcome.status,
        exit_code=outcome.exit_code,
        wall_s=outcome.wall_s,
    )


async def _outcome(skill: Skill, case: Case, run: Run) -> Outcome:
    async def started(tested: Skill) -> Outcome:
        return await run(
            tested,
            case.script,
            case.args,
            case.stdin,
            timeout=case.timeout,
            env=case.env,
            params=case.params,
        )

    if not case.files:
        return await started(skill)
    with TemporaryDirectory(prefix="ciranda-evals-") as folder:
        laid_out = await anyio.to_thread.run_sync(_lay_out, skill, case.files, Path(folder))
        return await started(laid_out)


def _lay_out(skill: Skill, files: Mapping[str, bytes], folder: Path) -> Skill:
    """Return a copy of a skill with the files of a case in it."""
    root = folder / skill.root.name
    copy_skill(skill.root, root)
    for name, content in files.items():
        target = root.joinpath(*parts_of(name))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)  # the copy holds no link that could lead elsewhere
        except OSError as error:
            raise SkillError(f"`{name[:80]}`: {error.strerror}") from None
    copied = read_skill(root).skill
    if copied is None:
        raise SkillError("the skill does not load with them")
    return copied
