"""From the model back to a document that loads as the same model."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from ciranda.workflow.durations import duration_text
from ciranda.workflow.model import (
    Breaker,
    Cache,
    Concurrency,
    EnvVar,
    Input,
    Rate,
    Retry,
    SecretRef,
    Step,
    Workflow,
)

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
        **_kept(
            description=workflow.description,
            plugins=list(workflow.plugins),
            inputs={name: _input(each) for name, each in workflow.inputs.items()},
            env={name: _env(each) for name, each in workflow.env.items()},
            secrets={name: _secret(each) for name, each in workflow.secrets.items()},
            order="" if workflow.order == "graph" else workflow.order,
        ),
        "steps": {name: _step(step) for name, step in workflow.steps.items()},
        **_kept(outputs=workflow.outputs),
    }


def _kept(**values: Any) -> dict[str, Any]:
    """Return what says something, under the names of the file."""
    return {
        name.rstrip("_").replace("_", "-"): value
        for name, value in values.items()
        if not (value is None or value is False or value in ("", [], {}))
    }


def _input(declared: Input) -> dict[str, Any]:
    known = {"type": declared.type, **declared.schema}
    if declared.default is not msgspec.UNSET:
        known["default"] = declared.default
    return {**known, **_kept(optional=declared.optional, description=declared.description)}


def _env(variable: EnvVar) -> str | dict[str, Any]:
    if variable.source is None:
        return variable.value or ""
    default = {} if variable.default is None else {"default": variable.default}
    return {"from": variable.source, **default}


def _secret(secret: SecretRef) -> dict[str, Any]:
    if secret.command is not None:
        return {"command": list(secret.command)}
    return {"env": secret.env} if secret.env is not None else {"file": secret.file}


def _step(step: Step) -> dict[str, Any]:
    repeater = {} if step.map is None else _map(step)
    return {
        "uses": step.uses,
        **_kept(with_=step.with_, needs=list(step.needs), if_=step.if_),
        **repeater,
        **_kept(
            env=step.env,
            timeout=_text(step.timeout),
            deadline=_text(step.deadline),
            estimate=_text(step.estimate),
            executor=step.executor,
            idempotent=step.idempotent,
            description=step.description,
            continue_on_error=_kinds(step.continue_on_error),
            with_middleware=step.modifiers,
        ),
        **({"retry": _retry(step.retry)} if step.retry else {}),
        **({"cache": _cache(step.cache)} if step.cache else {}),
        **({"breaker": _breaker(step.breaker)} if step.breaker else {}),
        **({"rate": _rate(step.rate)} if step.rate else {}),
        **({"concurrency": _concurrency(step.concurrency)} if step.concurrency else {}),
    }


def _map(step: Step) -> dict[str, Any]:
    named = {} if step.index_as == "index" else {"as": step.as_}
    return {
        "map": step.map,
        **named,
        **_kept(when=step.when, max_parallel=step.max_parallel),
        "on-item-failure": step.on_item_failure,
    }


def _text(seconds: float | None) -> str | None:
    return None if seconds is None else duration_text(seconds)


def _kinds(rule: bool | tuple[str, ...]) -> bool | list[str]:
    return rule if isinstance(rule, bool) else list(rule)


def _retry(retry: Retry) -> dict[str, Any]:
    return {
        "attempts": retry.attempts,
        "backoff": duration_text(retry.backoff),
        "factor": retry.factor,
        "cap": duration_text(retry.cap),
        "jitter": retry.jitter,
        "on": list(retry.on),
        "unless": list(retry.unless),
    }


def _cache(cache: Cache) -> dict[str, Any]:
    return {
        "scope": cache.scope,
        **_kept(ttl=_text(cache.ttl), refresh=cache.refresh),
        "key": cache.key,
    }


def _breaker(breaker: Breaker) -> dict[str, Any]:
    return {
        "failures": breaker.failures,
        "slow": breaker.slow,
        **_kept(slow_after=_text(breaker.slow_after)),
        "window": f"{breaker.window}s" if breaker.window_seconds else breaker.window,
        "minimum": breaker.minimum,
        "open": duration_text(breaker.open),
        "factor": breaker.factor,
        "cap": duration_text(breaker.cap),
        "probes": breaker.probes,
        "key": breaker.key,
    }


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        **{name: f"{limit}/{duration_text(per)}" for name, limit, per in rate.dimensions},
        **_kept(cost=rate.cost, shared="" if rate.shared == "engine" else rate.shared),
        "key": rate.key,
    }


def _concurrency(limit: Concurrency) -> dict[str, Any]:
    return {"group": limit.group, "max": limit.max, "policy": limit.policy}
