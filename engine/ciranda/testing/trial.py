"""Trials of one action: its inputs, both event loops, cancellation, its promises."""

from __future__ import annotations

import enum
import inspect
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

import anyio
import anyio.lowlevel
import jsonschema_rs
import msgspec

from ciranda.actions import Action
from ciranda.errors import StepError
from ciranda.events import Event
from ciranda.testing.harness import Harness, harness
from ciranda.workflow.builder import Workflow

__all__ = ["Problem", "Topic", "Trial"]

_UNKNOWN: Final = "no_such_input"


class Topic(enum.StrEnum):
    """What a problem is about."""

    DOCS = "docs"
    INPUTS = "inputs"  # what it says of its inputs, or the inputs themselves
    FAILURE = "failure"  # it fails with inputs that it should succeed with
    OUTPUT = "output"
    CANCEL = "cancel"
    REPEAT = "repeat"  # it says `pure` or `idempotent`


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an action.

    Attributes:
        topic: What it is about.
        message: A sentence without the action's name.
        kind: Of a failure, its kind.
    """

    topic: Topic
    message: str
    kind: str = ""


@final
class Trial:
    """Tries an action the ways that runs will use it, and collects what is wrong.

    Args:
        action: What is tried.
        inputs: Values that it should succeed with.
        settings: Sections of `ciranda.toml` by name.
        mocks: What stands in for other actions, see `harness`.
        plugins: Modules or objects with marked functions, used besides.
        declared: Names of installed plugins, used besides.
        environ: Where the secrets that the action declares come from.
        patience: Seconds that it may take to end when it is cancelled.

    Attributes:
        problems: What is wrong, in the order in which it was found.
        heard: What was published in the runs.
    """

    def __init__(
        self,
        action: Action,
        inputs: Mapping[str, Any],
        *,
        settings: Mapping[str, Any] | None = None,
        mocks: Mapping[str, Any] | None = None,
        plugins: Iterable[object] = (),
        declared: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        patience: float = 5.0,
    ) -> None:
        self.problems: Final[list[Problem]] = []
        self.heard: Final[list[Event]] = []
        self._action: Final = action
        self._inputs: Final = dict(inputs)
        self._settings: Final = settings or {}
        self._mocks: Final = mocks or {}
        self._plugins: Final = tuple(plugins)
        self._declared: Final = tuple(declared)
        self._environ: Final = environ or {}
        self._patience: Final = patience

    def schema(self) -> None:
        """Try what the schema says of inputs."""
        action, inputs = self._action, self._inputs
        if not action.doc:
            self._add(Topic.DOCS, "it has no docstring: `ciranda actions` would show nothing of it")
        for name in action.input_schema.get("properties", ()):
            if name not in action.parameter_docs:
                missing = f"its input `{name}` has no line under `Args:` in the docstring"
                self._add(Topic.DOCS, missing)
        try:
            action.bind(dict(inputs))
        except StepError as error:
            unfit = f"the inputs that it should succeed with do not fit: {error}"
            self._add(Topic.INPUTS, unfit)
            return
        for name in action.input_schema.get("required", ()):
            less = {key: value for key, value in inputs.items() if key != name}
            self._expect_refusal(less, f"its input `{name}` is required and can be left out")
        if action.input_schema.get("additionalProperties") is False:
            self._expect_refusal({**inputs, _UNKNOWN: 1}, "it takes inputs that it does not have")

    async def calls(self, backend: str) -> None:
        """Run it as a step, twice if it promises that this does no harm, and cancel it.

        Args:
            backend: The event loop that this runs on, for the sentences.
        """
        watch = _Watch(self._action)
        mocks = {**self._mocks, self._action.name: watch.action}
        async with harness(self._plugins, self._settings, mocks, environ=self._environ) as opened:
            opened.engine.plugins.load(declared=self._declared)
            try:
                await self._runs(opened, watch, backend)
            finally:
                self.heard.extend(opened.events(Event))

    async def _runs(self, opened: Harness, watch: _Watch, backend: str) -> None:
        flow, outputs = self._flow(), []
        again = self._action.pure or self._action.idempotent
        for turn in range(2 if again else 1):
            view = (await opened.run(flow)).steps["step"]
            if view["status"] != "succeeded":
                told, kind = view["error"]["message"], view["error"]["kind"]
                if kind == "invalid-output":
                    self._add(Topic.OUTPUT, f"on {backend} its output is none: {told}", kind)
                elif turn:
                    self._add(
                        Topic.REPEAT, f"on {backend} it fails when it is repeated: {told}", kind
                    )
                else:
                    self._add(Topic.FAILURE, f"on {backend} it fails: {told}", kind)
                return
            outputs.append(view["output"])
        self._output(outputs)
        if self._action.is_async:
            await self._cancel(opened, flow, watch, backend)

    def _flow(self) -> Workflow:
        flow = Workflow("check")
        for name in self._action.secrets:
            flow.secret(name, env=name)
        # A worker process would have to find the plugin; a thread is as good here.
        where: dict[str, Any] = {"executor": "thread"} if self._action.executor == "process" else {}
        flow.step("step", uses=self._action.name, with_=self._inputs, **where)
        return flow

    def _output(self, outputs: list[Any]) -> None:
        for error in jsonschema_rs.validator_for(self._action.output_schema).iter_errors(
            outputs[0]
        ):
            self._add(Topic.OUTPUT, f"its output is not what it declares: {error.message}")
        if self._action.pure and outputs[0] != outputs[-1]:
            self._add(Topic.REPEAT, "it says `pure` and answers equal inputs differently")

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
            deaf = f"on {backend} it goes on when it is cancelled: let the exception pass"
            self._add(Topic.CANCEL, deaf)
        elif took > self._patience:
            late = f"on {backend} it takes {took:.1f}s to end when it is cancelled"
            self._add(Topic.CANCEL, late)

    def _expect_refusal(self, inputs: dict[str, Any], problem: str) -> None:
        try:
            self._action.bind(inputs)
        except StepError:
            return
        self._add(Topic.INPUTS, problem)

    def _add(self, topic: Topic, message: str, kind: str = "") -> None:
        self.problems.append(Problem(topic, message, kind))


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
        self.action: Final = (
            msgspec.structs.replace(action, function=watched) if is_async else action
        )

    def begin_again(self) -> None:
        """Forget what was before."""
        self.begun = anyio.Event()
        self.ended = False
