"""What is inside of steps is walked without recursion: it may be deeper than Python's stack."""

from __future__ import annotations

from collections.abc import Generator
from types import GeneratorType

from ciranda.runs.commands import Command

__all__ = ["Walk", "walked"]

Walk = Generator["Command | Walk", None, None]  # one that is yielded goes on in its place


def walked(walk: Walk) -> list[Command]:
    """Return what a walk comes by, each walk that it yields being done before it goes on."""
    found: list[Command] = []
    waiting = [walk]
    while waiting:
        for each in waiting[-1]:
            if isinstance(each, GeneratorType):
                waiting.append(each)
                break
            found.append(each)  # type: ignore[arg-type]  # all but walks are commands
        else:
            waiting.pop()
    return found
