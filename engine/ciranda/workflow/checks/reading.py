"""Reads of steps: that they exist, and that nothing is read which may not be there."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.errors import Fault
from ciranda.expressions import Reference
from ciranda.workflow.checks.needs import instead, may_be_skipped
from ciranda.workflow.level import Level
from ciranda.workflow.model import Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.scope import STEP_FIELDS
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import STATUS_FUNCTIONS, field_of, step_of
from ciranda.workflow.survey import Survey
from ciranda.workflow.whereabouts import hint_for

__all__ = ["reading_faults"]

_MISSES = {
    "outputs": "write `output`",
    "result": "write `output`",
    "results": "write `output`",
    "conclusion": "write `status`",
    "outcome": "write `status`",
    "state": "write `status`",
    "failed": "write `status == 'failed'`",
}
_NO_STEPS = ("file", "start", "trigger", "listener")  # places before every step
_OUTPUT = 3  # elements of steps.<id>.output
_EARLY = ("on-failure", "on-cancel", "finally")  # handlers of a run whose steps did not all run


def reading_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what is wrong with `steps.<id>...` in expressions."""
    cases = {spot.path[:-1]: spot for spot in seen.spots if spot.place == "case"}
    reader = _Reader(seen, cases)
    for spot in seen.spots:
        for read in spot.expression.references:
            if read.root == "steps" and spot.place not in _NO_STEPS:
                yield from reader.read(read, spot)


class _Reader:
    """Judges reads.

    Args:
        seen: The file.
        cases: The conditions of the cases of each `switch`, by the place of the case.
    """

    def __init__(self, seen: Survey, cases: dict[tuple[str | int, ...], Spot]) -> None:
        self._seen = seen
        self._places = seen.places
        self._cases = cases

    def read(self, read: Reference, spot: Spot) -> Iterator[Fault]:
        """Yield what is wrong with one read."""
        name, field = step_of(read), field_of(read)
        offset = spot.base + read.offsets[min(len(read.path) - 1, 2 if field else 1)]
        if not name:
            yield self._places.fault(
                spot.path,
                "`steps` is read as a whole: which step is needed must be written out",
                hint="write `steps.<id>.output`",
                offset=offset,
                kind="unknown-step",
            )
            return
        around = _around(name, spot)
        if around:
            yield self._places.fault(
                spot.path, around[0], hint=around[1], offset=offset, kind="cycle"
            )
            return
        level = next((each for each in spot.level.seen() if name in each.steps), None)
        if level is None:
            yield self._unknown_step(name, spot, spot.base + read.offsets[1])
        elif field and field not in STEP_FIELDS:
            yield self._unknown_field(name, field, spot, offset)
        elif field == "output":
            if _gives_nothing(level.steps[name]) and len(read.path) > _OUTPUT:
                yield self._no_outputs(read, spot, level.steps[name])
            if not read.guarded:
                yield from self._may_be_null(read, spot, level)

    def _unknown_step(self, name: str, spot: Spot, offset: int) -> Fault:
        reader = spot.step.id if spot.step else ""
        hint = hint_for(name, spot.level, self._seen)
        if not hint:
            known = (each for level in spot.level.seen() for each in level.steps)
            around = {each.owner.id for each in spot.level.owners() if each.owner is not None}
            hint = instead(name, [each for each in known if each not in {reader, *around}])
        return self._places.fault(
            spot.path, f"there is no step `{name}`", hint=hint, offset=offset, kind="unknown-step"
        )

    def _unknown_field(self, name: str, field: str, spot: Spot, offset: int) -> Fault:
        meant = nearest(field, STEP_FIELDS)
        hint = _MISSES.get(field) or (
            f"did you mean `{meant}`?" if meant else f"a step has {', '.join(STEP_FIELDS)}"
        )
        message = f"`steps.{name}` has no `{field}`"
        return self._places.fault(
            spot.path, message, hint=hint, offset=offset, kind="unknown-field"
        )

    def _no_outputs(self, read: Reference, spot: Spot, step: Step) -> Fault:
        wanted = str(read.path[_OUTPUT])
        value = f"${{{{ steps.{wanted}.output }}}}"
        inside = any(wanted in block.steps for block in step.blocks.values())
        return self._places.fault(
            spot.path,
            f"step `{step.id}` gives nothing: it has no `outputs`",
            hint=f"write `outputs: {{{wanted}: {value if inside else '...'}}}` in it",
            offset=spot.base + read.offsets[_OUTPUT],
            kind="unknown-field",
        )

    def _may_be_null(self, read: Reference, spot: Spot, level: Level) -> Iterator[Fault]:
        step = level.steps[step_of(read)]
        why = self._why_null(step, spot, level)
        if why:
            yield self._places.fault(
                spot.path,
                f"`steps.{step.id}.output` may be null: step `{step.id}` {why}",
                hint=f"write `{_written(read)} ?? null` or another value for that case",
                offset=spot.base + read.offsets[1],
                kind="may-be-null",
            )

    def _why_null(self, step: Step, spot: Spot, level: Level) -> str:
        here, reader = spot.level, spot.step
        while here is not level and here.above is not None:
            if self._guarded(here, reader, spot, step):
                return ""
            why = _apart(here, level)
            if why:
                return why
            here, reader = here.above, here.owner
        if reader is None:
            return _of_the_block(level) or self._in_the_graph(step, None, level)
        if self._minds(level, reader, spot, step.id):
            return ""
        return self._in_the_graph(step, reader, level)

    def _guarded(self, level: Level, reader: Step | None, spot: Spot, step: Step) -> bool:
        """Say whether something on the way out to a step has asked how it ended."""
        if reader is not None and self._minds(level, reader, spot, step.id):
            return True
        if level.name == "compensate" and level.owner is step:
            return True
        return level.name.startswith("case") and self._case_minds(level, step.id)

    def _in_the_graph(self, step: Step, reader: Step | None, level: Level) -> str:
        conditions = self._seen.conditions.get(level, {})
        why = may_be_skipped(step, conditions.get(step.id))
        if why:
            return why
        if step.continue_on_error:
            return "may fail under `continue-on-error`"
        rule = self._seen.links[level].lifts[reader.id] if reader else False
        if reader and rule is True and not _only_succeeded(conditions.get(reader.id)):
            return "may have failed, and the `if` here runs all the same"
        return ""

    def _minds(self, level: Level, reader: Step, spot: Spot, name: str) -> bool:
        own = self._seen.conditions.get(level, {}).get(reader.id)
        return own is not None and own is not spot and _minds(own, name)

    def _case_minds(self, level: Level, name: str) -> bool:
        at = level.block.at if level.block is not None else ()
        own = self._cases.get(at if not level.named else at[:-1])
        return own is not None and _minds(own, name)


