"""What can be known of a run before it: the shell around `ciranda.explaining`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.explaining.caching import CacheLook
    from ciranda.explaining.outlook import Outlook
    from ciranda.middleware.shared import Shared
    from ciranda.plugins import Plugins
    from ciranda.runs.checker import Checker
    from ciranda.store import Log
    from ciranda.workflow.model import Step, Workflow

__all__ = ["Foresight", "Needed", "foresee"]


@dataclass(frozen=True, slots=True)
class Needed:
    """A secret, or a variable of the environment, that a run takes from outside.

    Attributes:
        name: What the workflow calls it.
        kind: `secret` or `env`.
        source: Where it comes from, as a phrase.
        there: Whether it is there; None when only a run can tell.
    """

    name: str
    kind: str
    source: str
    there: bool | None


@dataclass(frozen=True, slots=True)
class Foresight:
    """All that is known before a run.

    Attributes:
        outlook: The steps.
        inputs: The values of the inputs, `***` where a secret is.
        needed: What it takes from outside.
        cache: What the cache would say, by path.
    """

    outlook: Outlook
    inputs: dict[str, Any]
    needed: tuple[Needed, ...] = ()
    cache: Mapping[str, CacheLook] = field(default_factory=dict)


def foresee(file: str, given: Mapping[str, Any], store: str | None = None) -> Foresight:
    """Check a workflow, resolve its inputs, and look into history and cache; run nothing.

    Raises:
        WorkflowError: It is faulty.
        InputError: An input does not fit.
    """
    from ciranda.explaining.outlook import outlook
    from ciranda.explaining.wiring import paths_of
    from ciranda.plugins import Plugins
    from ciranda.runs.checker import Checker
    from ciranda.settings import StoreSettings, read_configuration
    from ciranda.vault import redacted
    from ciranda.workflow.inputs import resolve_inputs

    configuration = read_configuration(Path.cwd())
    plugins = Plugins(configuration)
    checker = Checker(plugins)
    checked = checker.load(file)
    workflow = checked.workflow
    values = resolve_inputs(workflow, given)
    scope = _scope(workflow, values)
    kept = configuration.root / configuration.read(StoreSettings).path
    folder = Path(store) if store is not None else kept
    log = _existing(folder)
    try:
        paths = list(paths_of(workflow.steps))
        took = {} if log is None else log.durations(workflow.name, paths)
        seen = outlook(workflow, checked.edges, scope, took=took, functions=checker.functions)
        look = _Cache(
            checker,
            plugins,
            workflow,
            scope,
            log,
            root=configuration.root,
            folder=None if log is None else folder,
        )
        cache = look.looks(seen)
    finally:
        if log is not None:
            log.close()
    needed = tuple(_needed(workflow, Path(workflow.file).resolve().parent))
    return Foresight(seen, redacted(values), needed, cache)


def _scope(workflow: Workflow, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names whose values are known before a run."""
    env = {}
    for name, declared in workflow.env.items():
        if declared.source is not None:
            found = os.environ.get(declared.source, declared.default)
        else:
            found = None if "${{" in (declared.value or "") else declared.value
        if found is not None:
            env[name] = found
    return {"inputs": dict(values), "env": env}


def _existing(folder: Path) -> Log | None:
    """Open a store that is there; looking ahead makes none."""
    from ciranda.errors import StoreError

    inner = folder if folder.name == ".ciranda" else folder / ".ciranda"
    if not (inner / "ciranda.db").exists():
        return None
    from ciranda.store import Durability, open_store

    try:
        return open_store(folder, Durability.PROCESS, reading=True)
    except StoreError:  # without history and cache the plan is still one
        return None


def _needed(workflow: Workflow, base: Path) -> Iterator[Needed]:
    for name, secret in workflow.secrets.items():
        if secret.env is not None:
            yield Needed(name, "secret", f"variable {secret.env}", secret.env in os.environ)
        elif secret.file is not None:
            yield Needed(name, "secret", f"file {secret.file}", (base / secret.file).is_file())
        else:
            yield Needed(name, "secret", f"command {' '.join(secret.command or ())}", None)
    for name, declared in workflow.env.items():
        if declared.source is not None:
            there = declared.source in os.environ
            if there or declared.default is None:
                yield Needed(name, "env", f"variable {declared.source}", there)
            else:
                yield Needed(name, "env", f"its default {declared.default!r}", True)


class _Cache:
    """Asks the cache for the steps whose inputs are known."""

    def __init__(
        self,
        checker: Checker,
        plugins: Plugins,
        workflow: Workflow,
        scope: Mapping[str, Any],
        log: Log | None,
        *,
        root: Path,
        folder: Path | None,
    ) -> None:
        self._checker: Final = checker
        self._plugins: Final = plugins
        self._workflow: Final = workflow
        self._base: Final = Path(workflow.file).resolve().parent
        self._actions: Final[Mapping[str, Action]] = checker.actions_of(workflow)
        self._scope: Final = scope
        self._log: Final = log
        self._root: Final = root
        self._folder: Final = folder

    @cached_property
    def _shared(self) -> Shared:
        from ciranda.middleware.fingerprint import Fingerprints
        from ciranda.middleware.shared import Shared
        from ciranda.store.key import store_key
        from ciranda.workflow.binding import bind

        functions, digest = self._checker.functions, self._plugins.digest
        known = Fingerprints(lambda one: digest(one.plugin) if one.plugin else None, [self._root])
        bound = partial(bind, functions=functions)
        if self._folder is None:  # nothing is sealed where nothing is kept
            return Shared(bind=bound, fingerprints=known)
        return Shared(bind=bound, fingerprints=known, key=store_key(self._folder))

    def looks(self, seen: Outlook) -> dict[str, CacheLook]:
        """Return what the cache would say of each step that has one."""
        asked = {
            each.path: each.step
            for each in seen.steps()
            if each.step.cache is not None and each.would != "skip"
        }
        if not asked:
            return {}
        import anyio

        return anyio.run(self._all, asked)

    async def _all(self, asked: Mapping[str, Step]) -> dict[str, CacheLook]:
        return {path: await self._one(path, step) for path, step in asked.items()}

    async def _one(self, path: str, step: Step) -> CacheLook:
        from ciranda.context import RunInfo
        from ciranda.explaining.caching import CacheLook, known_call, looked_up
        from ciranda.layer import StepPlan

        base = self._base
        action = self._actions[step.uses]
        functions = self._checker.functions
        call = known_call(step, self._workflow, action, self._scope, functions, base)
        if call.waits:
            return CacheLook("unknown", f"depends on {', '.join(call.waits)}")
        return await looked_up(
            StepPlan(step.id, step.uses, action, step, self._workflow.name),
            call.inputs,
            self._scope,
            shared=self._shared,
            shelf=self._log,
            info=RunInfo("", self._workflow.name, base=base),
            now=time.time(),
            env=call.env,
        )
