"""A run that begins in the middle of an old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.errors import RunNotFoundError
from ciranda.events import Event, RunEvent, RunStarted
from ciranda.expressions import Reference
from ciranda.runs.journal import decode
from ciranda.runs.pins import restored
from ciranda.runs.reuse import Reuse, reuse
from ciranda.store import RunRow
from ciranda.vault import Vault
from ciranda.workflow.check import Checked
from ciranda.workflow.inputs import demand_secrets
from ciranda.workflow.level import levels_of
from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.spots import Spot, spots

if TYPE_CHECKING:
    from ciranda.engine import Engine

__all__ = ["Rerun", "rerun_of"]


@dataclass(frozen=True, slots=True)
class Rerun:
    """What a new run begins with.

    Attributes:
        row: The old run.
        checked: The workflow.
        inputs: The values of its inputs.
        reuse: What is taken over, and what runs again.
    """

    row: RunRow
    checked: Checked
    inputs: Mapping[str, Any]
    reuse: Reuse


def rerun_of(
    engine: Engine,
    run: str,
    start: str,
    *,
    inputs: Mapping[str, Any] | None = None,
    pinned: bool = False,
) -> Rerun:
    """Say what a new run takes over of an old one; nothing is run.

    Args:
        engine: Whose store has the old run.
        run: Its id, an unambiguous start of it, or `last`.
        start: Path of what runs again, with all that follows from it: `load`, `files/2/rows/7`.
        inputs: Values that replace those of the old run.
        pinned: Use the file as it was when the old run began, whatever it says now.

    Raises:
        RunNotFoundError: There is no such run, or it is still under way.
        InputError: There is nothing at the path, or an input does not fit.
        ReplayError: The old run's log cannot be read.
        WorkflowError: The file is faulty now.
    """
    log = engine.log
    row = log.run(run)
    if log.held(row.id):
        raise RunNotFoundError(f"run {row.id} is under way: wait for its end, or cancel it")
    before = restored(engine, row)
    checked = before
    if not pinned and row.file and Path(row.file).is_file():
        checked = engine.load(row.file)
    vault = Vault({})
    decoder = msgspec.msgpack.Decoder(RunEvent, ext_hook=vault.ext_hook)
    events = [
        event for record in log.read(row.id) if isinstance(event := decode(record, decoder), Event)
    ]
    begun = events[0]
    assert isinstance(begun, RunStarted)  # `restored` looked
    given = dict(inputs or {})
    demand_secrets(checked.workflow, begun.inputs, given, row.id)
    old = {name: value for name, value in begun.inputs.items() if name in checked.workflow.inputs}
    values = {**old, **given}
    changed = {name for name in given if name not in old or given[name] != old[name]}
    found = reuse(before.workflow, checked, events[1:], start, changed, _readers(checked.workflow))
    return Rerun(row, checked, values, found)


def _readers(workflow: Workflow) -> dict[str, set[str]]:
    """Return the inputs that each step reads, with all that is inside of it."""
    levels = levels_of(workflow)
    readers: dict[str, set[str]] = {name: set() for name in workflow.steps}
    everywhere: set[str] = set()
    for spot in spots(workflow, Places(workflow.document, workflow.file), [], levels=levels):
        read = {_input(one) for one in spot.expression.references if one.root == "inputs"}
        if "*" in read:
            read |= workflow.inputs.keys()
        step = _step(spot)
        if step in readers:
            readers[step] |= read
        elif spot.place == "file":  # the environment of every step
            everywhere |= read
    return {name: read | everywhere for name, read in readers.items()}


def _input(reference: Reference) -> str:
    return str(reference.path[1]) if len(reference.path) > 1 else "*"


def _step(spot: Spot) -> str:
    if spot.level.way:
        return spot.level.way[0]
    return spot.step.id if spot.step is not None else ""
