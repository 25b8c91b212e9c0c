"""What an action may know and do while it runs: `ctx: Context`.

What a worker process has of it:

| in a coroutine or a thread                          | in a worker process              |
|-----------------------------------------------------|----------------------------------|
| `run step path attempt key deadline env traceparent`| the same                         |
| `log progress used output artifact dir mask`        | the same, sent to the parent     |
| `secret(name)`                                      | those that the action declares   |
| `cancelled`                                         | always False: the tree is killed |
| `publish ask` and their `_sync` twins               | refused with a sentence          |
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from ciranda.errors import ActionError
from ciranda.events import Event, Request

T = TypeVar("T")


class RunInfo(msgspec.Struct, frozen=True):
    """The run that a step belongs to.

    Args:
        id: Unique and stable over resumes.
        name: The workflow's name.
        dir: Folder of the run's own files; made when first used.
        base: Folder that relative paths in the workflow file start from.
        started: Wall clock in seconds since the epoch.
    """

    id: str
    name: str = ""
    dir: Path = msgspec.field(default_factory=Path)
    base: Path = msgspec.field(default_factory=Path)
    started: float = 0.0


class Host(Protocol):
    """What a context stands on: the runner, or the child side of a worker process.

    Every method but `output` is called in the event loop's thread, whose id is `thread`; the
    context takes care of that. Methods that are not coroutines must return at once.
    """

    thread: int

    def clock(self) -> float:
        """Return the time that `deadline` is measured on, in seconds."""

    def log(self, ctx: Context, level: str, text: str, fields: Mapping[str, Any]) -> None:
        """Write a line of the step's log."""

    def output(self, ctx: Context, stream: str, data: bytes) -> None:
        """Take bytes that the step wrote to `stdout` or `stderr`; any thread may call it."""

    def progress(self, ctx: Context, done: float, total: float, text: str) -> None:
        """Show how far the step is."""

    def used(self, ctx: Context, cost: Mapping[str, float]) -> None:
        """Add to what the step has cost."""

    def secret(self, ctx: Context, name: str) -> str:
        """Return the text of a secret; StepError `secret` when there is none of this name."""

    def mask(self, text: str) -> str:
        """Return `text` without the secrets in it."""

    def artifact(self, ctx: Context, path: Path) -> dict[str, Any]:
        """Keep a file by its digest; return `{path, sha256, bytes}`."""

    async def publish(self, ctx: Context, event: Event) -> None:
        """Tell everybody a fact."""

    async def ask(self, ctx: Context, request: Request[Any]) -> Any:
        """Put a question to the plugins."""


class StepLog:
    """A step's log; bound fields go into every line."""

    __slots__ = ("_ctx", "_fields")

    def __init__(self, ctx: Context, fields: Mapping[str, Any]) -> None:
        self._ctx: Final = ctx
        self._fields: Final = fields

    def bind(self, **fields: Any) -> StepLog:
        """Return a log whose lines also have these fields."""
        return StepLog(self._ctx, {**self._fields, **fields})

    def debug(self, text: str, **fields: Any) -> None:
        """Write what only somebody looking for a fault wants to read."""
        self._write("debug", text, fields)

    def info(self, text: str, **fields: Any) -> None:
        """Write what somebody following the run wants to read."""
        self._write("info", text, fields)

    def warning(self, text: str, **fields: Any) -> None:
        """Write what somebody should look at."""
        self._write("warning", text, fields)

    def error(self, text: str, **fields: Any) -> None:
        """Write what went wrong."""
        self._write("error", text, fields)

    def _write(self, level: str, text: str, fields: dict[str, Any]) -> None:
        ctx = self._ctx
        ctx.tell(ctx.host.log, ctx, level, text, {**self._fields, **fields})


