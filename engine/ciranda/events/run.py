"""The life of a run and of its steps: the closed set of events that a replay folds.

`path` is a step's path as text: `load`, `verify/3` (item 3 of the map `verify`).
Durations are seconds on the monotonic clock.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ciranda.events.envelope import Event


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt or a step failed: the one error model."""

    kind: str
    message: str
    detail: dict[str, Any] = {}
    step: str = ""
    path: str = ""
    attempt: int = 0
    retryable: bool | None = None
    retry_after: float | None = None
    place: str = ""  # file:line of the step that failed
    traceback: str = ""
    log: str = ""  # the last lines of captured output


class RunStarted(Event, frozen=True, kw_only=True, tag=True):
    """A run began; everything needed to begin it again is pinned here."""

    workflow: str
    file: str = ""
    source: str = ""  # blob digest of the file as read
    plugins: dict[str, str] = {}  # plugin or inline file -> version or blob digest
    inputs: Any = None
    trace_parent: str = ""
    steps: int = 0


class RunResumed(Event, frozen=True, kw_only=True, tag=True):
    """A later process took the run over; `epoch` is its fencing number."""

    epoch: int = 0


class StepStarted(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An attempt began.

    `waited` tells the seconds for which it was ready before, by what it waited for: `workers`,
    `resources`, `limit`. Only a run that is begun with a `Dispatch` tells them.
    """

    path: str
    attempt: int = 1
    inputs_digest: str = ""
    waited: dict[str, float] = {}


class StepAttemptFailed(Event, frozen=True, kw_only=True, tag=True):
    """An attempt failed and another will follow at `retry_at` (wall clock)."""

    path: str
    attempt: int
    error: Failure
    retry_at: float
    duration: float = 0.0
    used: dict[str, float] = {}  # what the attempt reported by `ctx.used`


class TimerFired(Event, frozen=True, kw_only=True, tag=True):
    """The wait of a step before its next attempt is over."""

    path: str


class StepCompleted(Event, frozen=True, kw_only=True, tag=True):
    """A step, or one item of a map, succeeded."""

    path: str
    output: Any = None
    attempt: int = 1
    duration: float = 0.0
    cached: bool = False
    used: dict[str, float] = {}  # what the attempt reported by `ctx.used`


class StepFailed(Event, frozen=True, kw_only=True, tag=True):
    """A step failed for good; `tolerated` when `continue-on-error` accepts it."""

    path: str
    error: Failure
    attempts: int = 1
    duration: float = 0.0
    tolerated: bool = False
    used: dict[str, float] = {}  # what the attempt reported by `ctx.used`


class StepSkipped(Event, frozen=True, kw_only=True, tag=True):
    """A step did not run; `because` names the step whose failure caused it, if any."""

    path: str
    reason: str
    because: str = ""


class StepCancelled(Event, frozen=True, kw_only=True, tag=True):
    """A step was stopped, or never begun, because of something outside it."""

    path: str
    reason: str
    used: dict[str, float] = {}  # what the attempt reported by `ctx.used`


class MapExpanded(Event, frozen=True, kw_only=True, tag=True):
    """The list of a map is known."""

    path: str
    count: int
    digest: str = ""


class MapCompleted(Event, frozen=True, kw_only=True, tag=True):
    """Every item of a map has ended; `status` is that of the map as a step."""

    path: str
    status: str
    counts: dict[str, int] = {}
    error: Failure | None = None
    tolerated: bool = False
    duration: float = 0.0


class RunCancelled(Event, frozen=True, kw_only=True, tag=True):
    """Somebody asked the run to stop."""

    reason: str


class RunCompleted(Event, frozen=True, kw_only=True, tag=True):
    """The run ended; `status` is succeeded, failed or cancelled."""

    status: str
    failures: list[str] = []
    warnings: int = 0
    outputs: Any = None
    error: Failure | None = None
    duration: float = 0.0


RunEvent = (
    RunStarted
    | RunResumed
    | StepStarted
    | StepAttemptFailed
    | TimerFired
    | StepCompleted
    | StepFailed
    | StepSkipped
    | StepCancelled
    | MapExpanded
    | MapCompleted
    | RunCancelled
    | RunCompleted
)
