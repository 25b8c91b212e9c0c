"""Warm worker processes: typed frames, whole trees killed, nobody else harmed."""

from .kind import Recycle, WorkerKind
from .outcome import Notify
from .pool import Pool, PoolStats
from .worker.frames import CAP, Event, Log, Notice, Progress, Span
from .worker.job import Job

__all__ = [
    "CAP",
    "Event",
    "Job",
    "Log",
    "Notice",
    "Notify",
    "Pool",
    "PoolStats",
    "Progress",
    "Recycle",
    "Span",
    "WorkerKind",
]
