"""Types of expressions: properties that exist, operators that fit, results that are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ciranda.errors import Fault
from ciranda.expressions import Schema
from ciranda.expressions.references import static_path
from ciranda.expressions.schema import items_of, kinds
from ciranda.expressions.tree import Compare, Literal, walk
from ciranda.workflow.expressionhint import with_hint
from ciranda.workflow.level import root_of
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places
from ciranda.workflow.scope import STATUSES, Scope
from ciranda.workflow.spots import Spot
from ciranda.workflow.written import kind_of, written_path

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["type_faults"]

_STATUS_MISSES = {
    "success": "succeeded",
    "successful": "succeeded",
    "completed": "succeeded",
    "complete": "succeeded",
    "done": "succeeded",
    "ok": "succeeded",
    "failure": "failed",
    "error": "failed",
    "canceled": "cancelled",
    "timeout": "failed",
    "timed_out": "failed",
}


def type_faults(
    spot: Spot, scope: Scope, actions: Mapping[str, Action], places: Places
) -> Iterator[Fault]:
    """Yield what is wrong with the types of one expression; learns a map's items on the way."""
    errors, result = spot.expression.check(scope.names(spot.place, spot.step))
    for error in errors:
        message, hint = with_hint(error)
        yield places.fault(
            spot.path,
            message,
            hint=hint,
            offset=spot.base + max(error.offset, 0),
            kind=f"expression.{error.kind}",
        )
    yield from _statuses(spot, places)
    if errors:
        return
    if spot.key == "map" and spot.single and spot.path[-1] == "map":
        yield from _list(spot, result, scope, places)
    elif spot.place in ("if", "when") and kinds(result) == ["string"]:
        yield places.fault(
            spot.path,
            "the condition gives a text, which is true whatever it says",
            hint="compare it: `... == 'yes'`",
            offset=spot.base,
            kind="constant-condition",
        )
    elif spot.place == "with" and spot.path[2:] == ("run", 0) and kinds(result) == ["array"]:
        yield from _program(spot, places)
    elif spot.place == "with" and spot.single and spot.step is not None:
        action = actions.get(spot.step.uses)
        if action is not None:
            yield from _taken(spot, result, action, places)


def _list(spot: Spot, result: Schema, scope: Scope, places: Places) -> Iterator[Fault]:
    assert spot.step is not None
    found = kinds(result)
    if found is None:
        return
    if "array" not in found:
        what = " or ".join(kind_of(each) for each in found)
        hint = "write `list(...)` of its keys" if "object" in found else ""
        yield places.fault(
            spot.path,
            f"`map` needs a list, and this gives {what}",
            hint=hint,
            offset=spot.base,
            kind="wrong-type",
        )
        return
    scope.items[spot.step.id] = dict(items_of(result) or {})


def _program(spot: Spot, places: Places) -> Iterator[Fault]:
    message = "`run` begins with the name of a program, and this gives a list"
    hint = "write the words as a list of the file: `run: [program, word]`"
    yield places.fault(spot.path, message, hint=hint, offset=spot.base, kind="wrong-type")


def _taken(spot: Spot, result: Schema, action: Action, places: Places) -> Iterator[Fault]:
    assert spot.step is not None
    inside = _inside(spot, places)
    if not inside:
        return
    wanted = kinds(_at(action.input_schema, inside))
    given = kinds(result)
    if wanted is None or given is None or any(_fits(one, wanted) for one in given):
        return
    name = inside[0] if len(inside) == 1 else ".".join(str(part) for part in inside)
    yield places.fault(
        spot.path,
        f"input `{name}` of `{action.name}` must be "
        f"{' or '.join(kind_of(each) for each in wanted)}, and this gives "
        f"{' or '.join(kind_of(each) for each in given)}",
        offset=spot.base,
        kind="wrong-type",
    )


def _inside(spot: Spot, places: Places) -> tuple[str | int, ...]:
    """Return the path of an expression within `with`; empty when `run` keeps it elsewhere."""
    assert spot.step is not None
    if written_path(root_of(spot.step), "with", places, ("",))[2:3] != ("with",):
        return ()
    return spot.path[3:]


def _fits(given: str, wanted: list[str]) -> bool:
    if given in ("integer", "number"):
        return "integer" in wanted or "number" in wanted
    return given in wanted


def _at(schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Mapping[str, Any]:
    here: Any = schema
    for part in path:
        known = here.get("properties", {})
        if isinstance(part, int):
            here = here.get("items", {})
        else:
            here = known[part] if part in known else here.get("additionalProperties", {})
        if not isinstance(here, Mapping):
            return {}
    return here if isinstance(here, Mapping) else {}


def _statuses(spot: Spot, places: Places) -> Iterator[Fault]:
    """Yield comparisons of a status with a word that no status has."""
    if not any(reference.path[2:] == ("status",) for reference in spot.expression.references):
        return
    for node, _ in walk(spot.expression.tree):
        if not isinstance(node, Compare):
            continue
        reads = [static_path(operand) for operand in node.operands]
        if not any(read and read[0] == "steps" and read[1][-1][0] == "status" for read in reads):
            continue
        for operand in node.operands:
            word = operand.value if isinstance(operand, Literal) else None
            if isinstance(word, str) and word not in STATUSES:
                meant = _STATUS_MISSES.get(word.lower()) or nearest(word, STATUSES)
                hint = f"write '{meant}'" if meant else f"it is one of {', '.join(STATUSES)}"
                yield places.fault(
                    spot.path,
                    f"no step has the status '{word}'",
                    hint=hint,
                    offset=spot.base + operand.offset,
                    kind="unknown-status",
                )
