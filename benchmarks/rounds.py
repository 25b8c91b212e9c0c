"""Timing side by side: every contender in each round, so that a busy moment meets all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any


def interleaved(
    runs: Mapping[str, Callable[[], Any]], *, rounds: int = 15, seconds: float = 0.02
) -> dict[str, float]:
    """Return the median milliseconds of one call of each.

    Args:
        runs: What to call.
        rounds: How often each is measured.
        seconds: What a measurement takes at least, by calling several times.
    """
    counts = {name: _enough(run, seconds) for name, run in runs.items()}
    figures: dict[str, list[float]] = {name: [] for name in runs}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in runs.items():
                figures[name].append(_measured(run, counts[name]))
    finally:
        gc.enable()
    return {name: statistics.median(taken) * 1000 for name, taken in figures.items()}


def _enough(run: Callable[[], Any], seconds: float) -> int:
    count = 1
    while True:
        taken = _measured(run, count) * count
        if taken >= seconds:
            return count
        count = max(count + 1, min(count * 10, int(count * seconds / max(taken, 1e-9)) + 1))


def _measured(run: Callable[[], Any], count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - begin) / count
