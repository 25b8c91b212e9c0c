"""From plain data that fits the schema to the model: one step, and steps in steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from ciranda.errors import Fault
from ciranda.workflow.combinations import case_faults, combination_faults
from ciranda.workflow.command import read_command
from ciranda.workflow.durations import parse_duration
from ciranda.workflow.model import Block, Step
from ciranda.workflow.modifiers import MAPPED, read_modifier
from ciranda.workflow.places import Places
from ciranda.workflow.readingbody import read_body
from ciranda.workflow.readingrepeater import read_repeater
from ciranda.workflow.templates import merged
from ciranda.workflow.written import written_path

__all__ = ["Reading"]

Path = tuple[str | int, ...]

_DURATIONS: Final = ("timeout", "deadline", "estimate")
_AS_WRITTEN: Final = {
    "with": "with_",
    "if": "if_",
    "when": "when",
    "map": "map",
    "max-parallel": "max_parallel",
    "on-item-failure": "on_item_failure",
    "executor": "executor",
    "idempotent": "idempotent",
    "idempotency-key": "idempotency_key",
    "description": "description",
    "with-middleware": "modifiers",
}
_DEEPEST: Final = 64  # steps within steps


class Reading(msgspec.Struct, frozen=True):
    """Reads the steps of one file.

    Attributes:
        defaults: What each call of an action or a program starts from.
        templates: What `like` names.
        order: Whether steps follow each other as they are written.
        places: Makes the faults.
        faults: Where they go.
    """

    defaults: Mapping[str, Any]
    templates: Mapping[str, Mapping[str, Any]]
    order: Literal["graph", "sequence"]
    places: Places
    faults: list[Fault]

    def steps(self, written: Mapping[str, Any], at: Path) -> dict[str, Step]:
        """Return the steps of a mapping that stands at a path."""
        return {name: self.step(name, each, (*at, name)) for name, each in written.items()}

    def block(self, written: Mapping[str, Any], at: Path, **more: Any) -> Block:
        """Return the block of a mapping of steps."""
        return Block(steps=self.steps(written, at), order=self.order, at=at, **more)

    def single(self, written: dict[str, Any], at: Path) -> Block:
        """Return the block of a body that stands by itself."""
        body = self.step("body", written, at)
        return Block(steps={"body": body}, result="body", order=self.order, at=at)

    def step(self, name: str, written: dict[str, Any], at: Path) -> Step:
        """Return one step with templates and `defaults` merged in."""
        place = self.places.fault(at, "", key=isinstance(at[-1], str))
        found: dict[str, Any] = {"id": name, "at": at, "line": place.line, "column": place.column}
        if len(at) > 2 * _DEEPEST:
            message = f"steps are nested deeper than {_DEEPEST}"
            self.faults.append(self.places.fault(at, message, kind="too-deep"))
            return Step(**found)
        whole = merged(written, at, self.defaults, self.templates, self.places, self.faults)
        wrong = list(combination_faults(whole, at, self.places))
        for number, case in enumerate(written.get("switch", ())):
            last = number == len(written["switch"]) - 1
            wrong += case_faults(case, (*at, "switch", number), last, self.places)
        if wrong:
            self.faults.extend(wrong)
            return Step(**found)
        for key, field in _AS_WRITTEN.items():
            if key in whole:
                found[field] = whole[key]
        found.update(self._modifiers(whole, at))
        found.update(read_repeater(whole, at, self.places, self.faults))
        if "run" in whole:
            found["uses"] = "program.run"
            found["with_"] = read_command(written, at, self.places, self.faults)
        found.update(read_body(whole, at, self))
        if "needs" in written:
            found["needs"] = _words(written["needs"])
            self.faults.extend(_repeats(name, written["needs"], at, self.places))
        return Step(**found)

    def _modifiers(self, whole: dict[str, Any], at: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in _DURATIONS:
            if key in whole:
                path = written_path(at, key, self.places)
                found[key] = self.seconds(key, whole[key], path)
        for key in MAPPED:
            if whole.get(key) is not None:
                found[key] = self.modifier(key, whole[key], at)
        if "env" in whole:
            found["env"] = {
                key: self.places.text(written_path(at, "env", self.places, (key,)), value)
                for key, value in whole["env"].items()
            }
        if "continue-on-error" in whole:
            rule = whole["continue-on-error"]
            found["continue_on_error"] = rule if isinstance(rule, bool) else _words(rule)
        return found

    def modifier(self, key: str, written: Mapping[str, Any], at: Path) -> Any:
        """Return a modifier of the step at a path, or of the file; None if it is wrong."""
        try:
            return read_modifier(key, written)
        except ValueError as error:
            message, inner = error.args
            inside = () if inner is None else (inner,)
            path = written_path(at, key, self.places, inside)
            self.faults.append(self.places.fault(path, message))
            return None

    def seconds(self, key: str, text: str, path: Path) -> float:
        """Return a length of time; one that is wrong is a fault, and 0."""
        try:
            seconds = parse_duration(text)
        except ValueError as error:
            self.faults.append(self.places.fault(path, str(error)))
            return 0.0
        if not seconds:
            message = f"`{key}: {text}` leaves no time at all"
            self.faults.append(self.places.fault(path, message))
        return seconds


def _repeats(name: str, needs: str | list[str], at: Path, places: Places) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, need in enumerate(needs if isinstance(needs, list) else ()):
        if need in seen:
            path = (*at, "needs", place)
            yield places.fault(path, f"step `{name}` needs `{need}` twice", kind="twice")
        seen.add(need)


def _words(value: str | list[str]) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else value
    return tuple(dict.fromkeys(words))
