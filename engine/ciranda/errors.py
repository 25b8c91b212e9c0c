"""Every error a caller can act on, flat under one base class.

This module imports only the standard library and stays readable by Python 3.9:
`ciranda.expressions`, which also runs on PyPy, stands on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

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


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one file, at one place.

    `line` and `column` count from 1; 0 means the place is not known.
    """

    message: str
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""
    kind: str = "invalid"
    source: str = ""  # the line as written, for the caret

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def picture(self) -> str:
        """Return the fault with its source line and a caret beneath."""
        if not self.source or not self.column:
            return str(self)
        shown = self.source.replace("\t", " ")
        return f"{self}\n    {shown}\n    {' ' * (self.column - 1)}^"


class WorkflowError(CirandaError):
    """A workflow file or model is wrong; `faults` holds everything found, in file order."""

    def __init__(self, faults: list[Fault] | tuple[Fault, ...]) -> None:
        self.faults: Final = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class InputError(CirandaError):
    """A value handed to a run or an action does not fit its declaration."""


class PluginError(CirandaError):
    """A plugin is missing, broken or in conflict; the text names it."""


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
