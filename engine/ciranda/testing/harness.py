"""A whole engine for one test: its own folder, its own log, everything heard."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, TypeVar, final

from ciranda.actions import Resource
from ciranda.engine import Engine
from ciranda.events import Event
from ciranda.runs.outcome import RunResult
from ciranda.settings import Configuration
from ciranda.store import Durability, Log, MemoryLog, SqliteLog
from ciranda.testing.clock import HarnessClock
from ciranda.testing.crash import Crashes, CrashPoint, SimulatedCrash
from ciranda.testing.mocks import mock_action
from ciranda.testing.recorder import Recorder
from ciranda.testing.standins import check_named, stand_in
from ciranda.workflow.builder import Workflow as Builder
from ciranda.workflow.check import Checked
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow

__all__ = ["Harness", "harness"]

E = TypeVar("E", bound=Event)


@final
class Harness:
    """An engine and what a test wants to see of it; made by `harness`.

    Attributes:
        clock: Passes virtual time.
        engine: The engine; another one after a crash.
        folder: The project's folder.
    """

    def __init__(
        self,
        folder: Path,
        plugins: Iterable[object],
        settings: Mapping[str, Any],
        mocks: Mapping[str, Any],
        store: Literal["disk"] | None,
        environ: Mapping[str, str],
        *,
        resources: Mapping[str | Resource, Any],
    ) -> None:
        self.clock: Final = HarnessClock()
        self.folder: Final = folder
        self.engine: Engine
        self._plugins: Final = tuple(plugins)
        self._configuration: Final = Configuration(folder, tables=settings)
        self._replaced: Final = {name: mock_action(name, mock) for name, mock in mocks.items()}
        self._resources: Final = {one: stand_in(one, each) for one, each in resources.items()}
        self._environ: Final = environ
        self._recorder: Final = Recorder()
        self._crashes: Final = Crashes()
        self._memory: Final = (
            None if store else self._crashes.around(MemoryLog(clock=self.clock.both))
        )
        self._stack = AsyncExitStack()

    async def run(
        self,
        workflow: str | Path | Workflow | Builder | Checked,
        inputs: Mapping[str, Any] | None = None,
        *,
        run_id: str | None = None,
    ) -> RunResult:
        """Run a workflow: its text, the path of its file, or an object.

        Raises:
            SimulatedCrash: A point that `kill_at` set was reached; `resume` goes on.
            WorkflowError: It is faulty.
            InputError: An input does not fit.
        """
        if isinstance(workflow, str):
            workflow = self.load(workflow)
        async with self._dying():
            return await self.engine.run(workflow, inputs=inputs, base=self.folder, run_id=run_id)
        raise AssertionError("a crash is raised again")

    async def resume(self, run: str = "last", inputs: Mapping[str, Any] | None = None) -> RunResult:
        """Go on with a run, the last one by default.

        Raises:
            SimulatedCrash: A point that `kill_at` set was reached.
            RunNotFoundError: There is none, or it has succeeded.
        """
        async with self._dying():
            return await self.engine.resume(run, inputs=inputs)
        raise AssertionError("a crash is raised again")

    def load(self, text: str) -> Workflow:
        """Return the workflow of a text, as if it were a file of the project.

        Raises:
            WorkflowError: It is faulty.
        """
        return loads(text.encode(), file=str(self.folder / "workflow.yaml"))

    def events(self, kind: type[E], run: str | None = None) -> list[E]:
        """Return what was published of a type, oldest first."""
        return self._recorder.events(kind, run)

    def kill_at(self, point: CrashPoint, path: str, attempt: int = 1) -> None:
        """Crash the process, as far as the run can tell, when a step comes to a point.

        Args:
            point: `before_effect`, `after_effect`, `before_commit` or `after_commit`.
            path: The step's path, such as `load` or `verify/3`.
            attempt: Which of its attempts.
        """
        self._crashes.at(point, path, attempt)

    @asynccontextmanager
    async def _dying(self) -> AsyncIterator[None]:
        try:
            yield
        except BaseException as error:
            crash = _crash_in(error)
            if crash is None:
                raise
            await self._stack.aclose()
            await self.open()
            raise crash from None

    async def open(self) -> None:
        """Begin with an engine that knows only what the log holds."""
        self.engine = Engine(
            store=self.folder / ".ciranda",
            durability="process",
            configuration=self._configuration,
            environ=self._environ,
            log=self._memory or self._disk(),
            clock=self.clock.both,
            replaced=self._replaced,
        )
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.engine)
            for named, instead in self._resources.items():
                self.engine.shelf.replace(named, instead)
            for plugin in (*self._plugins, self._crashes, self._recorder):
                self.engine.plugins.register(plugin, _name_of(plugin))
            await self.engine.plugins.start()
            self._stack = stack.pop_all()

    def check(self) -> None:
        """Refuse what stands in for nothing.

        Raises:
            PluginError: No action that was in use asks for such a resource.
        """
        if self._resources:
            check_named(self._resources, self.engine.plugins.actions.values())

    async def close(self) -> None:
        """Close the engine."""
        await self._stack.aclose()

    def _disk(self) -> Log:
        log = SqliteLog(self.folder / ".ciranda", Durability.PROCESS, clock=self.clock.both)
        log.shared = (
            not self.clock.virtual
        )  # days would be long if it looked for others all the time
        return self._crashes.around(log)


@asynccontextmanager
async def harness(
    plugins: Iterable[object] = (),
    settings: Mapping[str, Any] | None = None,
    mocks: Mapping[str, Any] | None = None,
    *,
    store: Literal["disk"] | None = None,
    folder: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    resources: Mapping[str | Resource, Any] | None = None,
) -> AsyncIterator[Harness]:
    """Open an engine of its own for a test.

    Args:
        plugins: Modules or objects with marked functions.
        settings: Sections of `ciranda.toml` by name.
        mocks: What stands in for actions, by name: functions that take the step's inputs as
            keywords, exceptions to raise, or outputs.
        store: `disk` keeps runs in a file; by default they are kept in memory.
        folder: The project's folder; by default a new one, removed at the end.
        environ: The environment that `env` and `secrets` read; empty by default.
        resources: What stands in for resources, by name or by the resource itself: what steps
            get, or a function that makes it or a context manager of it; it takes `ctx` and
            `settings` if it has them as parameters. It lives as long as the real one would.
            Worker processes open the real one.

    Raises:
        PluginError: A plugin does not fit, or, at the end, no action asked for a resource.
        SettingsError: A section does not fit.
    """
    with tempfile.TemporaryDirectory(prefix="ciranda-") as made:
        opened = Harness(
            Path(os.path.realpath(made if folder is None else folder)),  # noqa: ASYNC240  (once)
            plugins,
            settings or {},
            mocks or {},
            store,
            environ or {},
            resources=resources or {},
        )
        await opened.open()
        try:
            yield opened
            opened.check()
        finally:
            await opened.close()


def _name_of(plugin: object) -> str:
    if isinstance(plugin, ModuleType):
        return plugin.__name__.removeprefix("ciranda_")
    return type(plugin).__name__.lower()


def _crash_in(error: BaseException) -> SimulatedCrash | None:
    if isinstance(error, SimulatedCrash):
        return error
    if isinstance(error, BaseExceptionGroup):
        found = [_crash_in(inner) for inner in error.exceptions]
        return next((crash for crash in found if crash is not None), None)
    return None
