"""Running a workflow from Python in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from ciranda.engine import Engine

if TYPE_CHECKING:
    from ciranda.runs.outcome import RunResult
    from ciranda.workflow.builder import Workflow

__all__ = ["arun", "run"]


async def arun(
    workflow: Workflow | str | os.PathLike[str],
    *,
    inputs: Mapping[str, Any] | None = None,
    **options: Any,
) -> RunResult:
    """Run a workflow to its end.

    A failed step raises nothing: `result.status` tells, `result.steps` why.

    Args:
        workflow: A workflow, or the path of its file.
        inputs: Values by name; given paths are relative to the working directory.
        options: What `Engine` takes: `store`, `durability`, ...

    Raises:
        WorkflowError: It is faulty; `faults` tells all.
        InputError: An input does not fit.
        PluginError: A plugin that it names cannot be used.
        StoreError: The store cannot keep the run.
    """
    async with Engine(**options) as engine:
        return await engine.run(workflow, inputs=inputs)


def run(
    workflow: Workflow | str | os.PathLike[str],
    *,
    inputs: Mapping[str, Any] | None = None,
    backend: str = "asyncio",
    **options: Any,
) -> RunResult:
    """Run a workflow to its end, in an event loop of its own.

    Args:
        workflow: A workflow, or the path of its file.
        inputs: Values by name; given paths are relative to the working directory.
        backend: The event loop: `asyncio` or `trio`.
        options: What `Engine` takes: `store`, `durability`, ...

    Raises:
        WorkflowError: It is faulty; `faults` tells all.
        InputError: An input does not fit.
        PluginError: A plugin that it names cannot be used.
        StoreError: The store cannot keep the run.
        RuntimeError: There is an event loop in this thread already; `await arun(...)` there.
    """
    if _is_in_a_loop():
        raise RuntimeError(
            "there is an event loop in this thread already: write `await ciranda.arun(...)` "
            "in place of `ciranda.run(...)`"
        )
    result: RunResult = anyio.run(
        partial(arun, workflow, inputs=inputs, **options), backend=backend
    )
    return result


def _is_in_a_loop() -> bool:
    try:
        anyio.get_current_task()
    except RuntimeError:
        return False
    return True
