"""Byzantine validators for tests: each keeps the rules but for what its name says.

A strategy is made from a `Kit`, which holds one validator's key and nothing of the others', and
takes and returns what a replica does. Add your own to the mapping of a simulation.
"""

from collections.abc import Callable
from typing import Final

from .kit import Gleaner, Kit, Strategy, spread
from .lies import Equivocate, Forge, Invalid, Replay, Stale, WrongView
from .silence import Amnesia, Silent, Twins, Withhold

__all__ = [
    "STRATEGIES",
    "Amnesia",
    "Equivocate",
    "Forge",
    "Gleaner",
    "Invalid",
    "Kit",
    "Replay",
    "Silent",
    "Stale",
    "Strategy",
    "Twins",
    "Withhold",
    "WrongView",
    "spread",
]

STRATEGIES: Final[dict[str, Callable[[Kit], Strategy]]] = {
    "amnesia": Amnesia,
    "equivocate": Equivocate,
    "forge": Forge,
    "invalid": Invalid,
    "replay": Replay,
    "silent": Silent,
    "stale": Stale,
    "twins": Twins,
    "withhold": Withhold,
    "wrong_view": WrongView,
}
