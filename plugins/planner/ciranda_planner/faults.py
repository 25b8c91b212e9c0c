"""What can be wrong with a plan, every fault by its kind."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from ciranda.errors import CirandaError

__all__ = ["Fault", "FaultKind", "PlanError"]


@final
class FaultKind(StrEnum):
    """The kinds of faults and of warnings; programs may rely on the words."""

    ALTERED_PLAN = "altered_plan"  # it is not what was saved
    CYCLE = "cycle"  # a task that needs itself, too
    DUPLICATE_ID = "duplicate_id"
    EMPTY_PLAN = "empty_plan"
    INVALID_BEHAVIOUR = "invalid_behaviour"
    INVALID_CONTINGENCY = "invalid_contingency"
    INVALID_COST = "invalid_cost"
    INVALID_DEPS = "invalid_deps"
    INVALID_DURATION = "invalid_duration"  # estimates, timeouts and deadlines
    INVALID_FIELD = "invalid_field"
    INVALID_FILE = "invalid_file"  # it cannot be read, or is neither YAML nor JSON
    INVALID_ID = "invalid_id"
    INVALID_KIND = "invalid_kind"
    INVALID_RATE_LIMIT = "invalid_rate_limit"
    INVALID_RESOURCE = "invalid_resource"
    INVALID_SUCCESS = "invalid_success"
    INVALID_TASK = "invalid_task"
    INVALID_WORK = "invalid_work"
    INVALID_WORKERS = "invalid_workers"
    RATE_LIMIT_UNSATISFIABLE = "rate_limit_unsatisfiable"
    RESOURCE_DEADLOCK = "resource_deadlock"
    TOO_LARGE = "too_large"
    UNKNOWN_ACTION = "unknown_action"
    UNKNOWN_DEPENDENCY = "unknown_dependency"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_VERSION = "unknown_version"

    # Faults of goals, before there is a plan.
    AMBIGUOUS_DEPENDENCY = "ambiguous_dependency"
    DECOMPOSER_FAILED = "decomposer_failed"
    NO_FILES = "no_files"
    TOO_DEEP = "too_deep"
    UNKNOWN_DECOMPOSER = "unknown_decomposer"

    # Warnings: the plan would run, and something in it deserves a look.
    DEADLINE_MISSED = "deadline_missed"
    DUPLICATE_DEPENDENCY = "duplicate_dependency"
    ESTIMATE_OVER_TIMEOUT = "estimate_over_timeout"
    PLAN_OVER_TIMEOUT = "plan_over_timeout"


@final
@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a plan, or one thing to look at.

    `task` is the id as written, "" when the fault is the plan's own. `line` and `column` count
    from 1; 0 means that the place is not known. `path` is a cycle, its first task last again.
    """

    kind: FaultKind
    task: str
    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    path: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


class PlanError(CirandaError):
    """A plan cannot be run; `faults` holds everything found, in the order of the file."""

    def __init__(self, faults: tuple[Fault, ...] | list[Fault]) -> None:
        self.faults: Final = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
