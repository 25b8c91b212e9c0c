"""The life of a run and of its steps: the closed set of events that a replay folds.

`path` is a step's path as text: `load`, `verify/3` (item 3 of the map `verify`, or turn 3 of a
loop), `files/2/rows/7` (item 7 of `rows` inside of item 2 of `files`), `pay/@catch0/tell` (inside
of a block that is not the step's main one), `@finally/clean` (of the run's own).
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
    files: dict[str, str] = {}  # path of each workflow that it uses -> blob digest
    reuses: str = ""  # the run whose results it takes over


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


class BlockEntered(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """The steps inside of a step, an item or a turn begin; an empty path is the run itself.

    `block` is the block's name in the model: `steps`, `case0`, `try`, `catch0`, `finally`,
    `workflow`, `on-failure`, `on-success`, `on-cancel`, `compensate`.
    """

    path: str
    block: str
    attempt: int = 1
    names: dict[str, Any] = {}  # what its expressions read besides: an error, inputs
    until: float | None = None  # wall clock; then it has timed out


class LoopTurned(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A loop goes on with this turn, at once or when it is `due` (wall clock)."""

    path: str
    turn: int
    due: float = 0.0


class StepWaits(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """A step waits for a time, an event or somebody's word; no process is needed meanwhile."""

    path: str
    what: str  # `sleep`, `event`, `approval`
    until: float | None = None  # wall clock; then the sleep is over, or the wait has timed out
    event: str = ""  # the name of the event
    prompt: str = ""
    form: dict[str, Any] = {}  # JSON Schema of what is to be filled in, by field
    who: list[str] = []  # who may answer; empty = anybody


class EventReceived(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """An event reached the run; it is kept until a step that waits for it takes it."""

    id: str
    event: str
    data: Any = None
    source: str = ""
    message: int = 0  # its place in the inbox


class EventTaken(Event, frozen=True, kw_only=True, tag=True):
    """A step that waits took a received event; no other one can."""

    path: str
    id: str


class ApprovalGiven(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """Somebody answered a step that asks for approval."""

    path: str
    approved: bool
    by: str
    form: dict[str, Any] = {}
    message: int = 0  # its place in the inbox


class RunParked(Event, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """All that is open waits: the process lets go of the run until `due` or a message comes."""

    due: float | None = None  # wall clock
    seen: int = 0  # the last message that was looked at
    events: list[str] = []  # names of the events that it waits for; others do not wake it
    group: str = ""  # the group of runs in which it waits for a place; its process stays


class RunCancelled(Event, frozen=True, kw_only=True, tag=True):
    """Somebody asked the run to stop; with an `error` it fails for that, as by its time limit."""

    reason: str
    error: Failure | None = None


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
    | BlockEntered
    | LoopTurned
    | StepWaits
    | EventReceived
    | EventTaken
    | ApprovalGiven
    | RunParked
    | RunCancelled
    | RunCompleted
)
