"""What the builder's steps take: the file's words, as Python says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypedDict

from ciranda.actions import NotPlainError, plain
from ciranda.errors import WorkflowError
from ciranda.workflow.durations import duration_text
from ciranda.workflow.places import Places
from ciranda.workflow.reference import Reference, StepReference, written

__all__ = ["Duration", "StepOptions", "WorkflowOptions", "option_data", "step_data"]

Duration = str | float | timedelta  # numbers are seconds
Blocks = Mapping[str, Any]  # the steps of `Steps.data`, or a mapping as a file would hold it
Named = Callable[[Callable[..., Any]], str]

_DURATIONS: Final = frozenset({"timeout", "deadline", "estimate", "every", "sleep"})
_INNER_DURATIONS: Final = frozenset({"backoff", "cap", "ttl", "open", "slow-after", "timeout"})
# Their keys are the file's words too.
_OF_WORDS: Final = frozenset(
    {"retry", "cache", "breaker", "rate", "concurrency", "join", "wait", "approve", "emit", "fail"}
)
_BLOCKS: Final = frozenset(
    {"steps", "try", "finally", "on-failure", "on-success", "on-cancel", "compensate"}
)


class StepOptions(TypedDict, total=False):
    """What a step takes beside `uses` and `run`; the file's words with `_` for `-`."""

    steps: Blocks
    switch: Sequence[Mapping[str, Any]]
    try_: Blocks
    catch: Sequence[Mapping[str, Any]]
    finally_: Blocks
    wait: Mapping[str, Any]
    approve: Mapping[str, Any]
    sleep: Duration | Reference
    emit: Mapping[str, Any]
    succeed: Mapping[str, Any]
    fail: Mapping[str, Any]
    needs: StepReference | str | Sequence[StepReference | str]
    if_: str | Reference
    when: str | Reference
    map: Reference | str | Sequence[Any]
    as_: str
    matrix: Mapping[str, Any]
    while_: str | Reference
    until: str | Reference
    max: int
    every: Duration
    on_max: str
    max_parallel: int
    on_item_failure: str
    join: str | Mapping[str, Any]
    outputs: Mapping[str, Any]
    on_failure: Blocks
    on_cancel: Blocks
    compensate: Blocks
    secrets: Mapping[str, Any]
    env: Mapping[str, Any]
    retry: int | str | Mapping[str, Any]
    timeout: Duration
    deadline: Duration
    estimate: Duration
    cache: bool | Mapping[str, Any]
    breaker: Mapping[str, Any]
    rate: Mapping[str, Any]
    concurrency: Mapping[str, Any]
    continue_on_error: bool | str | Sequence[str]
    executor: str
    idempotent: bool
    idempotency_key: Any
    with_middleware: Mapping[str, Any]
    description: str
    stdin: Any
    cwd: str
    parse: str
    ok_codes: Sequence[int]
    inherit_env: bool | Sequence[str]
    shell: bool


class WorkflowOptions(TypedDict, total=False):
    """What a workflow says as a whole; the file's words with `_` for `-`."""

    on: Mapping[str, Any]
    concurrency: Mapping[str, Any]
    rate: Mapping[str, Any]
    timeout: Duration
    fail_fast: bool
    on_failure: Blocks
    on_success: Blocks
    on_cancel: Blocks
    finally_: Blocks


def step_data(words: Mapping[str, Any], named: Named) -> dict[str, Any]:
    """Return a step as a file says it.

    Args:
        words: The builder's words.
        named: Gives the action's name of a function.

    Raises:
        WorkflowError: A value is no plain data.
        TypeError: A step itself stands where one of its parts must.
    """
    return dict(option_data(name, value, named) for name, value in words.items())


def option_data(name: str, value: Any, named: Named) -> tuple[str, Any]:
    """Return one key as a file says it.

    Raises:
        WorkflowError: The value is no plain data.
        TypeError: A step itself stands where one of its parts must.
    """
    key = name.rstrip("_").replace("_", "-")
    if key == "uses":
        return key, value if isinstance(value, str) else named(value)
    if key in _DURATIONS:
        return key, _duration(written(value))
    if key == "needs":
        many = [value] if isinstance(value, str | StepReference) else list(value)
        return key, [each.id if isinstance(each, StepReference) else each for each in many]
    if key in _BLOCKS:
        return key, {step: step_data(each, named) for step, each in value.items()}
    if key in ("switch", "catch"):
        return key, [step_data(each, named) for each in value]
    found = written(value)
    if key in _OF_WORDS and isinstance(found, dict):
        found = _words(found)
        if key == "rate" and isinstance(found.get("cost"), dict):
            found["cost"] = _words(found["cost"])
    return key, _plain(key, found)


def _words(value: Mapping[str, Any]) -> dict[str, Any]:
    keys = {key.rstrip("_").replace("_", "-"): each for key, each in value.items()}
    return {key: _duration(each) if key in _INNER_DURATIONS else each for key, each in keys.items()}


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return duration_text(value.total_seconds())
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return duration_text(value)
    return value


def _plain(key: str, value: Any) -> Any:
    try:
        return plain(value)
    except NotPlainError as error:
        fault = Places(None).fault((), error.sentence(f"`{key}`"))
        raise WorkflowError([fault]) from None
