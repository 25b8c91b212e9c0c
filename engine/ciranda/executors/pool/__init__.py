"""Warm worker processes: typed frames, whole trees killed, nobody else harmed."""

from .ask import TreeLimits
from .kind import Recycle, WorkerKind
from .link import Hear
from .outcome import Exit, Notify
from .pool import Pool
from .stats import PoolStats
from .stem import Stems
from .worker.frames import CAP, Event, Log, Notice, Progress, Span
from .worker.job import Job

__all__ = [
    "CAP",
    "Event",
    "Exit",
    "Hear",
    "Job",
    "Log",
    "Notice",
    "Notify",
    "Pool",
    "PoolStats",
    "Progress",
    "Recycle",
    "Span",
    "Stems",
    "TreeLimits",
    "WorkerKind",
]
