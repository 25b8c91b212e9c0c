"""What a peer may do: so much in a second, so much waiting, and not nonsense for long."""

import anyio
import pytest

from ciranda_consensus.crypto import Verifier
from ciranda_consensus.node import Limits, Purpose
from ciranda_consensus.node.alarm import Alarm, Latency
from ciranda_consensus.node.inbox import Inbox
from ciranda_consensus.node.limits import Allowance, Bans
from ciranda_consensus.node.outbox import Outbox
from ciranda_consensus.node.peers import Peers
from ciranda_consensus.node.talk import say
from ciranda_consensus.protocol import Pacing
from ciranda_consensus.protocol.messages import (
    Entries,
    Fetch,
    Fired,
    Receive,
    Restarted,
    SetTimer,
)

from .noded import SIGNERS, genesis_of
from .pipe import met


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_an_allowance_fills_by_itself_and_makes_takers_wait():
    clock = Clock()
    allowance = Allowance(10.0, 20.0, clock)

    assert allowance.take(20) == 0
    assert allowance.take(5) == pytest.approx(0.5)
    clock.now += 1.5
    assert allowance.take(10) == 0
    clock.now += 100
    assert allowance.take(30) == pytest.approx(1.0)


def test_nonsense_is_forgotten_in_time_and_bans_grow():
    clock = Clock()
    bans = Bans(Limits(nonsense=20, ban=5), clock)

    assert not bans.blame(b"a", 15)
    clock.now += 10
    assert not bans.blame(b"a", 10)
    assert not bans.banned(b"a")
    assert bans.blame(b"a", 10)
    assert bans.banned(b"a")
    assert not bans.banned(b"b")
    clock.now += 5
    assert not bans.banned(b"a")
    assert bans.blame(b"a", 20)
    clock.now += 5
    assert bans.banned(b"a")
    clock.now += 5
    assert not bans.banned(b"a")


def test_what_is_known_of_strangers_is_bounded():
    bans = Bans(Limits(nonsense=20))
    for number in range(5000):
        bans.blame(number.to_bytes(2, "big"), 1)

    assert len(bans._points) == 4096


@pytest.mark.anyio
async def test_each_peer_has_its_turn_and_the_node_comes_first():
    inbox = Inbox(3, 1 << 20)
    for number in range(3):
        await inbox.put(1, Entries((bytes([number]),)), 10)
    await inbox.put(2, Entries((b"other",)), 10)
    inbox.push(Restarted())

    taken = await inbox.take(4)

    assert taken[0] == Restarted()
    assert [one.sender for one in taken[1:] if isinstance(one, Receive)] == [1, 2, 1]
    assert await inbox.take(9) == [Receive(1, Entries((b"\2",)))]


@pytest.mark.anyio
async def test_a_peer_whose_messages_pile_up_waits_and_no_other_does():
    inbox, done = Inbox(2, 2000), []

    async def fill():
        for number in range(3):
            await inbox.put(0, Entries((bytes([number]),)), 900)
            done.append(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fill)
        await anyio.wait_all_tasks_blocked()
        assert done == [0]
        await inbox.put(1, Entries((b"other",)), 900)

        assert len(await inbox.take(2)) == 2
        await anyio.wait_all_tasks_blocked()
        assert done == [0, 1]
        await inbox.take(2)
    assert done == [0, 1, 2]


@pytest.mark.anyio
async def test_questions_for_blocks_count_for_what_they_cost():
    """A few bytes make a node read and send megabytes; it would do nothing else any more."""
    limits, clock = Limits(bytes=float(4 << 20), burst=1.0), Clock()
    known = genesis_of(4).set()
    inbox = Inbox(4, limits.waiting)

    async def inspect(_):
        return True

    peers = Peers(
        known, 0, inbox, Bans(limits), limits, Latency([1] * 4, 0, 3),
        standing=lambda: (0, 0), inspect=inspect, clock=clock,
    )  # fmt: skip
    here, there, _ = await met(SIGNERS[1], SIGNERS[0], Verifier(), purpose=Purpose.AGREE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(peers.converse, 1, there)
        await here.send(*[say(Fetch(at, bytes(32))) for at in range(100)])
        await anyio.wait_all_tasks_blocked()
        found = await inbox.take(100)
        tasks.cancel_scope.cancel()
    await here.close()

    assert 1 <= len(found) <= 4


@pytest.mark.anyio
async def test_a_peer_that_does_not_read_loses_messages_and_nobody_waits():
    box = Outbox(100)
    box.open()
    for _ in range(3):
        box.put(b"x" * 40)

    assert box.lost == 1
    assert await box.take() == [b"x" * 40] * 2


@pytest.mark.anyio
async def test_a_peer_that_is_away_gets_the_newest_messages_when_it_comes_back():
    box = Outbox(1 << 20)
    for number in range(100):
        box.put(bytes([number]))
    box.open()

    assert await box.take() == [bytes([number]) for number in range(36, 100)]
    box.put(b"again")
    box.close()
    assert await box.take() == [b"again"]


def test_the_latency_is_that_of_a_quorum():
    latency = Latency([1, 1, 1, 1], 0, 3)
    assert latency.seconds == 0
    for peer, seconds in ((1, 0.2), (2, 2.0), (3, 20.0)):
        latency.there_and_back(peer, seconds)

    assert latency.seconds == pytest.approx(1.0)
    latency.kept(0.5)
    assert latency.seconds == pytest.approx(1.1)
    latency.there_and_back(2, 1.0)
    assert latency.seconds == pytest.approx(1.0)


@pytest.mark.anyio
async def test_timers_replace_each_other_and_stretch_with_the_latency():
    latency, rung, heard = Latency([1, 1], 0, 2), [], anyio.Event()

    def ring(timer):
        rung.append(timer)
        heard.set()

    alarm = Alarm(Pacing(0.01, 2.0, 0.05), latency, ring)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(alarm.run)
        await anyio.wait_all_tasks_blocked()
        alarm.set(SetTimer(1, 0, 30.0))  # the most counts
        alarm.set(SetTimer(2, 1, 0.01))
        with anyio.fail_after(5):
            await heard.wait()
        tasks.cancel_scope.cancel()
    assert rung == [Fired(2, 1)]

    latency.there_and_back(1, 1.0)
    begun = anyio.current_time()
    alarm.set(SetTimer(3, 0, 0.01))
    assert alarm._deadline - begun == pytest.approx(0.05, abs=0.02)
