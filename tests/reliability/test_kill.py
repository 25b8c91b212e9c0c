"""A run of 100 steps that is killed with signal 9 at random points ends as if nothing happened."""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.effort import share
from tests.reliability.flow import ITEMS, hundred
from tests.reliability.trials import Forker, effects, kept, killed, prepare

from ciranda.store import SqliteLog

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")

EFFECTS = 50 + 40 + 6 * 2 + ITEMS + 1  # lines of a run that nobody disturbs; programs leave none
COMMITS = 70  # fewer than a run makes


@pytest.mark.parametrize(("backend", "most"), [("asyncio", share(75)), ("trio", share(36))])
@pytest.mark.parametrize("how", ["any moment", "around a commit"])
def test_kills_change_nothing(
    forker: Forker, tmp_path: Path, backend: str, most: int, how: str
) -> None:
    chance = random.Random(f"20261 {backend} {how}")
    calm = prepare(tmp_path / "calm", hundred())
    began = time.monotonic()
    assert not killed(forker, calm, (backend, "", 0), None)
    took = time.monotonic() - began
    _, expected = kept(calm)
    assert expected["total"] > 0
    assert len(effects(calm)) == EFFECTS
    kills = runs = 0

    while kills < most or runs < 2:
        runs += 1
        folder = prepare(tmp_path / str(runs), hundred())
        here = 0
        while True:
            (done, _), before = kept(folder), len(effects(folder))
            if how == "any moment":
                # Longer from kill to kill, or a machine slower than in the calm run ends none.
                order, delay = (backend, "", 0), chance.random() * took * (1 + here / 4)
            else:
                point = chance.choice(["before_commit", "after_commit"])
                order, delay = (backend, point, chance.randrange(1, COMMITS)), None
            alive = not killed(forker, folder, order, delay)
            again = {path for path, *_ in effects(folder)[before:]} & done
            assert not again, f"finished steps ran again after kill {kills} of {how}: {again}"
            if alive:
                break
            kills += 1
            here += 1
        counts = Counter(tuple(line) for line in effects(folder))
        assert kept(folder)[1] == expected
        assert len(counts) == EFFECTS, "an effect is missing"
        assert max(counts.values()) <= here + 1, "one kill, one more attempt at the most"
        log = SqliteLog(folder)
        assert log.check() == []
        log.close()
