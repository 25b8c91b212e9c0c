"""What the steps inside of a step meant for it: failures, catches, handlers, races."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ciranda.events import BlockEntered, MapCompleted, StepCompleted, StepFailed
from ciranda.explaining.address import Address
from ciranda.explaining.chronicle import Chronicle
from ciranda.explaining.fact import Fact
from ciranda.explaining.wiring import is_main

__all__ = ["block_facts", "failed_with"]


def block_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield which blocks beside the main one ran, and who won a race."""
    for event in chronicle.newest(at.path):
        if isinstance(event, BlockEntered) and not is_main(event.block):
            yield _entered(chronicle, at, event)
    end = chronicle.end(at.path)
    if at.step.join.race and isinstance(end, StepCompleted) and isinstance(end.output, dict):
        winner = end.output.get("winner")
        yield Fact("race", f"`{winner}` won", {"winner": winner})


def _entered(chronicle: Chronicle, at: Address, event: BlockEntered) -> Fact:
    name, data = event.block, {"block": event.block}
    if not name.startswith("catch"):
        return Fact("block", f"its `{name.removeprefix('workflow.')}` ran", data)
    kinds = at.step.catches[int(name[5:])]
    caught = _first_failed(chronicle, at.path, event.seq)
    text = f"its `try` failed{f' with `{caught}`' if caught else ''}, and the `catch` for "
    return Fact("block", f"{text}{', '.join(kinds) or 'any failure'} took it", data)


def failed_with(chronicle: Chronicle, path: str, error: Any) -> str:
    """Return the path inside of a step that its failure is about; empty when it is its own."""
    if error.path and error.path != path:
        return str(error.path)
    inner = _first_failed(chronicle, path, None)
    return inner if inner and f"'{inner}'" in error.message else ""


def _first_failed(chronicle: Chronicle, owner: str, before: int | None) -> str:
    found: list[StepFailed | MapCompleted] = []
    for path in chronicle.beneath(owner):
        end = chronicle.end(path, before)
        if isinstance(end, StepFailed) or (isinstance(end, MapCompleted) and end.error):
            found.append(end)
    # What is further in has failed earlier: of those, the one that the step itself saw.
    direct = [one for one in found if one.path.count("/") == owner.count("/") + 1]
    return min(direct or found, key=lambda one: one.seq).path if found else ""
