"""From plain data to the model: what repeats a step, and how many of its parts must succeed."""

from __future__ import annotations

from typing import Any, Final

from ciranda.errors import Fault
from ciranda.workflow.durations import parse_duration
from ciranda.workflow.model import Join, Loop, Matrix
from ciranda.workflow.places import Places

__all__ = ["read_repeater"]

Path = tuple[str | int, ...]

_JOINS: Final = {"all": Join(), "any": Join(need=1), "race": Join(1, "cancel", race=True)}


def read_repeater(
    step: dict[str, Any], at: Path, places: Places, faults: list[Fault]
) -> dict[str, Any]:
    """Return the fields of a step that say how often; what is wrong goes into `faults`."""
    found: dict[str, Any] = {}
    if "as" in step:
        found["as_"] = step["as"]
        found["index_as"] = f"{step['as']}_index"
    if "matrix" in step:
        found["matrix"] = _matrix(step["matrix"])
    if "while" in step or "until" in step:
        found["loop"] = _loop(step, at, places, faults)
    if "join" in step:
        found["join"] = _join(step["join"])
    return found


def _matrix(written: dict[str, Any]) -> Matrix:
    axes = {name: each for name, each in written.items() if name not in ("include", "exclude")}
    return Matrix(axes, written.get("include"), written.get("exclude"))


def _loop(step: dict[str, Any], at: Path, places: Places, faults: list[Fault]) -> Loop:
    until = "until" in step
    every = 0.0
    try:
        every = parse_duration(step.get("every", "0s"))
    except ValueError as error:
        faults.append(places.fault((*at, "every"), str(error)))
    return Loop(
        condition=step["until" if until else "while"],
        until=until,
        max=step.get("max", Loop("").max),
        every=every,
        on_max=step.get("on-max", "fail"),
    )


def _join(written: str | dict[str, Any]) -> Join:
    if isinstance(written, str):
        return _JOINS[written]
    return Join(need=written["at-least"], rest=written.get("rest", "finish"))
