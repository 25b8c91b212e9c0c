"""What a run would do, before it does: a pure fold of a checked workflow and what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from msgspec import UNSET

from ciranda.explaining.knowing import Known, foretold
from ciranda.explaining.sizes import items_of
from ciranda.explaining.wiring import Functions, is_main, levels, needs_within
from ciranda.expressions import Expression, ExpressionError
from ciranda.workflow.binding import bind, condition
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

__all__ = ["Foreseen", "Outlook", "Part", "outlook"]

Needs = Mapping[str, tuple[str, ...]]
Would = Literal["run", "skip", "depends"]
_RUNS: tuple[Would, str] = ("run", "")
_WHEN = {
    "finally": "at the end, whatever became of it",
    "on-failure": "if it fails",
    "on-cancel": "if it is cancelled",
    "on-success": "if it succeeds",
    "compensate": "to undo it, if the run fails",
}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would become of one step.

    Attributes:
        path: Its path; of a step inside of a repeated one, without the item.
        step: The step.
        number: Its place in the order: its level, behind that of the step around it.
        needs: The steps of its block that must have ended before.
        would: Whether it would run.
        why: Why not, or on what it depends.
        items: How many items it has, if that is known; None if it is not, or has none.
        seconds: How long it takes, if that is known.
        basis: `history`, `estimate`, `inside` (from the steps in it), or "".
        critical: Whether the run takes longer if this step does.
        parts: What is inside of it.
    """

    path: str
    step: Step
    number: str
    needs: tuple[str, ...]
    would: Would = "run"
    why: str = ""
    items: int | None = None
    seconds: float | None = None
    basis: str = ""
    critical: bool = False
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a step, or of the run itself.

    Attributes:
        title: What it is; empty for what always runs with its owner.
        when: When it would run; empty for what always runs with its owner.
        steps: In the order of their levels.
        seconds: How long its longest way takes, if that is known.
        whole: Whether the time of every step that would run is known.
    """

    title: str
    when: str
    steps: tuple[Foreseen, ...]
    seconds: float | None = None
    whole: bool = True
    stages: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run would do.

    Attributes:
        workflow: What would run.
        main: Its steps.
        handlers: Its handlers.
    """

    workflow: Workflow
    main: Part
    handlers: tuple[Part, ...] = field(default=())

    def steps(self) -> Iterator[Foreseen]:
        """Yield every step at any depth, in the order that is shown."""
        waiting = [self.main, *self.handlers][::-1]
        while waiting:
            for each in waiting.pop().steps:
                yield from _within(each)

    @property
    def critical(self) -> list[Foreseen]:
        """The steps of the longest way through the run, in order."""
        return [each for each in self.main.steps if each.critical]


def outlook(
    workflow: Workflow,
    edges: Needs,
    scope: Mapping[str, Any],
    *,
    took: Mapping[str, float] | None = None,
    functions: Functions = CONTEXT_FUNCTIONS,
) -> Outlook:
    """Foresee a run.

    Args:
        workflow: What was checked.
        edges: For each step the steps that it needs.
        scope: The names that are known before the run: `inputs`, `env`.
        took: Median seconds of earlier runs, by path.
        functions: What expressions may call besides the built-in functions.
    """
    seer = _Seer(scope, took or {}, functions)
    main = seer.part("", "", workflow.steps, edges, "", "")
    handlers = tuple(
        seer.part(name, _WHEN[name], block.steps, needs_within(block, functions), f"@{name}/", "")
        for name, block in workflow.handlers.items()
    )
    return Outlook(workflow, main, handlers)


def _within(step: Foreseen) -> Iterator[Foreseen]:
    yield step
    for part in step.parts:
        for each in part.steps:
            yield from _within(each)


