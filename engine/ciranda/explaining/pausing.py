"""What a step waited for while no process was needed: time, events, somebody's word."""

from __future__ import annotations

from collections.abc import Iterator

from ciranda.events import (
    Event,
    EventReceived,
    EventTaken,
    RunParked,
    StepCompleted,
    StepFailed,
    StepWaits,
)
from ciranda.explaining.address import Address
from ciranda.explaining.chronicle import Chronicle
from ciranda.explaining.fact import Fact, short
from ciranda.observe.spoken import plural, spoken

__all__ = ["pause_facts"]


def pause_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield each wait of a step and what ended it."""
    for wait in chronicle.of(at.path, StepWaits):
        yield Fact("waits", _asked(chronicle, wait), {"what": wait.what, "until": wait.until})
        end = next(
            (
                one
                for one in chronicle.paths[at.path]
                if one.seq > wait.seq and isinstance(one, (StepCompleted, StepFailed))
            ),
            None,
        )
        yield from _answered(chronicle, at, wait, end)
        parks = [
            one
            for one in chronicle.events
            if isinstance(one, RunParked)
            and not one.group
            and one.seq > wait.seq
            and (end is None or one.seq < end.seq)
        ]
        if parks:
            text = (
                f"no process was there meanwhile: the run was parked {plural(len(parks), 'time')}"
            )
            yield Fact("parked", text, {"times": len(parks)})


def _asked(chronicle: Chronicle, wait: StepWaits) -> str:
    when = f"{spoken(chronicle.since(wait))} into the run"
    until = "" if wait.until is None else f", for {spoken(wait.until - wait.at)} at the most"
    if wait.what == "sleep":
        return f"it lay down {when}{until.replace(' at the most', '')}"
    if wait.what == "event":
        return f"it waited for the event `{wait.event}` from {when}{until}"
    who = f" by {' or '.join(wait.who)}" if wait.who else ""
    return f"it waited for approval{who} from {when}{until}: {wait.prompt}"


def _answered(
    chronicle: Chronicle, at: Address, wait: StepWaits, end: Event | None
) -> Iterator[Fact]:
    since = "" if end is None else f" after {spoken(end.at - wait.at)}"
    if wait.what == "approval":
        for given in chronicle.answers(at.path):
            word = "approved" if given.approved else "rejected"
            form = f", with {short(given.form)}" if given.form else ""
            took = spoken(given.at - wait.at)
            data = {"by": given.by, "approved": given.approved, "form": given.form}
            yield Fact("answer", f"{given.by} {word} it after {took}{form}", data)
            return
    if wait.what == "event":
        taken = _taken(chronicle, at.path, wait, end)
        if taken is not None:
            early = taken.seq < wait.seq
            came = "had come before it waited" if early else f"came{since}"
            source = f" from {taken.source}" if taken.source else ""
            text = f"the event {taken.id}{source} {came}: {short(taken.data)}"
            yield Fact("event", text, {"id": taken.id, "source": taken.source, "early": early})
            return
        others = [one.event for one in chronicle.received if one.event == wait.event]
        if end is None and others:
            text = (
                f"{plural(len(others), 'such event')} came, but `where` held for none that is free"
            )
            yield Fact("event", text, {"seen": len(others)})
    if isinstance(end, StepFailed) and end.error.kind == "timeout":
        yield Fact("timer", f"nothing came in time: it timed out{since}")
    elif end is not None:
        word = "its time was over" if wait.what == "sleep" else "its `default` was taken"
        yield Fact("timer", f"{word}{since}")


def _taken(
    chronicle: Chronicle, path: str, wait: StepWaits, end: Event | None
) -> EventReceived | None:
    """Return the event that a step took for a wait."""
    last = float("inf") if end is None else end.seq
    for one in chronicle.of(path, EventTaken):
        if wait.seq < one.seq <= last:
            return next((each for each in chronicle.received if each.id == one.id), None)
    return None
