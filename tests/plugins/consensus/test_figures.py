"""What validators count: of blocks, caches and the pool, and what somebody has to look at."""

import json
from typing import Any

import anyio
import pytest
from hypothesis import given, settings, strategies as st
from opentelemetry import trace

from ciranda.errors import StoreError
from ciranda.store import Durability, Log
from ciranda_consensus.anchoring import Anchoring
from ciranda_consensus.answering import Answering
from ciranda_consensus.cluster import Clusters, Remote, Where
from ciranda_consensus.commands.watching import Watching
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.fields import WireError
from ciranda_consensus.figures import Concern, Round, read_figures
from ciranda_consensus.figures.alerts import accuracy_of, alerts_of
from ciranda_consensus.figures.meter import Meter
from ciranda_consensus.figures.prometheus import exposition
from ciranda_consensus.figures.spans import spans_of
from ciranda_consensus.figures.told import durations_of, rate_of
from ciranda_consensus.hooks import AgreeOn
from ciranda_consensus.incidents import IncidentError, Offended, read_incident
from ciranda_consensus.incidents.checking import attested, check_incident, incidents_of
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.merkle.sharing import made_since
from ciranda_consensus.node import Limits
from ciranda_consensus.protocol import Certificate, Phase, Statement, statement
from ciranda_consensus.protocol.evidence import Evidence, Said
from ciranda_consensus.protocol.messages import Accused, Committed, Proposal, Receive, Refused
from ciranda_consensus.proving import Crew
from ciranda_consensus.settings import ConsensusSettings
from ciranda_consensus.standing import Standing
from ciranda_consensus.state import Attest, Challenge, write

from .household import entry, holds, opened
from .ledger import IDS, KEYS, SET, Ledger, double_vote
from .noded import SIGNERS, running


def a_round(height=1, **fields):
    known = {
        "height": height, "block": "", "view": height, "views": 1, "proposer": 0,
        "participants": 3, "stake": 3, "entries": 2, "proofs": 1, "seconds": 0.5,
        "at": 1000 * height, "nodes": 4,
    }  # fmt: skip
    return Round(**{**known, **fields})


def quiet(**fields):
    known = {
        "height": 5, "accuracy": {}, "stalled": 0.0, "ahead": 5, "banned": (), "incidents": {},
        "stake": 4, "quorum": 3,
    }  # fmt: skip
    return alerts_of(**{**known, **fields})


@pytest.mark.anyio
async def test_a_cluster_tells_of_its_blocks_also_after_a_restart(tmp_path):
    async with opened(tmp_path) as cluster:
        await cluster.commit([entry("a"), entry("b")], 10)
        await cluster.commit([entry("c", {"proof": {"format": 1}})], 10)
        with anyio.fail_after(5):
            while (await cluster.standing())[3].height < 2:  # noqa: ASYNC110  (it knows no events)
                await anyio.sleep(0.005)
    async with opened(tmp_path) as cluster:
        standing = await cluster.standing(figures=True)
        incidents = await cluster.incidents()

    told = standing[0].figures
    assert [(one.entries, one.proofs) for one in told.rounds] == [(2, 0), (1, 1)]
    assert (told.totals.blocks, told.totals.entries, told.totals.proofs) == (2, 3, 1)
    assert all(one.participants >= 3 and one.seconds > 0 for one in told.rounds)
    assert (told.keys, told.nodes, told.alerts, incidents) == (3, 5, (), ())
    assert sum(told.totals.signed.values()) >= 6
    assert told.caches["signatures"].misses > 0
    assert {one.figures.totals.blocks for one in standing} == {2}


def test_a_meter_times_blocks_from_their_proposal_on_and_pays_attention_to_who_earned():
    ledger, now = Ledger(), [10.0]
    before = ledger.machine.state
    right = ledger.entry(0, Attest, "p", True, 3)
    wrong = ledger.entry(1, Attest, "q", True, 1)
    ledger.agree(right, wrong, write(Challenge(wrong)))
    block = _block((right, wrong, write(Challenge(wrong))))
    tip = Committed(_block(()), Certificate(0, Phase.COMMIT, 0, b"", 0, ()), before)
    meter = Meter(SET, tip, ledger.machine.contents, lambda state: state, clock=lambda: now[0])

    meter.wait(pending=True)
    meter.watch([Receive(0, Proposal(block, tip.certificate, None, b""))], [], 0)
    now[0] = 12.5
    stalled = meter.stalled
    done = Committed(
        block, Certificate(1, Phase.COMMIT, 1, block.hash, 0b111, ()), ledger.machine.state
    )
    (note,) = meter.watch([], [done, Refused(2, "malformed")], 7000)

    (one,) = meter.rounds
    assert (stalled, meter.stalled) == (2.5, 0.0)
    assert (one.seconds, one.participants, one.stake, one.at) == (2.5, 3, 3, 7000)
    assert (one.proofs, one.attested) == (2, {IDS[0].hex(): 1, IDS[1].hex(): 1})
    assert one.refuted == {IDS[1].hex(): 1}
    assert sum(one.rewards.values()) == 50
    assert meter.refused == {"malformed": 1}
    assert list(note.lies.values()) == [wrong]
    again = Meter(
        SET, done, ledger.machine.contents, lambda state: state, note.totals, [note.figures]
    )
    assert (again.totals, list(again.rounds)) == (meter.totals, [one])


