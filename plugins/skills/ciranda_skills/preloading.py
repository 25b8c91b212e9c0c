"""Which skills are made ready before anybody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .disclosure import Entry
from .running import priority_of
from .settings import SkillsSettings
from .stats import OTHER, Report

__all__ = ["preloaded"]

_FIRST: Final = "high"


def preloaded(entries: Iterable[Entry], settings: SkillsSettings, report: Report) -> list[str]:
    """Return names of skills to make ready, no more than there are processes kept.

    Those that the settings name come first, then those that say `priority: high`, then those that
    ran most often.

    Args:
        entries: The skills that there are.
        settings: The project's.
        report: What was counted so far.
    """
    known = {entry.name: entry.heading for entry in entries}
    urgent = [name for name, heading in known.items() if priority_of(heading) == _FIRST]
    often = sorted(report.skills, key=lambda name: -report.skills[name].runs)
    often = [name for name in often if name in known and name != OTHER]
    names = (*settings.preload, *urgent, *often[: settings.preload_most_used])
    return list(dict.fromkeys(names))[: settings.zygotes]
