"""Whether the layers of a plugin hand on what comes from inside: the laws of an onion."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import anyio

from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.finding import Finding
from ciranda.errors import CirandaError, StepError
from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Call, Layer, Modifier, Next, Place, StepPlan
from ciranda.testing import Harness, harness
from ciranda.testing.mocks import mock_action
from ciranda.workflow.builder import Workflow

__all__ = ["layer_rules"]

RULE: Final = "middleware"
_ANSWER: Final = {"answer": 42}
_ANYTHING: Final = "check.anything"
_OTHERS: Final = (_ANYTHING, "http.request", "program.run", "data.read")


@dataclass(frozen=True, slots=True)
class _Case:
    """A step that one of the plugin's layers stands around."""

    uses: str
    asks: Mapping[str, Any]
    layer: Layer

    def flow(self) -> Workflow:
        flow = Workflow("check")
        options: dict[str, Any] = {"with_middleware": dict(self.asks)} if self.asks else {}
        flow.step("step", uses=self.uses, **options)
        return flow


def layer_rules(one: Examined, patience: float = 5.0) -> Iterator[Finding]:
    """Yield layers that lose an answer, a failure or a cancellation on the way outwards.

    Args:
        one: The plugin, loaded.
        patience: Seconds that a cancelled step may take to end.
    """
    try:
        yield from anyio.run(_tried, one, patience)
    except (CirandaError, BaseExceptionGroup) as error:
        yield Finding.skip(RULE, f"no engine opens with it: {error}")


async def _tried(one: Examined, patience: float) -> list[Finding]:
    inner = _Inner()
    mocks = dict.fromkeys((*_OTHERS, *one.actions), inner.answer)
    watch = _Watch()
    async with harness((*one.handed, watch), one.settings, mocks) as opened:
        opened.engine.plugins.load(declared=one.declared)
        await opened.engine.plugins.start()
        try:
            cases = list(_cases(one, opened))
        except CirandaError as error:
            return [Finding.fail(RULE, f"asked for a layer it raises: {error}")]
        if not cases:
            return [Finding.skip(RULE, "none of its layers stands around the steps tried")]
        found: list[Finding] = []
        for case in cases:
            found += [
                Finding.fail(
                    RULE, f"its layer around `{case.uses}` {text}", place_of(case.layer.call)
                )
                for text in await _laws(case, opened, inner, watch, patience)
            ]
        return found


def _cases(one: Examined, opened: Harness) -> Iterator[_Case]:
    """Yield a step for each modifier, and one that the hook `middleware` has a layer for."""
    bus = opened.engine.bus.hooks
    given = one.subject.samples.get("middleware", {})
    modifiers: Mapping[str, Modifier] = opened.engine.plugins.modifiers
    for name, written in {**{each: {} for each in modifiers}, **given}.items():
        asks = {name: given.get(name, written)}
        yield from _standing(_case_of(_ANYTHING, asks), bus, asks, opened)
    for uses in (_ANYTHING, *one.actions, *_OTHERS[1:]):
        found = list(_standing(_case_of(uses, {}), bus, {}, opened))
        if found:
            yield found[0]
            return


def _case_of(uses: str, asks: Mapping[str, Any]) -> StepPlan:
    flow = Workflow("check")
    options: dict[str, Any] = {"with_middleware": dict(asks)} if asks else {}
    flow.step("step", uses=uses, **options)
    return StepPlan("step", uses, mock_action(uses, None), flow.steps["step"])


def _standing(
    plan: StepPlan, registry: Any, asks: Mapping[str, Any], opened: Harness
) -> Iterator[_Case]:
    """Yield a case for each layer that is neither the engine's nor the harness's."""
    for impl in registry.hook.middleware.get_hookimpls():
        if type(impl.plugin).__module__.startswith(("ciranda.middleware", "ciranda.testing")):
            continue
        if isinstance(impl.plugin, _Watch):
            continue
        layer = impl.function(plan)
        if isinstance(layer, Layer):
            yield _Case(plan.uses, asks, layer)


async def _laws(
    case: _Case, opened: Harness, inner: _Inner, watch: _Watch, patience: float
) -> list[str]:
    """Return which laws a layer breaks."""
    broken: list[str] = []
    flow = case.flow()
    inner.mood = "answers"
    step = (await opened.run(flow)).steps["step"]
    if step["status"] != "succeeded":
        broken.append(f"fails where the action succeeds: {step['error']['message']}")
    elif step["output"] is None:
        broken.append("loses the answer: write `return await next(call)`")
    inner.mood = "fails"
    step = (await opened.run(flow)).steps["step"]
    if step["status"] == "succeeded" and step["output"] is None:
        broken.append("makes null of a failure: let the exception pass")
    elif step["status"] == "failed" and step["error"]["kind"] == "crash":
        broken.append(f"crashes when the action fails: {step['error']['message']}")
    if not broken:
        broken += await _cancelled(flow, opened, inner, watch, patience)
    return broken


async def _cancelled(
    flow: Workflow, opened: Harness, inner: _Inner, watch: _Watch, patience: float
) -> list[str]:
    inner.mood, inner.begun = "waits", anyio.Event()
    watch.cancelled = watch.swallowed = False
    async with anyio.create_task_group() as group:
        group.start_soon(opened.run, flow)
        with anyio.move_on_after(patience):
            await inner.begun.wait()
        if not inner.begun.is_set():
            group.cancel_scope.cancel()
            return []  # it answered by itself, as a cache may
        watch.cancelled = True
        asked = time.monotonic()
        group.cancel_scope.cancel()
    if watch.swallowed:
        return ["goes on when the step is cancelled: let the exception pass"]
    took = time.monotonic() - asked
    return [f"takes {took:.1f}s to end when cancelled"] if took > patience else []


@final
class _Inner:
    """The action inside of all layers."""

    def __init__(self) -> None:
        self.mood = "answers"
        self.begun = anyio.Event()

    async def answer(self, **inputs: Any) -> Any:
        if self.mood == "fails":
            raise StepError("check.failed", "it fails as it was told to", retryable=False)
        if self.mood == "waits":
            self.begun.set()
            await anyio.sleep_forever()
        return dict(_ANSWER)


@final
class _Watch:
    """A plugin whose layer stands outside of all others and sees what comes out of them."""

    def __init__(self) -> None:
        self.cancelled = self.swallowed = False

    @hookimpl(tryfirst=True)
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Stand around every step."""
        if not isinstance(target, StepPlan):
            return None

        async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
            answer = await next(call)
            self.swallowed = self.cancelled
            return answer

        return Layer(call, Place.TRACING, name="check")
