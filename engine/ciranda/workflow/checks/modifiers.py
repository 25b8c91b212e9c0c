"""Modifiers that cannot do what they promise for the action they stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ciranda.errors import Fault
from ciranda.expressions import ExpressionError, compile_template
from ciranda.workflow.checks.layers import Refuses, accept, layer_faults
from ciranda.workflow.durations import duration_text
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.placement import executor_of
from ciranda.workflow.places import Places
from ciranda.workflow.survey import Survey
from ciranda.workflow.written import written_path

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["modifier_faults"]

Path = tuple[str | int, ...]

_EXECUTORS = ("inline", "thread", "process")


def modifier_faults(
    seen: Survey,
    actions: Mapping[str, Action],
    executors: frozenset[str],
    plugins: Mapping[str, str],
    refuses: Refuses = accept,
) -> Iterator[Fault]:
    """Yield what is wrong with the modifiers of each step.

    Args:
        seen: The file whose steps are looked at.
        actions: What is installed.
        executors: Names of plugins' executors.
        plugins: For namespaces that may not be used: what to do about it.
        refuses: Says what is wrong with the options of a plugin's layer.
    """
    places = seen.places
    for level, step in seen.steps:
        name = level.called(step)
        yield from _times(step, name, places)
        yield from _caps(step, places)
        yield from _map(step, places)
        yield from _rate(step, name, places)
        yield from layer_faults(step, plugins, refuses, places)
        action = actions.get(step.uses)
        if action is not None and step.body == "action":
            yield from _cache(step, name, action, places)
            yield from _executor(step, action, executors, places)


def _cache(step: Step, name: str, action: Action, places: Places) -> Iterator[Fault]:
    if step.cache is None or step.cache.key is not None:
        return
    if not action.pure and action.fingerprint is None:
        yield places.fault(
            written_path(root_of(step), "cache", places),
            f"`cache` of step `{name}` needs a `key`: `{step.uses}` does not promise the same "
            "output for the same inputs",
            hint="write `cache: {key: ...}` with what the output depends on",
            key=True,
            kind="cache-key",
        )


def _executor(
    step: Step, action: Action, executors: frozenset[str], places: Places
) -> Iterator[Fault]:
    chosen = step.executor
    if chosen is None:
        if executor_of(step, action) == "process" and _is_inner(action):
            yield places.fault(
                written_path(root_of(step), "uses", places),
                f"`{step.uses}` is a function inside a function, which a worker process cannot "
                "find",
                hint="move it to the top of its module, or say `executor: thread`",
                kind="executor",
            )
        return
    path = written_path(root_of(step), "executor", places)
    if chosen not in _EXECUTORS and chosen not in executors:
        meant = nearest(chosen, (*_EXECUTORS, *sorted(executors)))
        yield places.fault(
            path,
            f"there is no executor `{chosen}`",
            hint=f"did you mean `{meant}`?" if meant else "write `inline`, `thread` or `process`",
            kind="unknown-executor",
        )
    elif chosen == "thread" and action.is_async:
        yield places.fault(
            path,
            f"`{step.uses}` is asynchronous, so it cannot run in a thread",
            hint="leave `executor` out",
            kind="executor",
        )
    elif chosen == "process" and _is_inner(action):
        yield places.fault(
            path,
            f"`{step.uses}` is a function inside a function, which a worker process cannot find",
            hint="move it to the top of its module",
            kind="executor",
        )
    elif chosen == "inline" and not action.is_async and step.timeout is not None:
        yield places.fault(
            path,
            f"`timeout` cannot stop `{step.uses}` while it runs inline",
            hint="leave `executor` out: with a `timeout` it runs in a process",
            kind="executor",
        )


def _is_inner(action: Action) -> bool:
    return "<locals>" in getattr(action.function, "__qualname__", "")


def _map(step: Step, places: Places) -> Iterator[Fault]:
    """Yield the fault of a list that is a text: one without `${{ }}`, or with more around it."""
    if not isinstance(step.map, str):
        return
    try:
        single = compile_template(step.map).single
    except ExpressionError:  # said where expressions are compiled
        return
    if not single:
        inner = step.map.strip()
        hint = "write `${{ ... }}` and nothing around it"
        if "${{" not in inner and inner.startswith(("steps.", "inputs.")):
            hint = f"write `${{{{ {inner} }}}}`"
        yield places.fault(
            (*root_of(step), "map"),
            "`map` needs a list, and this is a text",
            hint=hint,
            kind="wrong-type",
        )


def _times(step: Step, name: str, places: Places) -> Iterator[Fault]:
    timeout, deadline, breaker = step.timeout, step.deadline, step.breaker
    if timeout is not None and deadline is not None and deadline < timeout:
        yield places.fault(
            written_path(root_of(step), "deadline", places),
            f"`deadline` of step `{name}` is shorter than its `timeout`",
            hint="`timeout` is for one attempt, `deadline` for all of them",
            kind="times",
        )
    if breaker is not None and not breaker.window_seconds and breaker.minimum > breaker.window:
        yield places.fault(
            written_path(root_of(step), "breaker", places),
            f"`breaker` of step `{name}` never opens: its window of {breaker.window} calls "
            f"holds fewer than `minimum`, {breaker.minimum}",
            kind="breaker",
        )


def _rate(step: Step, name: str, places: Places) -> Iterator[Fault]:
    """Yield costs of what is not limited, and those that no window ever has room for."""
    if step.rate is None:
        return
    limits = {what: limit for what, limit, _ in step.rate.dimensions}
    for what, cost in step.rate.cost.items():
        path = written_path(root_of(step), "rate", places, ("cost", what))
        if what not in limits:
            yield places.fault(
                path,
                f"`rate` of step `{name}` has a cost in `{what}` and does not limit that",
                hint=f"write `{what}: 1000/1m` beside `cost`, or leave the cost out",
                key=True,
                kind="rate",
            )
        elif isinstance(cost, int) and cost > limits[what]:
            yield places.fault(
                path,
                f"an attempt of step `{name}` costs {cost} of `{what}`, which can never fit "
                f"the limit of {limits[what]}",
                hint="raise the limit, or make the step smaller",
                kind="rate",
            )
        elif isinstance(cost, str) and "${{" not in cost:
            yield places.fault(
                path,
                f"the cost of step `{name}` in `{what}` is a text: `{cost}`",
                hint=f"write a number, or an expression: `${{{{ {cost} }}}}`",
                kind="wrong-type",
            )


def _caps(step: Step, places: Places) -> Iterator[Fault]:
    """Yield a longest wait that is shorter than the first one: it would take its place."""
    rules: list[tuple[str, str, float, float]] = []
    if step.retry is not None:
        rules.append(("retry", "backoff", step.retry.backoff, step.retry.cap))
    if step.breaker is not None:
        rules.append(("breaker", "open", step.breaker.open, step.breaker.cap))
    for key, first, begin, cap in rules:
        if cap >= begin:
            continue
        path = written_path(root_of(step), key, places, ("cap",))
        written = places.exists(path)
        by_default = "" if written else " if nothing else is written"
        yield places.fault(
            path if written else written_path(root_of(step), key, places, (first,)),
            f"`{first}` of `{key}` is {duration_text(begin)}, and `cap`, the longest, "
            f"is {duration_text(cap)}{by_default}",
            hint=f"write `cap: {duration_text(begin)}` or more",
            kind="times",
        )
