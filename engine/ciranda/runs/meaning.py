"""What a part of a workflow says, to be compared with what it said before."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from ciranda.workflow.model import Step

__all__ = ["begun_again", "header", "meaning"]

# Where something stands, and what is said of it, does not change what it does.
_NO_MEANING: Final = frozenset(
    {
        *("line", "column", "at", "document", "source", "file", "again"),
        *("functions", "description", "estimate"),
    }
)


def meaning(value: Any) -> Any:
    """Return what a part of a workflow says, without where it says so."""
    if isinstance(value, msgspec.Struct):
        return {
            name: meaning(getattr(value, name))
            for name in value.__struct_fields__
            if name not in _NO_MEANING
        }
    if isinstance(value, dict):
        return {key: meaning(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [meaning(each) for each in value]
    return value


def header(step: Step) -> Any:
    """Return what a step says but for what is inside of it."""
    said = meaning(step)
    del said["blocks"]
    return said


def begun_again(step: Step) -> set[str]:
    """Return the files around a step that begin again somewhere in it."""
    named: set[str] = set()
    waiting = [step]
    for each in waiting:  # the list is the queue
        for block in each.blocks.values():
            named |= {block.again} - {""}
            waiting += block.steps.values()
    return named
