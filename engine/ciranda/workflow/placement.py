"""Which executor performs a step, and what no executor can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.errors import ActionError

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.workflow.model import Step

__all__ = ["check_action", "executor_of"]


def executor_of(step: Step, action: Action) -> str:
    """Return the executor's name: the step's word, the action's, else by kind of function.

    A sync function that may have to be killed runs in a process, because a thread cannot be;
    one that takes resources does so only when told to, because each process has its own.
    """
    if step.executor is not None:
        return step.executor
    if action.executor is not None:
        return action.executor
    if action.is_async or action.inline:
        return "inline"
    if action.resources:
        return "thread"
    concurrency = step.concurrency
    killed = step.timeout is not None or (
        concurrency is not None and concurrency.policy == "cancel-old"
    )
    return "process" if killed else "thread"


def check_action(step: Step, executor: str, action: Action) -> None:
    """Refuse what no executor can do.

    Raises:
        ActionError: A closure or a function of `__main__` is to run in a process, or an async one
            in a thread.
    """
    if executor == "process" and "<locals>" in action.function.__qualname__:
        raise ActionError(
            f"step '{step.id}': {step.uses} is a function inside a function, which no worker "
            "process can find: move it to the top of its module, or say `executor: thread`"
        )
    if executor == "process" and action.function.__module__ == "__main__":
        raise ActionError(
            f"step '{step.id}': {step.uses} is a function of the program itself, which no worker "
            "process can find: move it to a module, or say `executor: thread`"
        )
    if executor == "thread" and action.is_async:
        raise ActionError(f"step '{step.id}': {step.uses} is async: take `executor: thread` away")