def _block(entries):
    from ciranda_consensus.protocol import genesis
    from ciranda_consensus.protocol.block import Block

    return Block(
        genesis("t", 1, bytes(32), bytes(32), after=bytes([len(entries)]) * 32).header, entries
    )


KEYS_OF = st.dictionaries(st.binary(max_size=2), st.one_of(st.none(), st.binary(max_size=1)))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.binary(max_size=2), st.binary(max_size=1)), KEYS_OF)
def test_nodes_that_an_update_made_are_those_that_were_not_there(items, changes):
    before = SparseTree.of(items)
    after = before.update(changes)

    def nodes(tree):
        open_ = [tree.node] if tree.node is not None else []
        found = {}
        while open_:
            one = open_.pop()
            found[id(one)] = one
            if hasattr(one, "left"):
                open_ += (one.left, one.right)
        return found

    assert made_since(before, after) == len(nodes(after).keys() - nodes(before).keys())


def test_accuracy_below_95_percent_is_an_alert_and_little_of_it_is_none():
    rounds = [a_round(1, attested={"aa": 19, "bb": 100}, refuted={"aa": 9, "bb": 6}),
              a_round(2, attested={"cc": 40}, refuted={"cc": 2})]  # fmt: skip

    (alert,) = quiet(accuracy=accuracy_of(rounds))

    assert (alert.kind, alert.about) == (Concern.ACCURACY, "bb")
    assert "94.0% were right" in alert.message


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"stalled": 31.0}, Concern.NO_PROGRESS),
        ({"ahead": 15}, Concern.BEHIND),
        ({"stake": 2}, Concern.NO_QUORUM),
        ({"banned": ("aa",)}, Concern.BANNED),
        ({"incidents": {"aa": 1}}, Concern.INCIDENT),
        ({"solver": "another"}, Concern.OTHER_SOLVER),
    ],
)
def test_what_somebody_has_to_look_at_is_an_alert(fields, kind):
    assert [one.kind for one in quiet(**fields)] == [kind]
    assert quiet() == ()


def test_durations_are_of_blocks_that_were_seen_from_the_beginning():
    rounds = [a_round(height, seconds=height / 10) for height in range(1, 21)]
    rounds.append(a_round(21, seconds=None))

    found = durations_of(rounds)

    assert (found.count, found.p50, found.p95, found.most) == (20, 1.05, 1.9, 2.0)
    assert durations_of([]).p50 is None
    assert rate_of(rounds) == 2.0
    assert rate_of(rounds[:1]) is None


def test_figures_that_are_none_are_refused():
    with pytest.raises(WireError, match="figures that are none"):
        read_figures(b'{"rounds": 1}')


def test_prometheus_reads_the_figures(tmp_path):
    async def figures():
        async with opened(tmp_path, 1) as cluster:
            await cluster.commit([entry("a")], 10)
            return await cluster.standing(figures=True)

    (one,) = anyio.run(figures)
    text = exposition([one, Standing(1, "bb", fault='away "\n')])

    assert 'ciranda_consensus_up{validator="1",key="bb"} 0' in text
    key = one.public[:16]
    assert f'ciranda_consensus_blocks_total{{validator="0",key="{key}"}} 1' in text
    assert f'pool{{validator="0",key="{key}",what="waiting"}} 0' in text
    assert text.count("# TYPE") == text.count("# HELP") == len(set(text.split("# TYPE")[1:]))


def test_blocks_are_spans_below_the_one_that_is_open():
    context = trace.SpanContext(5, 6, False, trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(context)):
        (span,) = spans_of(
            "c", [a_round(3), a_round(4, seconds=None)], token=lambda size: "ab" * size
        )

    assert (span["trace"], span["parent"]) == (f"{5:032x}", f"{6:016x}")
    assert (span["end"] - span["start"], span["name"]) == (500_000_000, "consensus block 3")
    assert span["attributes"]["ciranda.consensus.participants"] == 3
    assert spans_of("c", [a_round(3)]) == []


