"""A driver: nothing is said that is not durable, and what others ask of the store is answered."""

from typing import Any

import pytest

from ciranda_consensus.driver import Driver, milliseconds
from ciranda_consensus.protocol.messages import (
    Accused,
    Announce,
    Blocks,
    Committed,
    Fetch,
    Persist,
    Receive,
    Restarted,
    Send,
    Serve,
    Submit,
)
from tests.plugins.consensus.wired import World


class Full:
    """A store whose disk is full."""

    def keep(self, records):
        if records:
            raise OSError("the disk is full")

    def above(self, height):
        return None


class Notes:
    """A transport and an alarm that write down."""

    def __init__(self):
        self.said = []

    def send(self, to, message):
        self.said.append((to, message))

    def refused(self, sender, reason):
        self.said.append((sender, reason))

    def alarm(self, timer):
        self.said.append(timer)


@pytest.fixture
def world():
    made = World()
    for seat in range(made.count):
        made.start(seat)
    return made


def driver_of(world, seat, store, **options):
    notes = Notes()
    replica = world.drivers[seat].replica
    return Driver(replica, store, notes, notes.alarm, world.verifier, **options), notes


def test_nothing_is_said_when_the_disk_fails(world):
    driver, notes = driver_of(world, 1, Full())  # leads the first view

    with pytest.raises(OSError, match="the disk is full"):
        driver.take([Restarted(), Submit((b"1=a",))])
    assert notes.said == []


def test_what_is_said_follows_what_is_kept(world):
    kept = []

    class Store(Full):
        def keep(self, records):
            kept.extend(records)

    driver, notes = driver_of(world, 1, Store())

    outputs = driver.think([Submit((b"1=a",))])
    assert (kept, notes.said) == ([], [])
    left = driver.keep(outputs)
    assert [type(one) for one in kept] == [Persist]
    assert notes.said == []
    driver.release(left)
    assert len(notes.said) == 3  # the entries, the proposal, a timer


def test_blocks_are_agreed_on_before_anybody_hears_of_them(world):
    heard: list[Any] = []
    driver, _ = driver_of(world, 0, world.stores[0], hear=heard.append)
    world.drivers[0] = driver
    world.submit(b"1=a")
    world.run(lambda: all(world.height(seat) >= 1 for seat in (1, 2, 3)))
    certificate = world.stores[1].tip.certificate
    driver.take([Receive(1, Announce(certificate))])
    driver.take([Receive(1, Blocks(tuple(world.stores[1].above(0).blocks), certificate))])

    assert [one.block.header.height for one in heard if isinstance(one, Committed)] == [1]
    assert not [one for one in heard if isinstance(one, Accused)]
    assert world.stores[0].tip == heard[0]


def test_a_peer_that_asks_for_what_only_the_store_has_gets_it(world):
    world.submit(b"1=a", b"2=b")
    world.run(world.all_at(2))
    driver, notes = driver_of(world, 0, world.stores[0])
    forgotten, _ = driver_of(world, 0, Full())

    driver.release(driver.keep([Serve(2, 0)]))

    (to, blocks), *_ = notes.said
    assert to == 2
    assert [one.header.height for one in blocks.blocks] == [1, 2]
    assert forgotten.keep([Serve(2, 0)]) == [Send(2, Blocks((), None))]


def test_more_blocks_than_fit_a_message_come_from_the_store(world):
    big = b"big=" + b"x" * (5 << 20)
    world.submit(big)
    world.run(world.all_at(1))
    driver, _ = driver_of(world, 0, world.stores[0])
    fetched = driver.think([Receive(2, Fetch(0, world.first.hash))])

    assert driver.keep(fetched) == [Send(2, world.stores[0].above(0))]


def test_the_clock_tells_milliseconds():
    assert 1_700_000_000_000 < milliseconds() < 10_000_000_000_000
