"""What a reader of a plan wants to know of a step beside its action and needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciranda.workflow.model import Rate, Step, Workflow

__all__ = ["limits", "notes"]


def notes(step: Step) -> list[str]:
    """Return the conditions, repetitions and limits of a step, a phrase each."""
    return [*_repeated(step), *_tried(step), *_bounded(step)]


def limits(workflow: Workflow) -> list[str]:
    """Return what holds for a whole run, a phrase each."""
    from ciranda.workflow.durations import duration_text

    found = []
    if workflow.timeout is not None:
        found.append(f"timeout {duration_text(workflow.timeout)}")
    if workflow.concurrency is not None:
        found.append(f"at most {workflow.concurrency.max} runs of {workflow.concurrency.group}")
    if workflow.rate is not None:
        found += _rates(workflow.rate)
    if workflow.fail_fast:
        found.append("the first failure stops all")
    return found


def _repeated(step: Step) -> Iterator[str]:
    from ciranda.cli.values import cell

    if step.if_ is not None:
        yield f"if {step.if_.strip()}"
    if step.map is not None:
        yield f"for each of {cell(step.map)}"
    if step.matrix is not None:
        yield f"for each of {' x '.join(step.matrix.axes)}"
    if step.when is not None:
        yield f"when {step.when.strip()}"
    if step.loop is not None:
        word = "until" if step.loop.until else "while"
        yield f"{word} {step.loop.condition.strip()}, at most {step.loop.max:,} turns"


def _tried(step: Step) -> Iterator[str]:
    from ciranda.workflow.durations import duration_text

    if step.retry is not None:
        yield f"{step.retry.attempts} attempts"
    if step.timeout is not None:
        yield f"timeout {duration_text(step.timeout)}"
    if step.deadline is not None:
        yield f"deadline {duration_text(step.deadline)}"
    if step.cache is not None:
        yield "cached"
    if step.executor is not None:
        yield f"on the {step.executor} executor"


def _bounded(step: Step) -> Iterator[str]:
    from ciranda.cli.values import cell

    if step.rate is not None:
        yield from _rates(step.rate)
    if step.concurrency is not None:
        yield f"at most {step.concurrency.max} of {cell(step.concurrency.group)} at once"
    if step.max_parallel is not None:
        yield f"{step.max_parallel} at once"
    if step.breaker is not None:
        yield "behind a breaker"
    if step.join.race:
        yield "the first that succeeds wins"
    elif step.join.need is not None:
        yield f"{step.join.need} have to succeed"
    if step.continue_on_error:
        yield "may fail"


def _rates(rate: Rate) -> Iterator[str]:
    from ciranda.workflow.durations import duration_text

    for name, most, seconds in rate.dimensions:
        yield f"{most:,} {name} in {duration_text(seconds)}"
