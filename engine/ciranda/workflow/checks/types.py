"""Types of expressions: properties that exist, operators that fit, results that are taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ciranda.errors import Fault
from ciranda.expressions import Schema
from ciranda.expressions.references import static_path
from ciranda.expressions.schema import either, items_of, kinds
from ciranda.expressions.tree import Compare, Literal, walk
from ciranda.workflow.expressionhint import with_hint
from ciranda.workflow.inputvalue import inputs_schema
from ciranda.workflow.level import Level, root_of
from ciranda.workflow.links import in_order
from ciranda.workflow.model import Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.outputs import (
    NULL,
    approval_schema,
    declared_output,
    matrix_schema,
    named_output,
    value_schema,
)
from ciranda.workflow.places import Places
from ciranda.workflow.scope import STATUSES, Scope, closed
from ciranda.workflow.spots import Spot
from ciranda.workflow.survey import Survey
from ciranda.workflow.values import outputs
from ciranda.workflow.written import kind_of

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.trigger import TriggerKind

__all__ = ["Types"]

Path = tuple[str | int, ...]

_CONDITIONS = frozenset({"if", "when", "case", "loop", "where"})

# What steps give that wait for a time, or tell others.
_FIXED: Final[Mapping[str, dict[str, Any]]] = {
    "sleep": NULL,
    "emit": closed({"id": {"type": "string"}, "runs": {"type": "integer"}}),
}

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


class Types:
    """Judges the expressions of one file, each graph in the order of its needs.

    Args:
        seen: The file.
        actions: What is installed, by name.
        given: The types of the outputs of the workflows that its steps use, by `id`.
        kinds: What plugins can listen to, by name.
    """

    def __init__(
        self,
        seen: Survey,
        actions: Mapping[str, Action],
        given: Mapping[int, Mapping[str, Any]],
        kinds: Mapping[str, TriggerKind],
    ) -> None:
        self.faults: Final[list[Fault]] = []
        self._seen: Final = seen
        self._places: Final = seen.places
        self._actions: Final = actions
        self._given: Final = given
        self._kinds: Final = kinds
        self._scope: Final = Scope(seen.workflow)
        self._results: Final[dict[Path, Schema]] = {}  # of expressions that are a whole text
        self._outputs: Final[dict[Level, dict[str, dict[str, Any]]]] = {}
        self._of_steps: Final[dict[tuple[Level, str], list[Spot]]] = {}
        self._of_levels: Final[dict[Level, list[Spot]]] = {}
        self._blocks: Final[dict[tuple[Level, str], list[Level]]] = {}
        for spot in seen.spots:
            if spot.step is None:
                self._of_levels.setdefault(spot.level, []).append(spot)
            else:
                self._of_steps.setdefault((spot.level, spot.step.id), []).append(spot)
        for level in seen.levels:
            if level.above is not None and level.owner is not None:
                self._blocks.setdefault((level.above, level.owner.id), []).append(level)

    def file(self) -> dict[str, Any]:
        """Judge all of it; return the type of its outputs."""
        for level in self._seen.levels:
            if level.owner is None:
                self._level(level)
        top = self._seen.levels[0]
        return dict(either([self._output_of(top), *self._early()]))

    def _early(self) -> Iterator[dict[str, Any]]:
        """Yield the types of the outputs of steps that end the workflow."""
        for _, step in self._seen.steps:
            if step.body == "succeed" and step.options.get("outputs"):
                path = (*root_of(step), "succeed", "outputs")
                yield value_schema(step.options["outputs"], path, self._results)

    def _level(self, level: Level) -> None:
        self._scope.enter(level)
        self._outputs[level] = {}
        for name in in_order(self._seen.links[level].edges):
            self._step(level.steps[name], level)
        for spot in self._of_levels.get(level, ()):
            self._spot(spot)

    def _step(self, step: Step, level: Level) -> None:
        own = self._of_steps.get((level, step.id), ())
        if step.repeats:
            self._repeated(step, level, own)
            return
        for spot in own:
            self._spot(spot)
        if not step.blocks:
            self._outputs[level][step.id] = self._scope.know(level, step, self._body(step, level))
            return
        blocks, undoing = self._inside(level, step)
        for block in blocks:
            self._level(block)
        self._outputs[level][step.id] = self._scope.know(level, step, self._body(step, level))
        for block in undoing:
            self._level(block)

    def _repeated(self, step: Step, level: Level, own: Iterable[Spot]) -> None:
        late = [spot for spot in own if spot.place == "loop"]
        for spot in own:
            if spot.place == "map":
                self._spot(spot)
        if step.matrix is not None:
            self._scope.know_items(level, step, {"matrix": self._matrix(step)})
        for spot in own:
            if spot.place not in ("map", "loop"):
                self._spot(spot)
        blocks, undoing = self._inside(level, step)
        for block in blocks:
            self._level(block)
        output = self._body(step, level)
        if step.loop is not None:
            turn = closed({"index": {"type": "integer"}, "last": either([output, NULL])})
            self._scope.know_items(level, step, {"loop": turn})
            output = output if step.loop.until else dict(either([output, NULL]))
        for spot in late:
            self._spot(spot)
        self._outputs[level][step.id] = self._scope.know(level, step, output)
        for block in undoing:
            self._level(block)

    def _inside(self, level: Level, step: Step) -> tuple[list[Level], list[Level]]:
        """Return the blocks of a step, those that read its output apart: they undo it."""
        blocks = self._blocks.get((level, step.id), [])
        undoing = [each for each in blocks if each.name == "compensate"]
        return [each for each in blocks if each not in undoing], undoing

    def _matrix(self, step: Step) -> dict[str, Any]:
        assert step.matrix is not None
        root = (*root_of(step), "matrix")
        axes = {}
        for name in step.matrix.axes:
            found = items_of(self._results.get((*root, name), {}))
            axes[name] = found or {}
        return matrix_schema(step, axes)

    def _body(self, step: Step, level: Level) -> dict[str, Any]:
        """Return the type of what one item, turn or attempt of a step gives."""
        if step.body == "action":
            action = self._actions.get(step.uses)
            return declared_output(step, action.output_schema if action is not None else {})
        if step.body == "workflow":
            return self._given_by(step)
        if step.body == "approve":
            return approval_schema(step)
        if step.body in _FIXED:
            return _FIXED[step.body]
        blocks = self._blocks.get((level, step.id), [])
        if step.body == "group" and step.join.race and not step.repeats:
            return self._race(blocks[0])
        # A step has one of these, or several cases.
        main = (each for each in blocks if each.name.startswith(("steps", "try", "case")))
        return dict(either(self._output_of(each) for each in main))

    def _given_by(self, step: Step) -> dict[str, Any]:
        """Return the type of what the file gives that a step uses."""
        block = step.blocks.get("workflow")
        if block is not None and block.again:
            return named_output(self._seen.files[block.again].workflow)
        return dict(self._given.get(id(block.workflow), {}) if block is not None else {})

    def _race(self, level: Level) -> dict[str, Any]:
        branches = level.branches(self._seen.links[level].edges)
        value = either(self._outputs[level].get(name, {}) for name in branches)
        return closed({"winner": {"type": "string", "enum": branches}, "value": value})

    def _output_of(self, level: Level) -> dict[str, Any]:
        """Return the type of the output of a block, or of the file."""
        block = level.block
        if block is not None and block.result:
            return self._outputs[level].get(block.result, {})
        values = {
            name: value_schema(value, path, self._results)
            for (_, _, path, value), name in (
                (each, str(each[2][-1])) for each in outputs(level, self._seen.workflow)
            )
        }
        return closed(values) if values or block is None else NULL

    def _spot(self, spot: Spot) -> None:
        known = self._scope.names(spot.place, spot.level, spot.step)
        kind = self._kinds.get(str(spot.path[1])) if spot.place == "trigger" else None
        if kind is not None:
            known = self._scope.of_event(kind.data)
        errors, result = spot.expression.check(known)
        for error in errors:
            message, hint = with_hint(error)
            self.faults.append(
                self._places.fault(
                    spot.path,
                    message,
                    hint=hint,
                    offset=spot.base + max(error.offset, 0),
                    kind=f"expression.{error.kind}",
                )
            )
        self.faults.extend(_statuses(spot, self._places))
        if not errors:
            self.faults.extend(self._result(spot, result))

    def _result(self, spot: Spot, result: Schema) -> Iterator[Fault]:
        if spot.single:
            self._results[spot.path] = _plain(result)
        step = spot.step
        if step is None:
            return
        if spot.place == "map":
            yield from self._list(spot, step, result)
        elif spot.place in _CONDITIONS and kinds(result) == ["string"]:
            yield self._places.fault(
                spot.path,
                "the condition gives a text, which is true whatever it says",
                hint="compare it: `... == 'yes'`",
                offset=spot.base,
                kind="constant-condition",
            )
        elif spot.key == "run" and _is_program(spot, step) and kinds(result) == ["array"]:
            yield _program(spot, self._places)
        elif spot.key == "with" and spot.single:
            yield from self._taken(spot, step, result)
        elif spot.key == "sleep" and spot.single:
            yield from _duration(spot, result, self._places)

    def _list(self, spot: Spot, step: Step, result: Schema) -> Iterator[Fault]:
        is_map = spot.path[-1] == "map" and spot.key == "map"
        axis = str(spot.path[-1]) if spot.path[-2:-1] == ("matrix",) else ""
        found = kinds(result)
        if not spot.single or not (is_map or axis) or found is None:
            return
        if "array" not in found:
            what = " or ".join(kind_of(each) for each in found)
            hint = "write `list(...)` of its keys" if "object" in found else ""
            named = "map" if is_map else f"matrix.{axis}"
            yield self._places.fault(
                spot.path,
                f"`{named}` needs a list, and this gives {what}",
                hint=hint,
                offset=spot.base,
                kind="wrong-type",
            )
        elif is_map:
            item = {step.as_: dict(items_of(result) or {})}
            self._scope.know_items(spot.level, step, item)

    def _taken(self, spot: Spot, step: Step, result: Schema) -> Iterator[Fault]:
        wanted_by = self._wanted(step)
        inside = spot.path[spot.path.index("with", _depth(spot, step)) + 1 :]
        if wanted_by is None or not inside:
            return
        owner, schema = wanted_by
        wanted = kinds(_at(schema, inside))
        given = kinds(result)
        if wanted is None or given is None or any(_fits(one, wanted) for one in given):
            return
        name = inside[0] if len(inside) == 1 else ".".join(str(part) for part in inside)
        yield self._places.fault(
            spot.path,
            f"input `{name}` of `{owner}` must be "
            f"{' or '.join(kind_of(each) for each in wanted)}, and this gives "
            f"{' or '.join(kind_of(each) for each in given)}",
            offset=spot.base,
            kind="wrong-type",
        )

    def _wanted(self, step: Step) -> tuple[str, Mapping[str, Any]] | None:
        if step.body == "workflow":
            part = self._seen.part(step)
            return None if part is None else (step.uses, inputs_schema(part.workflow))
        action = self._actions.get(step.uses)
        return None if action is None else (action.name, action.input_schema)


def _plain(schema: Schema) -> Schema:
    """Return a type without the one value that a literal has: it is read again elsewhere."""
    return {"type": schema["type"]} if "const" in schema and "type" in schema else schema


def _depth(spot: Spot, step: Step) -> int:
    root = root_of(step)
    return len(root) if spot.path[: len(root)] == root else 0


def _is_program(spot: Spot, step: Step) -> bool:
    return spot.path[len(root_of(step)) :] == ("run", 0)


def _program(spot: Spot, places: Places) -> Fault:
    message = "`run` begins with the name of a program, and this gives a list"
    hint = "write the words as a list of the file: `run: [program, word]`"
    return places.fault(spot.path, message, hint=hint, offset=spot.base, kind="wrong-type")


def _duration(spot: Spot, result: Schema, places: Places) -> Iterator[Fault]:
    found = kinds(result)
    if found is not None and not {"string", "integer", "number"} & set(found):
        what = " or ".join(kind_of(each) for each in found)
        yield places.fault(
            spot.path,
            f"`sleep` needs a duration, and this gives {what}",
            hint="give a text such as '30s', or seconds",
            offset=spot.base,
            kind="wrong-type",
        )


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
