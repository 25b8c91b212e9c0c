"""What is counted of a skill; counts of different times and processes can be added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from .histogram import bucket

__all__ = ["OTHER", "Counts", "Report", "Seen"]

OTHER: Final = "(other)"  # skills beyond the bound, together


class Seen(msgspec.Struct):
    """Runs of one kind of start.

    Attributes:
        seconds: Of all of them together.
        buckets: How many took how long.
    """

    seconds: float = 0.0
    buckets: dict[int, int] = {}

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.buckets.values())


class Counts(msgspec.Struct):
    """Counts of one skill.

    Attributes:
        statuses: Runs by how they ended.
        found: Runs by what they found: `cold`, `ready` or `warm`.
        hits: Steps answered from the cache.
        misses: Steps with a cache that had to run.
    """

    statuses: dict[str, int] = {}
    found: dict[str, Seen] = {}
    hits: int = 0
    misses: int = 0

    def ran(self, status: str, found: str, seconds: float) -> None:
        """Count a run."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if found:
            seen = self.found.setdefault(found, Seen())
            seen.seconds += seconds
            number = bucket(seconds)
            seen.buckets[number] = seen.buckets.get(number, 0) + 1

    def merge(self, other: Counts) -> None:
        """Add what somebody else counted."""
        add(self.statuses, other.statuses)
        for name, theirs in other.found.items():
            ours = self.found.setdefault(name, Seen())
            ours.seconds += theirs.seconds
            for number, count in theirs.buckets.items():
                ours.buckets[number] = ours.buckets.get(number, 0) + count
        self.hits += other.hits
        self.misses += other.misses

    @property
    def runs(self) -> int:
        """How many there were."""
        return sum(self.statuses.values())


class Report(msgspec.Struct):
    """All that was counted.

    Attributes:
        skills: Counts by the name of the skill.
        meters: Counts of processes and of preloading: `started`, `restarts`, `evictions`,
            `prefetched`, `prefetch_hits` and the like.
    """

    skills: dict[str, Counts] = {}
    meters: dict[str, int] = {}

    def of(self, skill: str, most: int) -> Counts:
        """Return the counts of a skill, or of all others where there are too many."""
        if skill not in self.skills and len(self.skills) >= most:
            skill = OTHER
        return self.skills.setdefault(skill, Counts())

    def merge(self, other: Report, most: int) -> None:
        """Add another report; no more than so many skills are told apart."""
        for name, counts in other.skills.items():
            self.of(name, most).merge(counts)
        add(self.meters, other.meters)


def add(into: dict[str, int], counts: Mapping[str, int]) -> None:
    """Add counts by name."""
    for name, count in counts.items():
        into[name] = into.get(name, 0) + count
