"""Environments for scripts with inline dependencies (PEP 723)."""

from __future__ import annotations

from .environments import Environment, Environments, environments_folder
from .error import DependenciesError, MissingUvError, NotInstalledError
from .need import Need, Python, need_of

__all__ = [
    "DependenciesError",
    "Environment",
    "Environments",
    "MissingUvError",
    "Need",
    "NotInstalledError",
    "Python",
    "environments_folder",
    "need_of",
]
