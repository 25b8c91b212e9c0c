"""A plan: its tasks, and the limits under which they run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, final

import msgspec

from .faults import Fault

__all__ = [
    "DEFAULT_PLAN_TIMEOUT",
    "DEFAULT_TIMEOUT",
    "FORMAT",
    "FREE",
    "MARK",
    "VERSION",
    "Cost",
    "Kind",
    "Plan",
    "RateLimit",
    "Success",
    "Task",
]

VERSION: Final = 1  # of what a plan file holds
MARK: Final = "${{"  # where an expression begins in a text
FORMAT: Final = "ciranda plan"  # how a saved one says what it is
DEFAULT_TIMEOUT: Final = 60.0  # seconds of one task
DEFAULT_PLAN_TIMEOUT: Final = 120.0  # seconds of a whole plan


@final
class Kind(StrEnum):
    """What a task spends its time on."""

    IO = "io"
    CPU = "cpu"


@final
@dataclass(frozen=True, slots=True)
class Cost:
    """What one attempt takes of the rate limit, in each of its dimensions."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def units(self) -> tuple[int, int, int]:
        """The three, in the order of `RateLimit.units`."""
        return self.requests, self.input_tokens, self.output_tokens

    def __bool__(self) -> bool:
        return any(self.units)


FREE: Final = Cost()


@final
@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most so much may be started in any half-open window; None is without limit.

    Attributes:
        window: Seconds.
        requests: Attempts.
        input_tokens: Tokens read.
        output_tokens: Tokens written.
    """

    window: float
    requests: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def units(self) -> tuple[int | None, int | None, int | None]:
        """The three limits, in the order of `Cost.units`."""
        return self.requests, self.input_tokens, self.output_tokens


@final
@dataclass(frozen=True, slots=True)
class Success:
    """What must hold before a finished task counts as succeeded; all that is given must.

    Attributes:
        exit_code: The code that the task's command ends with, or that its result tells.
        schema: A JSON Schema that the task's result fits.
        file: A file that exists afterwards.
        expression: An expression that is true of what the task gave.
    """

    exit_code: int | None = None
    schema: Mapping[str, Any] | None = None
    file: str | None = None
    expression: str | None = None


# A struct, because ten thousand of them are made in a moment.
@final
class Task(msgspec.Struct, frozen=True, gc=False):
    """One piece of work; times are seconds.

    Attributes:
        id: Unique in the plan.
        title: A few words for a person.
        description: As many words as it takes.
        needs: The tasks that must have succeeded before, each once, `validates` among them.
        uses: An action that does the work, with the inputs `with_`.
        with_: The action's inputs.
        command: A program and its arguments that do the work.
        behaviour: What a trial does instead of work: `sleep` for the estimate, `fail`, `hang` or
            `fail_times:N`. A task without any work sleeps.
        kind: What the time goes to.
        estimate: How long it will probably take.
        cost: What each attempt takes of the rate limit.
        resources: Units of each named resource, held while the task runs.
        priority: Among tasks of the same urgency the larger goes first.
        success: What must hold besides the end of the work.
        contingency: The task that runs only if this one does not succeed; nothing may need it.
        validates: The tasks whose results this one checks.
        timeout: After so long an attempt is killed; None is the default.
        deadline: Seconds from the plan's start within which it must have ended.
        retries: Attempts after the first.
    """

    id: str
    title: str = ""
    description: str = ""
    needs: tuple[str, ...] = ()
    uses: str | None = None
    with_: Mapping[str, Any] = msgspec.field(default_factory=dict)
    command: tuple[str, ...] | None = None
    behaviour: str | None = None
    kind: Kind = Kind.IO
    estimate: float = 0.0
    cost: Cost = FREE
    resources: Mapping[str, int] = msgspec.field(default_factory=dict)
    priority: int = 0
    success: Success | None = None
    contingency: str | None = None
    validates: tuple[str, ...] = ()
    timeout: float | None = None
    deadline: float | None = None
    retries: int = 0


@final
@dataclass(frozen=True, slots=True)
class Plan:
    """Tasks without a fault, and the limits under which they run; times are seconds.

    Attributes:
        name: What the plan is called.
        tasks: In the order of the file.
        workers: How many tasks run at once, at most.
        cpu_workers: How many of them may be cpu tasks; None is no further limit.
        rate_limit: What may be started in a window; None is without limit.
        resources: Units of each named resource that the file gives; others have one.
        timeout: After so long the plan is stopped; None is the default.
        already_succeeded: Tasks that are not run again.
        tier: The row of the table of workers that the limits came from, if any.
        mode: Its column.
        version: Of the schema of the file.
        warnings: What in it deserved a look when it was read; no part of its content.
        unestimated: Tasks of which the file does not say how long they take; no part of its
            content either.
    """

    name: str
    tasks: tuple[Task, ...]
    workers: int
    cpu_workers: int | None = None
    rate_limit: RateLimit | None = None
    resources: Mapping[str, int] = field(default_factory=dict)
    timeout: float | None = None
    already_succeeded: frozenset[str] = frozenset()
    tier: int | None = None
    mode: str | None = None
    version: int = VERSION
    warnings: tuple[Fault, ...] = ()
    unestimated: frozenset[str] = frozenset()

    @property
    def standby(self) -> frozenset[str]:
        """The tasks that run only when another one does not succeed."""
        return frozenset(task.contingency for task in self.tasks if task.contingency)

    @property
    def expected(self) -> tuple[Task, ...]:
        """The tasks that run if all goes well, in the order of the file."""
        left_out = self.standby | self.already_succeeded
        return tuple(task for task in self.tasks if task.id not in left_out)

    @property
    def digest(self) -> str:
        """SHA-256 of the content: equal for plans that mean the same, whatever their spelling."""
        bare = replace(self, warnings=(), unestimated=frozenset())
        content = msgspec.json.encode(bare, order="deterministic")
        return hashlib.sha256(content).hexdigest()
