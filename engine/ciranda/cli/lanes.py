"""A graph as a picture of characters: a lane for each step that is waited for, read downwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from ciranda.cli.nests import Nest, Standing, handlers, inner, top, turning, words

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


def draw(workflow: Workflow, standing: Standing, *, unicode: bool = True) -> Iterator[str]:
    """Yield the lines of the picture: each step stands below all that it needs.

    What is inside of a step stands below it, beside the lanes of the others.

    Args:
        workflow: The workflow.
        standing: How the steps of a run stand.
        unicode: Whether signs other than those of ASCII can be shown.
    """
    whole = top(workflow)
    drawn = _Drawing(standing, unicode=unicode)
    yield from drawn.nest(whole, "")
    for nest in handlers(workflow, whole):
        yield f"{nest.title}:"
        yield from drawn.nest(nest, "  ")


class _Drawing:
    """The signs of one picture."""

    def __init__(self, standing: Standing, *, unicode: bool) -> None:
        self._standing: Final = standing
        self._lines: Final = _LINES if unicode else _ASCII
        self._marks: Final = _MARKS if unicode else _ASCII_MARKS
        self._node: Final = "●" if unicode else "*"
        self._back: Final = "↺" if unicode else "^"

    def nest(self, nest: Nest, indent: str) -> Iterator[str]:
        """Yield the lines of steps that stand side by side."""
        needs = nest.needs
        order = ordered(needs)
        rows = list(_rows(order, needs, self._lines))
        width = max((len(row) for row, _, _ in rows), default=0)
        wide = width > _WIDEST * 2
        width = 0 if wide else width
        called = {name: nest.called(step) for name, step in nest.steps.items()}
        names = max(map(len, called.values()), default=0)
        for row, name, below in rows:
            if name is None:
                if not wide:
                    yield f"{indent}{row}".rstrip()
                continue
            step, status = nest.steps[name], self._standing.of(nest, name)
            mark = self._marks.get(status, self._node)
            drawn = mark if wide else row.replace("@", mark).ljust(width)
            said = [status] if status else []
            if wide and needs[name]:
                said.append(f"needs {', '.join(needs[name])}")
            text = "; ".join((*said, *words(step)))
            yield f"{indent}{drawn}  {called[name].ljust(names)}  {text}".rstrip()
            beside = f"{indent}{'' if wide else below.ljust(width)}    "
            for inside in inner(nest, step):
                if inside.title:
                    yield f"{beside}{inside.title}:"
                yield from self.nest(inside, f"{beside}  " if inside.title else beside)
            if step.loop is not None and step.blocks:
                yield f"{beside}{self._back} {turning(step.loop)}"


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
) -> Iterator[tuple[str, str | None, str]]:
    """Yield rows of the picture; `@` is where a step stands.

    With its row come its name, and the lanes that go on below it.
    """
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
                yield _nodes(lanes, -1, signs), None, ""
            lanes[column : column + 1] = [name]
        else:
            column = waiting[0]
        last = column
        going = [
            target if dependents[name] or at != column else None for at, target in enumerate(lanes)
        ]
        yield _nodes(lanes, column, signs), name, _nodes(going, -1, signs)
        before = list(lanes)
        targets = sorted(dependents[name], key=place.__getitem__)
        joined = _advance(lanes, column, targets)
        if joined:
            last = -1
            yield _connection(before, lanes, column, joined, signs), None, ""
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
