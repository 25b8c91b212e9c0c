"""Logs of runs that never were, and workflows made by hand."""

import msgspec

from ciranda.events import Failure, RunStarted, StepCompleted, StepStarted
from ciranda.explaining import Chronicle, explain
from ciranda.workflow.model import Block, Step, Workflow

WRONG = Failure(kind="exit.1", message="`sh` ended with code 1.", place="w.yaml:5")


def step(name, **more):
    return Step(id=name, uses="data.read", line=5, **more)


def block(*steps, **more):
    return Block(steps={each.id: each for each in steps}, **more)


def flow(*steps, **more):
    return Workflow(name="w", file="w.yaml", steps={each.id: each for each in steps}, **more)


def log(*events, inputs=None, apart=1.0):
    """Return a chronicle of events that happen one after the other."""
    first = RunStarted(workflow="w", inputs=inputs or {})
    return Chronicle(
        msgspec.structs.replace(each, run="r", seq=seq, at=1000.0 + seq * apart)
        for seq, each in enumerate((first, *events))
    )


def ran(path, output=None, **more):
    return [StepStarted(path=path), StepCompleted(path=path, output=output, duration=1.0, **more)]


def told(events, workflow, path, **more):
    found = explain(log(*events, **more), workflow, path)
    return found.headline, [fact.text for fact in found.facts]
