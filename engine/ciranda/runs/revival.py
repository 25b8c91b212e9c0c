"""What a resumed run has to do: everything that did not succeed, and what followed from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from ciranda.events import StepFailed
from ciranda.runs import conducting, repeating
from ciranda.runs.commands import Command, Enter, Offer, SetTimer, Turn
from ciranda.runs.frame import Conduct, Frame, is_main
from ciranda.runs.items import Items
from ciranda.runs.status import (
    CANCELLED,
    FAILED,
    PENDING,
    READY,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    WAITING,
    Status,
)
from ciranda.runs.walk import Walk, walked

if TYPE_CHECKING:
    from ciranda.runs.scheduler import Scheduler

__all__ = ["revive"]


def revive(
    state: Scheduler, at: float, *, ended: bool = True, parked: bool = False
) -> list[Command]:
    """Open again what failed, was cancelled or was skipped for that; ask for all that is open.

    What succeeded stays, unless it stands below a step that is opened again (a report written
    `if: always()` after a failure is written anew) or was compensated. A step that failed for good
    gets a fresh set of attempts; one that was interrupted repeats the attempt that never ended.
    The run's own handlers run again at its next end, unless they were all that a good run was
    interrupted in. What had begun to undo its steps when it was interrupted goes on with that, and
    ends as it was going to. Where enough has succeeded, and the rest is only to be stopped, nothing
    is opened again; nor is it in a run that was parked.

    Args:
        state: The run.
        at: The time of the wall clock when it was resumed.
        ended: Whether it had come to its end.
        parked: Whether it had let go of itself: it goes on as if it had stayed.
    """
    run, root = state.run, state.root
    revival = _Revival(state, at)
    state.undoers.clear()
    if parked and root.open:
        return walked(revival.frame(root, keep=True))
    good = len(run.frames) > 1 and conducting.outcome_of(state, root) is SUCCEEDED
    if parked or (not ended and (good or conducting.undoing(state, run))):
        return walked(revival.ending(run, keep=parked))
    state.cancelled = ""
    for name in [name for name in run.frames if name]:
        state.release_frame(run.frames.pop(name))
        run.entered.pop(name, None)
    run.outcome = run.error = None
    state.forget_strays("@")
    return walked(revival.frame(root))


class _Revival(msgspec.Struct, frozen=True):
    state: Scheduler
    at: float

    def frame(self, frame: Frame, *, keep: bool = False) -> Walk:
        """Go on in a frame; one to `keep` stays as it is but for what has not ended."""
        state = self.state
        decided = frame.verdict is SUCCEEDED and not self._undone_inside(frame)
        keep = keep or decided
        if not keep:
            self._reopen(frame)
            frame.renew()
        span = range(frame.base, frame.base + len(frame.graph.nodes))
        if frame.need is not None and not keep:
            won = [index for index in span if state.statuses[index] is SUCCEEDED]
            won = [index for index in won if index - frame.base in frame.graph.branches]
            frame.won, frame.winner = len(won), won[0] if won else -1
        frame.open = sum(not state.statuses[index].ended for index in span)
        for index in span:
            node = state.nodes[index]
            needs = [frame.base + need for need in node.needs]
            state.unmet[index] = sum(not state.statuses[need].ended for need in needs)
            state.blocked[index] = ""
            if state.statuses[index] is not SKIPPED:
                state.origins[index] = ""
            state.tainted[index] = 0
        for index in _by_needs(frame):
            if state.statuses[index].ended:
                state.spread(index)
        for index in span:
            if not state.statuses[index].ended and not state.unmet[index]:
                yield from self._step(index, keep=keep)
        if not frame.open:
            yield from conducting.ended(state, frame)
        elif decided:
            yield from conducting.stop(state, frame, frame.stop, SUCCEEDED)
        elif frame.need is not None and not keep:
            yield from conducting.stop_losers(state, frame)

    def _step(self, index: int, *, keep: bool) -> Iterable[Command | Walk]:
        state = self.state
        conduct = state.conduct(index)
        if index in state.items:
            return [self._items(index, state.items[index], keep=keep)]
        if conduct is not None:
            return [self._conduct(conduct, keep=keep)]
        if state.statuses[index] is WAITING:
            return self._wait(index, -1)
        return [state.release(index)]

    def _wait(self, index: int, item: int) -> list[Command]:
        state, found = self.state, list[Command]()
        wait = state.waits.get((index, item))
        if wait is not None and wait.until is not None:
            state.timers[index, item] = wait.until  # that it was over may be all that was told
        if (index, item) in state.timers:
            found.append(SetTimer(index, item, state.timers[index, item]))
        if wait is not None and wait.what == "event":
            found.append(Offer(index, item))
        return found

    # Opening again

    def _reopen(self, frame: Frame) -> None:
        state = self.state
        reopened: set[int] = set()
        for index in _by_needs(frame):
            status, node = state.statuses[index], state.nodes[index]
            below = any(frame.base + need in reopened for need in node.needs)
            if not status.ended:
                reopened.add(index)
                if below:
                    self._reopen_step(index, anew=True)
                continue
            inside = self._inside(index)
            failed = status is FAILED and index not in state.tolerated
            because = status is SKIPPED and bool(state.origins[index])
            if not (below or inside or failed or because or status is CANCELLED):
                continue
            reopened.add(index)
            state.attempts[index] = 1
            state.origins[index] = ""
            state.tolerated.discard(index)
            caught = status is SUCCEEDED and node.body == "try"
            anew = bool(inside) and (node.is_loop or caught or inside.get(-1, False))
            self._reopen_step(index, anew=anew or below)
            if index in state.items:
                self._reopen_items(index, inside)

    def _reopen_step(self, index: int, *, anew: bool) -> None:
        state = self.state
        state.statuses[index] = PENDING
        state.undo[:] = [key for key in state.undo if key[0] != index or (not anew and key[1] >= 0)]
        if anew:
            state.forget_waiting(index)
            state.forget_strays(f"{state.paths[index]}/")
            state.items.pop(index, None)  # its list may be another one now
            state.drop_conducts(index)
            return
        conduct = state.conduct(index)
        if index in state.items:
            state.statuses[index] = RUNNING
        elif conduct is not None:
            self._rewind(conduct)
            if conduct.main is not None:
                state.statuses[index] = RUNNING
            else:
                state.drop_conduct(index, -1)
        else:
            state.forget_strays(f"{state.paths[index]}/")

    def _reopen_items(self, index: int, inside: dict[int, bool]) -> None:
        """Let items begin again, or go on with what is to be done again in them."""
        state = self.state
        for item, whole in inside.items():
            if whole or state.conduct(index, item) is None:
                state.drop_conduct(index, item)
                state.forget_strays(f"{state.path(index, item)}/")
            state.undo[:] = [key for key in state.undo if key != (index, item)]
            state.items[index].statuses[item] = CANCELLED

    def _reopen_item(self, index: int, item: int) -> None:
        state = self.state
        state.items[index].attempts.pop(item, None)
        state.items[index].statuses[item] = PENDING
        conduct = state.conduct(index, item)
        if conduct is not None:
            self._rewind(conduct)
            if conduct.main is None:
                state.drop_conduct(index, item)

    def _inside(self, index: int) -> dict[int, bool]:
        """Return the items of a step with something that is to be done again.

        That is what was undone: the whole item (-1 is the step itself), or steps inside of it; or
        a handler that failed.
        """
        state, found = self.state, dict[int, bool]()
        prefix = f"{state.paths[index]}/"
        for path in state.stray:
            if path.startswith(prefix):
                item = path.removeprefix(prefix).partition("/")[0]
                found[int(item) if index in state.items else -1] = False
        for key in [*state.undone]:
            if key[0] == index:
                state.undone.discard(key)
                found[key[1]] = True
                continue
            for frame in state.around(key[0]):
                if frame.owner == index:
                    found.setdefault(frame.item, False)
        return found

    def _undone_inside(self, frame: Frame) -> bool:
        return any(frame in self.state.around(node) for node, _ in self.state.undone)

    def _rewind(self, conduct: Conduct) -> None:
        """Go back to the main block of a step that had ended."""
        for name in [name for name in conduct.frames if not is_main(name)]:
            self.state.release_frame(conduct.frames.pop(name))
            conduct.entered.pop(name)
        self.state.forget_strays(f"{self.state.path(conduct.owner, conduct.item)}/@")
        conduct.outcome = conduct.error = conduct.ended = conduct.late = None

    # Going on

    def ending(self, conduct: Conduct, *, keep: bool) -> Walk:
        """Go on with what follows the main block: steps are undone, then come the handlers."""
        state = self.state
        *_, last = conduct.frames.values()
        if last.open:
            yield self.frame(last, keep=keep)
            return
        for key in state.undone:
            own = state.conduct(*key)
            frame = None if own is None else own.frames.get("compensate")
            if frame is not None and frame.open and last in state.around(key[0]):
                state.undoers[key] = conduct
                yield self.frame(frame, keep=keep)
                return
        yield from conducting.go_on(state, conduct)

    def _conduct(self, conduct: Conduct, *, keep: bool) -> Walk:
        """Go on inside of a step with the block that was entered last."""
        state = self.state
        key = (conduct.owner, conduct.item)
        if conduct.ended is not None and not _handles(conduct):  # it was not entered yet
            name = "on-failure" if isinstance(conduct.ended, StepFailed) else "on-cancel"
            yield Enter(*key, name)
            return
        *_, last = conduct.frames.values()
        is_over = not last.open and (keep or conducting.undoing(state, conduct))
        if is_main(last.block) and not is_over:
            conduct.outcome = conduct.error = conduct.late = None
            entered = conduct.entered[last.block]
            if entered.until is not None:  # whose time is over gets the same time once more
                fresh = self.at + entered.until - entered.at
                state.timers.setdefault(key, fresh)
        if key in state.timers:
            yield SetTimer(*key, state.timers[key])
        yield self.ending(conduct, keep=keep) if is_over else self.frame(last, keep=keep)

    def _items(self, index: int, items: Items, *, keep: bool) -> Walk:
        state = self.state
        node = state.nodes[index]
        won = [item for item, each in enumerate(items.statuses) if each == SUCCEEDED]
        enough = node.join.need is not None and len(won) >= node.join.need
        keep = keep or (enough and node.join.rest == "cancel")
        if items.winner not in won:
            items.winner = won[0] if won and node.join.need is not None else -1
        items.won = len(won)
        alive: list[Conduct] = []
        for item in range(len(items.statuses)):
            status = Status(items.statuses[item])
            if status is WAITING:
                yield from self._wait(index, item)
            elif status in (FAILED, CANCELLED):
                if keep or _is_past(items, item, is_loop=node.is_loop):
                    continue
                self._reopen_item(index, item)
            elif status in (READY, RUNNING):
                items.statuses[item] = PENDING
            conduct = state.conduct(index, item)
            if items.statuses[item] == PENDING and conduct is not None:
                items.statuses[item] = RUNNING
                alive.append(conduct)
        items.failed = items.failed if keep else 0
        items.open = sum(each < SUCCEEDED for each in items.statuses)
        held = sum((index, item) in state.waits for item in range(len(items.statuses)))
        items.running, items.next = len(alive) + held, 0
        items.stopped = items.stopped if keep else ""
        items.resumed.clear()
        state.statuses[index] = RUNNING
        if not items.open:
            last = len(items.statuses) - 1
            yield Turn(index, last) if node.is_loop else repeating.end_items(state, index)
            return
        for conduct in alive:
            yield self._conduct(conduct, keep=keep)
        if enough and node.join.rest == "cancel":
            yield from repeating.stop_items(state, index, f"item {items.winner} has won")
        else:
            yield from repeating.admit(state, index)


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


def _handles(conduct: Conduct) -> bool:
    return "on-failure" in conduct.frames or "on-cancel" in conduct.frames


def _is_past(items: Items, item: int, *, is_loop: bool) -> bool:
    """Say whether a turn is over for good: others came after it, or its failure was tolerated."""
    last = item == len(items.statuses) - 1
    tolerated = items.statuses[item] == FAILED and not items.failed
    return is_loop and (not last or tolerated)
