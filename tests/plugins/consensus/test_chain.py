"""Blocks that are not agreed on: they pile up while views are in vain, and never to the end."""

from dataclasses import replace

from ciranda_consensus.protocol import Block
from ciranda_consensus.protocol.chain import MOST_OPEN

from .test_replica import Four


def test_who_has_seen_a_thousand_views_in_vain_still_votes_and_keeps_what_he_stands_on():
    four = Four()
    chain, low = four.replicas[0].chain, four.proposal().block
    assert chain.accept(low) == ""

    def above(time):
        return Block(
            replace(low.header, height=2, view=2 + time, parent=low.hash, time=10 + time),
            (b"more",),
        )

    first = above(0)
    root = chain._application.execute(chain.state(low.hash), 2, first.entries).root
    blocks = [
        Block(replace(above(time).header, state_root=root), first.entries)
        for time in range(MOST_OPEN + 9)
    ]

    assert chain.accept(first) == "state_root"
    assert {chain.accept(one) for one in blocks} == {""}
    assert chain.get(low.hash) is low
    assert chain.get(blocks[-1].hash) is blocks[-1]
    assert chain.get(blocks[0].hash) is None
    assert len(chain._blocks) <= MOST_OPEN
    assert len(chain._states) <= MOST_OPEN + 1
