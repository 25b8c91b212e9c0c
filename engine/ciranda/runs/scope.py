"""What the expressions of a run name before any of its steps ran."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ciranda.context import RunInfo
from ciranda.errors import WorkflowError
from ciranda.expressions import ExpressionError, Secret
from ciranda.vault import Vault
from ciranda.workflow.binding import bind
from ciranda.workflow.model import Workflow
from ciranda.workflow.places import Places

__all__ = ["inner_scope_of", "scope_of"]


def scope_of(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    vault: Vault,
    info: RunInfo,
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """Return the names `inputs`, `secrets`, `run` and `env` of a run.

    Args:
        workflow: What it runs.
        inputs: The values of its inputs by name.
        vault: Its secrets.
        info: The run.
        environ: Where variables of the environment come from.

    Raises:
        WorkflowError: An `env` cannot be evaluated.
    """
    scope: dict[str, Any] = {
        "inputs": {
            name: Secret(key, vault[key]) if (key := f"inputs.{name}") in vault else value
            for name, value in inputs.items()
        },
        "secrets": {name: Secret(name, vault[name]) for name in workflow.secrets},
        "run": {
            "id": info.id,
            "name": info.name,
            "started": datetime.fromtimestamp(info.started, UTC).isoformat(),
            "dir": str(info.dir),
        },
    }
    scope["env"] = _env(workflow, scope, environ)
    return scope


def inner_scope_of(
    workflow: Workflow,
    inputs: Mapping[str, Any],
    secrets: Mapping[str, Any],
    run: Mapping[str, Any],
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """Return the names `inputs`, `secrets`, `run` and `env` of a sub-workflow.

    Args:
        workflow: The sub-workflow.
        inputs: The values of its inputs by name.
        secrets: The secrets that it is passed.
        run: What expressions read of the run.
        environ: Where variables of the environment come from.

    Raises:
        WorkflowError: An `env` cannot be evaluated.
    """
    scope: dict[str, Any] = {"inputs": inputs, "secrets": secrets, "run": run}
    scope["env"] = _env(workflow, scope, environ)
    return scope


def _env(
    workflow: Workflow, scope: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, str]:
    env = {}
    for name, declared in workflow.env.items():
        if declared.source is not None:
            value = environ.get(declared.source, declared.default)
        else:
            value = _text(workflow, name, declared.value, scope)
        if value is not None:
            env[name] = value
    return env


def _text(workflow: Workflow, name: str, written: str | None, scope: Mapping[str, Any]) -> str:
    try:
        text: str = bind(written, texts=True)(scope)
    except ExpressionError as error:
        places = Places(workflow.document, workflow.file)
        offset = error.offset if error.offset >= 0 else None
        fault = places.fault(("env", name), error.message, kind="env", offset=offset)
        raise WorkflowError([fault]) from None
    return text
