"""Timing in turns: each contender once a round, so that a busy machine is busy for all of them."""

from __future__ import annotations

import gc
import importlib
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from types import ModuleType
from typing import Any

Contender = Callable[[], Awaitable[Any]]
PATIENCE = 12.0  # seconds after which a slow contender takes no further turn


def peer(name: str) -> ModuleType | None:
    """Return `benchmarks.peers.NAME`; None, with a printed line, where its package is missing."""
    try:
        return importlib.import_module(f"benchmarks.peers.{name}")
    except ImportError as error:
        print(f"{name}: not compared, {error}")
        return None


async def interleaved(
    contenders: Mapping[str, Contender], expected: Any, rounds: int
) -> dict[str, list[float]]:
    """Return the seconds of each contender's turns, after one turn that only warms up.

    Raises:
        ValueError: A contender answers something else than the others.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    spent = dict.fromkeys(contenders, 0.0)
    for turn in range(-1, rounds):
        for name, call in contenders.items():
            if spent[name] > PATIENCE and times[name]:
                continue
            gc.collect()  # nobody pays for what another left behind
            start = time.perf_counter()
            answer = await call()
            took = time.perf_counter() - start
            spent[name] += took
            if answer != expected:
                raise ValueError(f"{name} answers {answer!r:.80}, not {expected!r:.80}")
            if turn >= 0:
                times[name].append(took)
    return times


def show(times: Mapping[str, list[float]], pieces: int, unit: str) -> None:
    """Print microseconds a piece: median, best, and the median as a multiple of `unit`'s."""
    one = statistics.median(times[unit])
    for name, taken in times.items():
        middle = statistics.median(taken)
        print(
            f"  {name:32} {middle / pieces * 1e6:10.2f} us  best {min(taken) / pieces * 1e6:10.2f}"
            f"  x{middle / one:8.2f}  ({len(taken)} rounds)"
        )
