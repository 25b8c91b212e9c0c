"""Running scripts of skills: warm zygotes, confined processes, bounded output, one verdict."""

from __future__ import annotations

from .command import Command, command_for, script_of
from .error import AmbiguousScriptError, InterpreterError, NoScriptError, ParameterError
from .outcome import Outcome, Sandbox, Status
from .parameters import Parameters, parameters_of
from .progress import Chunk, Finished, Killed, Listener, Started, Written
from .runner import Runner
from .waiting import PRIORITIES, Priority, Turns

__all__ = [
    "PRIORITIES",
    "AmbiguousScriptError",
    "Chunk",
    "Command",
    "Finished",
    "InterpreterError",
    "Killed",
    "Listener",
    "NoScriptError",
    "Outcome",
    "ParameterError",
    "Parameters",
    "Priority",
    "Runner",
    "Sandbox",
    "Started",
    "Status",
    "Turns",
    "Written",
    "command_for",
    "parameters_of",
    "script_of",
]
