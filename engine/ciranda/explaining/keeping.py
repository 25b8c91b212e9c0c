"""Why a step did not have to run, or had to: results kept by a resume, answers of the cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ciranda.events import RunParked, RunResumed, StepCompleted, StepStarted, StepWaits
from ciranda.explaining.address import Address
from ciranda.explaining.caching import changed_parts
from ciranda.explaining.chronicle import ENDS, Chronicle, status_of
from ciranda.explaining.fact import Fact
from ciranda.explaining.names import scene
from ciranda.expressions import ExpressionError
from ciranda.observe.spoken import spoken

if TYPE_CHECKING:
    from ciranda.store import Cached

__all__ = ["cache_facts", "kept_facts"]

_LATE: Final = 1.0  # seconds after the end of a step in which its answer is written
_ENCODE: Final = msgspec.msgpack.Encoder(order="deterministic").encode


def kept_facts(chronicle: Chronicle, at: Address) -> Iterator[Fact]:
    """Yield what the resumes of a run meant for it."""
    events = chronicle.paths.get(at.path, [])
    resumes, reuses = chronicle.resumed, chronicle.started.reuses
    if reuses and resumes:  # what was taken over stands before the first of them
        first, *resumes = resumes
        if events and events[-1].seq < first.seq:
            text = f"its result was taken over from run {reuses}: it did not run again"
            yield Fact("reused", text, {"run": reuses})
        elif events and not any(one.seq < first.seq for one in events):
            yield Fact("resumed", f"nothing was taken over for it from run {reuses}",
                       {"run": reuses})  # fmt: skip
    for resumed in resumes:
        before = [one for one in events if one.seq < resumed.seq]
        after = [one for one in events if one.seq > resumed.seq]
        when = f"{spoken(chronicle.since(resumed))} after its start"
        if not before:
            continue
        end = before[-1] if isinstance(before[-1], ENDS) else None
        if end is None and _was_parked(chronicle, resumed):
            if not any(isinstance(one, StepWaits) for one in before):  # others tell of its waits
                text = f"the run was parked in the middle of it, and taken up again {when}"
                yield Fact("resumed", text, {"status": "waiting"})
        elif end is None:
            text = f"its process was gone in the middle of it; the run was taken up again {when}"
            yield Fact("resumed", text, {"status": "interrupted"})
        elif not after:
            text = f"its result was kept when the run was resumed {when}: it did not run again"
            yield Fact("reused", text, {"status": status_of(end)})
        elif any(isinstance(one, (StepStarted, *ENDS)) for one in after):
            text = f"it had {_stood(status_of(end))} and ran again when the run was resumed {when}"
            yield Fact("resumed", text, {"status": status_of(end)})


def _was_parked(chronicle: Chronicle, resumed: RunResumed) -> bool:
    """Say whether the run was let go of, and not lost, before it was resumed."""
    earlier = [one for one in chronicle.events if one.seq < resumed.seq]
    return bool(earlier) and isinstance(earlier[-1], RunParked)


def _stood(status: str) -> str:
    return status if status == "failed" else f"been {status}"


def cache_facts(
    chronicle: Chronicle, at: Address, rows: Callable[[str], Sequence[Cached]]
) -> Iterator[Fact]:
    """Yield what the cache said, and why.

    The log tells whether it answered; what had changed when it did not is told by the answers
    that it keeps.
    """
    options, end = at.step.cache, chronicle.last(at.path, StepCompleted)
    start = chronicle.last(at.path, StepStarted)
    if options is None or end is None or start is None:
        return
    kept = rows(f"{at.level.workflow.name}:{at.step.id}")
    older = [one for one in kept if one.created < start.at]
    digests = _digests(chronicle, at, start)
    if end.cached:
        same = [one for one in older if _agrees(one, digests) == len(_inputs(one))]
        source = same[0] if same else older[0] if len(older) == 1 else None
        if source is None:
            yield Fact("cache", "the cache had the answer", {"state": "hit"})
            return
        age = start.at - source.created
        text = f"the cache had the answer: it was {spoken(age)} old"
        yield Fact("cache", text, {"state": "hit", "age": age})
        return
    if options.refresh:
        yield Fact("cache", "the cache was not asked: `refresh` wants a new answer",
                   {"state": "refresh"})  # fmt: skip
        return
    own = [one for one in kept if start.at <= one.created <= end.at + _LATE]
    mine = max(own, key=lambda one: _agrees(one, digests), default=None)
    if options.scope == "run" or not older or mine is None:
        why = _unlike(options.scope, older, mine)
        yield Fact("cache", f"the cache had no answer{why}", {"state": "miss", "changed": []})
        return
    changes = [(changed_parts(one.parts, mine.parts), one) for one in older]
    changed, nearest = min(changes, key=lambda each: len(each[0]))
    ago = spoken(start.at - nearest.created)
    if changed:
        text = f"the cache had no answer: since the one of {ago} before, {_these(changed)} changed"
    else:
        text = f"the cache had no answer: the one of {ago} before was past its time"
    yield Fact("cache", text, {"state": "miss", "changed": changed})


def _unlike(scope: str, older: Sequence[Cached], mine: Cached | None) -> str:
    if scope == "run":
        return ": its scope is the run"
    if not older:
        return ": it was the first of its kind"
    return "" if mine is not None else ", and its own is not kept (any more)"


def _these(changed: list[str]) -> str:
    return changed[0] if len(changed) == 1 else f"{', '.join(changed[:-1])} and {changed[-1]}"


def _digests(chronicle: Chronicle, at: Address, start: StepStarted) -> dict[str, str]:
    """Return the inputs of a step as the makings of its key tell them; empty when unknown."""
    try:
        inputs = scene(chronicle, at, start.seq, attempt=start.attempt).value(at.step.with_)
        return {
            name: hashlib.sha256(_ENCODE(each)).hexdigest()[:16] for name, each in inputs.items()
        }
    except (ExpressionError, TypeError, ValueError, OverflowError):
        return {}


def _inputs(row: Cached) -> dict[str, Any]:
    try:
        found = msgspec.msgpack.decode(row.parts)["inputs"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _agrees(row: Cached, digests: dict[str, str]) -> int:
    return sum(digests.get(name) == value for name, value in _inputs(row).items())
