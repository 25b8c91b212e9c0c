"""The graph of needs as SVG: layers from left to right, the longest chain decides the layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Final

from ciranda.observe.visible import clip, visible

__all__ = ["graph_svg"]

_MOST: Final = 200  # steps; a larger graph tells nobody anything
_WIDTH: Final = 150
_HEIGHT: Final = 30
_GAP: Final = 60  # between layers, for the edges
_ROW: Final = 44


def graph_svg(
    needs: Mapping[str, tuple[str, ...]],
    states: Mapping[str, str],
    critical: Sequence[str] = (),
) -> str:
    """Return the graph as an SVG element, or nothing when it is too large or has no edges.

    Args:
        needs: The steps that each step waits for.
        states: How each step ended.
        critical: The steps of the critical path, in order.
    """
    if len(needs) > _MOST or not any(needs.values()):
        return ""
    places = _places(needs)
    hot = set(pairwise(critical))
    wide = max(x for x, _ in places.values()) + _WIDTH + 20
    high = max(y for _, y in places.values()) + _HEIGHT + 14
    parts = [
        f'<svg width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" role="img" '
        'aria-label="graph of needs">'
    ]
    for name, wanted in needs.items():
        x, y = places[name]
        for need in wanted:
            if need in places:
                a, b = places[need][0] + _WIDTH, places[need][1] + _HEIGHT // 2
                end, middle = y + _HEIGHT // 2, (a + x) // 2
                kind = "edge hot" if (need, name) in hot else "edge"
                parts.append(
                    f'<path class="{kind}" d="M{a} {b} C{middle} {b} {middle} {end} {x} {end}"/>'
                )
    for name, (x, y) in places.items():
        state = escape(states.get(name, "none"), quote=True)
        parts.append(
            f'<g class="s-{state}"><rect class="node" x="{x}" y="{y}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" rx="7"/><text x="{x + 12}" y="{y + 20}">'
            f"{escape(clip(visible(name), 18))}</text></g>"
        )
    return "".join([*parts, "</svg>"])


def _places(needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[int, int]]:
    """Return the upper left corner of each step's box."""
    layers: dict[str, int] = {}
    waiting = dict(needs)
    while waiting:
        ready = [
            name for name, wanted in waiting.items() if not any(need in waiting for need in wanted)
        ]
        for name in ready or list(waiting):  # a circle cannot be, but must not hang a report
            layers[name] = 1 + max(
                (layers[need] for need in needs[name] if need in layers), default=-1
            )
        for name in ready or list(waiting):
            del waiting[name]
    used: dict[int, int] = {}
    places = {}
    for name, layer in layers.items():
        row = used[layer] = used.get(layer, -1) + 1
        places[name] = (14 + layer * (_WIDTH + _GAP), 14 + row * _ROW)
    return places
