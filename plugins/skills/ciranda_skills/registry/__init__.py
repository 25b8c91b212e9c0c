"""Installing skills from folders, archives and repositories, and keeping track of them."""

from __future__ import annotations

from .change import Change, Difference
from .error import (
    ArchiveError,
    BusyError,
    ChoiceError,
    FetchError,
    InstallError,
    InvalidSkillError,
    RecordError,
)
from .finding import Hit, find_skills
from .gitprogram import GitProgram
from .offer import Offer
from .record import Record, Version
from .registry import Registry
from .source import Kind, Source, source_of
from .unpacking import Hazard, Limits

__all__ = [
    "ArchiveError",
    "BusyError",
    "Change",
    "ChoiceError",
    "Difference",
    "FetchError",
    "GitProgram",
    "Hazard",
    "Hit",
    "InstallError",
    "InvalidSkillError",
    "Kind",
    "Limits",
    "Offer",
    "Record",
    "RecordError",
    "Registry",
    "Source",
    "Version",
    "find_skills",
    "source_of",
]
