"""A run that begins in the middle of an old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.errors import RunNotFoundError
from ciranda.events import Event, RunEvent, RunStarted, StepCompleted
from ciranda.expressions import Reference
from ciranda.runs.artifacts import is_kept
from ciranda.runs.journal import decode
from ciranda.runs.pins import restored
from ciranda.runs.placing import steps_at
from ciranda.runs.reuse import Reuse, reuse
from ciranda.runs.secrets import vault_of
from ciranda.store import Log, RunRow
from ciranda.workflow.check import Checked
from ciranda.workflow.inputs import demand_secrets, resolve_inputs
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
    given = dict(inputs or {})
    vault = vault_of(checked.workflow, given, engine.environ)
    decoder = msgspec.msgpack.Decoder(RunEvent, ext_hook=vault.ext_hook)
    events = [
        event for record in log.read(row.id) if isinstance(event := decode(record, decoder), Event)
    ]
    begun = events[0]
    assert isinstance(begun, RunStarted)  # `restored` looked
    command = f"ciranda rerun {row.id} --from {start} --set"
    demand_secrets(checked.workflow, begun.inputs, given, command)
    declared = checked.workflow.inputs
    old = {name: value for name, value in begun.inputs.items() if name in declared}
    values = {**old, **given}
    for name in [name for name in old if name not in given]:
        values[name] = vault.reveal(old[name])
    new = resolve_inputs(checked.workflow, values)
    changed = {name for name in given if declared[name].type != "secret"}
    changed = {name for name in changed if name not in old or new[name] != vault.reveal(old[name])}
    lost = _lost(log, before.workflow, events)
    found = reuse(
        before.workflow, checked, events[1:], start, changed, _readers(checked.workflow), lost=lost
    )
    return Rerun(row, checked, values, found)


def _lost(log: Log, workflow: Workflow, events: Iterable[Event]) -> set[str]:
    """Return the paths of the steps of which a file is another one or gone, and kept no more."""
    lost = set()
    for event in events:
        if not isinstance(event, StepCompleted) or not isinstance(event.output, dict):
            continue
        for step in steps_at(workflow, event.path):
            files = [name for name, one in step.declares.items() if one.file is not None]
            found = [event.output[name] for name in files if name in event.output]
            if not all(is_kept(log, artifact) for artifact in found):
                lost.add(event.path)
    return lost


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
