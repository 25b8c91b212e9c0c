"""The path of a step as its parts: `files/2/rows/7`, `pay/@catch0/tell`, `@finally/clean`.

A part is the id of a step, the number of an item or of a turn, or `@` and the name of a block that
is not the main one of its step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = [
    "AFTERWARDS",
    "above",
    "cleans_up",
    "depth",
    "holds",
    "inside",
    "is_block",
    "is_index",
    "is_main",
    "named",
    "place",
    "round_of",
]

# Blocks that are entered when the last attempt of their step is over.
AFTERWARDS: Final = frozenset({"compensate", "on-cancel", "on-failure"})

_MAIN: Final = frozenset({"steps", "try", "workflow"})  # and the cases of a switch


def is_index(part: str) -> bool:
    """Say whether a part is the number of an item or of a turn."""
    return part.isascii() and part.isdecimal()


def is_block(part: str) -> bool:
    """Say whether a part is a block that is not the main one of its step."""
    return part.startswith("@")


def is_main(block: str) -> bool:
    """Say whether a block is what its step is there for, and no handler of it."""
    return block in _MAIN or block.startswith("case")


def above(path: str) -> str:
    """Return what a step, an item or a turn is in: `files/2` of `files/2/rows`, "" of `files`.

    Blocks are no such thing: what `pay/@catch0/tell` is in is `pay`.
    """
    path = path.rpartition("/")[0]
    while is_block(path.rpartition("/")[2]):
        path = path.rpartition("/")[0]
    return path


def cleans_up(owner: str, path: str) -> bool:
    """Say whether a path in a step is in a block that begins when the step has ended."""
    part = path[len(owner) + 1 :].partition("/")[0]
    return is_block(part) and part[1:] in AFTERWARDS


def depth(path: str) -> int:
    """Return in how many steps, items and turns a path is: 0 for a step of the run itself."""
    return sum(not is_block(part) for part in path.split("/")) - 1


def holds(owner: str, path: str) -> bool:
    """Say whether a path is the owner's own or in it; the run itself, "", holds all."""
    return not owner or path == owner or path.startswith(f"{owner}/")


def named(path: str, owner: str) -> str:
    """Return what a path is called in its owner: `@catch0/tell` in `pay`; itself elsewhere."""
    return path.removeprefix(f"{owner}/") if owner else path


def place(path: str) -> str:
    """Return where the step stands in its file, whatever the item: `files/rows`."""
    return "/".join(part for part in path.split("/") if not is_index(part))


def inside(path: str, block: str) -> str:
    """Return what the paths of the steps in a block begin with, slash and all.

    Args:
        path: Of the step, item or turn that the block belongs to; "" is the run.
        block: Its name, `steps`, `case1`, `catch0`; "" are the steps of the run.
    """
    if not block:
        return ""
    if is_main(block):
        return f"{path}/"
    return f"{path}/@{block}/" if path else f"@{block}/"


def round_of(path: str, attempts: Mapping[str, int]) -> str:
    """Return in which attempts of the steps around it a step is: `.0-2`, empty in the first.

    Args:
        path: Of the step.
        attempts: Which attempt of each step it is, by path; the first may be left out. What is in
            one of `AFTERWARDS` is in none.
    """
    found, owner = "", ""
    parts = path.split("/")
    for number, part in enumerate(parts[:-1]):
        owner = f"{owner}/{part}" if owner else part
        attempt = attempts.get(owner, 1)
        if attempt > 1 and parts[number + 1].removeprefix("@") not in AFTERWARDS:
            found += f".{depth(owner)}-{attempt}"
    return found
