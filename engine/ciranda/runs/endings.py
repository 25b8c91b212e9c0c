"""How a map and a run end: the facts behind their last events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from ciranda.events import Failure, MapCompleted, RunCompleted
from ciranda.expressions import ExpressionError
from ciranda.runs.commands import EndMap
from ciranda.runs.items import Items
from ciranda.runs.plan import Plan
from ciranda.runs.status import Status
from ciranda.workflow.binding import BindingError
from ciranda.workflow.places import Places

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner
    from ciranda.vault import Vault

__all__ = ["end_of_map", "end_of_run", "of_several"]


def end_of_map(runner: Runner, command: EndMap, duration: float) -> MapCompleted:
    """Return the last event of a map that took `duration` seconds."""
    items = runner.scheduler.items[command.node]
    path = runner.scheduler.path(command.node)
    planned = runner.planned(command.node)
    error = _map_failure(runner, command.node, items) if command.status == "failed" else None
    if error is not None and planned.step.line:
        error = msgspec.structs.replace(error, place=f"{planned.file}:{planned.step.line}")
    return MapCompleted(
        **runner.stamp(),
        path=path,
        status=command.status,
        counts=items.counts(),
        error=error,
        duration=duration,
    )


def end_of_run(
    runner: Runner, scope: Mapping[str, Any], status: str, duration: float
) -> RunCompleted:
    """Return the last event of a run that took `duration` seconds."""
    status, outputs, error = _outputs_of(runner.plan, scope, status)
    root = runner.scheduler.root
    if root.early >= 0 and status == "succeeded":
        outputs, error = runner.results.early.get(root), None
    elif error is None and status == "failed" and not runner.scheduler.failures():
        error = runner.scheduler.run.error
    return RunCompleted(
        **runner.stamp(),
        status=status,
        failures=runner.scheduler.failures(),
        warnings=runner.scheduler.warnings,
        outputs=outputs,
        error=error,
        duration=duration,
    )


def without_secrets(ended: RunCompleted, vault: Vault) -> RunCompleted:
    """Return the last event as it may be kept: inputs that hold secrets are plain text before."""
    error = ended.error
    if error is not None:
        detail = vault.mask_all(error.detail)
        message = vault.mask(error.message)
        error = msgspec.structs.replace(error, message=message, detail=detail)
    outputs = vault.conceal(ended.outputs)
    return msgspec.structs.replace(ended, outputs=outputs, error=error)


def _map_failure(runner: Runner, node: int, items: Items) -> Failure:
    """Return why a map failed: its first failed item speaks for all."""
    path = runner.scheduler.path(node)
    name = runner.scheduler.nodes[node].id
    item = items.statuses.find(Status.FAILED)
    if item < 0:  # fewer than were asked for
        wanted = runner.scheduler.nodes[node].join.need
        message = f"{items.won} of {len(items.statuses)} items succeeded, {wanted} are needed"
        return Failure(kind="join", message=message, step=name, path=path)
    first = runner.results.item_error(node, item) or {"kind": "crash", "message": ""}
    message = f"{items.failed} of {len(items.statuses)} items failed; "
    return of_several(
        first, f"{message}item {item}: {first['message']}", step=name, path=f"{path}/{item}"
    )


def of_several(
    first: Mapping[str, Any], message: str, *, step: str = "", path: str = ""
) -> Failure:
    """Return why a step with items or turns failed: what the first failed one of them told."""
    return Failure(
        kind=first["kind"],
        message=message,
        detail=first.get("detail", {}),
        step=step,
        path=path,
        attempt=first.get("attempt", 0),
        retryable=first.get("retryable"),
        retry_after=first.get("retry_after"),
    )


def _outputs_of(
    plan: Plan, scope: Mapping[str, Any], status: str
) -> tuple[str, Any, Failure | None]:
    """Return the status of a run, its outputs, and why these could not be evaluated.

    A run that did not succeed has outputs only if they speak of status.
    """
    if plan.outputs is None or (status != "succeeded" and not plan.outputs_guarded):
        return status, None, None
    try:
        return status, plan.outputs(scope), None
    except ExpressionError as problem:
        if status != "succeeded":
            return status, None, None
        return "failed", None, _unfit(plan, problem)


def _unfit(plan: Plan, problem: ExpressionError) -> Failure:
    """Return why an output could not be evaluated, with its name and its line."""
    path = ("outputs", *problem.path) if isinstance(problem, BindingError) else ("outputs",)
    fault = Places(plan.workflow.document, plan.workflow.file).fault(path, problem.message)
    written = f" in `{problem.source.strip()}`" if problem.source else ""
    return Failure(
        kind="invalid-output",
        message=f"{'.'.join(map(str, path))}: {problem.message}{written}",
        place=f"{fault.file}:{fault.line}" if fault.line else "",
    )
