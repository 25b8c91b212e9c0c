"""Go on with every parked run that can: `ciranda resume --due`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ciranda.cli import screen
from ciranda.cli.exits import Exit

if TYPE_CHECKING:
    from ciranda.runs.outcome import RunResult

__all__ = ["resume_due"]


@dataclass(frozen=True, slots=True)
class _Ended:
    """What became of one run; `status` is `refused` where it could not be gone on with."""

    run: str
    status: str
    code: int
    said: str
    seconds: float = 0.0


def resume_due(
    store: str | None, perform: Callable[[str], tuple[RunResult | None, int]], *, form: str
) -> int:
    """Go on with one run after the other, each once; return the exit code.

    Args:
        store: The folder of the store as given.
        perform: Goes on with a run until it ends or waits again.
        form: `json` or `text`.
    """
    from ciranda.cli.values import as_json

    found = []
    for ended in _each(store, perform):
        found.append(ended)
        if form != "json":
            screen.out(f"run {ended.run}: {ended.said}")
            screen.flush()
        if ended.code > Exit.WEAK_SANDBOX:  # a signal: the others stay parked
            break
    if form == "json":
        screen.out(as_json([_plain(each) for each in found]))
    elif not found:
        screen.say("no parked run can go on yet")
    codes = [each.code for each in found if each.code not in (Exit.OK, Exit.WAITING)]
    return max(codes, default=Exit.OK)


def _each(
    store: str | None, perform: Callable[[str], tuple[RunResult | None, int]]
) -> Iterator[_Ended]:
    done: set[str] = set()
    while (run := _next(store, done)) is not None:
        done.add(run)
        yield _gone_on(run, perform)


def _next(store: str | None, done: set[str]) -> str | None:
    """Return the next run that can go on; one that went on may have told it to."""
    from ciranda.cli.history import opened

    with opened(store) as log:
        return next((run for run in log.due(time.time()) if run not in done), None)


def _gone_on(run: str, perform: Callable[[str], tuple[RunResult | None, int]]) -> _Ended:
    from ciranda.errors import CirandaError, LeaseLostError
    from ciranda.observe.spoken import spoken

    try:
        result, code = perform(run)
    except LeaseLostError as error:  # whoever has it goes on with it
        return _Ended(run, "refused", Exit.OK, str(error))
    except CirandaError as error:
        return _Ended(run, "refused", Exit.USAGE, f"cannot go on: {error}")
    if result is None:
        return _Ended(run, "refused", code, "interrupted before it went on")
    said = f"{result.status} after {spoken(result.duration)}"
    if code == Exit.WAITING:
        said = "waits again"
    return _Ended(run, result.status, code, said, result.duration)


def _plain(ended: _Ended) -> dict[str, Any]:
    said = ended.said if ended.status == "refused" else None
    return {
        "run": ended.run,
        "status": ended.status,
        "duration": round(ended.seconds, 6),
        "error": said,
    }
