"""The least that must go wrong for a run to fail as it did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from ciranda_consensus.simulation.faults import Faults

__all__ = ["shrink"]

LISTS: Final = ("crashes", "cuts", "slow", "sluggish", "faulty", "requests")
NONE: Final[dict[str, float]] = {"loss": 0.0, "twice": 0.0, "back": 0.0, "delay": 1.0}
MOST: Final = 400


def shrink(
    faults: Faults, fails: Callable[[Faults], bool], *, most: int = MOST
) -> tuple[Faults, int]:
    """Drop faults one by one, then shorten what is left, as long as the run still fails.

    Args:
        faults: Of a run that fails.
        fails: Runs faults and says whether they fail in the same way.
        most: The most runs to spend.

    Returns:
        The least faults that were found, and how many runs it took.
    """
    spent = 0
    again = True
    while again and spent < most:
        again = False
        for less in _less(faults):
            if spent >= most:
                break
            spent += 1
            if fails(less):
                faults, again = less, True
                break
    return faults, spent


def _less(faults: Faults) -> Iterator[Faults]:
    for name in LISTS:
        them: tuple[Any, ...] = getattr(faults, name)
        if len(them) > 1:
            yield msgspec.structs.replace(faults, **{name: ()})
        for at in range(len(them)):
            yield msgspec.structs.replace(faults, **{name: them[:at] + them[at + 1 :]})
    for name, none in NONE.items():
        if getattr(faults, name) != none:
            yield msgspec.structs.replace(faults, **{name: none})
    if faults.gst > 1:
        yield _earlier(faults, faults.gst / 2)
        yield _earlier(faults, faults.gst - 1)


def _earlier(faults: Faults, gst: float) -> Faults:
    """End what goes wrong earlier: nothing of it begins later than this."""
    return msgspec.structs.replace(
        faults,
        gst=gst,
        cuts=tuple(
            msgspec.structs.replace(cut, end=min(cut.end, gst))
            for cut in faults.cuts
            if cut.start < gst
        ),
        crashes=tuple(crash for crash in faults.crashes if crash.at < gst),
        requests=tuple(
            msgspec.structs.replace(one, at=min(one.at, gst)) for one in faults.requests
        ),
    )
