"""Whether the text of a schedule is one, and whether its time zone exists."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["cron_problem", "zone_problem"]

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
        return f"`{text}` is no cron text: its {field} does not fit", ""
    return "", ""


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
