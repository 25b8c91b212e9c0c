"""The signs and colours of a waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ciranda.observe.track import State

__all__ = ["ASCII", "STYLES", "UNICODE", "Signs"]


@dataclass(frozen=True, slots=True)
class Signs:
    """What bars and marks are drawn with."""

    marks: dict[State, str]
    work: str
    lost: str  # work of an attempt that failed
    wait: str
    point: str
    expected: str
    critical: str
    times: str
    turns: str
    more: str


UNICODE: Final = Signs(
    {
        State.RUNNING: "●",
        State.WAITING: "◌",
        State.SUCCEEDED: "✓",
        State.FAILED: "✗",
        State.SKIPPED: "-",
        State.CANCELLED: "■",
        State.INTERRUPTED: "!",
        State.PLANNED: " ",
    },
    work="█",
    lost="▓",
    wait="░",
    point="·",
    expected="▔",
    critical="▸",
    times="×",  # noqa: RUF001  (meant)
    turns="↻",
    more="…",
)
ASCII: Final = Signs(
    {
        State.RUNNING: ">",
        State.WAITING: "~",
        State.SUCCEEDED: "+",
        State.FAILED: "x",
        State.SKIPPED: "-",
        State.CANCELLED: "#",
        State.INTERRUPTED: "!",
        State.PLANNED: " ",
    },
    work="=",
    lost="x",
    wait=".",
    point=".",
    expected="-",
    critical="*",
    times="x",
    turns="@",
    more="~",
)
STYLES: Final = {
    State.RUNNING: "cyan",
    State.WAITING: "yellow",
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.SKIPPED: "dim",
    State.CANCELLED: "yellow",
    State.INTERRUPTED: "magenta",
    State.PLANNED: "cyan",
}
