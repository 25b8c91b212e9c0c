"""Running scripts of skills: warm zygotes, confined processes, bounded output, one verdict."""

from __future__ import annotations

from .batching import Lane, LaneStats
from .command import Command, command_for, script_of
from .company import Company
from .error import AmbiguousScriptError, InterpreterError, NoScriptError, ParameterError
from .folders import Room
from .outcome import Outcome, Sandbox, Status
from .parameters import Parameters, parameters_of
from .plan import is_pure
from .progress import (
    Chunk,
    Finished,
    Found,
    Killed,
    Listener,
    Observer,
    Progressed,
    Ran,
    Started,
    Written,
)
from .reports import BUBBLEWRAP
from .runner import Runner
from .waiting import PRIORITIES, Priority, Turns, priority_of

__all__ = [
    "BUBBLEWRAP",
    "PRIORITIES",
    "AmbiguousScriptError",
    "Chunk",
    "Command",
    "Company",
    "Finished",
    "Found",
    "InterpreterError",
    "Killed",
    "Lane",
    "LaneStats",
    "Listener",
    "NoScriptError",
    "Observer",
    "Outcome",
    "ParameterError",
    "Parameters",
    "Priority",
    "Progressed",
    "Ran",
    "Room",
    "Runner",
    "Sandbox",
    "Started",
    "Status",
    "Turns",
    "Written",
    "command_for",
    "is_pure",
    "parameters_of",
    "priority_of",
    "script_of",
]
