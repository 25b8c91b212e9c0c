"""What a resumed run has to do: everything that did not succeed, and what followed from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.events import StepFailed
from ciranda.runs import conducting, repeating
from ciranda.runs.commands import Command, Enter, Offer, SetTimer, Turn
from ciranda.runs.frame import Conduct, Frame, is_main
from ciranda.runs.items import Items
from ciranda.runs.status import Status

if TYPE_CHECKING:
    from ciranda.runs.scheduler import Scheduler

__all__ = ["revive"]


def revive(state: Scheduler) -> list[Command]:
    """Open again what failed, was cancelled or was skipped for that; ask for all that is open.

    What succeeded stays, unless it stands below a step that is opened again (a report written
    `if: always()` after a failure is written anew) or was compensated. A step that failed for good
    gets a fresh set of attempts; one that was interrupted repeats the attempt that never ended.
    The run's own handlers run again at its next end.
    """
    run = state.run
    for name in [name for name in run.frames if name]:
        state.release_frame(run.frames.pop(name))
        run.entered.pop(name, None)
    run.outcome = run.error = None
    state.stray.clear()
    state.undoers.clear()
    return _revive_frame(state, state.root)


def _revive_frame(state: Scheduler, frame: Frame) -> list[Command]:
    _reopen(state, frame)
    frame.renew()
    commands: list[Command] = []
    span = range(frame.base, frame.base + len(frame.graph.nodes))
    frame.open = sum(not state.statuses[index].ended for index in span)
    for index in span:
        node = state.nodes[index]
        needs = [frame.base + need for need in node.needs]
        state.unmet[index] = sum(not state.statuses[need].ended for need in needs)
        state.blocked[index] = ""
        if state.statuses[index] is not Status.SKIPPED:
            state.origins[index] = ""
        state.tainted[index] = 0
    for index in _by_needs(frame):
        status = state.statuses[index]
        if status.ended:
            state.spread(index)
            if frame.need is not None and status is Status.SUCCEEDED:
                conducting.branch_won(state, frame, index)
    for index in span:
        if not state.statuses[index].ended and not state.unmet[index]:
            commands += _revive_step(state, index)
    return commands if frame.open else [*commands, *conducting.ended(state, frame)]


def _revive_step(state: Scheduler, index: int) -> list[Command]:
    conduct = state.conduct(index)
    if index in state.items:
        return _revive_items(state, index, state.items[index])
    if conduct is not None:
        return _revive_conduct(state, conduct)
    if state.statuses[index] is Status.WAITING:
        return _wait_again(state, index, -1)
    return [state.release(index)]


def _wait_again(state: Scheduler, index: int, item: int) -> list[Command]:
    found: list[Command] = []
    if (index, item) in state.timers:
        found.append(SetTimer(index, item, state.timers[index, item]))
    wait = state.waits.get((index, item))
    if wait is not None and wait.what == "event":
        found.append(Offer(index, item))
    return found


def _by_needs(frame: Frame) -> list[int]:
    """Return the numbers of all steps of a frame, each after its needs."""
    nodes = frame.graph.nodes
    unmet = [len(node.needs) for node in nodes]
    order = [node.index for node in nodes if not node.needs]
    for index in order:
        for dependent in nodes[index].dependents:
            unmet[dependent] -= 1
            if not unmet[dependent]:
                order.append(dependent)
    return [frame.base + index for index in order]


def _reopen(state: Scheduler, frame: Frame) -> None:
    reopened: set[int] = set()
    for index in _by_needs(frame):
        status = state.statuses[index]
        below = any(frame.base + need in reopened for need in state.nodes[index].needs)
        undone = _is_undone(state, index)
        failed = status is Status.FAILED and index not in state.tolerated
        because = status is Status.SKIPPED and bool(state.origins[index])
        again = below or failed or because or undone or status is Status.CANCELLED
        if status.ended and again:
            reopened.add(index)
            state.attempts[index] = 1
            state.origins[index] = ""
            state.tolerated.discard(index)
            _reopen_step(state, index, anew=below or undone)
        elif not status.ended:
            reopened.add(index)


def _reopen_step(state: Scheduler, index: int, *, anew: bool) -> None:
    state.statuses[index] = Status.PENDING
    if anew:
        state.items.pop(index, None)  # its list may be another one now
        state.drop_conducts(index)
        state.undo[:] = [key for key in state.undo if key[0] != index]
        return
    conduct = state.conduct(index)
    if index in state.items:
        state.statuses[index] = Status.RUNNING
    elif conduct is not None:
        _rewind(state, conduct)
        if conduct.main is not None:
            state.statuses[index] = Status.RUNNING
        else:
            state.drop_conduct(index, -1)


def _is_undone(state: Scheduler, index: int) -> bool:
    found = [key for key in state.undone if key[0] == index]
    state.undone.difference_update(found)
    return bool(found)


def _rewind(state: Scheduler, conduct: Conduct) -> None:
    """Go back to the main block of a step that had ended."""
    for name in [name for name in conduct.frames if not is_main(name)]:
        state.release_frame(conduct.frames.pop(name))
        conduct.entered.pop(name)
    conduct.outcome = conduct.error = conduct.ended = None


def _revive_conduct(state: Scheduler, conduct: Conduct) -> list[Command]:
    """Go on inside of a step with the block that was entered last."""
    commands: list[Command] = []
    key = (conduct.owner, conduct.item)
    if key in state.timers:
        commands.append(SetTimer(*key, state.timers[key]))
    if conduct.ended is not None and not _handles(conduct):  # it was not entered yet
        name = "on-failure" if isinstance(conduct.ended, StepFailed) else "on-cancel"
        return [*commands, Enter(*key, name)]
    *_, last = conduct.frames.values()
    if is_main(last.block):
        conduct.outcome = conduct.error = None
    return commands + _revive_frame(state, last)


def _handles(conduct: Conduct) -> bool:
    return "on-failure" in conduct.frames or "on-cancel" in conduct.frames


def _revive_items(state: Scheduler, index: int, items: Items) -> list[Command]:
    commands: list[Command] = []
    node = state.nodes[index]
    items.running = items.open = items.failed = items.next = items.won = 0
    items.stopped, items.winner = "", -1
    items.resumed.clear()
    alive: list[Conduct] = []
    for item, before in enumerate(items.statuses):
        status = Status(before)
        conduct = state.conduct(index, item)
        if status is Status.WAITING:
            commands += _wait_again(state, index, item)
        elif status in (Status.FAILED, Status.CANCELLED):
            items.attempts.pop(item, None)
            items.statuses[item] = Status.PENDING
            if conduct is not None:
                _rewind(state, conduct)
                if conduct.main is None:
                    state.drop_conduct(index, item)
                    conduct = None
        elif status in (Status.READY, Status.RUNNING):
            items.statuses[item] = Status.PENDING
        if items.statuses[item] == Status.PENDING and conduct is not None:
            items.statuses[item] = Status.RUNNING
            items.running += 1
            alive.append(conduct)
        items.open += items.statuses[item] < Status.SUCCEEDED
        if items.statuses[item] == Status.SUCCEEDED and node.join.need is not None:
            items.won += 1
            items.winner = item if items.winner < 0 else items.winner
    state.statuses[index] = Status.RUNNING
    if not items.open:
        if node.is_loop:
            return [Turn(index, len(items.statuses) - 1)]
        return [repeating.end_items(state, index)]
    for conduct in alive:
        commands += _revive_conduct(state, conduct)
    return commands + repeating.admit(state, index)
