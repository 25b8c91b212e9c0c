"""How a step ended: skips, cancellations, attempts, the items of a map."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.events import (
    Failure,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    StepCancelled,
    StepFailed,
    StepSkipped,
)
from ciranda.explaining.address import Address
from ciranda.explaining.chronicle import Chronicle, status_of
from ciranda.explaining.fact import Fact
from ciranda.explaining.within import failed_with
from ciranda.observe.spoken import plural, spoken, tally
from ciranda.runs.retry import kind_matches
from ciranda.workflow.model import Step

__all__ = ["attempt_facts", "cancel_facts", "first_failed", "map_facts", "skip_facts"]


def skip_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield whose failure a skip goes back to."""
    end = chronicle.end(at.path)
    if not isinstance(end, StepSkipped) or not end.because:
        return
    origin = f"{at.level.prefix}{end.because}"
    cause = chronicle.end(origin, end.seq)
    if isinstance(cause, (StepFailed, MapCompleted)) and cause.error is not None:
        told = f"{cause.error.kind}: {cause.error.message}"
        place = f" (at {cause.error.place})" if cause.error.place else ""
        text = f"it goes back to `{origin}`, which failed first: {told}{place}"
        yield Fact("because", text, {"step": origin, "kind": cause.error.kind})
        return
    state = status_of(cause)
    yield Fact("because", f"it goes back to `{origin}`, which was {state}", {"step": origin})


def cancel_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield who stopped it."""
    end = chronicle.end(at.path)
    if not isinstance(end, StepCancelled):
        return
    stop = chronicle.cancelled
    if stop is not None and stop.seq < end.seq:
        when = spoken(chronicle.since(stop))
        word = "was asked to stop" if stop.error is None else "had to stop"
        text = f"the run {word} {when} into it: {stop.reason or 'no reason was given'}"
        yield Fact("cancelled", text, {"reason": stop.reason})
    elif at.item is not None:
        failed = first_failed(chronicle, at.at)
        if failed:
            yield Fact("cancelled", f"`{failed}` failed, which stopped the rest of `{at.at}`",
                       {"by": failed})  # fmt: skip


def first_failed(chronicle: Chronicle, owner: str) -> str:
    """Return the path of the item of a map that failed first; empty when none did."""
    found = [
        end
        for path in chronicle.beneath(owner)
        if path.removeprefix(f"{owner}/").isdecimal()
        and isinstance(end := chronicle.end(path), StepFailed)
    ]
    first = min(found, key=lambda end: end.seq, default=None)
    return first.path if isinstance(first, StepFailed) else ""


def attempt_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield each attempt that failed, what came after it, and why nothing came after the last."""
    for one in chronicle.attempts(at.path):
        pause = spoken(max(0.0, one.retry_at - one.at))
        text = (
            f"attempt {one.attempt} failed after {spoken(one.duration)}: {_told(one.error)}; "
            f"the next was due {pause} later"
        )
        data = {"attempt": one.attempt, "kind": one.error.kind, "retry_at": one.retry_at}
        yield Fact("attempt", text, data)
    end = chronicle.end(at.path)
    if not isinstance(end, StepFailed):
        return
    if end.attempts > 1:
        text = f"attempt {end.attempts} failed after {spoken(end.duration)}: {_told(end.error)}"
        yield Fact("attempt", text, {"attempt": end.attempts, "kind": end.error.kind})
    inner = failed_with(chronicle, at.path, end.error)
    if inner:
        yield Fact("because", f"it failed with `{inner}`", {"step": inner})
    elif at.step.body == "action":
        why = _no_more(at.step, end.error, end.attempts)
        yield Fact("retry", f"it was not tried again: {why}", {"kind": end.error.kind})


def _told(error: Failure) -> str:
    return f"{error.kind}: {error.message}"


def _no_more(step: Step, error: Failure, attempts: int) -> str:
    rule = step.retry
    if rule is None:
        return "it has no `retry`"
    if attempts >= rule.attempts:
        return f"it may have {plural(rule.attempts, 'attempt')}"
    if kind_matches(error.kind, rule.unless):
        return f"`retry.unless` names `{error.kind}`"
    if rule.on and not kind_matches(error.kind, rule.on):
        return f"`retry.on` does not name `{error.kind}`"
    return _hopeless(step, error, by_kind=bool(rule.on))


def _hopeless(step: Step, error: Failure, *, by_kind: bool) -> str:
    if error.retryable is False and not by_kind:
        return "the action says that another attempt cannot help"
    if step.deadline is not None:
        return f"its deadline of {spoken(step.deadline)} left no time"
    if not by_kind:
        return f"`{error.kind}` may have had an effect already, and the step is not `idempotent`"
    return "all that the run may try again was spent"


def map_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield what became of its items or turns."""
    if at.item is not None or not at.step.repeats:
        return
    expanded = chronicle.last(at.path, MapExpanded)
    if expanded is not None:
        yield Fact("items", f"its list had {plural(expanded.count, 'item')}",
                   {"count": expanded.count})  # fmt: skip
    turns = chronicle.of(at.path, LoopTurned)
    if turns:
        yield Fact("turns", f"it came to turn {turns[-1].turn}", {"turn": turns[-1].turn})
    end = chronicle.last(at.path, MapCompleted)
    if end is not None and end.counts:
        failed = first_failed(chronicle, at.path)
        first = f"; `{failed}` was the first to fail" if failed else ""
        yield Fact("items", f"they ended: {tally(end.counts)}{first}",
                   {"counts": end.counts, "failed": failed})  # fmt: skip
