"""What a reader of a plan wants to know of a step beside its action and needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciranda.workflow.model import Step

__all__ = ["notes"]


def notes(step: Step) -> list[str]:
    """Return the conditions, repetitions and limits of a step, a phrase each."""
    from ciranda.cli.values import cell
    from ciranda.workflow.durations import duration_text

    found = []
    if step.if_ is not None:
        found.append(f"if {step.if_}")
    if step.map is not None:
        found.append(f"for each of {cell(step.map)}")
    if step.when is not None:
        found.append(f"when {step.when}")
    if step.retry is not None:
        found.append(f"{step.retry.attempts} attempts")
    if step.timeout is not None:
        found.append(f"timeout {duration_text(step.timeout)}")
    if step.cache is not None:
        found.append("cached")
    if step.executor is not None:
        found.append(f"on the {step.executor} executor")
    if step.continue_on_error:
        found.append("may fail")
    return found
