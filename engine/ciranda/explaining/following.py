"""What the end of a step meant for others."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.events import MapCompleted, StepFailed, StepSkipped
from ciranda.explaining.address import Address
from ciranda.explaining.before import decided_at
from ciranda.explaining.chronicle import Chronicle, status_of
from ciranda.explaining.fact import Fact
from ciranda.explaining.within import failed_with

__all__ = ["follows"]


def follows(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield what became of the steps that need it, of what is around it, and of the run."""
    end = chronicle.end(at.path)
    if at.item is None:
        for name, needs in at.level.needs().items():
            if at.step.id in needs:
                yield _dependent(chronicle, at, f"{at.level.prefix}{name}", needs)
    if isinstance(end, StepFailed | MapCompleted):
        yield from _upwards(chronicle, at)
    run = chronicle.ended
    if run is not None and at.item is None and at.path in run.failures:
        yield Fact("run", f"the run {run.status} because of it", {"status": run.status})


def _dependent(chronicle: Chronicle, at: Address, path: str, needs: tuple[str, ...]) -> Fact:
    first, end = decided_at(chronicle, path), chronicle.end(path)
    data = {"step": path, "status": status_of(end)}
    if isinstance(end, StepSkipped):
        blamed = end.because == at.step.id or f"'{at.step.id}'" in end.reason
        why = "because of it" if blamed else end.reason
        return Fact("follows", f"`{path}` was skipped: {why}", data)
    if first is None:
        mine = chronicle.end(at.path)
        word = "has not begun" if mine is not None else "waits for it"
        return Fact("follows", f"`{path}` {word}", data)
    ends = {need: chronicle.end(f"{at.level.prefix}{need}", first.seq) for need in needs}
    known = {need: one.seq for need, one in ends.items() if one is not None}
    freed = known and max(known, key=lambda need: known[need]) == at.step.id
    why = ", which it was the last to free" if freed and len(needs) > 1 else " after it"
    state = "began" if end is None else f"ran ({data['status']})"
    return Fact("follows", f"`{path}` {state}{why}", data)


def _upwards(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    end = chronicle.end(at.path)
    if status_of(end) != "failed" or getattr(end, "tolerated", False):
        return
    owner = at.at if at.item is not None else at.level.owner
    if not owner:
        return
    over = chronicle.end(owner)
    if over is None:
        return
    error = getattr(over, "error", None)
    blamed = error is not None and failed_with(chronicle, owner, error) == at.path
    if status_of(over) == "failed" and blamed:
        yield Fact("follows", f"`{owner}` failed with it", {"step": owner, "status": "failed"})
    else:
        state = status_of(over)
        yield Fact("follows", f"`{owner}` {state} all the same", {"step": owner, "status": state})
