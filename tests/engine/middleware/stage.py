"""A stage for layers: a context that remembers what it is told, and calls of one step."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ciranda.actions import Action, action
from ciranda.context import Context, RunInfo
from ciranda.events import Event
from ciranda.layer import Call, Layer, Next, StepPlan, onion
from ciranda.middleware.builtin import builtins
from ciranda.middleware.shared import Shared
from ciranda.workflow.model import Step


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Stage:
    """A host of contexts that keeps what layers publish and log."""

    def __init__(self, base: Path = Path()) -> None:
        self.thread = threading.get_ident()
        self.base = base
        self.events: list[Event] = []
        self.lines: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, inputs: dict[str, Any] | None = None, **options: Any) -> Call:
        run = RunInfo(options.get("run", "run-1"), base=self.base)

        def context(call: Call) -> Context:
            step = call.path.partition("/")[0]
            return Context(self, run, step, call.path, call.attempt, env=call.env)

        path, scope = options.get("path", "step"), options.get("scope", {})
        return Call(inputs or {}, context, path, 1, scope, options.get("env"))

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def clock(self) -> float:
        return 0.0

    def log(self, ctx: Context, level: str, text: str, fields: Mapping[str, Any]) -> None:
        self.lines.append((text, fields))

    def output(self, ctx: Context, stream: str, data: bytes) -> None:
        raise NotImplementedError

    def progress(self, ctx: Context, done: float, total: float, text: str) -> None:
        raise NotImplementedError

    def used(self, ctx: Context, cost: Mapping[str, float]) -> None:
        raise NotImplementedError

    def secret(self, ctx: Context, name: str) -> str:
        raise NotImplementedError

    def mask(self, text: str) -> str:
        return text.replace("hunter2", "***")

    def artifact(self, ctx: Context, path: Path) -> dict[str, Any]:
        raise NotImplementedError

    async def publish(self, ctx: Context, event: Event) -> None:
        self.events.append(event)

    async def ask(self, ctx: Context, request: Any) -> Any:
        raise NotImplementedError


@action("demo.double", pure=True, version="1")
def double(n: int = 1) -> int:
    """Double a number."""
    return 2 * n


def plan(uses: Action = double, *, name: str = "step", **options: Any) -> StepPlan:
    return StepPlan(name, uses.name, uses, Step(id=name, uses=uses.name, **options), "demo")


def layers(planned: StepPlan, shared: Shared) -> list[Layer]:
    """Return the built-in layers of a step, outermost first."""
    found = [each.middleware(planned) for each in builtins(lambda: shared).values()]
    return [each for each in found if each is not None]


def wrapped(planned: StepPlan, shared: Shared, core: Next) -> Callable[[Call], Any]:
    return onion(layers(planned, shared), core)
