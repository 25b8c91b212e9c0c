"""A check of one action: its schema, both event loops, cancellation, its promises."""

from __future__ import annotations

import dataclasses
import inspect
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

import anyio
import anyio.lowlevel
import jsonschema_rs

from ciranda.actions import Action
from ciranda.errors import StepError
from ciranda.testing.backends import BACKENDS
from ciranda.testing.harness import Harness, harness
from ciranda.workflow.builder import Workflow

__all__ = ["check_action"]

_UNKNOWN: Final = "no_such_input"


def check_action(
    action: Action,
    inputs: Mapping[str, Any] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    mocks: Mapping[str, Any] | None = None,
    backends: Iterable[str] = BACKENDS,
    patience: float = 5.0,
) -> None:
    """Try an action the ways that runs will use it; call it from a plain test.

    It is called with `inputs`, several times, so hand it what does no harm: its declared inputs
    are enforced, its output fits its declared type, cancelling it while it waits ends it soon, a
    `pure` action answers equal inputs equally and an `idempotent` one may be repeated.

    Args:
        action: What `@action` made of the function.
        inputs: Values that it succeeds with.
        settings: Sections of `ciranda.toml` by name.
        mocks: What stands in for other actions, see `harness`.
        backends: Event loops to try it on.
        patience: Seconds that it may take to end when it is cancelled.

    Raises:
        AssertionError: A sentence for everything that is wrong.
    """
    found = _Check(action, dict(inputs or {}), settings or {}, mocks or {}, patience)
    found.schema()
    for backend in backends:
        if not found.problems:
            anyio.run(found.calls, backend, backend=backend)
    if found.problems:
        raise AssertionError("\n".join(f"{action.name}: {one}" for one in found.problems))


class _Check:
    def __init__(
        self,
        action: Action,
        inputs: dict[str, Any],
        settings: Mapping[str, Any],
        mocks: Mapping[str, Any],
        patience: float,
    ) -> None:
        self.problems: Final[list[str]] = []
        self._action: Final = action
        self._inputs: Final = inputs
        self._settings: Final = settings
        self._mocks: Final = mocks
        self._patience: Final = patience

    def schema(self) -> None:
        """Try what the schema says of inputs."""
        action, inputs = self._action, self._inputs
        if not action.doc:
            self.problems.append("it has no docstring: `ciranda actions` would show nothing of it")
        for name in set(action.input_schema.get("properties", ())) - set(action.parameter_docs):
            self.problems.append(f"its input `{name}` has no line under `Args:` in the docstring")
        try:
            action.bind(dict(inputs))
        except StepError as error:
            self.problems.append(f"the inputs that it should succeed with do not fit: {error}")
            return
        for name in action.input_schema.get("required", ()):
            less = {key: value for key, value in inputs.items() if key != name}
            self._expect_refusal(less, f"its input `{name}` is required and can be left out")
        if action.input_schema.get("additionalProperties") is False:
            self._expect_refusal({**inputs, _UNKNOWN: 1}, "it takes inputs that it does not have")

    def _expect_refusal(self, inputs: dict[str, Any], problem: str) -> None:
        try:
            self._action.bind(inputs)
        except StepError:
            return
        self.problems.append(problem)

    async def calls(self, backend: str) -> None:
        """Run it as a step, twice if it promises that this does no harm, and cancel it."""
        watch = _Watch(self._action)
        mocks = {**self._mocks, self._action.name: watch.action}
        async with harness(settings=self._settings, mocks=mocks) as opened:
            flow, outputs = self._flow(), []
            for _ in range(2 if self._action.pure or self._action.idempotent else 1):
                view = (await opened.run(flow)).steps["step"]
                if view["status"] != "succeeded":
                    self.problems.append(f"on {backend} it fails: {view['error']['message']}")
                    return
                outputs.append(view["output"])
            self._output(outputs)
            if self._action.is_async:
                await self._cancel(opened, flow, watch, backend)

    def _flow(self) -> Workflow:
        flow = Workflow("check")
        # A worker process would have to find the plugin; a thread is as good here.
        where: dict[str, Any] = {"executor": "thread"} if self._action.executor == "process" else {}
        flow.step("step", uses=self._action.name, with_=self._inputs, **where)
        return flow

    def _output(self, outputs: list[Any]) -> None:
        for error in jsonschema_rs.validator_for(self._action.output_schema).iter_errors(
            outputs[0]
        ):
            self.problems.append(f"its output is not what it declares: {error.message}")
        if self._action.pure and outputs[0] != outputs[-1]:
            self.problems.append("it says `pure` and answers equal inputs differently")

    async def _cancel(self, opened: Harness, flow: Workflow, watch: _Watch, backend: str) -> None:
        watch.begin_again()
        async with anyio.create_task_group() as group:
            group.start_soon(opened.run, flow)
            await watch.begun.wait()
            await anyio.lowlevel.checkpoint()
            watch.cancelled = not watch.ended
            asked = time.monotonic()
            group.cancel_scope.cancel()
        took = time.monotonic() - asked
        if watch.swallowed:
            self.problems.append(
                f"on {backend} it goes on when it is cancelled: let the exception pass"
            )
        elif took > self._patience:
            self.problems.append(f"on {backend} it takes {took:.1f}s to end when it is cancelled")


class _Watch:
    """The action, and what it does when it is cancelled."""

    def __init__(self, action: Action) -> None:
        self.cancelled = self.ended = self.swallowed = False
        self.begun = anyio.Event()
        function = action.function

        async def watched(**arguments: Any) -> Any:
            self.begun.set()
            try:
                result = await function(**arguments)
                self.swallowed = self.cancelled
            finally:
                self.ended = True
            return result

        is_async = inspect.iscoroutinefunction(function)
        self.action: Final = dataclasses.replace(action, function=watched) if is_async else action

    def begin_again(self) -> None:
        """Forget what was before."""
        self.begun = anyio.Event()
        self.ended = False
