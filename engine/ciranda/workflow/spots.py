"""Every expression of a workflow file with the place where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ciranda.errors import Fault
from ciranda.expressions import Expression, ExpressionError, Function
from ciranda.workflow.binding import BindingError, Site, bind, condition
from ciranda.workflow.expressionhint import with_hint
from ciranda.workflow.level import Level, levels_of
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.nodes import Scalar
from ciranda.workflow.places import Places
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS
from ciranda.workflow.values import (
    Value,
    conditions,
    file_conditions,
    file_values,
    outputs,
    step_values,
)

__all__ = ["Spot", "spots"]

Path = tuple[str | int, ...]


class Spot(msgspec.Struct, frozen=True):
    """One expression.

    Attributes:
        place: Which names it sees: `file`, `start`, `trigger`, `listener`, `outputs`, `if`, `map`,
            `when`, `with`, `env`, `key`, `option`, `where`, `case` or `loop`.
        key: The key of the file that holds it, such as `if` or `cache.key`.
        path: Where its text stands, from the root of the file.
        expression: The expression.
        single: Whether the text is nothing else, so that the value keeps its type.
        level: Whose steps it reads first; that of its step, or of the outputs.
        step: The step it belongs to, if any.
        base: Where the expression begins in its text.
    """

    place: str
    key: str
    path: Path
    expression: Expression
    single: bool
    level: Level
    step: Step | None = None
    base: int = 0


def spots(
    workflow: Workflow,
    places: Places,
    faults: list[Fault],
    *,
    functions: Mapping[str, Function] = CONTEXT_FUNCTIONS,
    levels: list[Level] | None = None,
) -> list[Spot]:
    """Return all expressions, level by level; what cannot be compiled goes into `faults`.

    Args:
        workflow: One file; of its sub-workflows nothing is read.
        places: Makes the faults, and knows what was written.
        faults: Where faults go.
        functions: What expressions may call besides the built-in functions.
        levels: What `levels_of` gives.
    """
    levels = levels or levels_of(workflow)
    finder = _Finder(places, faults, functions)
    found: list[Spot] = []
    for value in file_values(workflow):
        found += finder.inside(value, levels[0], None)
    for value in file_conditions(workflow):
        found += finder.condition(value, levels[0], None)
    for level in levels:
        for step in level.steps.values():
            for value in conditions(step):
                found += finder.condition(value, level, step)
            for value in step_values(step, places):
                found += finder.inside(value, level, step)
        for value in outputs(level, workflow):
            found += finder.inside(value, level, None)
    return found


class _Finder(msgspec.Struct, frozen=True):
    places: Places
    faults: list[Fault]
    functions: Mapping[str, Function]

    def condition(self, value: Value, level: Level, step: Step | None) -> Iterator[Spot]:
        place, key, path, text = value
        try:
            expression = condition(text, functions=self.functions)
        except ExpressionError as error:
            self._fault(path, error)
        else:
            base = max(text.find(expression.source), 0)
            yield Spot(place, key, path, expression, True, level, step, base)

    def inside(self, given: Value, level: Level, step: Step | None) -> Iterator[Spot]:
        place, key, path, value = given
        try:
            binding = bind(value, functions=self.functions)
        except BindingError as error:
            # Of a value with several texts the others still count.
            if isinstance(value, dict | list):
                children = value.items() if isinstance(value, dict) else enumerate(value)
                for name, each in children:
                    yield from self.inside((place, key, (*path, name), each), level, step)
            else:
                self._fault(path, error)
            return
        for site in binding.sites:
            where = (*path, *site.path)
            scalar = self.places.scalar(where) or self.places.scalar(path)
            base = _base(site, scalar)
            yield Spot(place, key, where, site.expression, site.single, level, step, base)

    def _fault(self, path: Path, error: ExpressionError) -> None:
        offset = error.offset if error.offset >= 0 else None
        kind = f"expression.{error.kind}"
        message, hint = with_hint(error)
        self.faults.append(self.places.fault(path, message, hint=hint, offset=offset, kind=kind))


def _base(site: Site, scalar: Scalar | None) -> int:
    """Return where the expression begins in the text as written: `run` was split into words."""
    if scalar is None or scalar.text == site.text:
        return site.offset
    return max(scalar.text.find(site.expression.source), 0)
