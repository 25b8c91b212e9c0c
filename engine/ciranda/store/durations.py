"""How long steps took before: the history that ranks what to start first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, final

import msgspec

from ciranda.store.database import Database

KEPT: Final = 15  # samples a step; odd, so that the median is one of them


def with_sample(samples: Sequence[float], seconds: float) -> list[float]:
    """Return the newest samples, the given one last."""
    return [*samples, seconds][-KEPT:]


def median(samples: Sequence[float]) -> float:
    """Return the middle sample, the greater one of two."""
    return sorted(samples)[len(samples) // 2]  # the statistics module takes 3 ms to import


@final
class Durations:
    """The `durations` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, workflow: str, seconds: Mapping[str, float]) -> None:
        """Add one sample for each step of a workflow, in seconds."""
        with self._database.transaction():
            samples = self._samples(workflow)
            for step, took in seconds.items():
                samples[step] = with_sample(samples.get(step, ()), took)
            self._database.execute(
                "INSERT OR REPLACE INTO durations VALUES(?,?)",
                (workflow, msgspec.json.encode(samples)),
            )

    def medians(self, workflow: str, steps: Sequence[str]) -> dict[str, float]:
        """Return the median seconds of those steps that have a history."""
        samples = self._samples(workflow)
        return {step: median(samples[step]) for step in steps if samples.get(step)}

    def _samples(self, workflow: str) -> dict[str, list[float]]:
        rows = self._database.query("SELECT samples FROM durations WHERE workflow = ?", (workflow,))
        try:
            return _DECODER.decode(rows[0][0]) if rows else {}
        except (msgspec.MsgspecError, TypeError):
            return {}  # a hint only: a damaged one is none


_DECODER: Final = msgspec.json.Decoder(dict[str, list[float]])
