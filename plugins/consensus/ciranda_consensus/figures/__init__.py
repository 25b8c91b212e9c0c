"""Figures of validators: of each block, of all, and what somebody has to look at."""

from .alerts import Alert, Concern
from .contents import Contents
from .round import Round, Totals
from .told import Accuracy, Durations, Figures, Rate, read_figures

__all__ = [
    "Accuracy",
    "Alert",
    "Concern",
    "Contents",
    "Durations",
    "Figures",
    "Rate",
    "Round",
    "Totals",
    "read_figures",
]
