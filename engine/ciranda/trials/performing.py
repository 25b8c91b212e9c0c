"""One case, tried: an engine of its own, stand-ins, virtual time, a verdict."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import anyio

from ciranda.errors import CirandaError, Fault, WorkflowError
from ciranda.events.path import place
from ciranda.explaining import Chronicle
from ciranda.explaining.wiring import paths_of
from ciranda.plugins import Plugins
from ciranda.runs.outcome import RunResult
from ciranda.runs.placing import steps_at
from ciranda.runs.run_id import new_run_id
from ciranda.runs.ungrouped import plainest
from ciranda.settings import Configuration
from ciranda.testing import DeadlockError, harness, virtual_backend
from ciranda.trials.case import Case, TestFile
from ciranda.trials.comparing import compare
from ciranda.trials.posting import Outside
from ciranda.trials.standin import StandIn
from ciranda.trials.verdict import Difference, Verdict
from ciranda.workflow.load import load
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.nearest import nearest

__all__ = ["perform"]

_SET: Final = re.compile(r"write `--set (\w+)=\.\.\.`")


def perform(tests: TestFile, case: Case, configuration: Configuration) -> Verdict:
    """Try one case; whatever goes wrong is part of the verdict.

    Args:
        tests: The file that it stands in.
        case: The case.
        configuration: The project's settings.
    """
    began = time.perf_counter()
    backend, options = virtual_backend("asyncio") if case.time == "virtual" else ("asyncio", {})

    def verdict(outcome: Any, **more: Any) -> Verdict:
        return Verdict(
            file=tests.file,
            line=case.line,
            name=case.name,
            outcome=outcome,
            seconds=time.perf_counter() - began,
            **more,
        )

    try:
        workflow = load(case.workflow, loaders=Plugins(configuration).readers)
        _refuse_strangers(tests, case, workflow)
        result, standin, outside = anyio.run(
            _run, case, workflow, configuration, backend=backend, backend_options=options
        )
        faults = list(_unanswered(tests, case, standin, outside))
        if faults:
            return verdict("faulty", faults=tuple(fault.picture() for fault in faults))
        chronicle = Chronicle(standin.heard)
        different = tuple(compare(case, result, chronicle, tests.places))
    except WorkflowError as error:
        return verdict("faulty", faults=tuple(fault.picture() for fault in error.faults))
    except (CirandaError, DeadlockError) as error:
        fault = tests.places.fault((*case.at, "name"), str(error))
        return verdict("faulty", faults=(fault.picture(),))
    return verdict(
        "failed" if different else "passed",
        differences=different,
        failures=tuple(_failures(result)) if _unforeseen(different) else (),
        virtual=result.duration,
    )


async def _run(
    case: Case, workflow: Workflow, configuration: Configuration
) -> tuple[RunResult, StandIn, Outside]:
    standin = StandIn(case)
    run = new_run_id()
    unknown = dict.fromkeys(_unknown_actions(workflow, case, configuration))
    tables = dict(configuration.tables)
    environ = {**case.env, "OTEL_SDK_DISABLED": "true"}  # nobody wants the spans of cases
    async with harness([standin], tables, unknown, environ=environ) as opened:
        outside = Outside(opened.engine, case, standin, run)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(outside.speak, group)
                result = await opened.run(workflow, case.inputs, run_id=run)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as found:
            raise plainest(found) from None
    return result, standin, outside


def _steps(steps: Any) -> Iterator[Step]:
    for step in steps.values():
        yield step
        for block in step.blocks.values():
            yield from _steps(block.steps)


def _all_steps(workflow: Workflow) -> list[Step]:
    handlers = (block.steps for block in workflow.handlers.values())
    return [each for steps in (workflow.steps, *handlers) for each in _steps(steps)]


def _paths(workflow: Workflow) -> list[str]:
    found = list(paths_of(workflow.steps))
    for name, block in workflow.handlers.items():
        found += paths_of(block.steps, f"@{name}/")
    return found


def _unknown_actions(workflow: Workflow, case: Case, configuration: Configuration) -> Iterator[str]:
    """Yield the actions that no plugin here brings, where something stands in for them."""
    plugins = Plugins(configuration)
    plugins.load(declared=workflow.plugins, folder=Path(workflow.file).parent)
    for step in _all_steps(workflow):
        name = step.uses
        if step.body != "action" or name in workflow.functions:
            continue
        namespace = name.partition(".")[0]
        if not plugins.obstacle(namespace):
            plugins.require(namespace)
            if name in plugins.actions:
                continue
        if step.id in case.mocks or name in case.mocks:
            yield name


def _refuse_strangers(tests: TestFile, case: Case, workflow: Workflow) -> None:
    """Raise a WorkflowError with each name of the case that the workflow does not have."""
    faults = list(_strangers(tests, case, workflow))
    if faults:
        raise WorkflowError(faults)


def _strangers(tests: TestFile, case: Case, workflow: Workflow) -> Iterator[Fault]:
    paths, steps = _paths(workflow), _all_steps(workflow)
    ids = {step.id for step in steps}
    mocked = {*paths, *ids, *(step.uses for step in steps if step.uses), "run"}
    expect = (*case.at, "expect")
    asked = [
        *((mock.at, name, mocked) for name, mock in case.mocks.items() if mock.at[0] == "cases"),
        *(((*case.at, "approvals", name), name, {*paths, *ids}) for name in case.approvals),
        *(((*expect, "steps", name), name, set(paths)) for name in case.expect.steps),
        *(((*expect, "order"), name, set(paths)) for name in case.expect.order),
        *(((*expect, "not-run"), name, set(paths)) for name in case.expect.not_run),
    ]
    for at, name, known in asked:
        there = name in known or place(name) in known
        if not there and not any(steps_at(workflow, name)):  # it may be in a file that began again
            meant = nearest(name, sorted(known))
            hint = f"did you mean `{meant}`?" if meant else "`ciranda plan` shows the paths"
            text = f"the workflow {workflow.name} has no step `{name}`"
            yield tests.places.fault(at, text, hint=hint, key=True)


def _unanswered(tests: TestFile, case: Case, standin: StandIn, outside: Outside) -> Iterator[Fault]:
    at = (*case.at, "name")
    for path in dict.fromkeys(standin.missing):
        name = place(path)
        hint = f"add `mocks: {{{name}: {{output: ...}}}}`, or `real: true`"
        yield tests.places.fault(at, f"step `{path}` has no mock", hint=hint)
    for path, why in outside.refused.items():
        for line in why.splitlines():
            said = line.replace("`--as NAME` says who you are", "`by` says who answers")
            said = _SET.sub(r"write `form: {\1: ...}`", said)
            yield tests.places.fault(at, f"the answer for `{path}` does not count: {said}")
    for path in outside.stuck:
        if path in outside.refused:
            continue
        text = f"step `{path}` waits for what never comes"
        hint = "add `approvals` or `events`, or give the step a `timeout`"
        yield tests.places.fault(at, text, hint=hint)


def _unforeseen(different: tuple[Difference, ...]) -> bool:
    return any(each.what == "status" for each in different)


def _failures(result: RunResult) -> Iterator[str]:
    for name in result.failures:
        error = result.steps.get(name, {}).get("error") or {}
        yield f"{name}: {error.get('kind', '')}: {error.get('message', '')}"
    if result.error is not None:
        yield f"{result.error.get('kind')}: {result.error.get('message')}"
