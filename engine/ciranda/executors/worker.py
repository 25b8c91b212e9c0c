"""The worker's side of the process executor: find the action, call it, answer."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pluggy

from ciranda.actions import Action, failure_of
from ciranda.context import Context, RunInfo
from ciranda.errors import ActionError, StepError
from ciranda.events import Event, Request
from ciranda.executors.pool.worker.job import Job
from ciranda.executors.written import find_function
from ciranda.hooks.markers import PROJECT
from ciranda.observe.carried import Carrier

if TYPE_CHECKING:
    from ciranda.executors.residents import Residents, Teller
    from ciranda.settings import Settings

__all__ = ["RELEASE", "WorkerHost", "setup"]

RELEASE: Final = "release"  # the call that ends what is open for a run; no action is named so


def setup(_: Any) -> Worker:
    """Return what serves the calls of a worker."""
    return Worker()


class Worker:
    """Calls actions by name; keeps the plugins that it loaded."""

    def __init__(self) -> None:
        self._plugins: Final[dict[str, _Plugin]] = {}
        self._carrier: Final = Carrier()
        self._residents: Residents | None = None

    def handle(self, name: str, payload: Any, job: Job) -> Any:
        """Call the action that `payload` describes, or end what is open for a run.

        Raises:
            StepError: It failed; the kind is the action's own.
        """
        if name == RELEASE:
            if self._residents is not None:
                self._residents.release(payload, job)
            return None
        action = self._find(payload["origin"], payload["action"])
        try:
            if action.resources:
                return action.finish(self._call_with_resources(action, payload, job))
            arguments = dict(action.bind(payload["inputs"]))
            if action.wants_context:
                arguments[action.wants_context] = _context(payload["context"], job)
            with self._carrier.during(payload["traceparent"], job.span):
                result = action.function(**arguments)
                if inspect.iscoroutine(result):
                    result = _finish_coroutine(result)
            return action.finish(result)
        except StepError:
            raise
        except Exception as error:
            failure = failure_of(error, action)
            told = StepError(
                failure.kind,
                failure.message,
                retryable=failure.retryable,
                retry_after=failure.retry_after,
                detail=failure.detail,
            )
            raise told from error

    def _call_with_resources(self, action: Action, payload: Mapping[str, Any], job: Job) -> Any:
        from ciranda.executors.residents import Residents, Visit  # few actions share anything

        if self._residents is None:
            self._residents = Residents()
        visit = Visit(
            action,
            action.bind(payload["inputs"]),
            partial(_context, payload["context"]),
            self._settings(payload["origin"]),
            payload["loop"],
            partial(self._carrier.during, payload["traceparent"], job.span),
            job,
        )
        return self._residents.call(visit)

    def _find(self, origin: Mapping[str, Any], name: str) -> Action:
        if "function" in origin:
            return find_function(origin["function"], name)
        key = _key(origin)
        if key not in self._plugins:
            manager = pluggy.PluginManager(PROJECT)
            manager.register(_module(origin))
            settings = _settings(manager, origin)
            offered = {action.name: action for action in _offered(manager, settings)}
            self._plugins[key] = _Plugin(manager, offered)
        return self._plugins[key].actions[name]

    def _settings(self, origin: Mapping[str, Any]) -> Settings | None:
        return (
            None if "function" in origin else _settings(self._plugins[_key(origin)].manager, origin)
        )


class _Plugin(NamedTuple):
    manager: pluggy.PluginManager
    actions: dict[str, Action]


def _key(origin: Mapping[str, Any]) -> str:
    return str(origin.get("module") or origin["digest"])


def _module(origin: Mapping[str, Any]) -> object:
    if "module" in origin:
        module, _, attribute = origin["module"].partition(":")
        found = importlib.import_module(module)
        return getattr(found, attribute) if attribute else found
    from ciranda.plugins.inline import load_inline

    root = Path(origin["root"])
    return load_inline(root / origin["name"], root, bundle=origin["bundle"]).module


def _offered(manager: pluggy.PluginManager, settings: Settings | None) -> list[Action]:
    """Return what a plugin lists in its hook `actions`, whatever the function is called."""
    given = {"settings": settings}
    answers: list[Any] = [
        impl.function(**{name: given[name] for name in impl.argnames})
        for impl in manager.hook.actions.get_hookimpls()
    ]
    return [action for answer in answers for action in answer or ()]


def _settings(manager: pluggy.PluginManager, origin: Mapping[str, Any]) -> Settings | None:
    """Return the settings of a plugin as its parent read them; None when it was not told."""
    if "settings" not in origin:
        return None
    from ciranda.settings import Configuration

    (impl,) = manager.hook.settings.get_hookimpls()
    kind: Any = impl.function()
    found: Settings = Configuration(Path(), tables={kind.SECTION: origin["settings"]}).read(kind)
    return found


def _finish_coroutine(coroutine: Any) -> Any:
    import anyio

    async def run() -> Any:
        return await coroutine

    return anyio.run(run)


def _context(told: Mapping[str, Any], job: Teller) -> Context:
    run = told["run"]
    info = RunInfo(run["id"], run["name"], Path(run["dir"]), Path(run["base"]), run["started"])
    host = WorkerHost(job, told["secrets"])
    left = told["remaining"]
    return Context(
        host,
        info,
        told["step"],
        told["path"],
        told["attempt"],
        None if left is None else host.clock() + left,
        told["env"],
        told["traceparent"],
        told["key"],
    )


class WorkerHost:
    """What a context stands on inside a worker: everything goes to the parent as frames."""

    def __init__(self, job: Teller, secrets: Mapping[str, str]) -> None:
        self.thread = threading.get_ident()
        self._job: Final = job
        self._secrets: Final = secrets

    def clock(self) -> float:
        """Return the time that `deadline` is measured on."""
        return time.monotonic()

    def log(self, ctx: Context, level: str, text: str, fields: Mapping[str, Any]) -> None:
        """Send a line of the step's log."""
        told = {name: str(value) for name, value in fields.items()}
        self._job.event("log", {"level": level, "text": text, "fields": told})

    def output(self, ctx: Context, stream: str, data: bytes) -> None:
        """Send what a program wrote."""
        self._job.log(stream, data.decode("utf-8", "replace"))

    def progress(self, ctx: Context, done: float, total: float, text: str) -> None:
        """Send how far the step is."""
        self._job.progress(done, total, text)

    def used(self, ctx: Context, cost: Mapping[str, float]) -> None:
        """Send what the step has cost."""
        self._job.event("used", dict(cost))

    def secret(self, ctx: Context, name: str) -> str:
        """Return a secret that the action declares."""
        try:
            return self._secrets[name]
        except KeyError:
            raise StepError(
                "secret", f"declare the secret: @action(..., secrets=[{name!r}])"
            ) from None

    def mask(self, text: str) -> str:
        """Return text without the secrets that this worker knows."""
        for secret in self._secrets.values():
            text = text.replace(secret, "***")
        return text

    def artifact(self, ctx: Context, path: Path) -> dict[str, Any]:
        """Describe a file and let the parent keep it."""
        file = path if path.is_absolute() else ctx.dir / path
        try:
            content = file.read_bytes()
        except OSError as error:
            raise StepError("invalid-output", f"artifact {path}: {error.strerror}") from error
        self._job.event("artifact", str(file))
        digest = hashlib.sha256(content).hexdigest()
        return {"path": str(file), "sha256": digest, "bytes": len(content)}

    async def publish(self, ctx: Context, event: Event) -> None:
        """Refuse: the bus is in the parent."""
        raise ActionError("ctx.publish does not work in a worker process: run the action inline")

    async def ask(self, ctx: Context, request: Request[Any]) -> Any:
        """Refuse: the bus is in the parent."""
        raise ActionError("ctx.ask does not work in a worker process: run the action inline")
