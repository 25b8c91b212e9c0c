"""A simulated network of validators: same seed, same run; everything checked at every delivery."""

from .byzantine import STRATEGIES
from .campaign import EVERY, Campaign, least, simulate
from .faults import Crash, Cut, Faults, Request, draw
from .invariants import Violation
from .seeded import SEEDED, Seeded
from .shrink import shrink
from .simulator import Report, Simulation

__all__ = [
    "EVERY",
    "SEEDED",
    "STRATEGIES",
    "Campaign",
    "Crash",
    "Cut",
    "Faults",
    "Report",
    "Request",
    "Seeded",
    "Simulation",
    "Violation",
    "draw",
    "least",
    "shrink",
    "simulate",
]
