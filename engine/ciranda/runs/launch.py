"""Everything that stands between a checked workflow and a runner that performs it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ciranda.context import Context, RunInfo
from ciranda.events import Event, RunEvent, RunResumed, RunStarted
from ciranda.observe.identity import Identity
from ciranda.runs.adding import add_run
from ciranda.runs.compiling import compile_plan
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.graph import Graph
from ciranda.runs.journal import Journal, MemoryJournal, StoreJournal
from ciranda.runs.messages import Heard
from ciranda.runs.outcome import RunResult
from ciranda.runs.pins import digests, pin, restored
from ciranda.runs.plan import Plan, PlannedStep
from ciranda.runs.rounds import current_round
from ciranda.runs.runner import Runner
from ciranda.runs.scope import scope_of
from ciranda.runs.secrets import base_of, vault_of
from ciranda.runs.session import LEASE, Session
from ciranda.runs.stage import Stage
from ciranda.settings import RunSettings
from ciranda.store import Durability, Lease, Log, RunRow
from ciranda.vault import Vault, encode_reference
from ciranda.workflow.check import Checked
from ciranda.workflow.inputs import demand_secrets, only_secrets, resolve_inputs
from ciranda.workflow.model import Step
from ciranda.workflow.placement import executor_of

if TYPE_CHECKING:
    from ciranda.engine import Engine
    from ciranda.runs.rerun import Rerun
    from ciranda.runs.runsgroup import Turn

__all__ = ["Launch"]


class Launch:
    """One run on its way to its session.

    Args:
        engine: Whose plugins, store and executors it uses.
        checked: The workflow.
        run: The run's id.
        dispatch: How its ready steps are admitted; None is as a plugin says, or else at once, by
            rank.
        part_of: The step that the run is a part of.
        park: Let go of the run when all that is open waits.

    Raises:
        InputError: The dispatch does not fit the workflow, or another run uses it.
    """

    def __init__(
        self,
        engine: Engine,
        checked: Checked,
        run: str,
        dispatch: Dispatch | None = None,
        part_of: Context | None = None,
        *,
        park: bool = False,
    ) -> None:
        workflow = checked.workflow
        if dispatch is not None:
            dispatch.check(workflow.steps)
        self._dispatch: Final = dispatch
        self._part_of: Final = part_of
        self._park: Final = park and engine.durability is not Durability.OFF
        self.run: Final = run
        self._engine: Final = engine
        self._checked: Final = checked
        self._workflow: Final = workflow
        self._base: Final = base_of(workflow)
        self._exporters: Final = engine.exporting.ways()
        self._listeners: Final[list[Callable[[Event], None]]] = [
            exporter.feed for exporter in self._exporters
        ]
        if engine.listener is not None and part_of is None:  # it hears of the step
            self._listeners.append(engine.listener)
        self._log: Final[Log | None] = None if engine.durability is Durability.OFF else engine.log
        self._lease: Lease | None = None
        self._deaf: int | None = None  # the last message whose wish to stop is of an earlier try
        self._row: RunRow | None = None
        self._runner: Runner
        self._stage: Stage
        self._turn: Turn | None = None

    # Beginning

    def begin(
        self, inputs: Mapping[str, Any], base: Path | None, reused: Rerun | None = None
    ) -> RunStarted | RunResumed:
        """Make ready for a new run; return its first event.

        Args:
            inputs: Values by name.
            base: What given paths are relative to.
            reused: What the run takes over of another one.

        Raises:
            InputError: An input or a secret does not fit.
            StoreError: The store cannot keep the run.
        """
        workflow, engine, log = self._workflow, self._engine, self._log
        values = resolve_inputs(workflow, inputs, base=base)
        vault = vault_of(workflow, values, engine.environ)
        plan = self._plan()  # whatever cannot be compiled fails before the store hears of a run
        source, part_of = "", self._part_of
        if log is not None:
            source = hashlib.sha256(workflow.source).hexdigest()
            add_run(
                log,
                RunRow(
                    id=self.run,
                    name=workflow.name,
                    file=workflow.file,
                    status="running",
                    created=engine.clock.wall(),
                    source=source,
                    parent=part_of.run.id if part_of else None,
                ),
            )
            pin(engine, log, self.run, workflow)
        parent = part_of.traceparent if part_of else engine.environ.get("TRACEPARENT", "")
        with nullcontext() if log is None else self._leased(log):
            identity = Identity(self.run, 0, parent)
            runner = self._make(plan, values, vault, identity, engine.clock.wall())
            self._describe(vault)
        started = RunStarted(
            **runner.stamp(),
            workflow=workflow.name,
            file=workflow.file,
            source=source,
            plugins=engine.plugins.versions(),
            inputs=vault.conceal(values),
            trace_parent=parent,
            steps=len(workflow.steps),
            files=digests(workflow),
            reuses="" if reused is None else reused.row.id,
        )
        if reused is None or self._lease is None:
            return started
        runner.take_over(started, reused.reuse.events)
        return RunResumed(**runner.stamp(), epoch=self._lease.epoch)

    @classmethod
    def again(
        cls,
        engine: Engine,
        row: RunRow,
        dispatch: Dispatch | None,
        part_of: Context | None = None,
        *,
        park: bool = False,
    ) -> Launch:
        """Make the launch of a run that began before, from what it pinned.

        Raises:
            InputError: The dispatch does not fit the workflow, or another run uses it.
            ReplayError: What it pinned does not fit together.
        """
        checked = restored(engine, row)
        launch = cls(engine, checked, row.id, dispatch, part_of, park=park)
        launch._row = row
        return launch

    def resume(self, inputs: Mapping[str, Any]) -> RunResumed:
        """Take the run over and fold its log; return the event that goes on.

        Raises:
            InputError: An input is no secret: those are what the run began with.
            LeaseLostError: Another process executes it.
            ReplayError: The log does not fit the workflow.
        """
        only_secrets(self._workflow, inputs, self.run)
        log = self._engine.log
        heard, newest = Heard(), max((one.id for one in log.take(self.run)), default=0)
        with self._leased(log) as lease:
            given = dict(inputs)
            vault = vault_of(self._workflow, given, self._engine.environ)
            journal = self._journal(vault)
            started, segments = None, 0
            self._describe(vault)
            for event in journal.read():
                for exporter in self._exporters:
                    exporter.prime([event])
                started = event if started is None else started
                segments += isinstance(event, RunResumed)
                heard.apply(event)
            assert isinstance(started, RunStarted)  # `again` looked
            again = f"ciranda resume {self.run} -i"
            demand_secrets(self._workflow, started.inputs, given, again)
            values = {**started.inputs, **given}
            identity = Identity(self.run, segments + 1, started.trace_parent)
            runner = self._make(self._plan(), values, vault, identity, started.at)
            runner.replay()
            self._deaf = heard.deaf(newest)
        return RunResumed(**runner.stamp(), epoch=lease.epoch)

    def session(self) -> Session:
        """Return the session of a run that was begun or resumed."""
        return Session(
            self._runner, self._stage, self._log, self._lease, deaf=self._deaf, turn=self._turn
        )

    def result(self) -> RunResult:
        """Return what became of the run; its durations become history."""
        runner = self._runner
        completed, steps = runner.completed, runner.results.steps
        if completed is None:
            return RunResult(run_id=self.run, status="waiting", steps=steps)
        if self._log is not None:
            places = self._places()
            took = {at: took for at, took in runner.results.durations().items() if at in places}
            if took:
                self._log.add_durations(self._workflow.name, took)
        return RunResult(
            run_id=self.run,
            status=completed.status,
            outputs=self._stage.vault.mask_all(completed.outputs),
            steps=steps,
            failures=tuple(completed.failures),
            warnings=completed.warnings,
            duration=completed.duration,
            error=None if completed.error is None else msgspec.to_builtins(completed.error),
            used=runner.results.used,
        )

    def alone(self) -> tuple[PlannedStep, Stage]:
        """Make the only step ready without a run; return it and its surroundings."""
        vault, now = Vault({}), self._engine.clock.wall()
        runner = self._make(self._plan(), {}, vault, Identity(self.run), now)
        self._stage.notes = None  # there is no log
        return runner.plan.steps[0], self._stage

    # Parts

    @contextmanager
    def _leased(self, log: Log) -> Iterator[Lease]:
        """Take the lease; give it back if what follows fails."""
        self._lease = lease = log.acquire(self.run, _owner(), LEASE)
        try:
            yield lease
        except BaseException:
            log.release(lease)
            raise

    def _wake(self, runs: Sequence[str]) -> None:
        """Let the runs of this process look into their inboxes at once."""
        for run in runs:
            if run in self._engine.sessions:
                self._engine.sessions[run].look()

    def _journal(self, vault: Vault) -> Journal:
        if self._log is None or self._lease is None:
            return MemoryJournal()
        return StoreJournal(
            self._log,
            self.run,
            self._lease.epoch,
            enc_hook=encode_reference,
            ext_hook=vault.ext_hook,
        )

    def _make(
        self,
        plan: Plan,
        inputs: dict[str, Any],
        vault: Vault,
        identity: Identity,
        started: float,
    ) -> Runner:
        engine, workflow = self._engine, self._workflow
        folder = (
            engine.folder / "runs" / self.run
            if self._log is not None
            else Path(os.environ.get("TMPDIR", "/tmp")) / f"ciranda-{self.run}"
        )
        info = RunInfo(self.run, workflow.name, folder, self._base, started)
        self._stage = stage = Stage(
            info,
            engine.bus,
            vault,
            scope=scope_of(workflow, inputs, vault, info, engine.environ),
            functions={},
            key=engine.key,
            log=self._log,
            trace=lambda path, attempt: identity.traceparent(
                path, attempt, current_round(self._runner.scheduler, path)
            ),
            clock=engine.clock,
            environ=engine.environ,
            listeners=self._listeners,
        )
        journal = self._journal(vault)
        self._runner = Runner(
            plan,
            journal,
            run=self.run,
            host=stage,
            publish=self._publisher(),
            room=engine.bus.room,
            most=engine.configuration.read(RunSettings).max_parallel,
            dispatch=self._dispatch or self._offered(),
            park=self._park,
            clock=engine.clock.steady,
            wall=engine.clock.wall,
        )
        stage.notes = self._runner.notes
        stage.receive = self._runner.awaiting.receive
        stage.announced = self._wake
        if workflow.concurrency is not None:
            from ciranda.runs.runsgroup import turn_of

            self._turn = turn_of(
                engine,
                workflow.concurrency,
                self._runner,
                stage,
                journal,
                lease=self._lease,
                begins=self._row is None,
                part_of=self._part_of,
            )
        return self._runner

    def _offered(self) -> Dispatch | None:
        """Return how a plugin has the steps admitted, if one has a say in it."""
        found = self._engine.bus.hooks.hook.dispatch(workflow=self._workflow)
        dispatch: Dispatch | None = found[0] if found else None
        if dispatch is not None:
            dispatch.check(self._workflow.steps)
        return dispatch

    def _plan(self) -> Plan:
        engine, workflow, checked = self._engine, self._workflow, self._checked
        actions = engine.actions_of(workflow)
        log = self._log
        known = {} if log is None else log.durations(workflow.name, [*self._places()])
        # One digit tells what to begin first, and the plan of the last run stays good.
        history = {step: float(f"{max(took, 0.001):.1g}") for step, took in known.items()}

        def widths() -> dict[str, int]:
            return {
                name: engine.width_of(executor_of(step, actions[step.uses]))
                for name, step in workflow.steps.items()
                if (step.map is not None or step.matrix is not None) and step.body == "action"
            }

        def compiled(graph: Graph) -> Plan:
            return compile_plan(
                workflow,
                graph,
                actions,
                functions=engine.functions,
                onion=engine.onion,
                base=self._base,
            )

        return engine.plans.plan(
            checked, (engine.bus.revision, self._base), history, widths, compiled
        )

    def _places(self) -> Mapping[str, Step]:
        """Return the steps that have a history, by place."""
        steps = self._workflow.steps
        if not any(step.blocks for step in steps.values()):
            return steps
        from ciranda.observe.outline import places

        return dict(places(self._workflow))

    def _describe(self, vault: Vault) -> None:
        """Tell who exports traces what the run's events do not say, and must not say."""
        for exporter in self._exporters:
            from ciranda.observe.outline import outline

            exporter.describe(self.run, outline(self._workflow))
            exporter.hide(vault)

    def _publisher(self) -> Callable[[Event], bool] | None:
        """Return what tells observers; None when there are none, so that telling costs nothing."""
        heard = any(self._engine.bus.listens(kind) for kind in RunEvent.__args__)
        return self._stage.tell if heard or self._listeners else None


def _owner() -> str:
    return f"pid {os.getpid()}"
