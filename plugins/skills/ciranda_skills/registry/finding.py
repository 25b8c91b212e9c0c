"""Searching the skills that are there, those that were installed among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from ..disclosure import Catalogue, Entry
from ..discovery import Scope
from .record import Record
from .registry import Registry

__all__ = ["Hit", "find_skills"]


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A skill that was found.

    Attributes:
        name: Its name.
        description: What it does and when to use it.
        scope: Whose word it is there by.
        folder: Where it lies.
        score: How well it fits; 0 where nothing was asked.
        version: What its metadata says; empty when it does not.
        installed: Its record, for one that was installed.
    """

    name: str
    description: str
    scope: Scope
    folder: Path
    score: float = 0.0
    version: str = ""
    installed: Record | None = None


def find_skills(
    catalogue: Catalogue,
    query: str = "",
    *,
    registries: Iterable[Registry] = (),
    scope: Scope | None = None,
    installed: bool | None = None,
    tool: str = "",
    metadata: Mapping[str, str] | None = None,
    limit: int = 20,
) -> tuple[Hit, ...]:
    """Return the skills that fit, the best first; all of them by name without a query.

    Args:
        catalogue: The skills that were discovered.
        query: Words to look for in names and descriptions.
        registries: What knows which of them were installed.
        scope: Only those of a scope.
        installed: Only those that were installed, or only those that were not.
        tool: Only those that ask leave to use this tool, whatever they want of it.
        metadata: Only those whose metadata holds these values.
        limit: How many at most.

    Raises:
        SkillError: A record cannot be read.
    """
    records = {
        str(registry.folder.resolve() / record.folder): record
        for registry in registries
        for record in registry.records()
    }
    found: Iterable[tuple[Entry, float]] = ((entry, 0.0) for entry in catalogue.entries)
    if query.strip():
        ranked = catalogue.search(query, limit=len(catalogue))
        found = ((match.entry, match.score) for match in ranked)
    hits = []
    for entry, score in found:
        record = records.get(str(entry.heading.root))
        if (
            (scope is None or entry.scope is scope)
            and (installed is None or installed == (record is not None))
            and (not tool or any(each.partition("(")[0] == tool for each in _tools(entry)))
            and (metadata or {}).items() <= entry.heading.metadata.items()
        ):
            hits.append(_hit(entry, score, record))
    return tuple(hits[:limit])


def _tools(entry: Entry) -> tuple[str, ...]:
    return entry.heading.allowed_tools


def _hit(entry: Entry, score: float, record: Record | None) -> Hit:
    return Hit(
        name=entry.name,
        description=entry.description,
        scope=entry.scope,
        folder=entry.folder,
        score=score,
        version=entry.heading.metadata.get("version", ""),
        installed=record,
    )
