"""Signatures of many entries, checked in worker processes; whoever agrees need not wait."""

from .crew import FEW, Crew
from .worker import names_of

__all__ = ["FEW", "Crew", "names_of"]
