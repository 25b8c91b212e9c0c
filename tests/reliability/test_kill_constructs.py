"""A run that is killed inside of blocks, loops, joins and waits ends as if nothing was."""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.effort import share
from tests.reliability.constructs import FLOW, INNER, UNDONE
from tests.reliability.trials import Forker, effects, kept, killed, prepare

from ciranda.store import SqliteLog

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


def made(folder: Path) -> Path:
    prepare(folder, FLOW)
    (folder / "inner.yaml").write_text(INNER)
    return folder


@pytest.mark.parametrize(("backend", "most"), [("asyncio", share(45)), ("trio", share(18))])
def test_kills_inside_of_steps_change_nothing(
    forker: Forker, tmp_path: Path, backend: str, most: int
) -> None:
    chance = random.Random(f"constructs {backend}")
    calm = made(tmp_path / "calm")
    began = time.monotonic()
    assert not killed(forker, calm, (backend, "", 0), None)
    took = time.monotonic() - began
    _, expected = kept(calm)
    usual = {path for path, *_ in effects(calm)}
    kills = runs = 0

    while kills < most or runs < 2:
        runs += 1
        folder = made(tmp_path / str(runs))
        here = 0
        while True:
            (done, _), before = kept(folder), len(effects(folder))
            if chance.random() < 0.5:
                order, delay = (backend, "", 0), chance.random() * took * (1 + here / 4)
            else:
                point = chance.choice(["before_commit", "after_commit"])
                order, delay = (backend, point, chance.randrange(1, 40)), None
            alive = not killed(forker, folder, order, delay)
            again = {path for path, *_ in effects(folder)[before:]} & done
            again = {path for path in again if not path.startswith(UNDONE)}
            assert not again, f"finished steps ran again after kill {kills}: {again}"
            if alive:
                break
            kills += 1
            here += 1
        counts = Counter(path for path, *_ in effects(folder))
        assert kept(folder)[1] == expected
        assert counts.keys() == usual, "an effect is missing, or one too many"
        assert max(counts.values()) <= here + 2, "one kill, one more attempt at the most"
        log = SqliteLog(folder)
        assert log.check() == []
        log.close()
