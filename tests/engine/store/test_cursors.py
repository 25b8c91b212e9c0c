"""How far observers have come: one at a time moves a cursor, whoever died meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ciranda.store import Clock, Process
from ciranda.store.cursors import HELD, NOWHERE, Cursor, Cursors, CursorsInFile, CursorsInMemory

TIME = {"now": 1000.0}
CLOCK = Clock(wall=lambda: TIME["now"], steady=lambda: TIME["now"])


@pytest.fixture(params=["file", "memory"])
def cursors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cursors]:
    made: Cursors = (
        CursorsInMemory() if request.param == "memory" else CursorsInFile(tmp_path, CLOCK)
    )
    yield made
    made.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[CursorsInFile, CursorsInFile]]:
    made = tuple(CursorsInFile(tmp_path, CLOCK) for _ in range(2))
    yield made  # type: ignore[misc]  # there are two
    for each in made:
        each.close()


def test_an_observer_begins_where_it_was_first_seen(cursors: Cursors) -> None:
    assert cursors.begin("a", 7) == 7
    assert cursors.begin("a", 9) == 7
    assert cursors.begin("b", 9) == 9


def test_what_is_known_of_runs_that_never_were_is_of_a_log_that_is_gone(tmp_path: Path) -> None:
    cursors = CursorsInFile(tmp_path, CLOCK)
    cursors.begin("a", 7)
    for run in (2, 8):
        cursors.claim("a", run, "1")
        cursors.move("a", run, "1", Cursor(5, 2.5))
    assert cursors.begin("a", 3) == 3
    assert cursors.places("a") == {2: 5}
    cursors.close()


def test_two_of_one_process_do_not_tell_the_same(cursors: Cursors) -> None:
    assert cursors.claim("a", 1, "old") == NOWHERE
    assert cursors.claim("a", 1, "new") is None
    assert not cursors.move("a", 1, "new", Cursor(1, 0.0))
    assert cursors.move("a", 1, "old", Cursor(2, 0.0))
    cursors.release("a", 1, "new")
    assert cursors.claim("a", 1, "new") is None
    cursors.release("a", 1, "old")
    assert cursors.claim("a", 1, "new") == Cursor(2, 0.0)


def test_a_cursor_is_where_it_was_moved_to(cursors: Cursors) -> None:
    assert cursors.claim("a", 1, "1") == NOWHERE
    assert cursors.move("a", 1, "1", Cursor(5, 2.5))
    cursors.release("a", 1, "1")
    assert cursors.claim("a", 1, "1") == Cursor(5, 2.5)
    assert cursors.claim("a", 2, "1") == cursors.claim("b", 1, "1") == NOWHERE
    assert cursors.move("b", 1, "1", Cursor(3, 0.5))
    assert {run: seq for run, seq in cursors.places("a").items() if seq >= 0} == {1: 5}


def test_what_is_forgotten_begins_again_after_where_the_observer_begins(cursors: Cursors) -> None:
    cursors.begin("a", 0)
    for run in (1, 2):
        cursors.claim("a", run, "1")
        cursors.move("a", run, "1", Cursor(5, 2.5))
    cursors.forget("a", 1, [1])
    assert cursors.places("a") == {2: 5}
    assert cursors.begin("a", 9) == 1


def test_what_one_tells_nobody_else_does_until_it_is_released(pair: Any) -> None:
    one, two = pair
    assert one.claim("a", 1, "1") == NOWHERE
    assert two.claim("a", 1, "2") is None
    assert not two.move("a", 1, "2", Cursor(1, 0.0))
    assert one.move("a", 1, "1", Cursor(4, 0.0))
    two.release("a", 1, "2")
    assert two.claim("a", 1, "2") is None
    one.release("a", 1, "1")
    assert two.claim("a", 1, "2") == Cursor(4, 0.0)
    assert not one.move("a", 1, "1", Cursor(9, 0.0))


def test_a_claim_falls_when_nothing_moves_for_long(
    pair: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = pair
    one.claim("a", 1, "1")
    monkeypatch.setitem(TIME, "now", 1000.0 + HELD - 1)
    one.move("a", 1, "1", Cursor(4, 0.0))
    monkeypatch.setitem(TIME, "now", 1000.0 + 2 * HELD - 2)
    assert two.claim("a", 1, "2") is None
    monkeypatch.setitem(TIME, "now", 1000.0 + 2 * HELD)
    assert two.claim("a", 1, "2") == Cursor(4, 0.0)


def test_the_claim_of_a_process_that_is_gone_falls_at_once(tmp_path: Path) -> None:
    gone = Process(pid=2**22 + 1)  # greater than any pid
    one = CursorsInFile(tmp_path, CLOCK, gone)
    two = CursorsInFile(tmp_path, CLOCK)
    one.claim("a", 1, "1")
    assert two.claim("a", 1, "2") == NOWHERE
    one.close()
    two.close()
