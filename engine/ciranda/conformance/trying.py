"""Actions, tried the ways that runs will use them; and whether a secret shows up meanwhile."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator
from typing import Any, Final

import anyio
import msgspec

from ciranda.actions import KINDS, Action
from ciranda.conformance.doing import Doing, Telling, untold
from ciranda.conformance.examined import Examined, place_of
from ciranda.conformance.failing import declares
from ciranda.conformance.finding import Finding, Verdict
from ciranda.conformance.loading import CANARY
from ciranda.conformance.samples import Sample, sample_of
from ciranda.errors import CirandaError, WorkflowError
from ciranda.expressions import Secret
from ciranda.testing.backends import BACKENDS
from ciranda.testing.trial import Problem, Topic, Trial

__all__ = ["TRIED", "trying_rules"]

TRIED: Final = (
    "action-inputs",
    "action-runs",
    "action-output",
    "action-cancel",
    "action-repeat",
    "secrets",
)
_RULES: Final = {
    Topic.INPUTS: "action-inputs",
    Topic.FAILURE: "action-runs",
    Topic.OUTPUT: "action-output",
    Topic.CANCEL: "action-cancel",
    Topic.REPEAT: "action-repeat",
}


def trying_rules(one: Examined, patience: float = 5.0, tell: Telling = untold) -> Iterator[Finding]:
    """Yield what is wrong with actions that there are samples for.

    Args:
        one: The plugin, loaded.
        patience: Seconds that an action may take to end when it is cancelled.
        tell: Called before each action is tried.
    """
    given = one.subject.samples.get("inputs", {})
    tried = 0
    for name, action in one.actions.items():
        try:
            sample = sample_of(action, given)
        except WorkflowError:
            sample = "its example is no YAML"
        if isinstance(sample, str):
            yield Finding.skip("action-runs", sample, name)
            continue
        tried += 1
        yield Finding("action-runs", Verdict.PASS, "", name)
        yield from _tried(one, action, sample, patience, tell)
    if not tried:
        why = "no action was tried" if one.actions else "it has no actions"
        for rule in TRIED:
            if not (one.actions and rule == "action-runs"):
                yield Finding.skip(rule, why)


def _tried(
    one: Examined, action: Action, sample: Sample, patience: float, tell: Telling
) -> Iterator[Finding]:
    environ = {name: f"{CANARY}-{name}" for name in action.secrets}
    trial = Trial(
        action,
        sample.inputs,
        settings=one.settings,
        plugins=one.handed,
        declared=one.declared,
        environ=environ,
        patience=patience,
    )
    place = place_of(action.function)
    tell(Doing("action-inputs", f"checking inputs of `{action.name}`", place))
    trial.schema()
    written = ""
    if all(problem.topic is Topic.DOCS for problem in trial.problems):
        known = len(trial.problems)
        for backend in BACKENDS:
            if len(trial.problems) == known:
                tell(Doing("action-runs", f"`{action.name}` on {backend}", place))
                written += _watched(trial, backend)
    for problem in trial.problems:
        found = _finding(problem, action, sample, place)
        if found is not None:
            yield found
    canaries = (*one.canaries, *environ.values())
    yield from _leaks(action, trial, written, canaries, place)


def _watched(trial: Trial, backend: str) -> str:
    """Run a trial and return what was written meanwhile: to both streams and to `logging`."""
    stream = io.StringIO()
    listener = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(listener)
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            anyio.run(trial.calls, backend, backend=backend)
    except CirandaError as error:
        trial.problems.append(Problem(Topic.FAILURE, f"on {backend} it cannot be run: {error}"))
    finally:
        root.removeHandler(listener)
    return stream.getvalue()


def _finding(problem: Problem, action: Action, sample: Sample, place: str) -> Finding | None:
    if problem.topic is Topic.DOCS:
        return None
    rule, text = _RULES[problem.topic], f"`{action.name}`: {problem.message}"
    if problem.topic is Topic.FAILURE and problem.kind:
        declared = {*KINDS, *action.errors, *action.raises.values()}
        if problem.kind == "crash" or not declares(problem.kind, declared):
            return Finding.fail(rule, f"{text} (kind `{problem.kind}`)", place)
        if not sample.promised:
            return Finding.skip(rule, f"made-up inputs do not suit it: {problem.message}", place)
    return Finding.fail(rule, text, place)


def _leaks(
    action: Action, trial: Trial, written: str, canaries: tuple[str, ...], place: str
) -> Iterator[Finding]:
    told = b"\n".join(msgspec.json.encode(event, enc_hook=_shown) for event in trial.heard).decode(
        "utf-8", "replace"
    )
    for canary in canaries:
        where = [
            name
            for name, text in (("prints or logs", written), ("publishes", told))
            if canary in text
        ]
        if where:
            bare = f"`{action.name}` {' and '.join(where)} a secret: hand it on, never show it"
            yield Finding.fail("secrets", bare, place)
            return


def _shown(value: Any) -> str:
    return "***" if isinstance(value, Secret) else repr(value)