def test_incidents_hold_with_the_set_alone_and_not_when_they_are_changed():
    ledger = Ledger()
    lie = ledger.entry(2, Attest, '{"a": 1}', True, 4)
    twice, wrong = incidents_of([double_vote(1)] * 2, [lie], SET)
    read = read_incident(json.dumps(_plain(twice)).encode())
    other = read_incident({**_plain(twice), "key": IDS[2].hex()})
    elsewhere = read_incident({**_plain(twice), "epoch": 9})
    cut = read_incident({**_plain(wrong), "evidence": wrong.evidence[:-2]})
    forged = read_incident({**_plain(wrong), "evidence": lie.replace(b"\x04", b"\x05").hex()})

    assert (twice.kind, twice.key) == (Offended.DOUBLE_SIGNING, KEYS[1].public.hex())
    assert read == twice
    assert check_incident(read, SET, Verifier()) == ""
    assert check_incident(wrong, SET, Verifier()) == ""
    assert attested(wrong) == (True, 4)
    assert "of another one" in check_incident(other, SET, Verifier())
    assert "it is of epoch 9" in check_incident(elsewhere, SET, Verifier())
    assert "evidence is none" in check_incident(cut, SET, Verifier())
    assert check_incident(forged, SET, Verifier())


@pytest.mark.parametrize("text", [b"{", b'{"format": "x"}', b"[]"])
def test_what_is_no_incident_is_refused(text):
    with pytest.raises(IncidentError, match="no incident"):
        read_incident(text)


def _plain(one):
    import msgspec

    return msgspec.to_builtins(one)


@pytest.mark.anyio
async def test_nodes_tell_figures_and_evidence_to_whoever_asks(tmp_path):
    async with running(tmp_path, 4, limits=Limits(nonsense=1.0)) as nodes:
        await nodes.nodes[0].submit(b"proof=1")
        await nodes.until(lambda: nodes.same(1))
        node, remote = nodes.nodes[2], Remote(nodes.genesis)
        node.store.keep([Accused(_double_vote(nodes.set))])
        node.peers.refused(1, "bad_signature")
        told = (await remote.standing(figures=True))[2].figures
        (incident,) = await remote.incidents()

    accused = nodes.set.members[1].public.hex()
    assert told is not None
    assert (told.totals.blocks, told.totals.proofs, told.pool) == (1, 1, {"waiting": 0})
    assert (incident.key, incident.kind) == (accused, Offended.DOUBLE_SIGNING)
    assert told.incidents == {accused: 1}
    kinds = {one.kind: one.about for one in told.alerts}
    assert kinds[Concern.BANNED] == kinds[Concern.INCIDENT] == accused


def _double_vote(validators):
    said = []
    for block in (b"\x01" * 32, b"\x02" * 32):
        data = statement(validators, Statement.VOTE, 7, 1, 5, block)
        said.append(Said(Statement.VOTE, 7, 1, 5, block, SIGNERS[1].sign(data)))
    return Evidence(1, *said)


@pytest.mark.anyio
async def test_a_node_at_work_has_a_line_for_each_block_and_alert(tmp_path):
    lines = []

    class Lines:
        def __getattr__(self, level):
            return lambda text, **fields: lines.append((level, text, fields))

    async with running(tmp_path, 1) as nodes, anyio.create_task_group() as tasks:
        watching = Watching(Lines, each=0.01, blocks=True)
        tasks.start_soon(watching.watch, nodes.nodes[0])
        await nodes.until(lambda: watching.height == 0)
        await nodes.nodes[0].submit(b"a=1")
        await nodes.until(lambda: lines)
        tasks.cancel_scope.cancel()
    watching.stopped(StoreError("the store is older than it was"))
    watching.stopped(StoreError("the disk is full"))

    (agreed, refused) = lines
    assert (agreed[1], agreed[2]["height"], agreed[2]["entries"]) == ("agreed", 1, 1)
    assert refused[0] == "error"
    assert refused[2]["alert"] == "rollback-refused"


@pytest.mark.anyio
async def test_whoever_traces_gets_a_span_for_each_block_of_a_step(tmp_path):
    spans: list[Any] = []
    context = trace.SpanContext(5, 6, False, trace.TraceFlags(1))
    where = Where(tmp_path, Durability.OFF)
    async with anyio.create_task_group() as tasks:
        clusters = Clusters(where, tasks, holds, clock=lambda: 9_000_000, patience=1)
        answering = Answering(
            clusters,
            ConsensusSettings(validators=1),
            Anchoring(Log, clusters),
            Crew(tasks),
            spans.append,
        )
        await answering.agree_on(AgreeOn(records=(("before", 1),)))
        with trace.use_span(trace.NonRecordingSpan(context)):
            await answering.agree_on(AgreeOn(records=(("k", 1), ("l", 2))))
        tasks.cancel_scope.cancel()
    where.close()

    (span,) = spans
    assert (span["name"], span["parent"]) == ("consensus block 2", f"{6:016x}")
    assert span["attributes"]["ciranda.consensus.entries"] == 2
