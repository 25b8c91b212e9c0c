"""Accepted work: kept, bounded, known again, taken by one server and freed by its death."""

import multiprocessing
import signal
from collections.abc import Sequence
from typing import Any

import pytest

from ciranda.serve.backlog import KEPT, SILENCE, Backlog
from ciranda.serve.book import open_book
from ciranda.serve.work import Accepted, Order
from ciranda.store import Clock, Durability

FLOWS = ["a.yaml"]


class Times:
    """A wall clock and a steady one that tests put on."""

    def __init__(self):
        self.now = 1_000_000.0
        self.clock = Clock(wall=lambda: self.now, steady=lambda: self.now)


@pytest.fixture
def times():
    return Times()


@pytest.fixture
def book(tmp_path):
    found = open_book(tmp_path, Durability.PROCESS)
    yield found
    found.close()


def take(backlog: Backlog, flows: Sequence[str] = FLOWS) -> Any:
    return backlog.take(flows)


def order(run, key=None, flow="a.yaml"):
    return Order(run, flow, "webhook", {"n": run}, key)


def test_work_is_taken_in_its_order_each_piece_by_one(book, times):
    first, second = (Backlog(book, limit=9, clock=times.clock) for _ in range(2))

    first.accept([order("r1"), order("r2"), order("r3", flow="b.yaml")])
    taken = [take(each) for each in (first, second, first, second)]

    assert [work and work.run for work in taken] == ["r1", "r2", None, None]
    assert taken[0].inputs == {"n": "r1"}
    assert first.strangers(FLOWS) == {"b.yaml": 1}


def test_more_than_may_wait_is_refused_and_what_is_known_never(book, times):
    backlog = Backlog(book, limit=2, clock=times.clock)

    accepted = backlog.accept([order("r1", "k"), order("r2"), order("r3"), order("r4", "k")])

    assert accepted == [Accepted("r1"), Accepted("r2"), None, Accepted("r1", duplicate=True)]
    assert backlog.waiting() == 2


def test_what_ended_is_known_for_a_week(book, times):
    backlog = Backlog(book, limit=2, clock=times.clock)
    backlog.accept([order("r1", "k")])
    backlog.done(take(backlog))

    times.now += KEPT - 1
    assert backlog.forget() == 0
    assert backlog.accept([order("r2", "k")]) == [Accepted("r1", duplicate=True)]

    times.now += 2
    assert backlog.forget() == 1
    assert backlog.accept([order("r2", "k")]) == [Accepted("r2")]


def test_what_is_put_off_waits_and_then_comes_again(book, times):
    backlog = Backlog(book, limit=2, clock=times.clock)
    backlog.accept([order("r1")])

    backlog.give_back(take(backlog), 5.0)
    early = take(backlog)
    times.now += 5

    assert (early, take(backlog).run) == (None, "r1")


def test_a_parked_run_is_gone_on_with_once(book, times):
    backlog = Backlog(book, limit=2, clock=times.clock)
    backlog.accept([order("r1")])
    begun = take(backlog)

    assert backlog.revive(["r1"]) == 0  # it is being begun
    backlog.done(begun)
    assert (backlog.revive(["r1", "r2"]), backlog.revive(["r1", "r2"])) == (2, 0)
    assert [(work.run, work.flow) for work in (take(backlog, []), take(backlog, []))] == [
        ("r1", ""),
        ("r2", ""),
    ]


def test_who_says_nothing_for_long_loses_its_work_and_notices(book, times):
    silent = Backlog(book, limit=9, clock=times.clock)
    silent.accept([order("r1"), order("r2")])
    lost = take(silent)
    other = Backlog(book, limit=9, clock=times.clock)

    times.now += SILENCE - 1
    assert (other.beat(), other.bury()) == (True, [])
    times.now += 2
    assert other.bury() == ["r1"]
    again = take(other)
    silent.done(lost)  # too late: it is another's
    silent.give_back(lost)

    assert (again.run, take(other).run, take(other)) == ("r1", "r2", None)
    assert (silent.beat(), silent.beat()) == (False, True)


def test_who_leaves_frees_what_it_did_not_end(book, times):
    leaving, other = (Backlog(book, limit=9, clock=times.clock) for _ in range(2))
    leaving.accept([order("r1")])
    take(leaving)

    leaving.leave()

    assert take(other).run == "r1"


def _taken(folder, pipe, stay):
    book = open_book(folder, Durability.PROCESS)
    backlog = Backlog(book, limit=999)
    pipe.send("ready")
    pipe.recv()
    found = []
    while (work := take(backlog)) is not None:
        found.append(work.run)
    pipe.send(found)
    if stay:
        signal.pause()


def test_processes_that_take_at_once_share_and_the_dead_ones_work_is_freed(tmp_path):
    fork = multiprocessing.get_context("fork")
    pipes, children = [], []
    for stay in (True, True, False):
        ours, theirs = fork.Pipe()
        child = fork.Process(target=_taken, args=(tmp_path, theirs, stay))
        child.start()
        pipes.append(ours)
        children.append(child)
    assert [pipe.recv() for pipe in pipes] == ["ready"] * 3
    book = open_book(tmp_path, Durability.PROCESS)
    backlog = Backlog(book, limit=999)
    backlog.accept([order(f"r{n:03}") for n in range(60)])

    for pipe in pipes:
        pipe.send("go")
    found = [pipe.recv() for pipe in pipes]
    children[2].join()
    freed = backlog.bury()  # of the one that ended without a word
    for child in children[:2]:
        child.kill()
        child.join()
    freed += backlog.bury()
    book.close()

    assert sorted(run for each in found for run in each) == [f"r{n:03}" for n in range(60)]
    assert sorted(freed) == sorted(run for each in found for run in each)
