"""What goes on inside of steps: blocks are entered, end, are stopped, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ciranda.events import BlockEntered, Failure, StepCancelled, StepFailed
from ciranda.runs.commands import Cancel, Command, Enter, Leave, SetTimer
from ciranda.runs.frame import Conduct, Frame, is_main
from ciranda.runs.graph import Graph
from ciranda.runs.retry import kind_matches
from ciranda.runs.status import (
    CANCELLED,
    FAILED,
    PENDING,
    READY,
    RUNNING,
    SUCCEEDED,
    WAITING,
    Status,
)
from ciranda.runs.walk import Walk, walked

if TYPE_CHECKING:
    from ciranda.runs.scheduler import Scheduler

__all__ = [
    "branch_won",
    "end_early",
    "ended",
    "enter",
    "go_on",
    "handled",
    "stop",
    "stop_conduct",
    "stop_losers",
    "succeeded",
    "timed_out",
    "undoing",
]

_OF_WORKFLOW = "workflow."  # before the names of a sub-workflow's own handlers


def graph_of(state: Scheduler, owner: int, block: str) -> Graph:
    """Return the graph of a block of a step, or of the run."""
    if owner < 0:
        return state.graph.blocks[block]
    blocks = state.nodes[owner].blocks
    if block.startswith(_OF_WORKFLOW):
        return blocks["workflow"].blocks[block.removeprefix(_OF_WORKFLOW)]
    return blocks[block]


def enter(state: Scheduler, event: BlockEntered) -> list[Command]:
    """Let the steps of a block begin."""
    owner, item = state.find(event.path) if event.path else (-1, -1)
    block = event.block
    if owner >= 0 and is_main(block):
        state.drop_conduct(owner, item)
        state.conducts.setdefault(owner, {})[item] = Conduct(owner, item)
        _set_running(state, owner, item)
    conduct = _conduct(state, owner, item)
    if block == "compensate":
        state.undo.remove((owner, item))
        state.undone.add((owner, item))
    graph = graph_of(state, owner, block)
    frame = conduct.frames[block] = state.open_frame(graph, owner, item, block)
    conduct.entered[block] = event
    commands: list[Command] = []
    if owner >= 0 and is_main(block):
        node = state.nodes[owner]
        outer = state.frames[owner]
        if block == "steps" and not node.is_map:
            frame.need = node.join.need
        if node.lifts is not True:
            frame.stop = outer.stop
        if item >= 0:
            frame.stop = frame.stop or state.items[owner].stopped
        if event.until is not None:
            state.timers[owner, item] = event.until
            commands.append(SetTimer(owner, item, event.until))
    elif block.startswith("catch"):
        if state.nodes[owner].lifts is not True:
            frame.stop = state.frames[owner].stop
        kinds = state.nodes[owner].catches[int(block.removeprefix("catch"))]
        late = conduct.late  # told after this was chosen
        if late is not None and not frame.stop and kinds and not kind_matches("timeout", kinds):
            frame.stop, frame.verdict, frame.error = late.message, FAILED, late
    commands += [state.release(frame.base + node.index) for node in graph.nodes if not node.needs]
    return commands


def _conduct(state: Scheduler, owner: int, item: int) -> Conduct:
    if owner < 0:
        return state.run
    inside = state.conducts.setdefault(owner, {})
    if item not in inside:  # a handler of an action
        inside[item] = Conduct(owner, item)
    return inside[item]


def _set_running(state: Scheduler, owner: int, item: int) -> None:
    if item < 0:
        state.statuses[owner] = RUNNING
    else:
        state.items[owner].statuses[item] = RUNNING


def outcome_of(state: Scheduler, frame: Frame) -> Status:
    """Return how a frame ends in which nothing is open."""
    if frame.verdict is not None:
        return frame.verdict
    if frame.stop:
        return CANCELLED
    if frame.need is not None:
        return SUCCEEDED if frame.won >= frame.need else FAILED
    for index in range(frame.base, frame.base + len(frame.graph.nodes)):
        if state.statuses[index] is FAILED and index not in state.tolerated:
            return FAILED
    return SUCCEEDED


def ended(state: Scheduler, frame: Frame) -> list[Command]:
    """Go on after the last step of a frame."""
    conduct = state.conduct(frame.owner, frame.item)
    assert conduct is not None  # its frames live as long as it does
    status = outcome_of(state, frame)
    block = frame.block
    if not block or is_main(block):
        if not block and status is SUCCEEDED and state.stray:
            status = FAILED  # what was to clean up did not
        conduct.outcome, conduct.error = status, frame.error if status is FAILED else None
    elif block == "compensate":
        if status is FAILED:
            _strays(state, frame)
        return go_on(state, state.undoers.pop((frame.owner, frame.item)))
    elif block.startswith("catch"):
        conduct.outcome = status
        conduct.error = frame.error if status is FAILED else None
    elif conduct.ended is not None:
        return _handler_ended(state, conduct, frame, status)
    elif status is FAILED:  # `finally`, or a handler of a run
        conduct.outcome, conduct.error = FAILED, frame.error
        if frame.owner < 0:
            _strays(state, frame)
    return go_on(state, conduct)


def _strays(state: Scheduler, frame: Frame) -> None:
    """Note that a handler failed: the run does, even if what it cleans up after is forgiven."""
    state.root.error = state.root.error or frame.error
    state.stray.extend(
        state.paths[index]
        for index in range(frame.base, frame.base + len(frame.graph.nodes))
        if state.statuses[index] is FAILED and index not in state.tolerated
    )


def go_on(state: Scheduler, conduct: Conduct) -> list[Command]:
    """Return what follows now that no block of a step, an item or the run is under way."""
    main = conduct.main if conduct.owner >= 0 else state.root
    assert main is not None  # handlers of actions end elsewhere
    assert conduct.outcome is not None
    # What was done is undone when it failed, not when what comes after it did.
    is_scope = main.block in ("", "try", "workflow") or state.nodes[conduct.owner].is_retried
    is_scope = is_scope and len(conduct.frames) == 1
    if is_scope and conduct.outcome in (FAILED, CANCELLED) and state.undo:
        last = _last_to_undo(state, main)
        if last is not None:
            state.undoers[last] = conduct
            return [Enter(*last, "compensate")]
    following = _following(state, conduct, main)
    if following:
        return [Enter(conduct.owner, conduct.item, following)]
    if conduct.owner < 0:
        return [state.finish()]
    return [Leave(conduct.owner, conduct.item, conduct.outcome)]


def _last_to_undo(state: Scheduler, scope: Frame) -> tuple[int, int] | None:
    """Return the step that ended last of those in a scope that can be compensated."""
    for at in range(len(state.undo) - 1, -1, -1):
        key = state.undo[at]
        frame = state.frames[key[0]]
        while frame is not scope and frame.owner >= 0:
            frame = state.frames[frame.owner]
        if frame is scope:
            return key
    return None


def undoing(state: Scheduler, conduct: Conduct) -> bool:
    """Say whether what goes on inside has failed or was cancelled, and something was undone."""
    main = conduct.main if conduct.owner >= 0 else state.root
    if main is None or main.open or conduct.outcome not in (FAILED, CANCELLED):
        return False
    return any(main in state.around(node) for node, _ in state.undone)


def _following(state: Scheduler, conduct: Conduct, main: Frame) -> str:
    """Return the block that comes next; empty when there is none."""
    entered = conduct.frames
    if main.block == "try":
        blocks = state.nodes[conduct.owner].blocks
        caught = any(name.startswith("catch") for name in entered)
        if conduct.outcome is FAILED and not caught and "finally" not in entered:
            kind = conduct.error.kind if conduct.error is not None else ""
            for number, kinds in enumerate(state.nodes[conduct.owner].catches):
                if not kinds or kind_matches(kind, kinds):
                    return f"catch{number}"
        return "finally" if "finally" in blocks and "finally" not in entered else ""
    if main.block not in ("", "workflow"):
        return ""
    start = _OF_WORKFLOW if main.block else ""
    word = {SUCCEEDED: "on-success", FAILED: "on-failure", CANCELLED: "on-cancel"}
    handlers = main.graph.blocks
    if not any(name.startswith(f"{start}on-") for name in entered):
        assert conduct.outcome is not None  # the caller looked
        name = word[conduct.outcome]
        if name in handlers and f"{start}finally" not in entered:
            return start + name
    last = f"{start}finally"
    return last if "finally" in handlers and last not in entered else ""


# Ends of owners


def succeeded(state: Scheduler, node: int, item: int) -> None:
    """Note that a step with blocks succeeded: what is inside is not needed any more."""
    own = state.nodes[node]
    if "compensate" in own.blocks and (item >= 0 or not (own.is_map or own.is_loop)):
        state.undo.append((node, item))
    handlers = ("on-failure", "on-cancel", "compensate")
    if not any(graph.undoable for name, graph in own.blocks.items() if name not in handlers):
        state.drop_conduct(node, item)
    elif state.undone:
        state.forget_undone(node, item)  # it was caught: that is how it is to be


def handled(
    state: Scheduler, node: int, item: int, block: str, event: StepFailed | StepCancelled
) -> list[Command] | None:
    """Enter the handler of a step that failed or was cancelled; None where there is none."""
    own = state.nodes[node]
    if block not in own.blocks or (item < 0 and (own.is_map or own.is_loop)):
        return None
    conduct = _conduct(state, node, item)
    conduct.ended = event
    if item >= 0 and state.status(node, item) is WAITING:
        state.items[node].running += 1  # it has no place of its map while it waits to be tried
    _set_running(state, node, item)
    return [Enter(node, item, block)]


def _handler_ended(
    state: Scheduler, conduct: Conduct, frame: Frame, status: Status
) -> list[Command]:
    event, conduct.ended = conduct.ended, None
    if status is FAILED:
        _strays(state, frame)
    if isinstance(event, StepFailed):
        return state.settle_failed(conduct.owner, conduct.item, event)
    return state.settle_either(conduct.owner, conduct.item, CANCELLED)


# Stopping


def stop(
    state: Scheduler,
    frame: Frame,
    reason: str,
    verdict: Status,
    error: Failure | None = None,
) -> list[Command]:
    """Begin no more steps of a frame, and stop those under way; `if: always()` still runs.

    Args:
        state: The run.
        frame: What is stopped, with all that is inside of it.
        reason: Why.
        verdict: How the frame ends for that.
        error: The failure that a verdict of failed is told with.
    """
    return walked(_stopping(state, frame, reason, verdict, error))


def _stopping(
    state: Scheduler, frame: Frame, reason: str, verdict: Status, error: Failure | None
) -> Walk:
    frame.stop = frame.stop or reason
    if frame.verdict is None:
        frame.verdict = verdict
    if error is not None and frame.error is None:
        frame.error = error
    for index in range(frame.base, frame.base + len(frame.graph.nodes)):
        yield from _stop_step(state, index, reason)


def _stop_step(state: Scheduler, index: int, reason: str) -> Iterable[Command | Walk]:
    """Stop a step that is under way, with all of its items and all that is inside of it."""
    from ciranda.runs.repeating import stopping_items  # it stops what is in items, by this

    status = state.statuses[index]
    if status.ended or status is PENDING:
        return []
    if index in state.items:  # if all of them have ended, so was its own end told
        return [stopping_items(state, index, reason)] if state.items[index].open else []
    conduct = state.conduct(index)
    if conduct is not None:
        return stop_conduct(state, conduct, reason)
    return [Cancel(index, -1, reason)] if status in (READY, RUNNING, WAITING) else []


def stop_conduct(state: Scheduler, conduct: Conduct, reason: str) -> Iterable[Command | Walk]:
    """Stop the work of a step; what cleans up after it is let go on."""
    frame = _at_work(conduct)
    return [] if frame is None else [_stopping(state, frame, reason, CANCELLED, None)]


def timed_out(state: Scheduler, node: int, item: int) -> list[Command]:
    """Stop what is inside of a step whose time is over; what cleans up after it is let go on."""
    conduct = state.conduct(node, item)
    if conduct is None:
        return []
    path = state.path(node, item)
    error = Failure(kind="timeout", message=f"'{path}' was not done in its time", path=path)
    frame = _at_work(conduct)
    if frame is not None:
        return stop(state, frame, error.message, FAILED, error)
    if [*conduct.frames] == ["try"] and conduct.outcome is FAILED:  # it is not caught yet
        conduct.late = conduct.error = error
    return []


def _at_work(conduct: Conduct) -> Frame | None:
    """Return the frame that is open, but for those that clean up."""
    if conduct.ended is not None:
        return None
    for name, frame in conduct.frames.items():
        if frame.open and (is_main(name) or name.startswith("catch")):
            return frame
    return None


def end_early(state: Scheduler, node: int, item: int) -> list[Command]:
    """Stop all else of the workflow that a step ends as a success."""
    frame = state.frames[node]
    while frame.owner >= 0 and frame.block != "workflow":
        frame = state.frames[frame.owner]
    if frame.block not in ("", "workflow") or frame.stop:
        return []
    frame.early = node
    if item < 0:
        state.statuses[node] = SUCCEEDED
    else:
        state.items[node].statuses[item] = SUCCEEDED
    return stop(state, frame, f"'{state.paths[node]}' ended the run early", SUCCEEDED)


def branch_won(state: Scheduler, frame: Frame, index: int) -> list[Command]:
    """Count a branch that succeeded; stop the others when they are enough and are not wanted."""
    local = index - frame.base
    if local not in frame.graph.branches:
        return []
    frame.won += 1
    if frame.winner < 0:
        frame.winner = index
    return stop_losers(state, frame) if frame.won == frame.need else []


def stop_losers(state: Scheduler, frame: Frame) -> list[Command]:
    """Stop the branches that are not wanted any more, now that enough of them succeeded."""
    join = state.nodes[frame.owner].join
    if frame.need is None or frame.won < frame.need or join.rest != "cancel" or not frame.open:
        return []
    return stop(state, frame, f"'{state.nodes[frame.winner].id}' has won", SUCCEEDED)
