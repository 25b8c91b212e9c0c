"""What a parked run waits for, in the words of a list of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ciranda.runs.waits import Waits
    from ciranda.store import Log, RunRow

__all__ = ["plain_waits", "said_waits", "waits_of_rows"]


def waits_of_rows(log: Log, rows: list[RunRow]) -> dict[str, Waits]:
    """Return what the parked ones among some runs wait for, by their ids.

    A run whose log cannot be read is left out: the list of runs is to be seen all the same.
    """
    from ciranda.errors import CirandaError
    from ciranda.runs.waits import waits_of

    found = {}
    for row in rows:
        if row.status == "waiting":
            try:
                found[row.id] = waits_of(log, row.id)
            except CirandaError:
                continue
    return found


def said_waits(waits: Waits | None) -> str:
    """Return what a run waits for and since when: the oldest wait, and how many there are."""
    from ciranda.cli.runs import local

    if waits is None:
        return ""
    if waits.group:
        return f"a place in the group {waits.group}"
    if not waits.open:
        return "" if waits.due is None else f"until {local(waits.due)}"
    first, *others = waits.open.values()
    if first.what == "event":
        what = f"the event {first.event} ({first.path})"
    elif first.what == "approval":
        what = f"approval of {first.path}"
    else:
        what = f"a time ({first.path})"
    if first.until is not None:
        what += f" until {local(first.until)}"
    more = f", and {len(others)} more" if others else ""
    return f"{what}, since {local(first.at)}{more}"


def plain_waits(waits: Waits | None) -> list[dict[str, Any]] | None:
    """Return what a run waits for as plain data; None if it does not wait."""
    if waits is None:
        return None
    return [
        {
            "path": asked.path,
            "what": asked.what,
            "event": asked.event or None,
            "prompt": asked.prompt or None,
            "who": asked.who,
            "since": asked.at,
            "until": asked.until,
        }
        for asked in waits.open.values()
    ]
