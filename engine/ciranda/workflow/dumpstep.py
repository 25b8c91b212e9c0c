"""From the model of a step back to the plain data of a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ciranda.workflow.durations import duration_text
from ciranda.workflow.model import (
    Block,
    Breaker,
    Cache,
    Concurrency,
    Declared,
    Join,
    Loop,
    Matrix,
    Rate,
    Retry,
    Step,
)

__all__ = ["concurrency_data", "kept", "rate_data", "steps_data", "time_text"]

_HANDLERS: Final = ("finally", "on-failure", "on-cancel", "compensate")


def steps_data(steps: Mapping[str, Step]) -> dict[str, Any]:
    """Return the mapping of some steps."""
    return {name: _step(step) for name, step in steps.items()}


def kept(**values: Any) -> dict[str, Any]:
    """Return what says something, under the names of the file."""
    return {
        name.rstrip("_").replace("_", "-"): value
        for name, value in values.items()
        if not (value is None or value is False or value in ("", [], {}))
    }


def time_text(seconds: float | None) -> str | None:
    """Return a length of time as a file says it."""
    return None if seconds is None else duration_text(seconds)


def _step(step: Step) -> dict[str, Any]:
    return {
        **_body(step),
        **kept(with_=step.with_, needs=list(step.needs), if_=step.if_),
        **_repeater(step),
        **kept(
            env=step.env,
            timeout=time_text(step.timeout),
            deadline=time_text(step.deadline),
            estimate=time_text(step.estimate),
            executor=step.executor,
            idempotent=step.idempotent,
            description=step.description,
            continue_on_error=_kinds(step.continue_on_error),
            with_middleware=step.modifiers,
        ),
        **({} if step.idempotency_key is None else {"idempotency-key": step.idempotency_key}),
        **({"retry": _retry(step.retry)} if step.retry else {}),
        **({"cache": _cache(step.cache)} if step.cache else {}),
        **({"breaker": _breaker(step.breaker)} if step.breaker else {}),
        **({"rate": rate_data(step.rate)} if step.rate else {}),
        **({"concurrency": concurrency_data(step.concurrency)} if step.concurrency else {}),
        **{name: steps_data(step.blocks[name].steps) for name in _HANDLERS if name in step.blocks},
    }


def _body(step: Step) -> dict[str, Any]:
    if step.body == "action":
        outputs = {name: _declared(each) for name, each in step.declares.items()}
        found = {"uses": step.uses, **kept(outputs=outputs)}
    elif step.body == "workflow":
        found = {"uses": step.uses, **step.options}
    elif step.body == "group":
        found = _block("steps", step.blocks["steps"])
    elif step.body == "try":
        found = {**_block("try", step.blocks["try"]), **kept(catch=_catches(step))}
    elif step.body == "switch":
        cases = zip(step.cases, _numbered(step.blocks, "case"), strict=True)
        found = {"switch": [{**_case(block), **_when(text)} for text, block in cases]}
    elif step.body == "sleep":
        found = {"sleep": step.options["duration"]}
    else:
        found = {step.body: step.options}
    return found


def _catches(step: Step) -> list[dict[str, Any]]:
    return [
        {**kept(on=list(kinds)), "as": block.binds, **_block("steps", block)}
        for kinds, block in zip(step.catches, _numbered(step.blocks, "catch"), strict=True)
    ]


def _block(name: str, block: Block) -> dict[str, Any]:
    return {name: steps_data(block.steps), **kept(outputs=block.outputs)}


def _numbered(blocks: Mapping[str, Block], name: str) -> list[Block]:
    count = sum(each.startswith(name) for each in blocks)
    return [blocks[f"{name}{number}"] for number in range(count)]


def _case(block: Block) -> dict[str, Any]:
    return _step(block.steps[block.result]) if block.result else _block("steps", block)


def _when(text: str | None) -> dict[str, Any]:
    return {} if text is None else {"if": text}


def _declared(output: Declared) -> dict[str, Any]:
    return output.schema if output.file is None else {"file": output.file}


def _repeater(step: Step) -> dict[str, Any]:
    several: dict[str, Any] = {}
    if step.map is not None:
        several = {"map": step.map, **({} if step.index_as == "index" else {"as": step.as_})}
    elif step.matrix is not None:
        several = {"matrix": _matrix(step.matrix)}
    if several:
        several |= kept(when=step.when, max_parallel=step.max_parallel)
        several["on-item-failure"] = step.on_item_failure
    loop = {} if step.loop is None else _loop(step.loop)
    return {**several, **loop, **({} if step.join == Join() else {"join": _join(step.join)})}


def _matrix(matrix: Matrix) -> dict[str, Any]:
    more = {"include": matrix.include, "exclude": matrix.exclude}
    return {**matrix.axes, **{name: each for name, each in more.items() if each is not None}}


def _loop(loop: Loop) -> dict[str, Any]:
    return {
        "until" if loop.until else "while": loop.condition,
        "max": loop.max,
        "every": duration_text(loop.every),
        "on-max": loop.on_max,
    }


def _join(join: Join) -> str | dict[str, Any]:
    if join.race:
        return "race"
    return {"at-least": join.need, "rest": join.rest}


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
        **kept(ttl=time_text(cache.ttl), refresh=cache.refresh),
        "key": cache.key,
    }


def _breaker(breaker: Breaker) -> dict[str, Any]:
    return {
        "failures": breaker.failures,
        "slow": breaker.slow,
        **kept(slow_after=time_text(breaker.slow_after)),
        "window": f"{breaker.window}s" if breaker.window_seconds else breaker.window,
        "minimum": breaker.minimum,
        "open": duration_text(breaker.open),
        "factor": breaker.factor,
        "cap": duration_text(breaker.cap),
        "probes": breaker.probes,
        "key": breaker.key,
    }


def rate_data(rate: Rate) -> dict[str, Any]:
    """Return the mapping of a rate."""
    return {
        **{name: f"{limit}/{duration_text(per)}" for name, limit, per in rate.dimensions},
        **kept(cost=rate.cost, shared="" if rate.shared == "engine" else rate.shared),
        "key": rate.key,
    }


def concurrency_data(limit: Concurrency) -> dict[str, Any]:
    """Return the mapping of a limit on how many run at once."""
    return {"group": limit.group, "max": limit.max, "policy": limit.policy}