def _gives_nothing(step: Step) -> bool:
    if step.body not in ("group", "try") or step.repeats or step.join.race:
        return False
    main = step.blocks.get("steps") or step.blocks.get("try")
    return main is not None and not main.outputs and not main.result


def _around(name: str, spot: Spot) -> tuple[str, str] | None:
    """Return what is wrong with a read of the step itself, or of one around it."""
    reader = spot.step
    if reader is not None and name == reader.id and spot.level.named:
        return f"step `{reader.id}` reads itself", ""
    for level in spot.level.owners():
        owner = level.owner
        if name in level.steps and level.named:
            return None
        if owner is not None and owner.id == name:
            if level.name == "compensate":
                return None
            if reader is None or not spot.level.named:
                return f"step `{name}` reads itself", ""
            hint = "the turn before is `loop.last`" if owner.loop is not None else ""
            return f"step `{reader.id}` is inside of `{name}`, which ends after it", hint
    return None


def _apart(level: Level, target: Level) -> str:
    """Return why what a level reads of another one may not have succeeded yet."""
    if level.peer is target:
        return f"may not have succeeded when `{level.name.rstrip('0123456789')}` begins"
    if level.owner is None and level.name in _EARLY:
        return f"may not have succeeded when `{level.name}` begins"
    return ""


def _of_the_block(level: Level) -> str:
    """Return why the outputs of a block cannot count on any of its steps."""
    owner = level.owner
    if owner is None:
        return ""
    if level.name == "try" and owner.catches:
        return "may have failed, and `catch` goes on then"
    repeated = owner.map is not None or owner.matrix is not None
    if level.name == "steps" and owner.join.need is not None and not repeated:
        return f"may have failed: the `join` of `{owner.id}` does not ask for all"
    return ""


def _written(read: Reference) -> str:
    text = read.root
    for part in read.path[1:]:
        dotted = isinstance(part, str) and part.isidentifier()
        text += f".{part}" if dotted else f"[{part!r}]"
    return text


def _minds(condition: Spot, step: str) -> bool:
    return any(
        step_of(read) == step and (field_of(read) in ("status", "error") or read.guarded)
        for read in condition.expression.references
    )


def _only_succeeded(condition: Spot | None) -> bool:
    return condition is not None and {
        name for name, _ in condition.expression.calls if name in STATUS_FUNCTIONS
    } == {"succeeded"}
