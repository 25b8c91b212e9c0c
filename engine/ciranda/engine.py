"""The engine: plugins, bus, store and executors of one process, and the runs on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property, partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import anyio

from ciranda.actions import Action, Resource, Scope
from ciranda.bus import Bus
from ciranda.errors import RunNotFoundError, SettingsError
from ciranda.events import Event
from ciranda.expressions import Function
from ciranda.layer import Next, StepPlan, onion
from ciranda.middleware.outcome import is_built_in, plain_result
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.runs.exporting import Exporting
from ciranda.runs.observing import durable_observer
from ciranda.runs.outcome import RunResult
from ciranda.runs.plans import Plans
from ciranda.runs.ungrouped import leaves, plainest
from ciranda.settings import Configuration, StoreSettings, read_configuration
from ciranda.store import Clock, Durability, open_store
from ciranda.store.books import Books
from ciranda.workflow.builder import Workflow as Builder, model_of
from ciranda.workflow.check import Checked
from ciranda.workflow.inputs import named_values
from ciranda.workflow.model import Workflow
from ciranda.workflow.placement import executor_of

if TYPE_CHECKING:
    from ciranda.context import Context
    from ciranda.middleware.shared import Shared
    from ciranda.observe.export import LiveExporter
    from ciranda.runs.dispatch import Dispatch
    from ciranda.runs.launch import Launch
    from ciranda.runs.rerun import Rerun
    from ciranda.runs.session import Session
    from ciranda.store import Log

# What only a run needs is imported by the functions that run one: `ciranda validate` is short.

__all__ = ["Engine"]


class Engine:
    """What runs workflows; an async context manager.

    Args:
        store: The folder that keeps runs; by default `.ciranda` of the project.
        durability: What a recorded step survives: `power`, `process` or `off` (nothing is kept).
        plugins: Modules or objects with marked functions, used besides what files name.
        settings: Sections of `ciranda.toml` by name, key by key in place of what the file says;
            the environment goes before both.
        configuration: The project's settings; read from `ciranda.toml` by default.
        listener: Hears every event, in order, in the loop's thread.
        environ: Where `env`, `secrets` and `TRACEPARENT` come from.
        log: A log that is open already, used (and closed) instead of the one in `store`.
        clock: Both clocks: of events and of whatever is measured.
        replaced: Actions that take the place of those of the same name, for tests.
        exporter: Sends the traces of runs, besides those of plugins; whoever made it closes it.

    Attributes:
        folder: Where runs are kept, and files of plugins: `Database(..., folder=engine.folder)`.
        sessions: The runs that go on, by id.
        exporting: What sends the traces of runs.
        books: What is kept beside the log.
    """

    def __init__(  # noqa: PLR0913  (each word is one thing to choose; all have defaults)
        self,
        *,
        store: str | os.PathLike[str] | None = None,
        durability: str | None = None,
        plugins: Iterable[object] = (),
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        configuration: Configuration | None = None,
        listener: Callable[[Event], None] | None = None,
        environ: Mapping[str, str] | None = None,
        log: Log | None = None,
        clock: Clock | None = None,
        replaced: Mapping[str, Action] | None = None,
        exporter: LiveExporter | None = None,
    ) -> None:
        found = configuration or read_configuration(Path.cwd())
        self.configuration: Final = found.with_tables(settings) if settings else found
        self.environ: Final = os.environ if environ is None else environ
        self.bus: Final = Bus(durable=partial(durable_observer, self))
        self.plugins: Final = Plugins(self.configuration, bus=self.bus)
        self.exporting: Final = Exporting(exporter, self.plugins, self.environ)
        self.listener: Final = listener
        kept = self.configuration.read(StoreSettings)
        self.durability: Final = _durability(durability or kept.durability)
        self.folder: Final = (
            Path(store) if store is not None else self.configuration.root / kept.path
        )
        self._given: Final = tuple(plugins)
        self.clock: Final = clock or Clock()
        self.replaced: Final = dict(replaced or {})
        self._log = log
        self.plans: Final = Plans()
        self._checker: Final = Checker(self.plugins, self.replaced)
        self.sessions: Final[dict[str, Session]] = {}
        self.books: Final = Books()
        self._stack: AsyncExitStack
        self._executors: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseExceptionGroup as group:
            raise plainest(group) from None
        return self

    async def _open(self) -> None:
        from ciranda.executors.arguments import Arguments
        from ciranda.executors.inline import InlineExecutor
        from ciranda.executors.process import ProcessExecutor
        from ciranda.executors.shelf import ResourceShelf
        from ciranda.executors.thread import ThreadExecutor

        async with AsyncExitStack() as stack:
            group = await stack.enter_async_context(anyio.create_task_group())
            # Entered last, left first: nothing may hold resources open when the group ends.
            stack.callback(group.cancel_scope.cancel)
            await stack.enter_async_context(self.bus.running())
            shelf = ResourceShelf(group, self._settings_of)
            process = ProcessExecutor(self._origin, group, adopter=self.exporting.adopter)
            arguments = Arguments(shelf, process.release)
            stack.push_async_callback(process.close)
            self._executors = {
                "inline": InlineExecutor(arguments),
                "thread": ThreadExecutor(arguments),
                "process": process,
            }
            self.arguments = arguments
            self.shelf = shelf
            self._register_middleware()
            for plugin in self._given:
                self.plugins.register(plugin, _name_of(plugin))
            await stack.enter_async_context(self.plugins.lifespan(self))
            stack.push_async_callback(self.exporting.close)
            stack.push_async_callback(shelf.close, Scope.ENGINE)
            stack.push_async_callback(self.bus.settle)
            self._stack = stack.pop_all()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._stack.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            # Task groups wrap what passes through them; whoever wrote the block gets its own back.
            if error is None or isinstance(error, anyio.get_cancelled_exc_class()):
                raise plainest(group) from None
            if leaves(group) != [error]:
                raise
        finally:
            self.books.close()
            if self._log is not None:
                self._log.close()

    # Preparation

    @cached_property
    def key(self) -> bytes:
        """Seals secrets in whatever is derived from them; the store's own, if there is one."""
        if self.durability is Durability.OFF:
            return os.urandom(32)
        from ciranda.store.key import store_key

        return store_key(self.folder)

    @property
    def log(self) -> Log:
        """The store, opened when first needed."""
        if self._log is None:
            self._log = open_store(self.folder, self.durability)
        return self._log

    def load(self, path: str | os.PathLike[str]) -> Checked:
        """Read and check a workflow file, with the plugins that it names.

        Raises:
            WorkflowError: All faults found, in file order.
            PluginError: A plugin that it names cannot be used.
        """
        return self._checker.load(path)

    def check(self, workflow: Workflow, *, pinned: bool = False) -> Checked:
        """Bring in the plugins that a workflow names; check it against their actions.

        Args:
            workflow: What was loaded or built.
            pinned: Its inline plugins are restored already.

        Raises:
            WorkflowError: All faults found, in file order.
            PluginError: A plugin that it names cannot be used.
        """
        return self._checker.check(workflow, pinned=pinned)

    @property
    def functions(self) -> Mapping[str, Function]:
        """What expressions may call; the same object until a plugin adds to it."""
        return self._checker.functions

    def actions_of(self, workflow: Workflow) -> dict[str, Action]:
        """Return the actions that a workflow may name, with its own functions among them."""
        return self._checker.actions_of(workflow)

    # Runs

    async def run(
        self,
        workflow: Checked | Workflow | Builder | str | os.PathLike[str],
        *,
        inputs: Mapping[str, Any] | None = None,
        base: Path | None = None,
        run_id: str | None = None,
        dispatch: Dispatch | None = None,
        part_of: Context | None = None,
        park: bool = False,
    ) -> RunResult:
        """Run a workflow to its end.

        Args:
            workflow: A workflow (checked, loaded or built), or the path of its file.
            inputs: Values by name.
            base: What given paths are relative to; the working directory by default.
            run_id: The run's id; made by default.
            dispatch: How its ready steps are admitted (`ciranda.runs.dispatch`); by default as
                a plugin's hook `dispatch` says, or else at once, by rank.
            part_of: The step that does its work by this run: it continues the step's trace, and
                the engine's listener hears of the step alone.
            park: Let go of the run when all that is open waits; its status is `waiting` then.

        Raises:
            WorkflowError: It is faulty.
            InputError: An input, or the dispatch, does not fit.
            PluginError: A plugin that it names cannot be used.
            StoreError: The store cannot keep the run.
        """
        from ciranda.runs.launch import Launch
        from ciranda.runs.run_id import new_run_id

        if isinstance(workflow, Checked):
            ready = workflow
        elif isinstance(workflow, Workflow | Builder):
            ready = self.check(model_of(workflow, self.plugins.readers))
        else:
            ready = self.load(workflow)
        await self.plugins.start()
        launch = Launch(self, ready, run_id or new_run_id(), dispatch, part_of, park=park)
        return await self._perform(launch, launch.begin(inputs or {}, base))

    async def resume(
        self,
        run: str,
        *,
        inputs: Mapping[str, Any] | None = None,
        dispatch: Dispatch | None = None,
        part_of: Context | None = None,
        park: bool = False,
    ) -> RunResult:
        """Go on with a run that was interrupted, failed or was cancelled.

        It uses the file and the inline plugins as they were when the run began.

        Args:
            run: The run's id, an unambiguous start of it, or `last`.
            inputs: Inputs of type `secret` once more; the store never held them.
            dispatch: As for `run`; also that of the interrupted run, once it has ended.
            part_of: As for `run`.
            park: As for `run`.

        Raises:
            RunNotFoundError: There is no such run, or it has succeeded.
            InputError: The dispatch does not fit.
            LeaseLostError: Another process executes it.
        """
        from ciranda.runs.launch import Launch

        row = self.log.run(run)
        if row.status == "succeeded":
            raise RunNotFoundError(
                f"run {row.id} has succeeded: there is nothing to resume (`ciranda show {row.id}`)"
            )
        launch = Launch.again(self, row, dispatch, part_of, park=park)
        await self.plugins.start()
        return await self._perform(launch, launch.resume(named_values(inputs or {}, "the run")))

    async def rerun(self, prepared: Rerun, *, park: bool = False) -> RunResult:
        """Begin a new run with what `ciranda.runs.rerun.rerun_of` found; raises as `run` does."""
        from ciranda.runs.launch import Launch
        from ciranda.runs.run_id import new_run_id

        await self.plugins.start()
        launch = Launch(self, prepared.checked, new_run_id(), park=park)
        return await self._perform(launch, launch.begin(prepared.inputs, None, prepared))

    def cancel(self, reason: str, *, run: str | None = None) -> None:
        """Ask a run of this engine to stop; every one, if none is named."""
        for name, session in list(self.sessions.items()):
            if run in (None, name):
                session.cancel(reason)

    async def call(self, name: str, inputs: Mapping[str, Any]) -> Any:
        """Run one action through its middleware, without a run.

        Raises:
            StepError: It failed.
            InputError: The inputs are no values by name.
            PluginError: No plugin offers it.
        """
        from ciranda.runs.single import perform_alone

        given = named_values(inputs, f"the action '{name}'")
        self.plugins.load([] if name in self.replaced else [name.partition(".")[0]])
        await self.plugins.start()
        return await perform_alone(self, name, given)

    async def _perform(self, launch: Launch, first: Event) -> RunResult:
        session = launch.session()
        self.sessions[launch.run] = session
        try:
            await session.perform(first)
        except BaseExceptionGroup as group:
            raise plainest(group) from None
        finally:
            del self.sessions[launch.run]
            await self.arguments.leave(launch.run)
        return launch.result()

    def onion(self, plan: StepPlan) -> Next:
        """Return a step's action inside its middleware."""
        action = plan.action
        name = executor_of(plan.options, action)
        executor = self._executors.get(name) or self.plugins.executors[name]
        core: Next = self.arguments.around(action, executor.core(action))
        layers = self.plugins.middlewares(plan)
        whole = onion(layers, core)
        return whole if all(map(is_built_in, layers)) else plain_result(whole)

    def width_of(self, plan_executor: str) -> int:
        """Return how many items of a map run at once by default on an executor."""
        return int(self._executors["process"].size) if plan_executor == "process" else 64

    @cached_property
    def _shared(self) -> Shared:
        """What the built-in layers share."""
        from ciranda.runs.sharing import shared_of

        return shared_of(self)

    def _register_middleware(self) -> None:
        from ciranda.middleware.builtin import builtins
        from ciranda.runs.answering import Answering

        self.plugins.register(Answering(self.call), "answering")
        for name, plugin in reversed(builtins(lambda: self._shared).items()):
            self.plugins.register(plugin, name)

    def _origin(self, action: Action) -> Mapping[str, Any]:
        """Say where a worker process finds an action."""
        if action.plugin:
            return self.plugins.origin(action)
        from ciranda.executors.written import function_origin

        return function_origin(action)

    def _settings_of(self, resource: Resource) -> Any:
        for user in self.plugins.actions.values():
            if resource in user.resources.values():
                return self.plugins.settings(user.plugin)
        return None


def _durability(word: str) -> Durability:
    if word not in list(Durability):
        known = ", ".join(f"`{one}`" for one in Durability)
        raise SettingsError(f"there is no durability `{word}`: write one of {known}")
    return Durability(word)


def _name_of(plugin: object) -> str:
    return plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__.lower()
