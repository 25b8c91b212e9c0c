"""In which order layers stand around something."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from ciranda.errors import PluginError
from ciranda.layer import Layer

__all__ = ["ordered"]


def ordered(layers: Sequence[Layer]) -> list[Layer]:
    """Sort layers, outermost first: by place, then `before` and `after`, then as given.

    Names that no layer of the same place has are ignored: their plugin is not in use.

    Raises:
        PluginError: Layers of one place want to stand around each other.
    """
    if len(layers) < 2:  # noqa: PLR2004 # one is in order
        return list(layers)
    ordinary = sorted(layers, key=lambda layer: layer.place)  # stable: plugin order within
    if not any(layer.after or layer.before for layer in layers):
        return ordinary
    places = sorted({layer.place for layer in layers})
    return [
        layer
        for place in places
        for layer in _within([one for one in ordinary if one.place == place])
    ]


def _within(layers: list[Layer]) -> list[Layer]:
    """Sort one place: of those that nothing holds back, always the earliest given goes next."""
    outside: dict[int, set[int]] = {index: set() for index in range(len(layers))}
    for index, layer in enumerate(layers):
        for other, neighbour in enumerate(layers):
            if other == index or not neighbour.name:
                continue
            if neighbour.name in layer.after:
                outside[index].add(other)
            if neighbour.name in layer.before:
                outside[other].add(index)
    try:
        TopologicalSorter(outside).prepare()
    except CycleError as error:
        circle = " -> ".join(layers[index].name for index in error.args[1])
        raise PluginError(
            f"layers want to stand outside of each other: {circle}; drop one `before` or `after`"
        ) from None
    result: list[Layer] = []
    while outside:
        index = next(one for one, holding in outside.items() if not holding)
        del outside[index]
        for holding in outside.values():
            holding.discard(index)
        result.append(layers[index])
    return result
