"""Steps that wait for each other, found without recursion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["cycles"]

_MOST: Final = 20  # a person mends the first ones and looks again


def cycles(needs: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the first cycles, each from its earliest step along the needs.

    Steps are given in file order; a step is in one of the returned cycles at most.
    """
    order = {name: at for at, name in enumerate(needs)}
    left = {
        name: [need for need in wanted if need in order and need != name]
        for name, wanted in needs.items()
    }
    found: list[tuple[str, ...]] = []
    while _peel(left) and len(found) < _MOST:
        cycle = _one(left)
        first = min(range(len(cycle)), key=lambda at: order[cycle[at]])
        found.append(tuple(cycle[first:] + cycle[:first]))
        for name in cycle:
            del left[name]
        members = set(cycle)
        for name, wanted in left.items():
            left[name] = [need for need in wanted if need not in members]
    return found


def _peel(left: dict[str, list[str]]) -> bool:
    """Remove each step that waits only for removed ones; say whether any step remains."""
    dependents: dict[str, list[str]] = {name: [] for name in left}
    waiting = {}
    for name, wanted in left.items():
        needed = set(wanted)
        waiting[name] = len(needed)
        for need in needed:
            dependents[need].append(name)
    free = [name for name, count in waiting.items() if not count]
    for name in free:
        for dependent in dependents[name]:
            waiting[dependent] -= 1
            if not waiting[dependent]:
                free.append(dependent)  # the list is the queue
    gone = set(free)
    for name in free:
        del left[name]
    for name, wanted in left.items():
        left[name] = [need for need in wanted if need not in gone]
    return bool(left)


def _one(left: dict[str, list[str]]) -> list[str]:
    """Follow needs, of which every step left has one, until a step comes twice."""
    name = next(iter(left))
    at: dict[str, int] = {}
    path: list[str] = []
    while name not in at:
        at[name] = len(path)
        path.append(name)
        name = left[name][0]
    return path[at[name] :]
