"""One replica: what it takes, what it refuses, what it promises first."""

from dataclasses import replace

import msgspec
import pytest

from ciranda_consensus.protocol import (
    Block,
    Certificate,
    Flaw,
    ForkError,
    Pacing,
    Phase,
    Replica,
    ValidatorSet,
    Voice,
    genesis,
    origin,
)
from ciranda_consensus.protocol.messages import (
    ALL,
    Accused,
    Announce,
    Blocks,
    Committed,
    Entries,
    Fetch,
    Fired,
    Persist,
    Proposal,
    Receive,
    Refused,
    Restarted,
    Send,
    Serve,
    SetTimer,
    Submit,
    Timeout,
    Vote,
)
from ciranda_consensus.simulation.notes import Noted, Notes
from ciranda_consensus.simulation.oracle import Oracle


class Four:
    """Four validators by hand: seat 1 leads view 1, seat 2 view 2."""

    def __init__(self, nodes=4, stakes=(1,) * 7):
        self.oracle = Oracle()
        members = zip(self.oracle.members(nodes), stakes, strict=False)
        them = [msgspec.structs.replace(one, stake=stake) for one, stake in members]
        self.known = ValidatorSet("test", 1, them)
        self.first = genesis("test", 1, self.known.hash, Noted().root)
        begin = origin(self.first)
        self.voices = [
            Voice(self.known, seat, self.oracle.handle(one.public), self.oracle, begin)
            for seat, one in enumerate(self.known.members)
        ]
        self.executions = {}
        self.replicas = [self.replica(seat) for seat in range(nodes)]

    def replica(self, seat, **named):
        handle = self.oracle.handle(self.known.members[seat].public)
        tip = Committed(self.first, origin(self.first), Noted())
        notes = Notes(Noted(), self.executions)
        return Replica(
            self.known, seat, handle, self.oracle, notes, first=self.first, tip=tip, **named
        )

    def proposal(self, entry=b"note"):
        out = self.replicas[1].handle(Submit((entry,)), 5)
        (found,) = messages(out, Proposal)
        return found

    def certificate(self, phase, block, seats=(0, 2, 3), view=1, height=1):
        votes = [self.voices[seat].vote(view, phase, height, block) for seat in seats]
        bits = sum(1 << seat for seat in seats)
        return Certificate(view, phase, height, block, bits, tuple(v.signature for v in votes))


def messages(outputs, kind):
    return [out.message for out in outputs if type(out) is Send and type(out.message) is kind]


def refused(outputs):
    return [str(out.reason) for out in outputs if type(out) is Refused]


def test_a_vote_leaves_after_its_promise_is_durable():
    four = Four()
    proposal = four.proposal()

    out = four.replicas[0].handle(Receive(1, proposal), 6)

    kinds = [type(one) for one in out]
    assert kinds.index(Persist) < kinds.index(Send)
    (kept,) = [one for one in out if type(one) is Persist]
    assert kept.blocks == (proposal.block,)
    assert (kept.promise.voted, kept.promise.voted_block) == (1, proposal.block.hash)
    (vote,) = messages(out, Vote)
    assert vote.phase == Phase.PREPARE


def test_nobody_votes_for_two_blocks_of_a_view_and_the_leader_is_accused():
    four = Four()
    one = four.proposal()
    header = one.block.header
    twin = Block(replace(header, time=header.time + 1), one.block.entries)
    seal = four.voices[1].seal(1, 1, twin.hash)
    two = Proposal(twin, one.justify, one.entry, seal)
    replica = four.replicas[0]
    replica.handle(Receive(1, one), 6)

    out = replica.handle(Receive(1, two), 7)

    assert messages(out, Vote) == []
    (accused,) = [one for one in out if type(one) is Accused]
    assert accused.evidence.signer == 1
    assert accused.evidence.holds(four.known, four.oracle)
    other = ValidatorSet("test", 2, four.known.members)
    assert not accused.evidence.holds(other, four.oracle)


def test_two_votes_of_a_validator_are_evidence_in_whatever_phases():
    four = Four()
    block = four.proposal().block
    leader = four.replicas[1]
    leader.handle(Receive(0, four.voices[0].vote(1, Phase.PREPARE, 1, block.hash)), 6)

    for phase in Phase:
        out = leader.handle(Receive(0, four.voices[0].vote(1, phase, 1, bytes(32))), 6)

        (accused,) = [one for one in out if type(one) is Accused]
        assert accused.evidence.signer == 0
        assert accused.evidence.holds(four.known, four.oracle)


def test_who_voted_for_one_block_votes_to_commit_no_other_of_the_view():
    four = Four()
    proposal, replica = four.proposal(), four.replicas[0]
    replica.handle(Receive(1, proposal), 6)

    out = replica.handle(Receive(1, Announce(four.certificate(Phase.PREPARE, bytes(32)))), 7)

    assert messages(out, Vote) == []
    assert replica.promise.high.view == 1


