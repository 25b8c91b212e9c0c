"""Every error a caller can act on, flat under one base class.

This module imports only the standard library and stays readable by Python 3.9:
`ciranda.expressions`, which also runs on PyPy, stands on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .fault import Fault

__all__ = [
    "ActionError",
    "CirandaError",
    "Fault",
    "InputError",
    "LeaseLostError",
    "PluginError",
    "PoolError",
    "ReplayError",
    "RunNotFoundError",
    "SettingsError",
    "StepError",
    "StoreError",
    "TraceError",
    "UnansweredError",
    "WorkflowError",
]


class CirandaError(Exception):
    """What ciranda raises on purpose; its text is one sentence for a person."""


class WorkflowError(CirandaError):
    """A workflow file or model is wrong; `faults` holds everything found, in file order."""

    def __init__(self, faults: list[Fault] | tuple[Fault, ...]) -> None:
        self.faults: Final = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class InputError(CirandaError):
    """A value handed to a run or an action does not fit its declaration."""


class PluginError(CirandaError):
    """A plugin is missing, broken or in conflict; the text names it.

    Attributes:
        entry: What a file lists below `plugins`, if that could not be brought in.
        fault: The place in the file where it is listed, with the same sentence.
    """

    entry: str = ""
    fault: Fault | None = None

    def picture(self) -> str:
        """Return the sentence, with the line of the file and a caret where there is one."""
        return str(self) if self.fault is None else self.fault.picture()


class ActionError(CirandaError):
    """An action is declared in a way that cannot work."""


class SettingsError(CirandaError):
    """`ciranda.toml` or the environment holds a setting that does not fit."""


class UnansweredError(CirandaError):
    """Nobody answered a request."""


class StoreError(CirandaError):
    """The store cannot be read or written: locked, full, read-only, corrupt, too new."""


class RunNotFoundError(CirandaError):
    """No run, or more than one, goes by this name."""


class LeaseLostError(CirandaError):
    """Another process owns the run now; nothing more may be written for it."""


class ReplayError(CirandaError):
    """A log does not fit the workflow it claims to belong to."""


class PoolError(CirandaError):
    """A worker pool cannot start or take calls."""


class TraceError(CirandaError):
    """Spans cannot be sent: the endpoint is none, or does not take them."""


class StepError(CirandaError):
    """What an action raises to fail with a kind of its own.

    Args:
        kind: Dotted word that `retry: {on: [...]}` and `catch` match by prefix.
        message: One sentence for a person.
        retryable: Whether another attempt can help; None leaves it to the step's rules.
        retry_after: Seconds the other side asked us to wait.
        detail: Plain data for programs.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        detail: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retryable = retryable
        self.retry_after = retry_after
        self.detail = detail or {}

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.kind, self.message), self.__dict__)


def __getattr__(name: str) -> Any:
    """Import `Fault` when it is first used: workers know of errors, and never of files."""
    if name != "Fault":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .fault import Fault

    return Fault
