"""The names that an expression of a step read, put together again from the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ciranda.explaining.address import Address, Level
from ciranda.explaining.chronicle import Chronicle, status_of
from ciranda.explaining.knowing import spelled
from ciranda.explaining.sizes import combinations
from ciranda.explaining.wiring import is_main
from ciranda.expressions import Expression, ExpressionError, Reference
from ciranda.workflow.binding import bind
from ciranda.workflow.model import Matrix, Workflow
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS, step_of

__all__ = ["Reading", "Scene", "scene"]

_UNKNOWN: Final = object()
_OF_WORKFLOW: Final = "workflow."  # before the names of the handlers of a workflow that is a step


class Reading:
    """What an expression came to, and what it read.

    Attributes:
        value: What it came to; None when it cannot be told.
        known: Whether it could be evaluated again.
        read: The values by the words that read them.
        why: Why it could not be evaluated.
    """

    __slots__ = ("known", "read", "value", "why")

    def __init__(self, value: Any, known: bool, read: dict[str, Any], why: str = "") -> None:
        self.value: Final = value
        self.known: Final = known
        self.read: Final = read
        self.why: Final = why


class Scene:
    """The names at a place, at an event of the log.

    Args:
        scope: All names but `steps`.
        paths: The paths of the steps that may be read, by id.
        view: Returns a step as expressions read it.
    """

    def __init__(
        self,
        scope: dict[str, Any],
        paths: Mapping[str, str],
        view: Callable[[str], dict[str, Any]],
    ) -> None:
        self.scope: Final = scope
        self._paths: Final = paths
        self._view: Final = view

    def reading(self, compiled: Expression) -> Reading:
        """Evaluate an expression again."""
        scope = self.seen(compiled.references)
        read: dict[str, Any] = {}
        for reference in compiled.references:
            value = _value(scope, reference.path)
            if value is not _UNKNOWN:
                read[spelled(reference)] = value
        for name, _ in compiled.calls:
            if name in scope["()"] and name != "always":
                read[f"{name}()"] = scope["()"][name]()
        try:
            return Reading(compiled(scope), True, read)
        except ExpressionError as error:
            return Reading(None, False, read, error.message)

    def value(self, written: Any) -> Any:
        """Evaluate a value with expressions inside again.

        Raises:
            ExpressionError: It reads what the log does not tell.
        """
        bound = bind(written, functions=CONTEXT_FUNCTIONS)
        return bound(self.seen(bound.references))

    def seen(self, references: Iterable[Reference]) -> dict[str, Any]:
        """Return the names with those steps that are read: a run may have thousands."""
        read = [each for each in references if each.root == "steps"]
        names = {step_of(each) for each in read}
        wanted = self._paths if "" in names else names & self._paths.keys()
        return {**self.scope, "steps": {name: self._view(self._paths[name]) for name in wanted}}


def _value(scope: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
    value: Any = scope
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return _UNKNOWN
    return value


def scene(chronicle: Chronicle, at: Address, before: int | None, *, attempt: int = 1) -> Scene:
    """Return the names that the expressions of a place saw.

    Args:
        chronicle: The run.
        at: The place.
        before: An event of the log, by its number: only what was known then counts.
        attempt: The number of the attempt.
    """
    workflow = at.level.workflow
    own = _own(at)
    paths: dict[str, str] = {}
    first = own[0].level
    scope = _given(chronicle, workflow, first)
    if first.name.startswith(_OF_WORKFLOW):  # a handler of a file reads the steps of that file
        paths.update((name, f"{first.owner}/{name}") for name in workflow.steps)
    for place, each in enumerate(own):
        if place and not is_main(each.level.name):  # what follows a `try` reads its steps
            tried = own[place - 1].step.blocks.get("try")
            for name in () if tried is None else tried.steps:
                paths[name] = f"{each.level.owner}/{name}"
        for name in each.level.steps:
            paths[name] = f"{each.level.prefix}{name}"
        if each.level.block is not None and each.level.block.workflow is None:
            scope.update(chronicle.names(each.level.owner, each.level.name))
    scope["attempt"] = attempt
    scope["step"] = {"id": at.step.id, "path": at.path}
    scope["()"] = _functions(chronicle, at, before)
    found = Scene(scope, paths, lambda path: chronicle.view(path, before))
    for each in own:
        if each.item is not None:
            scope.update(_of_item(chronicle, each, found, before))
    return found


def _own(at: Address) -> list[Address]:
    """Return the addresses in the same file, from where it was begun the last time."""
    found: list[Address] = []
    for each in (at, *reversed(at.around)):
        if each.level.workflow is not at.level.workflow:
            break
        found.append(each)
        begins = each.level.block is not None and each.level.block.workflow is not None
        if begins or each.level.name.startswith(_OF_WORKFLOW):
            break
    return found[::-1]


def _given(chronicle: Chronicle, workflow: Workflow, level: Level) -> dict[str, Any]:
    started = chronicle.started
    inputs = started.inputs or {}
    begins = level.block is not None and level.block.workflow is not None
    if begins or level.name.startswith(_OF_WORKFLOW):
        inputs = chronicle.names(level.owner, "workflow").get("inputs", {})
    env = {
        name: declared.value
        for name, declared in workflow.env.items()
        if declared.value is not None and "${{" not in declared.value
    }
    begun = datetime.fromtimestamp(started.at, UTC).isoformat()
    run = {"id": started.run, "name": started.workflow, "started": begun}
    return {"inputs": inputs, "env": env, "run": run}


def _functions(
    chronicle: Chronicle, at: Address, before: int | None
) -> dict[str, Callable[[], Any]]:
    cancel = chronicle.cancelled
    stopped = cancel is not None and (before is None or cancel.seq < before)
    tainted = any(
        status_of(chronicle.end(f"{at.level.prefix}{need}", before)) in ("failed", "cancelled")
        for need in _above(at)
    )
    return {
        "always": lambda: True,
        "cancelled": lambda: stopped,
        "failed": lambda: tainted,
        "succeeded": lambda: not tainted and not stopped,
    }


def _above(at: Address) -> Iterator[str]:
    """Yield all steps of a level that a step needs, however far up."""
    needs = at.level.needs()
    seen: dict[str, None] = {}
    waiting = [*needs[at.step.id]]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = None
            waiting += needs[name]
    yield from seen


def _of_item(chronicle: Chronicle, at: Address, names: Scene, before: int | None) -> dict[str, Any]:
    """Return the names of an item or a turn; those that cannot be told are left out."""
    step, number = at.step, at.item or 0
    if step.loop is not None:
        last = chronicle.view(f"{at.at}/{number - 1}", before)["output"] if number else None
        return {"loop": {"index": number, "last": last}}
    try:
        if step.matrix is not None:
            written = [step.matrix.axes, step.matrix.include, step.matrix.exclude]
            matrix = Matrix(*names.value(written))
            return {"matrix": combinations(matrix)[number]}
        items = names.value(step.map)
        return {step.as_: items[number], step.index_as: number}
    except (ExpressionError, IndexError, KeyError, TypeError):
        return {step.index_as: number} if step.map is not None else {}