@dataclass(frozen=True, slots=True)
class _Seer:
    scope: Mapping[str, Any]
    took: Mapping[str, float]
    functions: Functions

    def part(
        self,
        title: str,
        when: str,
        steps: Mapping[str, Step],
        edges: Needs,
        prefix: str,
        number: str,
    ) -> Part:
        stages = levels(edges)
        found = {
            name: self._step(steps[name], edges[name], prefix, f"{number}{place}")
            for place, stage in enumerate(stages, 1)
            for name in stage
        }
        way, seconds = _longest_way(found, edges)
        known = [each for each in found.values() if each.seconds is not None]
        return Part(
            title,
            when,
            tuple(
                replace(each, critical=True) if each.step.id in way else each
                for each in found.values()
            ),
            seconds if known else None,
            len(known) == sum(each.would != "skip" for each in found.values()),
            tuple(map(tuple, stages)),
        )

    def _step(self, step: Step, needs: tuple[str, ...], prefix: str, number: str) -> Foreseen:
        path = f"{prefix}{step.id}"
        would, why = self._decides(step)
        parts = tuple(self._parts(step, path, number))
        seconds, basis = self._seconds(step, path, parts)
        items = items_of(step, self.scope, self.functions)
        if items == 0 and would == "run":
            why = "there is no item"
        return Foreseen(path, step, number, needs, would, why, items, seconds, basis, parts=parts)

    def _decides(self, step: Step) -> tuple[Would, str]:
        if step.if_ is None:
            return _RUNS
        known = self._known(step.if_)
        if known.waits:
            return "depends", ", ".join(known.waits)
        return _RUNS if known.value else ("skip", f"if: {step.if_.strip()} is false")

    def _known(self, text: str) -> Known:
        try:
            compiled: Expression = condition(text, functions=self.functions)
        except ExpressionError as error:  # what is inside of a body may never be asked
            return Known(None, (error.message,))
        return foretold(compiled, self.scope)

    def _parts(self, step: Step, path: str, number: str) -> Iterator[Part]:
        chosen = False
        for name, block in step.blocks.items():
            title, when = "", ""
            if name.startswith("case"):
                title, when, chosen = self._case(step, int(name[4:]), chosen)
            elif name.startswith("catch"):
                kinds = step.catches[int(name[5:])]
                title, when = "catch", ", ".join(kinds) if kinds else "any failure"
            elif not is_main(name):
                title, when = name, _WHEN[name]
            inner = f"{path}/" if is_main(name) else f"{path}/@{name}/"
            seer = self if block.workflow is None else self._inside(step, block.workflow)
            needs = needs_within(block, self.functions)
            yield seer.part(title, when, block.steps, needs, inner, f"{number}.")

    def _case(self, step: Step, number: int, chosen: bool) -> tuple[str, str, bool]:
        text = step.cases[number] if number < len(step.cases) else None
        if chosen:
            return "case", "never: an earlier case holds", True
        if text is None:
            return "case", "otherwise", False
        known = self._known(text)
        if known.waits:
            return "case", f"if {text.strip()}", False
        holds = bool(known.value)
        return "case", f"if {text.strip()} ({'it holds' if holds else 'it is false'})", holds

    def _inside(self, step: Step, workflow: Workflow) -> _Seer:
        """Return what foresees a workflow of its own: it knows its inputs if all of them are."""
        given = foretold(bind(step.with_, functions=self.functions), self.scope)
        defaults = {
            name: each.default
            for name, each in workflow.inputs.items()
            if each.default is not UNSET
        }
        known = {} if given.waits else {**defaults, **given.value}
        whole = not given.waits and known.keys() >= workflow.inputs.keys()
        return _Seer({"inputs": known} if whole else {}, self.took, self.functions)

    def _seconds(self, step: Step, path: str, parts: tuple[Part, ...]) -> tuple[float | None, str]:
        if step.estimate is not None:
            return step.estimate, "estimate"
        if path in self.took:
            return self.took[path], "history"
        main = [part.seconds for part in parts if not part.when and part.seconds is not None]
        if main and not step.repeats:
            return sum(main), "inside"
        return None, ""


def _longest_way(found: Mapping[str, Foreseen], edges: Needs) -> tuple[set[str], float]:
    """Return the steps of the way that takes longest, and its seconds; unknown ones count 0."""
    ends: dict[str, float] = {}
    before: dict[str, str] = {}
    for name, each in found.items():  # by level: needs come first
        cost = 0.0 if each.would == "skip" else each.seconds or 0.0
        slowest = max(edges[name], key=lambda need: ends.get(need, 0.0), default="")
        before[name] = slowest
        ends[name] = cost + ends.get(slowest, 0.0)
    last = max(ends, key=lambda name: ends[name], default="")
    total = ends.get(last, 0.0)
    way: set[str] = set()
    while last and total > 0:
        way.add(last)
        last = before[last]
    return way, total
