"""What a plugin offers to take goals apart, what it is asked and what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from ..faults import Fault
from .analysis import Analysis, Complexity

__all__ = ["Assignment", "Decomposer", "Decomposition", "Goal"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What somebody wants, in words or as a checklist.

    Attributes:
        text: Markdown, or plain words.
        folder: Where file patterns look.
        prefix: How tasks reach that folder from where they run; empty if they run there.
        defaults: Fields for tasks that do not say otherwise.
        context: Plain data for decomposers, handed on as it is.
    """

    text: str
    folder: Path = Path()
    prefix: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a decomposer is asked.

    Attributes:
        goal: The goal, or what one of its tasks says that is to be planned again.
        analysis: What the text is made of.
        depth: 0 for a goal, 1 for a task that is planned again, and so on.
        above: The texts that this one came from, the goal first.
    """

    goal: Goal
    analysis: Analysis
    depth: int = 0
    above: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposition:
    """What a decomposer answers.

    Attributes:
        tasks: Each as a plan file holds it: `{"id": ..., "needs": [...], "uses": ...}`.
        again: The ids of tasks that are to be planned again; no other task ever is.
        done: The ids of tasks that are not to be run, because they were done before.
        name: What the plan may be called.
        faults: Everything that makes no sense; with any of them there is no plan.
        warnings: Sentences about what was left out.
        places: Where the text says so, line and column from 1, of ids.
    """

    tasks: Sequence[Mapping[str, Any]] = ()
    again: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    name: str = ""
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)


Decompose = Callable[[Assignment], Decomposition | Awaitable[Decomposition | None] | None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decomposer:
    """Takes goals apart into tasks.

    Attributes:
        name: Unique among all that are offered: a-z, 0-9 and `-` between them.
        decompose: Answers with tasks, or None to leave the goal to the next one. A plain function
            runs in a thread.
        complexity: Says whether a goal is worth the question; None for the planner's own policy.
        timeout: Seconds that an answer may take.
    """

    name: str
    decompose: Decompose
    complexity: Callable[[Analysis], Complexity] | None = None
    timeout: float = 60.0
