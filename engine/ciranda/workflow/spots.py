"""Every expression of a workflow with the place where it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ciranda.errors import Fault
from ciranda.expressions import Expression, ExpressionError, Function
from ciranda.workflow.binding import BindingError, Site, bind, condition
from ciranda.workflow.expressionhint import with_hint
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.nodes import Scalar
from ciranda.workflow.places import Places
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS
from ciranda.workflow.written import written_path

__all__ = ["Spot", "spots"]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """One expression.

    Attributes:
        place: Which names it sees: `file`, `outputs`, `if`, `map`, `when`, `with`, `env`, `key`.
        key: The key of the file that holds it, such as `if` or `cache.key`.
        path: Where its text stands, from the root of the file.
        expression: The expression.
        single: Whether the text is nothing else, so that the value keeps its type.
        step: The step it belongs to, if any.
        base: Where the expression begins in its text.
    """

    place: str
    key: str
    path: Path
    expression: Expression
    single: bool
    step: Step | None = None
    base: int = 0


def spots(
    workflow: Workflow,
    places: Places,
    faults: list[Fault],
    *,
    functions: Mapping[str, Function] = CONTEXT_FUNCTIONS,
) -> list[Spot]:
    """Return all expressions in file order; those that cannot be compiled go into `faults`."""
    finder = _Finder(places, faults, functions)
    found: list[Spot] = []
    for name, variable in workflow.env.items():
        if variable.value is not None:
            found += finder.inside(variable.value, "file", "env", ("env", name), None)
    for step in workflow.steps.values():
        found += finder.conditions(step)
        for place, key, path, value in _values(step, places):
            found += finder.inside(value, place, key, path, step)
    for name, value in workflow.outputs.items():
        found += finder.inside(value, "outputs", "outputs", ("outputs", name), None)
    return found


def _values(step: Step, places: Places) -> Iterator[tuple[str, str, Path, Any]]:
    if step.map is not None:
        yield "map", "map", ("steps", step.id, "map"), step.map
    for name, value in step.with_.items():
        path = written_path(step.id, "with", places, (name,))
        yield "with", str(path[2]), path, value
    for name, text in step.env.items():
        yield "env", "env", written_path(step.id, "env", places, (name,)), text
    for name in ("cache", "breaker", "rate", "concurrency"):
        inner = "group" if name == "concurrency" else "key"
        value = getattr(getattr(step, name), inner, None)
        if value is not None:
            path = written_path(step.id, name, places, (inner,))
            yield "key", f"{name}.{inner}", path, value
    for name, value in (step.rate.cost if step.rate is not None else {}).items():
        path = written_path(step.id, "rate", places, ("cost", name))
        yield "key", f"rate.cost.{name}", path, value


@dataclass(frozen=True, slots=True)
class _Finder:
    places: Places
    faults: list[Fault]
    functions: Mapping[str, Function]

    def conditions(self, step: Step) -> Iterator[Spot]:
        for key, text in (("if", step.if_), ("when", step.when)):
            if text is None:
                continue
            path = ("steps", step.id, key)
            try:
                expression = condition(text, functions=self.functions)
            except ExpressionError as error:
                self._fault(path, error)
            else:
                base = max(text.find(expression.source), 0)
                yield Spot(key, key, path, expression, True, step, base)

    def inside(
        self, value: Any, place: str, key: str, path: Path, step: Step | None
    ) -> Iterator[Spot]:
        try:
            binding = bind(value, functions=self.functions)
        except BindingError as error:
            # Of a value with several texts the others still count.
            if isinstance(value, dict | list):
                children = value.items() if isinstance(value, dict) else enumerate(value)
                for name, each in children:
                    yield from self.inside(each, place, key, (*path, name), step)
            else:
                self._fault(path, error)
            return
        for site in binding.sites:
            where = (*path, *site.path)
            scalar = self.places.scalar(where) or self.places.scalar(path)
            base = _base(site, scalar)
            yield Spot(place, key, where, site.expression, site.single, step, base)

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
