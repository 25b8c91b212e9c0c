"""From the model back to a document that loads as the same model."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from ciranda.workflow.dumpstep import concurrency_data, kept, rate_data, steps_data, time_text
from ciranda.workflow.model import EnvVar, Input, SecretRef, Trigger, Workflow

__all__ = ["dump", "dumps"]

# What YAML does not allow as it is, though JSON does.
_ESCAPED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufff0-\uffff]")


def dumps(workflow: Workflow) -> str:
    """Return the text of a file that loads as `workflow`; JSON, which is YAML too."""
    text = json.dumps(dump(workflow), ensure_ascii=False, indent=2)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def dump(workflow: Workflow) -> dict[str, Any]:
    """Return the plain data of a file that loads as `workflow`."""
    return {
        "ciranda": 1,
        "name": workflow.name,
        **kept(
            description=workflow.description,
            plugins=list(workflow.plugins),
            inputs={name: _input(each) for name, each in workflow.inputs.items()},
            env={name: _env(each) for name, each in workflow.env.items()},
            secrets={name: _secret(each) for name, each in workflow.secrets.items()},
            order="" if workflow.order == "graph" else workflow.order,
        ),
        **kept(
            on=_triggers(workflow.triggers),
            timeout=time_text(workflow.timeout),
            fail_fast=workflow.fail_fast,
            rate=workflow.rate and rate_data(workflow.rate),
            concurrency=workflow.concurrency and concurrency_data(workflow.concurrency),
        ),
        "steps": steps_data(workflow.steps),
        **{name: steps_data(block.steps) for name, block in workflow.handlers.items()},
        **kept(outputs=workflow.outputs),
    }


def _input(declared: Input) -> dict[str, Any]:
    known = {"type": declared.type, **declared.schema}
    if declared.default is not msgspec.UNSET:
        known["default"] = declared.default
    return {**known, **kept(optional=declared.optional, description=declared.description)}


def _env(variable: EnvVar) -> str | dict[str, Any]:
    if variable.source is None:
        return variable.value or ""
    default = {} if variable.default is None else {"default": variable.default}
    return {"from": variable.source, **default}


def _secret(secret: SecretRef) -> dict[str, Any]:
    if secret.command is not None:
        return {"command": list(secret.command)}
    return {"env": secret.env} if secret.env is not None else {"file": secret.file}


def _triggers(triggers: tuple[Trigger, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for trigger in triggers:
        data = {**trigger.options, **kept(inputs=trigger.inputs)}
        listed = bool(trigger.at) and isinstance(trigger.at[-1], int)
        if listed or trigger.kind == "schedule":
            found.setdefault(trigger.kind, []).append(data)
        else:
            found[trigger.kind] = data
    return found
