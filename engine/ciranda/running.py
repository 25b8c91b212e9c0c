"""Running a workflow in one call, from Python."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import anyio

from ciranda.engine import Engine
from ciranda.runs.outcome import RunResult
from ciranda.workflow.builder import Workflow
from ciranda.workflow.model import Workflow as Model

__all__ = ["arun", "run"]

Source = Workflow | Model | str | os.PathLike[str]


async def arun(
    workflow: Source, *, inputs: Mapping[str, Any] | None = None, **engine: Any
) -> RunResult:
    """Run a workflow on an engine of its own.

    Args:
        workflow: A workflow, or the path of its file.
        inputs: Values by name.
        engine: What `Engine` takes: `store`, `durability`, `configuration`, `environ`.

    Raises:
        WorkflowError: It is faulty.
        InputError: An input does not fit.
        PluginError: A plugin that it names cannot be used.
        StoreError: The store cannot keep the run.
    """
    async with Engine(**engine) as running:
        return await running.run(workflow, inputs=inputs)


def run(workflow: Source, *, inputs: Mapping[str, Any] | None = None, **engine: Any) -> RunResult:
    """Do what `arun` does, from code that is not asynchronous."""

    async def whole() -> RunResult:
        return await arun(workflow, inputs=inputs, **engine)

    return anyio.run(whole)
