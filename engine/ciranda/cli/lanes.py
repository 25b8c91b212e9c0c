"""A graph as a picture of characters: a lane for each step that is waited for, read downwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ciranda.cli.stepnotes import notes

if TYPE_CHECKING:
    from ciranda.workflow.model import Workflow

__all__ = ["draw", "ordered"]

_WIDEST: Final = 24  # lanes; a graph with more is a list
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES: Final = " ╵╷│╴╯╮┤╶╰╭├─┴┬┼"  # by the sum of the directions a sign has arms in
_ASCII: Final = " ||||'.+|`.+-+++"
_MARKS: Final = {
    "succeeded": "✓",
    "failed": "✗",
    "skipped": "-",
    "cancelled": "■",
    "running": "◐",
    "waiting": "◌",
}
_ASCII_MARKS: Final = {"succeeded": "+", "failed": "x", "skipped": "-", "cancelled": "#"}


def draw(
    workflow: Workflow,
    needs: Mapping[str, tuple[str, ...]],
    statuses: Mapping[str, str],
    *,
    unicode: bool = True,
) -> Iterator[str]:
    """Yield the lines of the picture: each step stands below all that it needs."""
    marks, node = (_MARKS, "●") if unicode else (_ASCII_MARKS, "*")
    order = ordered(needs)
    rows = list(_rows(order, needs, _LINES if unicode else _ASCII))
    wide = max((len(row) for row, _ in rows), default=0) > _WIDEST * 2
    width = 0 if wide else max((len(row) for row, _ in rows), default=0)
    names = max(map(len, order), default=0)
    for row, name in rows:
        if name is None:
            if not wide:
                yield row.rstrip()
            continue
        mark = marks.get(statuses.get(name, ""), node)
        drawn = mark if wide else row.replace("@", mark).ljust(width)
        said = [statuses[name]] if name in statuses else []
        if wide and needs[name]:
            said.append(f"needs {', '.join(needs[name])}")
        text = "; ".join((*said, *notes(workflow.steps[name])))
        yield f"{drawn}  {name.ljust(names)}  {text}".rstrip()


def ordered(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the steps so that each comes after its needs, close to the last of them."""
    dependents: dict[str, list[str]] = {name: [] for name in needs}
    unmet = {name: len(wanted) for name, wanted in needs.items()}
    for name, wanted in needs.items():
        for need in wanted:
            dependents[need].append(name)
    ready = [name for name in needs if not needs[name]][::-1]
    order = []
    while ready:
        name = ready.pop()
        order.append(name)
        freed = []
        for dependent in dependents[name]:
            unmet[dependent] -= 1
            if not unmet[dependent]:
                freed.append(dependent)
        ready += reversed(freed)
    return order


def _rows(
    order: Sequence[str], needs: Mapping[str, tuple[str, ...]], signs: str
) -> Iterator[tuple[str, str | None]]:
    """Yield rows of the picture, and with a step's own row its name; `@` is where it stands."""
    place = {name: number for number, name in enumerate(order)}
    dependents: dict[str, list[str]] = {name: [] for name in order}
    for name in order:
        for need in needs[name]:
            dependents[need].append(name)
    lanes: list[str | None] = []
    last = -1
    for name in order:
        waiting = [index for index, target in enumerate(lanes) if target == name]
        if not waiting:
            column = lanes.index(None) if None in lanes else len(lanes)
            if column == last:  # what stands directly below would look like a dependent
                yield _nodes(lanes, -1, signs), None
            lanes[column : column + 1] = [name]
        else:
            column = waiting[0]
        last = column
        yield _nodes(lanes, column, signs), name
        before = list(lanes)
        targets = sorted(dependents[name], key=place.__getitem__)
        joined = _advance(lanes, column, targets)
        if joined:
            last = -1
            yield _connection(before, lanes, column, joined, signs), None
        while lanes and lanes[-1] is None:
            lanes.pop()


def _advance(lanes: list[str | None], column: int, targets: Sequence[str]) -> list[int]:
    """Give each target a lane; return those lanes beside the step's own that it connects to."""
    lanes[column] = None
    new = [target for target in targets if target not in lanes]
    joined = [lanes.index(target) for target in targets if target in lanes]
    if new:
        lanes[column] = new[0]
    for target in new[1:]:
        free = lanes.index(None) if None in lanes else len(lanes)
        lanes[free : free + 1] = [target]
        joined.append(free)
    return joined


def _nodes(lanes: Sequence[str | None], column: int, signs: str) -> str:
    cells = (
        "@" if index == column else signs[_UP | _DOWN] if target is not None else " "
        for index, target in enumerate(lanes)
    )
    return " ".join(cells)


def _connection(
    before: Sequence[str | None],
    after: Sequence[str | None],
    column: int,
    joined: Sequence[int],
    signs: str,
) -> str:
    low, high = min((column, *joined)), max((column, *joined))
    ends = {column, *joined}
    text = []
    for index in range(max(len(before), len(after))):
        above = index < len(before) and before[index] is not None
        below = index < len(after) and after[index] is not None
        arms = above * _UP | below * _DOWN
        if index in ends:
            arms |= (index > low) * _LEFT | (index < high) * _RIGHT
        elif low < index < high and not arms:
            arms = _LEFT | _RIGHT
        text.append(signs[arms])
        text.append(signs[_LEFT | _RIGHT] if low <= index < high else " ")
    return "".join(text)
