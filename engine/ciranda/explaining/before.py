"""Why a step began when it did: its item, its needs, its conditions, what it waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ciranda.events import BlockEntered, Event, StepSkipped, StepStarted
from ciranda.explaining.address import Address
from ciranda.explaining.chronicle import Chronicle, status_of
from ciranda.explaining.fact import Fact, short
from ciranda.explaining.names import scene
from ciranda.expressions import ExpressionError
from ciranda.observe.spoken import spoken
from ciranda.workflow.binding import condition
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

__all__ = ["conditions", "decided_at", "item_fact", "needs_facts", "waited_facts"]

_WORTH: Final = 0.010  # seconds of waiting that are worth a sentence
_WORDS: Final = {"workers": "a free worker", "resources": "resources", "limit": "a limit"}


def decided_at(chronicle: Chronicle, path: str) -> Event | None:
    """Return the first event of a path, since it last began: when it was decided about."""
    events = chronicle.newest(path)
    return events[0] if events else None


def item_fact(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield which item or turn it is."""
    if at.item is None:
        return
    step, known = at.step, scene(chronicle, at, None).scope
    if step.loop is not None:
        before = known.get("loop", {}).get("last")
        came = f"; the turn before gave {short(before)}" if at.item else ""
        yield Fact("item", f"it is turn {at.item} of the loop `{at.at}`{came}", {"turn": at.item})
        return
    name = "matrix" if step.matrix is not None else step.as_
    value = f": {name} = {short(known[name])}" if name in known else ""
    data = {"item": at.item, "value": known.get(name)}
    yield Fact("item", f"it is item {at.item} of `{at.at}`{value}", data)


def needs_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield what it needed, and how that stood when it was decided about."""
    if at.item is not None:
        return
    first = decided_at(chronicle, at.path)
    before = None if first is None else first.seq
    states = {}
    last: tuple[float, str] | None = None
    for need in at.level.needs()[at.step.id]:
        end = chronicle.end(f"{at.level.prefix}{need}", before)
        states[need] = status_of(end)
        if end is not None and (last is None or end.at >= last[0]):
            last = (end.at, need)
    if not states:
        around = at.around[-1] if at.around else None
        if first is None and around is not None and chronicle.end(around.path) is not None:
            return  # what is around it ended without it
        when = "the run began" if not at.level.owner else f"`{at.level.owner}` began"
        text = f"it needs no other step: it was ready when {_entered(at) or when}"
        yield Fact("need", text, {"needs": {}})
        return
    told = ", ".join(f"`{name}` ({state})" for name, state in states.items())
    freed = ""
    if last is not None and len(states) > 1:
        since = spoken(last[0] - chronicle.started.at)
        freed = f"; `{last[1]}` was the last to end, {since} into the run"
    still = [name for name, state in states.items() if state == "pending"]
    if still and first is None:
        freed = f"; it waits for {', '.join(f'`{name}`' for name in still)}"
    data = {"needs": states, "last": last[1] if last else None, "waits_for": still}
    yield Fact("need", f"it needs {told}{freed}", data)


def _entered(at: Address) -> str:
    name = at.level.name.removeprefix("workflow.")
    if name.startswith("catch"):
        return f"the `catch` of `{at.level.owner}` began"
    if name in ("finally", "on-failure", "on-success", "on-cancel", "compensate"):
        return f"the `{name}` of {f'`{at.level.owner}`' if at.level.owner else 'the run'} began"
    return ""


def conditions(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield its `if` or `when`, and the `case` it is in, with the values that they read."""
    first = decided_at(chronicle, at.path)
    text = at.step.if_ if at.item is None else at.step.when
    if text is not None and first is not None:
        blocked = isinstance(first, StepSkipped) and first.because
        if not blocked:
            yield from _condition(chronicle, at, "if" if at.item is None else "when", text, first)
    if at.item is None or at.step.body != "switch":
        yield from _cases(chronicle, at)


def _condition(
    chronicle: Chronicle, at: Address, word: str, text: str, first: Event
) -> Iterator[Fact]:
    try:
        compiled = condition(text, functions=CONTEXT_FUNCTIONS)
    except ExpressionError:  # it calls what a plugin brings: only a run can
        yield Fact(word, f"`{word}: {text.strip()}` decided", {"text": text})
        return
    found = scene(chronicle, at, first.seq).reading(compiled)
    read = ", ".join(f"{name} = {short(value)}" for name, value in found.read.items())
    with_ = f", with {read}" if read else ""
    if found.known:
        came = "held" if found.value else "was false"
    else:
        came = f"cannot be evaluated again ({found.why})"
    data = {"text": text.strip(), "value": found.value, "read": found.read}
    yield Fact(word, f"`{word}: {text.strip()}` {came}{with_}", data)


def _cases(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    entered = [one for one in chronicle.of(at.path, BlockEntered) if one.block.startswith("case")]
    if not entered:
        return
    number = int(entered[-1].block[4:])
    text = at.step.cases[number] if number < len(at.step.cases) else None
    if text is None:
        yield Fact("case", "no other case held, so the last one was taken", {"case": number})
        return
    for fact in _condition(chronicle, at, "if", text, entered[-1]):
        yield Fact("case", f"case {number} was taken: {fact.text}", {"case": number, **fact.data})


def waited_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield for what it waited although all that it needs had ended."""
    starts = [each for each in chronicle.newest(at.path) if isinstance(each, StepStarted)]
    for start in starts:
        if start.waited:
            told = ", ".join(
                f"{spoken(seconds)} for {_WORDS.get(name, name)}"
                for name, seconds in start.waited.items()
            )
            data = {"attempt": start.attempt, **start.waited}
            yield Fact("waited", f"attempt {start.attempt} was ready and waited {told}", data)
    if not starts or starts[0].waited or at.item is not None:
        return
    needs = (f"{at.level.prefix}{need}" for need in at.level.needs()[at.step.id])
    ends = [chronicle.end(need, starts[0].seq) for need in needs]
    ready = max((one.at for one in ends if one is not None), default=None)
    if ready is None:
        return
    idle = starts[0].at - ready
    if idle >= _WORTH:
        text = f"it began {spoken(idle)} after it was ready: other steps had the places"
        yield Fact("waited", text, {"seconds": idle})
