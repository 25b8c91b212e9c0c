"""Whether the text of a schedule is one, and whether its time zone exists."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from ciranda.workflow.nearest import nearest

__all__ = ["cron_problem", "zone_hint", "zone_problem"]

_FIELDS: Final = 5
_SOME_DAY: Final = datetime(2000, 1, 1, tzinfo=UTC)
_SHORT: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_RANGES: Final = {
    "minute": "0 to 59, `*`, `*/5`, `0-29` or `0,30`",
    "hour": "0 to 23, `*`, `*/2`, `9-17` or `8,20`",
    "day-of-month": "1 to 31, and one that the month has",
    "month": "1 to 12, or `jan` to `dec`",
    "day-of-week": "0 to 7, or `sun` to `sat`",
}
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def cron_problem(text: str) -> tuple[str, str]:
    """Return what is wrong with a cron text and what to do; two empty texts if nothing is."""
    if text.strip().lower() in _SHORT:
        return f"`{text}` is a name for a cron text", f"write `{_SHORT[text.strip().lower()]}`"
    count = len(text.split())
    if count != _FIELDS:
        return (
            f"`{text}` is no cron text: it has {count} of five fields",
            "they are minute, hour, day, month, day of the week: `30 2 * * mon-fri`",
        )
    from cronsim import CronSim, CronSimError  # here: few files have a schedule

    try:
        CronSim(text, _SOME_DAY)
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        hint = f"it is {_RANGES[field]}" if field in _RANGES else ""
        return f"`{text}` is no cron text: its {field} does not fit", hint
    return "", ""


def zone_hint(name: str) -> str:
    """Return what to write instead of a time zone that does not exist."""
    from zoneinfo import available_timezones

    meant = nearest(name, sorted(available_timezones()))
    return f"did you mean `{meant}`?" if meant else "write a name such as `Europe/Lisbon` or `UTC`"


def zone_problem(name: str) -> str:
    """Return what is wrong with the name of a time zone; nothing if nothing is."""
    from zoneinfo import ZoneInfo

    problem = f"there is no time zone `{name}`"
    if not _ZONE.fullmatch(name):
        return problem
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # the error for an unknown zone is a KeyError
        return problem
    return ""
