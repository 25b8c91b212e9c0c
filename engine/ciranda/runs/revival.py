"""What a resumed run has to do: everything that did not succeed, and what followed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.runs.commands import Command, EndMap, SetTimer, Start
from ciranda.runs.items import Items
from ciranda.runs.status import Status

if TYPE_CHECKING:
    from ciranda.runs.scheduler import Scheduler

__all__ = ["revive"]


def revive(state: Scheduler) -> list[Command]:
    """Open again what failed, was cancelled or was skipped for that; ask for all that is open.

    What succeeded stays, unless it stands below a step that is opened again (a report written
    `if: always()` after a failure is written anew). A step that failed for good gets a fresh set
    of attempts; one that was interrupted repeats the attempt that never ended.
    """
    _reopen(state)
    commands: list[Command] = []
    state.open = sum(not status.ended for status in state.statuses)
    for node in state.graph.nodes:
        state.unmet[node.index] = sum(not state.statuses[need].ended for need in node.needs)
        state.blocked[node.index] = ""
        if state.statuses[node.index] is not Status.SKIPPED:
            state.origins[node.index] = ""
        state.tainted[node.index] = 0
    for index in _by_needs(state):
        if state.statuses[index].ended:
            state.spread(state.graph.nodes[index])
    for node in state.graph.nodes:
        index, status = node.index, state.statuses[node.index]
        if status.ended or state.unmet[index]:
            continue
        if index in state.items:
            commands += _revive_items(state, index, state.items[index])
        elif status is Status.WAITING:
            commands.append(SetTimer(index, -1, state.timers[index, -1]))
        else:
            commands.append(state.release(node))
    return commands if state.open else [state.finish()]


def _by_needs(state: Scheduler) -> list[int]:
    """Return the indexes of all steps, each after its needs."""
    unmet = [len(node.needs) for node in state.graph.nodes]
    order = [node.index for node in state.graph.nodes if not node.needs]
    for index in order:
        for dependent in state.graph.nodes[index].dependents:
            unmet[dependent] -= 1
            if not unmet[dependent]:
                order.append(dependent)
    return order


def _reopen(state: Scheduler) -> None:
    reopened = bytearray(len(state.statuses))
    for index in _by_needs(state):
        status = state.statuses[index]
        node = state.graph.nodes[index]
        below = any(reopened[need] for need in node.needs)
        failed = status is Status.FAILED and index not in state.tolerated
        because = status is Status.SKIPPED and bool(state.origins[index])
        if status.ended and (below or failed or because or status is Status.CANCELLED):
            reopened[index] = 1
            state.statuses[index] = Status.PENDING
            state.attempts[index] = 1
            state.origins[index] = ""
            state.tolerated.discard(index)
            if below:
                state.items.pop(index, None)  # its list may be another one now
            elif index in state.items:
                state.statuses[index] = Status.RUNNING
        elif not status.ended:
            reopened[index] = 1


def _revive_items(state: Scheduler, index: int, items: Items) -> list[Command]:
    commands: list[Command] = []
    items.running = items.open = items.failed = items.next = 0
    items.stopped = ""
    items.resumed.clear()
    for item, status in enumerate(items.statuses):
        if status == Status.WAITING:
            commands.append(SetTimer(index, item, state.timers[index, item]))
        elif status in (Status.FAILED, Status.CANCELLED):
            items.statuses[item] = Status.PENDING
            items.attempts.pop(item, None)
        elif status in (Status.READY, Status.RUNNING):
            items.statuses[item] = Status.PENDING
        items.open += items.statuses[item] < Status.SUCCEEDED
    node = state.graph.nodes[index]
    state.statuses[index] = Status.RUNNING
    if not items.open:
        return [EndMap(index, "succeeded")]
    started: list[Start] = [
        Start(-node.rank, item, index, items.attempts.get(item, 1))
        for item in items.admit(node.width)
    ]
    return [*commands, *started]
