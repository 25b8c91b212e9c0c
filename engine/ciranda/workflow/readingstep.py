"""From plain data that fits the schema to the model: one step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.workflow.command import read_command
from ciranda.workflow.durations import parse_duration
from ciranda.workflow.model import Step
from ciranda.workflow.modifiers import MAPPED, expanded, read_modifier
from ciranda.workflow.places import Places

__all__ = ["read_step"]

_DURATIONS: Final = ("timeout", "deadline", "estimate")
_MAP_ONLY: Final = ("max-parallel", "on-item-failure")
_RENAMED: Final = {
    "with": "with_",
    "if": "if_",
    "max-parallel": "max_parallel",
    "on-item-failure": "on_item_failure",
    "continue-on-error": "continue_on_error",
    "with-middleware": "modifiers",
}
_AS_WRITTEN: Final = (
    "uses",
    "with",
    "if",
    "when",
    "map",
    "max-parallel",
    "on-item-failure",
    "executor",
    "idempotent",
    "description",
    "with-middleware",
)


def read_step(
    name: str,
    written: dict[str, Any],
    defaults: Mapping[str, Any],
    places: Places,
    faults: list[Fault],
) -> Step:
    """Return one step with the file's `defaults` merged in; what is wrong goes into `faults`."""
    merged = _merged(written, defaults)
    found: dict[str, Any] = {"id": name}
    for key in _AS_WRITTEN:
        if key in merged:
            found[_RENAMED.get(key, key)] = merged[key]
    found.update(_modifiers(name, written, merged, places, faults))
    if "run" in written:
        found["uses"] = "program.run"
        found["with_"] = read_command(name, written, places, faults)
    if "needs" in written:
        found["needs"] = _words(written["needs"])
        faults += _repeats(name, written["needs"], places)
    if "as" in written:
        found["as_"] = written["as"]
        found["index_as"] = f"{written['as']}_index"
    if "env" in merged:
        found["env"] = {
            key: places.text(_origin(name, "env", written, key), value)
            for key, value in merged["env"].items()
        }
    if "continue-on-error" in merged:
        rule = merged["continue-on-error"]
        found["continue_on_error"] = rule if isinstance(rule, bool) else _words(rule)
    at = places.fault(("steps", name), "", key=True)
    return Step(**found, line=at.line, column=at.column)


def _modifiers(
    name: str,
    written: dict[str, Any],
    merged: dict[str, Any],
    places: Places,
    faults: list[Fault],
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in _DURATIONS:
        if key not in merged:
            continue
        path = _origin(name, key, written)
        try:
            found[key] = parse_duration(merged[key])
        except ValueError as error:
            faults.append(places.fault(path, str(error)))
        else:
            if not found[key]:
                faults.append(places.fault(path, f"`{key}: {merged[key]}` leaves no time at all"))
    for key in MAPPED:
        if merged.get(key) is None:
            continue
        try:
            found[key] = read_modifier(key, merged[key])
        except ValueError as error:
            message, inner = error.args
            faults.append(places.fault(_origin(name, key, written, inner), message))
    return found


def _merged(written: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: expanded(key, value) for key, value in written.items()}
    for key, value in defaults.items():
        if key in _MAP_ONLY and "map" not in written:
            continue
        default = expanded(key, value)
        if key not in merged:
            merged[key] = default
        elif isinstance(default, dict) and isinstance(merged[key], dict):
            merged[key] = {**default, **merged[key]}
    return merged


def _origin(
    name: str, key: str, written: dict[str, Any], inner: str | None = None
) -> tuple[str, ...]:
    """Return the path of a merged value: the step's own when it is written there."""
    own = written.get(key)
    if key in written and (inner is None or not isinstance(own, dict) or inner in own):
        path: tuple[str, ...] = ("steps", name, key)
    else:
        path = ("defaults", key)
    return path if inner is None else (*path, inner)


def _repeats(name: str, needs: str | list[str], places: Places) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, need in enumerate(needs if isinstance(needs, list) else ()):
        if need in seen:
            path = ("steps", name, "needs", at)
            yield places.fault(path, f"step `{name}` needs `{need}` twice", kind="twice")
        seen.add(need)


def _words(value: str | list[str]) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    return tuple(dict.fromkeys(words))
