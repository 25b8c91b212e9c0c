"""In which attempts of the steps around it a step is: what the ids of its spans are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciranda.events.path import AFTERWARDS, round_of

if TYPE_CHECKING:
    from ciranda.runs.state import State

__all__ = ["current_round"]


def current_round(state: State, path: str) -> str:
    """Return the round of a step that is under way, as `Identity.span` takes it."""
    name = path if path in state.numbers else path.rpartition("/")[0]
    node = state.numbers.get(name)
    if node is None or state.frames[node].owner < 0:
        return ""
    attempts: dict[str, int] = {}
    for frame in state.around(node):
        conduct = state.conduct(frame.owner, frame.item) if frame.owner >= 0 else None
        main = None if conduct is None else conduct.main
        if conduct is not None and main is not None and frame.block not in AFTERWARDS:
            attempts[state.path(frame.owner, frame.item)] = conduct.entered[main.block].attempt
    return round_of(path, attempts)