def test_who_gave_a_view_up_votes_there_no_more():
    four = Four()
    proposal, replica = four.proposal(), four.replicas[0]
    (timer,) = [
        one for one in replica.handle(Receive(1, Entries((b"note",))), 5) if type(one) is SetTimer
    ]

    out = replica.handle(Fired(timer.view, timer.attempt), 6)

    assert [one.to for one in out if type(one) is Send] == [2]
    assert len(messages(out, Timeout)) == 1
    assert messages(replica.handle(Receive(1, proposal), 7), Vote) == []
    prepared = four.certificate(Phase.PREPARE, proposal.block.hash)
    assert messages(replica.handle(Receive(1, Announce(prepared)), 7), Vote) == []
    assert replica.promise.agreed == 0


def test_each_try_tells_twice_as_many_of_the_next_leaders():
    four = Four(nodes=7)
    replica = four.replicas[0]
    replica.handle(Receive(1, Entries((b"note",))), 5)

    told = []
    for attempt in range(4):
        out = replica.handle(Fired(1, attempt), 6)
        told.append([one.to for one in out if type(one) is Send and type(one.message) is Timeout])

    assert told == [[2], [2, 3], [2, 3, 4, 5], [2, 3, 4, 5, 6, 1]]


def test_a_quorum_of_timeouts_begins_the_next_view_and_its_leader_proposes():
    four = Four()
    leader = four.replicas[2]
    leader.handle(Receive(1, Entries((b"note",))), 5)

    out = []
    for seat in (0, 3):
        out += leader.handle(
            Receive(seat, four.voices[seat].timeout(1, origin(four.first), None)), 6
        )

    assert leader.view == 2
    (proposal,) = messages(out, Proposal)
    assert proposal.entry.view == 1
    assert proposal.block.header.excuse == proposal.entry.digest()
    (kept,) = [one for one in out if type(one) is Persist and one.blocks]
    assert kept.excuse == proposal.entry


def test_what_a_block_must_not_be_is_refused():
    four = Four()
    right = four.proposal()
    header = right.block.header
    wrong = {
        "chain": "other",
        "epoch": 2,
        "set_hash": bytes(32),
        "height": 2,
        "parent": bytes(32),
        "parent_view": 1,
        "excuse": b"x" * 32,
        "entries_root": bytes(32),
        "state_root": b"x" * 32,
        "proposer": 2,
        "time": -1,
    }
    for name, value in wrong.items():
        block = Block(replace(header, **{name: value}), right.block.entries)
        seal = four.voices[1].seal(block.header.view, block.header.height, block.hash)
        proposal = Proposal(block, right.justify, right.entry, seal)

        out = four.replica(0).handle(Receive(1, proposal), 6)

        assert refused(out), name
        assert messages(out, Vote) == []


@pytest.mark.parametrize(
    ("change", "flaw"),
    [
        ({"signers": 0b0011}, Flaw.MALFORMED),
        ({"signers": 0b10011}, Flaw.UNKNOWN_SIGNER),
        ({"signers": -1}, Flaw.UNKNOWN_SIGNER),
        ({"signers": 0b1110}, Flaw.BAD_SIGNATURE),
        ({"view": 2}, Flaw.BAD_SIGNATURE),
        ({"height": 2}, Flaw.BAD_SIGNATURE),
        ({"phase": Phase.COMMIT}, Flaw.BAD_SIGNATURE),
        ({"block": b"x" * 32}, Flaw.BAD_SIGNATURE),
        ({"view": 0}, Flaw.MALFORMED),
    ],
)
def test_a_certificate_that_is_none_is_refused(change, flaw):
    four = Four()
    block = four.proposal().block.hash
    good = four.certificate(Phase.PREPARE, block)
    replica = four.replicas[0]

    out = replica.handle(Receive(3, Announce(msgspec.structs.replace(good, **change))), 6)

    assert refused(out) == [flaw]
    assert refused(replica.handle(Receive(3, Announce(good)), 6)) == []


def test_two_of_four_are_no_quorum():
    four = Four()
    block = four.proposal().block.hash
    few = four.certificate(Phase.PREPARE, block, seats=(0, 2))

    assert refused(four.replicas[3].handle(Receive(0, Announce(few)), 6)) == [Flaw.NO_QUORUM]


def test_votes_and_timeouts_of_others_are_refused():
    four = Four()
    block, leader = four.proposal().block.hash, four.replicas[1]
    vote = four.voices[0].vote(1, Phase.PREPARE, 1, block)
    said = four.voices[0].timeout(1, origin(four.first), None)

    assert refused(leader.handle(Receive(2, vote), 6)) == [Flaw.UNKNOWN_SIGNER]
    assert refused(leader.handle(Receive(2, said), 6)) == [Flaw.UNKNOWN_SIGNER]
    forged = msgspec.structs.replace(vote, signer=2)
    assert refused(leader.handle(Receive(2, forged), 6)) == [Flaw.BAD_SIGNATURE]
    odd = msgspec.structs.replace(vote, phase=3)
    assert refused(leader.handle(Receive(0, odd), 6)) == [Flaw.MALFORMED]


