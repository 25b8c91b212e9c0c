"""What to write instead of a value that does not fit where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ciranda.workflow.durations import DURATION_PATTERN
from ciranda.workflow.written import shown

__all__ = ["hint_for_value"]

_HELD: Final = frozenset({"try", "finally", "on-failure", "on-success", "on-cancel", "compensate"})
_FORMS: Final[Mapping[str, str]] = {
    "wait": "`wait: {{event: {}}}`",
    "approve": "`approve: {{prompt: {}}}`",
    "emit": "`emit: {{event: {}}}`",
    "fail": "`fail: {{message: {}}}`",
    "concurrency": "`concurrency: {{group: {}}}`",
    "rate": "`rate: {{requests: {}}}`",
    "webhook": "`webhook: {{path: {}}}`",
    "event": "`event: {{name: {}}}`",
    "files": "`files: {{paths: [{}]}}`",
    "schedule": '`schedule: [{{cron: "{}"}}]`',
}
_LISTS: Final[Mapping[str, str]] = {
    "switch": "write a list of cases: `- if: ...`",
    "catch": "write a list: `- steps: {...}`",
    "schedule": "write a list: `- cron: ...`",
}
_OTHER: Final[Mapping[str, str]] = {
    "succeed": "write `succeed: {}`, or `{outputs: {...}}`",
    "while": "write the condition itself, with `max` and `every` beside it",
    "until": "write the condition itself, with `max` and `every` beside it",
    "matrix": "for a list that is known only when the run is there write `map`",
    "on": "write `on: {webhook: {path: /orders}}`, or `schedule`, `event`, `files`",
}


def hint_for_value(key: str, value: Any) -> str:
    """Return the form that a value was meant to have, or nothing.

    Args:
        key: The key whose value it is.
        value: The value.
    """
    if isinstance(value, dict) and key in _LISTS:
        return _LISTS[key]
    if isinstance(value, list) and (key in _HELD or key == "steps"):
        return "write a name before each: `check: {run: ...}`"
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return _short_form(key, value)
    return _OTHER.get(key, "")


def _short_form(key: str, value: str | float) -> str:
    if key == "wait" and isinstance(value, str) and re.search(DURATION_PATTERN, value):
        return f"write `sleep: {value}`"
    if key == "join":
        return "" if isinstance(value, str) else f"write `join: {{at-least: {value}}}`"
    if key in _FORMS:
        text = shown(value).strip("`") if value != "" else "..."
        return f"write {_FORMS[key].format(text)}"
    if key in _HELD:
        return f"write `{key}: {{name: {{run: ...}}}}`"
    return _OTHER.get(key, "")
