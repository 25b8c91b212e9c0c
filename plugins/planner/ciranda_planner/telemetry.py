"""What the runs of a plan say about it: bottlenecks of the last one, and what became worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, final

from ciranda.observe.spoken import plural, spoken

from .answering import milliseconds
from .execution import Outcome
from .state import PlanState, State

__all__ = ["Finding", "FindingKind", "findings"]

_SHARE: Final = 0.2  # of a run, from which on waiting is worth a word
_LONG: Final = 0.5  # of a run, that one task takes
_WORSE: Final = 1.25  # times as long as usual
_SPREAD: Final = 3.0  # median deviations beyond which it is no accident
_LEAST: Final = 0.05  # seconds: less is nobody's concern
_BEFORE: Final = 3  # runs that make a habit
_RECENT: Final = 10  # runs that say how reliable a task is
_OFTEN: Final = 0.2  # of them
_MOST: Final = 3  # tasks named in one sentence
_BAD: Final = frozenset({State.FAILED, State.TIMED_OUT})


@final
class FindingKind(StrEnum):
    """What was found; programs may rely on the words."""

    WAITED = "waited"  # the end of the run waited for something else than work
    LONG_TASK = "long_task"
    PREDICTION = "prediction"  # it was far from the truth
    SLOWER_RUN = "slower_run"
    SLOWER_TASK = "slower_task"
    UNRELIABLE = "unreliable"


@final
@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at; `task` is "" for the whole plan, `seconds` what it cost."""

    kind: FindingKind
    task: str
    message: str
    seconds: float = 0.0

    def plain(self) -> dict[str, Any]:
        """Return it as the command line tells it."""
        return {
            "kind": self.kind.value,
            "task": self.task or None,
            "message": self.message,
            "ms": milliseconds(self.seconds),
        }


def findings(runs: Sequence[Outcome]) -> tuple[Finding, ...]:
    """Return what is to be said of the last run, and of it beside those before.

    Args:
        runs: Of plans of one name, the newest first.
    """
    if not runs:
        return ()
    last, before = runs[0], runs[1:]
    return (
        *_waited(last),
        *_long(last),
        *_predicted(last),
        *_slower(last, before),
        *_unreliable(runs[:_RECENT]),
    )


def _waited(last: Outcome) -> Iterator[Finding]:
    """What the tasks waited for that the end of the run waited for."""
    makespan, report = last.report.actual.makespan, last.report
    said = {
        "limit": "the rate limit held",
        "workers": "too few workers held",
        "resources": "what tasks share held",
        "retries": "attempts that failed held",
        "engine": "the engine itself held",
    }
    for name, words in said.items():
        lost = getattr(report.on_chain, name)
        if lost < _SHARE * makespan or lost < _LEAST:
            continue
        by_task = {task: getattr(report.lost[task], name) for task in report.chain}
        worst = sorted((task for task in by_task if by_task[task]), key=lambda task: -by_task[task])
        tasks = ", ".join(f"`{task}`" for task in worst[:_MOST])
        yield Finding(
            FindingKind.WAITED,
            worst[0],
            f"{words} the run up for {spoken(lost)} of {spoken(makespan)}, most of all {tasks}",
            lost,
        )


def _long(last: Outcome) -> Iterator[Finding]:
    makespan, courses = last.report.actual.makespan, last.actual.courses
    if len(last.report.lost) == 1 or makespan < _LEAST:
        return
    for task in last.report.chain:
        work = courses[task].work
        if work >= _LONG * makespan:
            text = (
                f"`{task}` takes {spoken(work)} of the {spoken(makespan)} that the run took: it"
                " cannot end sooner unless this task does"
            )
            yield Finding(FindingKind.LONG_TASK, task, text, work)


def _predicted(last: Outcome) -> Iterator[Finding]:
    predicted, actual = last.report.predicted.makespan, last.report.actual.makespan
    far = max(actual / predicted, predicted / actual) if predicted and actual else 1.0
    off = abs(actual - predicted)
    if last.state is PlanState.SUCCEEDED and far > _WORSE and off > _LEAST:
        text = f"the run took {spoken(actual)} and {spoken(predicted)} was predicted"
        yield Finding(FindingKind.PREDICTION, "", text, off)


def _slower(last: Outcome, before: Sequence[Outcome]) -> Iterator[Finding]:
    good = [each for each in before if each.state is PlanState.SUCCEEDED]
    if last.state is PlanState.SUCCEEDED:
        usual = _excess(last, good, lambda run: run.report.actual.makespan)
        if usual is not None:
            took = last.report.actual.makespan
            text = f"the run took {spoken(took)}, and {spoken(usual)} is usual"
            yield Finding(FindingKind.SLOWER_RUN, "", text, took - usual)
    for task, state in last.states.items():
        took = last.actual.courses[task].work
        if state is not State.SUCCEEDED or took < _LEAST:
            continue
        past = [run for run in before if run.states.get(task) is State.SUCCEEDED]
        past = [run for run in past if run.actual.courses[task].spans]
        usual = _excess(last, past, _work_of(task))
        if usual is not None:
            text = f"`{task}` took {spoken(took)}, and {spoken(usual)} is usual"
            yield Finding(FindingKind.SLOWER_TASK, task, text, took - usual)


def _work_of(task: str) -> Callable[[Outcome], float]:
    return lambda run: run.actual.courses[task].work


def _excess(
    last: Outcome, before: Sequence[Outcome], measure: Callable[[Outcome], float]
) -> float | None:
    """Return what is usual, if the last run is above it by no accident."""
    if len(before) < _BEFORE:
        return None
    values = [measure(run) for run in before]
    usual = _median(values)
    deviation = _median([abs(value - usual) for value in values])
    took = measure(last)
    much = took > _WORSE * usual and took - usual > max(_LEAST, _SPREAD * deviation)
    return usual if much else None


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _unreliable(runs: Sequence[Outcome]) -> Iterator[Finding]:
    for task in runs[0].states:
        ended = [run for run in runs if task in run.states and run.actual.courses[task].spans]
        bad = sum(run.states[task] in _BAD for run in ended)
        again = sum(run.actual.courses[task].attempts > 1 for run in ended)
        lost = sum(run.report.lost[task].retries for run in ended)
        if bad > 1 and bad >= _OFTEN * len(ended):
            text = f"`{task}` did not succeed in {bad} of {plural(len(ended), 'run')}"
            yield Finding(FindingKind.UNRELIABLE, task, text, lost)
        elif again > 1 and again >= _OFTEN * len(ended):
            text = f"`{task}` took more than one attempt in {again} of {plural(len(ended), 'run')}"
            yield Finding(FindingKind.UNRELIABLE, task, text, lost)
