"""Loading and running a workflow from Python in one call."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciranda.runs.outcome import RunResult
    from ciranda.workflow.builder import Workflow
    from ciranda.workflow.loader import Loader, Loaders

# An engine is imported by the functions that open one: to load a file is short.

__all__ = ["arun", "load", "project_loaders", "run"]


def load(path: str | os.PathLike[str]) -> Workflow:
    """Return the workflow in a file, as one that can still grow.

    A file that is not called YAML or JSON is read by what an enabled plugin of the project offers
    for its suffix.

    Raises:
        WorkflowError: All faults found, in file order.
        PluginError: The plugin that reads it cannot be used.
    """
    from ciranda.workflow import builder

    return builder.load(path, loaders=project_loaders())


def project_loaders() -> Loaders:
    """Return what reads files by their suffixes in the project of the working directory.

    Nothing is looked for before it is called.
    """
    found: list[Loaders] = []

    def loader(suffix: str) -> Loader | None:
        if not found:
            from ciranda.plugins import Plugins
            from ciranda.settings import read_configuration

            found.append(Plugins(read_configuration(Path.cwd())).readers)
        return found[0](suffix)

    return loader


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
    from ciranda.engine import Engine

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
    import anyio

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
    import anyio

    try:
        anyio.get_current_task()
    except RuntimeError:
        return False
    return True
