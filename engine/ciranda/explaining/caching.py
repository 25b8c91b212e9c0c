"""What the cache would say of a step, and what changed since it last could."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import msgspec

from ciranda.actions.paths import has_path, with_paths
from ciranda.context import Context, RunInfo
from ciranda.explaining.knowing import foretold
from ciranda.layer import Call, StepPlan
from ciranda.middleware.cachekey import Keys
from ciranda.middleware.fingerprint import NoKeyError
from ciranda.workflow.binding import bind

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.context import Host
    from ciranda.explaining.wiring import Functions
    from ciranda.middleware.shared import Shared
    from ciranda.store import Cached
    from ciranda.workflow.model import Step, Workflow

__all__ = ["CacheLook", "KnownCall", "Shelf", "changed_parts", "known_call", "looked_up"]


class Shelf(Protocol):
    """Where answers are kept: the cache of a log."""

    def cache_get(self, key: str) -> Cached | None:
        """Return a sound and fresh row, or None."""

    def cache_last(self, label: str) -> Cached | None:
        """Return the newest row of a label, or None."""


@dataclass(frozen=True, slots=True)
class CacheLook:
    """What the cache would say.

    Attributes:
        state: `hit`, `miss`, or `unknown` before the run.
        note: Why, as the end of a sentence; empty when there is nothing to add.
        age: Seconds since the answer was kept, of a hit.
        changed: What differs from the newest answer, of a miss.
    """

    state: Literal["hit", "miss", "unknown"]
    note: str = ""
    age: float | None = None
    changed: tuple[str, ...] = ()


async def looked_up(
    plan: StepPlan,
    inputs: dict[str, Any],
    scope: Mapping[str, Any],
    *,
    shared: Shared,
    shelf: Shelf | None,
    info: RunInfo,
    now: float,
    env: Mapping[str, str] | None = None,
) -> CacheLook:
    """Ask the cache as the step would, and change nothing.

    Args:
        plan: The step.
        inputs: Its inputs as evaluated.
        scope: The names that `cache.key` reads.
        shared: What computes keys.
        shelf: Where answers are kept; None when there is nothing yet.
        info: The run that would ask.
        now: Unix seconds.
        env: The environment variables of the step.
    """
    options = plan.options.cache
    assert options is not None  # whoever asks knows that it has one
    if options.refresh:
        return CacheLook("miss", "`refresh` asks for a new answer")
    if options.scope == "run":
        return CacheLook("miss", "its scope is the run")
    # Nobody is there for what a step does with its context: a key asks it for the run alone.
    context = Context(cast("Host", None), info, plan.id, plan.id, env=env)
    call = Call(inputs, lambda _: context, plan.id, 1, scope, env)
    try:
        keys = Keys(plan, options, shared)
        key = await keys.key(call)
    except NoKeyError as error:
        return CacheLook("miss", f"not cached: {error}")
    row = None if shelf is None else shelf.cache_get(key.text)
    if row is None:
        return _missed(None if shelf is None else shelf.cache_last(_label(plan)), keys.parts(key))
    age = max(0.0, now - row.created)
    if options.ttl is None or age < options.ttl:
        return CacheLook("hit", age=age)
    return CacheLook("miss", "the answer is older than its `ttl`")


def _label(plan: StepPlan) -> str:
    return f"{plan.workflow}:{plan.id}"


def _missed(last: Cached | None, parts: bytes) -> CacheLook:
    if last is None:
        return CacheLook("miss", "it was never answered before")
    changed = tuple(changed_parts(last.parts, parts))
    note = f"changed: {', '.join(changed)}" if changed else "the answer is past its time"
    return CacheLook("miss", note, changed=changed)


def changed_parts(old: bytes, new: bytes) -> list[str]:
    """Return what differs between the makings of two keys: `its code`, `input rows`.

    A part that either of them does not tell is passed over.
    """
    try:
        before, after = msgspec.msgpack.decode(old), msgspec.msgpack.decode(new)
        inputs, others = before.pop("inputs"), after.pop("inputs")
        found = [_WORDS.get(name, name) for name in after if before.get(name) != after[name]]
        names = dict.fromkeys((*inputs, *others))
        return found + [f"input {name}" for name in names if inputs.get(name) != others.get(name)]
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError):
        return []  # of another version: nothing can be told


_WORDS = {"code": "its code", "outside": "what it reads outside", "env": "its environment"}


@dataclass(frozen=True, slots=True)
class KnownCall:
    """What a step would be called with; `waits` names what that depends on, if anything."""

    inputs: dict[str, Any]
    env: dict[str, str]
    waits: tuple[str, ...] = ()


def known_call(
    step: Step,
    workflow: Workflow,
    action: Action,
    scope: Mapping[str, Any],
    functions: Functions,
    base: Path,
) -> KnownCall:
    """Evaluate the inputs and the environment of a step, where they are known.

    Args:
        step: The step.
        workflow: Whose environment its steps get.
        action: What it calls.
        scope: The names that are known.
        functions: What expressions may call.
        base: Folder that relative paths of the file start from.
    """
    found = foretold(bind(step.with_, functions=functions), scope)
    env = foretold(bind(step.env, functions=functions, texts=True), scope)
    waits = dict.fromkeys((*found.waits, *env.waits))
    if step.cache is not None and step.cache.key is not None:
        waits |= dict.fromkeys(foretold(bind(step.cache.key, functions=functions), scope).waits)
    if any("${{" in (each.value or "") for each in workflow.env.values()):
        waits["env"] = None  # only a run evaluates it
    if waits:
        return KnownCall({}, {}, tuple(waits))
    inputs = found.value
    if has_path(action.input_schema):
        inputs = with_paths(inputs, action.input_schema, lambda path: str(base / path))
    return KnownCall(inputs, {**scope["env"], **env.value} if workflow.env or step.env else {})