class Context:
    """One attempt of one step, as its action sees it.

    Args:
        host: What carries things out.
        run: The run.
        step: The step's id as written, such as `verify`.
        path: Its path, such as `verify/3`.
        attempt: Counts from 1.
        deadline: When the attempt is stopped, on `host.clock()`; None is never.
        env: Environment variables declared for the step.
        traceparent: W3C trace context to hand on; empty without tracing.
        key: The `idempotency-key` of the step; empty for one made of run and path.

    Attributes:
        cancelled: True once the step is asked to stop; for threads, which are not interrupted.
        spent: Sums of what `used` was told, for a layer that asked for them; else None.
    """

    __slots__ = (
        "_key",
        "attempt",
        "cancelled",
        "deadline",
        "env",
        "host",
        "path",
        "run",
        "spent",
        "step",
        "traceparent",
    )

    def __init__(  # noqa: PLR0917  (built once an attempt; keywords would cost)
        self,
        host: Host,
        run: RunInfo,
        step: str,
        path: str,
        attempt: int = 1,
        deadline: float | None = None,
        env: Mapping[str, str] | None = None,
        traceparent: str = "",
        key: str = "",
    ) -> None:
        self._key = key
        self.host = host
        self.run = run
        self.step = step
        self.path = path
        self.attempt = attempt
        self.deadline = deadline
        self.env: Mapping[str, str] = env if env is not None else {}
        self.traceparent = traceparent
        self.cancelled = False
        self.spent: dict[str, float] | None = None

    @property
    def key(self) -> str:
        """Name what this step does in the outside world, the same for every attempt of it.

        Hand it to services that take an idempotency key: a step may run again after a crash.
        """
        return self._key or f"{self.run.id}:{self.path}"

    @property
    def own_key(self) -> str:
        """Return the `idempotency-key` of the step; empty when it says none."""
        return self._key

    @property
    def dir(self) -> Path:
        """The step's own folder, the same for every attempt; made on first use."""
        parts = (quote(part, safe=" ").replace(".", "%2E") for part in self.path.split("/"))
        folder = self.run.dir / ".".join(parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def log(self) -> StepLog:
        """The step's log."""
        return StepLog(self, {})

    def remaining(self) -> float | None:
        """Return the seconds left to this attempt, not below 0; None when it has no limit."""
        return None if self.deadline is None else max(0.0, self.deadline - self.host.clock())

    def secret(self, name: str) -> str:
        """Return the text of a declared secret.

        Raises:
            StepError: Kind `secret`: the workflow declares none of this name.
        """
        return self.tell(self.host.secret, self, name)

    def mask(self, value: str) -> str:
        """Return text with every secret of the run replaced by `***`."""
        return self.tell(self.host.mask, value)

    def progress(self, done: float, total: float = 0.0, text: str = "") -> None:
        """Show how far the step is; `total` 0 means that it is not known."""
        self.tell(self.host.progress, self, done, total, text)

    def used(self, **cost: float) -> None:
        """Add to what the step has cost, such as `tokens=312, usd=0.004`.

        Raises:
            ActionError: An amount is no finite number.
        """
        amounts = {name: _amount(name, cost[name]) for name in cost}
        self.tell(self.host.used, self, amounts)
        if self.spent is not None:
            for name, amount in amounts.items():
                self.spent[name] = self.spent.get(name, 0.0) + amount

    def output(self, stream: str, data: bytes) -> None:
        """Pass on what a program wrote; `stream` is `stdout` or `stderr`."""
        self.tell(self.host.output, self, stream, data)

    def artifact(self, path: str | Path) -> dict[str, Any]:
        """Keep a file for longer than the run's folder; return `{path, sha256, bytes}`."""
        return self.tell(self.host.artifact, self, Path(path))

    async def publish(self, event: Event) -> None:
        """Tell everybody a fact."""
        await self.host.publish(self, event)

    async def ask(self, request: Request[T]) -> T:
        """Put a question to the plugins; return the first answer.

        Raises:
            UnansweredError: Nobody answers.
        """
        answer: T = await self.host.ask(self, request)
        return answer

    def publish_sync(self, event: Event) -> None:
        """Do what `publish` does, from a function that runs in a thread."""
        self._refuse_loop("publish")
        import anyio.from_thread

        anyio.from_thread.run(self.publish, event)

    def ask_sync(self, request: Request[T]) -> T:
        """Do what `ask` does, from a function that runs in a thread."""
        self._refuse_loop("ask")
        import anyio.from_thread

        answer: T = anyio.from_thread.run(self.ask, request)
        return answer

    def tell(self, method: Callable[..., T], *args: Any) -> T:
        """Call a method of the host in its thread, from whichever thread this is."""
        if threading.get_ident() == self.host.thread:
            return method(*args)
        import anyio.from_thread

        return anyio.from_thread.run_sync(method, *args)

    def _refuse_loop(self, name: str) -> None:
        if threading.get_ident() == self.host.thread:
            raise ActionError(
                f"ctx.{name}_sync works in a thread only; make the action async, without a worker "
                f"process, and write `await ctx.{name}(...)`."
            )


def _amount(name: str, given: Any) -> float:
    if not isinstance(given, str | bytes):
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            amount = float(given)
            if math.isfinite(amount):
                return amount
    raise ActionError(f"ctx.used({name}={given!r}): the amount of what was used is a number")
