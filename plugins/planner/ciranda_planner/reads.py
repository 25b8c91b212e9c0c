"""Needs that nobody wrote: a task that reads what another gave waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace as changed

from ciranda.expressions import ExpressionError, compile_template

from .plan import MARK, Task

__all__ = ["with_reads"]

Numbered = tuple[int, Task]


def with_reads(tasks: list[Numbered]) -> list[Numbered]:
    """Return the tasks, each needing those whose results its inputs or its command read.

    A run would wait for them anyway; so the schedule knows it, too. What is no expression is left
    to the check of the workflow.
    """
    texts = {
        at: [text for text in _texts((task.with_, task.command)) if MARK in text]
        for at, task in tasks
        if task.with_ or task.command
    }
    if not any(texts.values()):
        return tasks
    from .compiling import step_ids  # brings the engine with it, and few plans have expressions

    ids = {step: task for task, step in step_ids(task.id for _, task in tasks if task.id).items()}
    standby = {task.contingency for _, task in tasks}
    found = []
    for at, task in tasks:
        names = dict.fromkeys(name for text in texts.get(at, ()) for name in _steps(text))
        read = [ids[name] for name in names if name in ids]
        more = [one for one in read if one not in (task.id, *task.needs) and one not in standby]
        found.append((at, changed(task, needs=(*task.needs, *more)) if more else task))
    return found


def _texts(value: Any) -> Iterator[str]:
    """Return the texts within plain data."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += one.values()
        elif isinstance(one, list | tuple):
            left += one


def _steps(text: str) -> Iterator[str]:
    """Return the ids of the steps that a text reads."""
    try:
        template = compile_template(text)
    except ExpressionError:
        return
    for expression in template.expressions:
        for reference in expression.references:
            if reference.root == "steps" and len(reference.path) > 1:
                yield str(reference.path[1])
