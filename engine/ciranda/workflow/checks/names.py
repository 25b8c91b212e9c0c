"""Names in expressions: that they exist at this place, and may be used there."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.errors import Fault
from ciranda.expressions import Reference
from ciranda.workflow.model import Workflow
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.scope import ITEM_PLACES, LATER_NAMES, RUN_SCHEMA
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import STATUS_FUNCTIONS

__all__ = ["name_faults"]

# A secret there would decide what happens, or be shown, or be kept.
_NO_SECRETS = frozenset({"if", "when", "map", "outputs"})
_NO_CLOCK = frozenset({"map", "cache.key"})
_NOT_YET = {
    "env": "its variables do not read each other",
    "steps": "it comes before every step",
}
_MISSES = {"workflow": "name", "run_id": "id", "start": "started", "folder": "dir"}


def name_faults(spot: Spot, workflow: Workflow, places: Places) -> Iterator[Fault]:
    """Yield what is wrong with the names that one expression reads and calls."""
    yield from _calls(spot, places)
    for reference in spot.expression.references:
        yield from _reference(reference, spot, workflow, places)


def _calls(spot: Spot, places: Places) -> Iterator[Fault]:
    for name, offset in spot.expression.calls:
        if name in STATUS_FUNCTIONS and spot.place != "if":
            yield places.fault(
                spot.path,
                f"`{name}()` has an answer in `if` only, not in `{spot.key}`",
                hint="read `steps.<id>.status`",
                offset=spot.base + offset,
                kind="status-function",
            )
        elif name == "now" and spot.place == "file":
            yield places.fault(
                spot.path,
                "`now()` belongs to a step, and `env` of the file comes before",
                hint="read `run.started`, or put the variable into `env` of the step",
                offset=spot.base + offset,
                kind="clock",
            )
        elif name == "now" and spot.key in _NO_CLOCK:
            yield places.fault(
                spot.path,
                f"`now()` is different each time, so it cannot be part of `{spot.key}`",
                offset=spot.base + offset,
                kind="clock",
            )


def _reference(
    reference: Reference, spot: Spot, workflow: Workflow, places: Places
) -> Iterator[Fault]:
    root, offset = reference.root, spot.base + reference.offsets[0]
    step = spot.step
    if step is not None and root in (step.as_, step.index_as) and step.map is not None:
        if spot.place not in ITEM_PLACES:
            hint = "write `when`, which is asked for each item" if spot.place == "if" else ""
            message = f"`{root}` is known for each item only, and `{spot.key}` comes before"
            yield places.fault(spot.path, message, hint=hint, offset=offset, kind="undefined")
    elif spot.place == "file" and root in _NOT_YET:
        yield places.fault(
            spot.path,
            f"`{root}` cannot be read in `env` of the file: {_NOT_YET[root]}",
            hint="put the variable into `env` of the step",
            offset=offset,
            kind="undefined",
        )
    elif root in LATER_NAMES:
        yield places.fault(
            spot.path, f"`{root}` comes in a later version", offset=offset, kind="later"
        )
    elif root in ("inputs", "env", "secrets", "run") and len(reference.path) > 1:
        yield from _declared(reference, spot, workflow, places)
    elif root == "secrets":
        yield places.fault(
            spot.path,
            "`secrets` as a whole cannot be read",
            hint="write `secrets.NAME`",
            offset=offset,
            kind="secret",
        )


def _declared(
    reference: Reference, spot: Spot, workflow: Workflow, places: Places
) -> Iterator[Fault]:
    root, name = reference.root, str(reference.path[1])
    offset = spot.base + reference.offsets[1]
    known = {
        "inputs": workflow.inputs,
        "env": workflow.env,
        "secrets": workflow.secrets,
        "run": RUN_SCHEMA["properties"],
    }[root]
    if name not in known:
        nouns = {"inputs": "input", "env": "variable", "secrets": "secret"}
        owner = f"there is no {nouns[root]}" if root in nouns else "`run` has no field"
        meant = nearest(name, known) or (_MISSES.get(name) if root == "run" else None)
        yield places.fault(
            spot.path,
            f"{owner} `{name}`",
            hint=f"did you mean `{meant}`?" if meant else _declare(root, name),
            offset=offset,
            kind="undefined",
        )
        return
    secret = root == "secrets" or (root == "inputs" and workflow.inputs[name].type == "secret")
    if secret and spot.place in _NO_SECRETS:
        yield places.fault(
            spot.path,
            f"the secret `{name}` cannot be read in `{spot.key}`",
            hint="a secret can be passed on in `with` and `env` only",
            offset=offset,
            kind="secret",
        )


def _declare(root: str, name: str) -> str:
    return {
        "inputs": f"declare it: `inputs: {{{name}: string}}`",
        "env": f"declare it: `env: {{{name}: {{from: {name}}}}}`",
        "secrets": f"declare it: `secrets: {{{name}: {{env: {name}}}}}`",
    }.get(root, f"it has {', '.join(RUN_SCHEMA['properties'])}")