def test_blocks_that_nobody_asked_for_are_refused_and_others_must_lead_somewhere():
    four = Four()
    block = four.proposal().block
    replica = four.replicas[0]
    assert refused(replica.handle(Receive(1, Blocks((block,), None)), 6)) == [Flaw.UNASKED]

    asked = [one.to for one in replica.handle(Restarted(), 6) if type(one) is Send]
    assert asked == [1, 2]
    assert refused(replica.handle(Receive(1, Blocks((block,), None)), 6)) == []
    assert replica.chain.get(block.hash) is None  # it leads to nothing that was asked for


def test_who_missed_a_block_fetches_it_from_one_who_voted_and_agrees():
    four = Four()
    block = four.proposal().block
    replica = four.replicas[0]
    agreed = four.certificate(Phase.COMMIT, block.hash, seats=(1, 2, 3))

    out = replica.handle(Receive(1, Announce(agreed)), 6)
    (whom,) = [one.to for one in out if type(one) is Send and type(one.message) is Fetch]
    out = replica.handle(Receive(whom, Blocks((block,), agreed)), 7)

    assert [one.block for one in out if type(one) is Committed] == [block]
    assert replica.view == 2
    out = replica.handle(Receive(3, Fetch(0, bytes(32))), 8)
    assert messages(out, Blocks) == [Blocks((block,), agreed)]


def test_a_certified_block_that_is_wrong_stops_the_replica():
    four = Four()
    block = four.proposal().block
    bad = Block(replace(block.header, state_root=b"x" * 32), block.entries)
    replica = four.replicas[0]
    agreed = four.certificate(Phase.COMMIT, bad.hash, seats=(1, 2, 3))
    out = replica.handle(Receive(1, Announce(agreed)), 6)
    (whom,) = [one.to for one in out if type(one) is Send and type(one.message) is Fetch]

    with pytest.raises(ForkError, match="block 1 is certified but wrong: state_root"):
        replica.handle(Receive(whom, Blocks((bad,), agreed)), 7)


def test_one_validator_agrees_with_itself_on_any_number_of_blocks():
    four = Four(nodes=1)
    replica = four.replicas[0]

    out = replica.handle(Submit(tuple(b"note %d" % number for number in range(3000))), 5)

    agreed = [one.block.header.height for one in out if type(one) is Committed]
    assert agreed == list(range(1, 1001))
    assert not any(type(one) is Send and one.to != ALL for one in out)


def test_old_blocks_are_for_the_store_to_serve():
    four = Four(nodes=1)
    replica = four.replicas[0]
    replica.handle(Submit(tuple(b"note %d" % number for number in range(1200))), 5)

    out = replica.handle(Receive(0, Fetch(3, bytes(32))), 6)

    assert out == [Serve(0, 3)]


def test_what_was_promised_holds_after_a_restart():
    four = Four()
    proposal = four.proposal()
    out = four.replicas[0].handle(Receive(1, proposal), 6)
    (kept,) = [one for one in out if type(one) is Persist]

    again = four.replica(0, promise=kept.promise, blocks=kept.blocks, pacing=Pacing(base=2.0))

    assert messages(again.handle(Receive(1, proposal), 7), Vote) == []
    assert again.chain.get(proposal.block.hash) == proposal.block
    unknown = again.handle(Receive(1, object()), 7)  # type: ignore[arg-type]
    assert refused(unknown) == [Flaw.MALFORMED]


def test_who_is_behind_comes_along_though_the_first_help_was_lost():
    """The others agreed on the block, have nothing to do, and were helpful once, in vain."""
    four, timers = Four(), {}

    def deliver(outputs, sender, arrives):
        todo = [(sender, one) for one in outputs]
        while todo:
            seat, one = todo.pop(0)
            if isinstance(one, SetTimer):
                timers[seat] = one
            if not isinstance(one, Send):
                continue
            for to in range(4) if one.to == ALL else (one.to,):
                if to != seat and arrives(to, one.message):
                    found = four.replicas[to].handle(Receive(seat, one.message), 5)
                    todo += [(to, each) for each in found]

    def retry(times, arrives):
        for _ in range(times):
            timer = timers[3]
            deliver(four.replicas[3].handle(Fired(timer.view, timer.attempt), 5), 3, arrives)

    def all_but_the_last(to, message):
        return to != 3 or getattr(message, "certificate", None) is None

    deliver(four.replicas[1].handle(Submit((b"note",)), 5), 1, all_but_the_last)
    assert [one.view for one in four.replicas] == [2, 2, 2, 1]
    retry(4, lambda to, _: to != 3)
    retry(4, lambda *_: True)

    assert [one.chain.tip.block.header.height for one in four.replicas] == [1, 1, 1, 1]


def test_help_is_not_pumped_out():
    four = Four()
    block = four.proposal().block
    agreed = four.certificate(Phase.COMMIT, block.hash)
    one = four.replica(2)
    one.handle(Receive(0, Announce(agreed)), 5)
    said = four.voices[3].timeout(1, origin(four.first), None)

    helped = [bool(messages(one.handle(Receive(3, said), 5), Announce)) for _ in range(9)]

    assert helped == [True, True, False, True, False, False, False, True, False]
