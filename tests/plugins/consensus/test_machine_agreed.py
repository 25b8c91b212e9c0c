"""The whole of it in one process: replicas with real keys agree on transfers and rewards."""

from __future__ import annotations

from collections import deque

from ciranda_consensus.crypto import Verifier
from ciranda_consensus.protocol import Replica, genesis, origin
from ciranda_consensus.protocol.messages import (
    ALL,
    Accused,
    Committed,
    Receive,
    Refused,
    Restarted,
    Send,
    Submit,
)
from ciranda_consensus.state import (
    AccountRules,
    Accuse,
    Attest,
    Checked,
    Machine,
    Record,
    Transfer,
    supply,
    write,
)

from .ledger import IDS, KEYS, OTHER, SET, Ledger, double_vote, start


def test_four_validators_agree_on_accounts():
    state, verifier, script = start(), Verifier(), Ledger()
    rules = [AccountRules(SET, verifier) for _ in range(4)]
    machines = [Machine(one, state) for one in rules]
    first = genesis(SET.chain, SET.epoch, SET.hash, state.root)
    tip = Committed(first, origin(first), state)
    replicas = [
        Replica(SET, seat, KEYS[seat], verifier, machine, first=first, tip=tip)
        for seat, machine in enumerate(machines)
    ]
    agreed: list[list[Committed]] = [[] for _ in replicas]
    queue: deque[tuple[int, object]] = deque((seat, Restarted()) for seat in range(4))

    def run() -> None:
        while queue:
            seat, what = queue.popleft()
            for out in replicas[seat].handle(what, now=1_000):  # type: ignore[arg-type]
                assert not isinstance(out, Accused | Refused)
                if isinstance(out, Send):
                    to = range(4) if out.to == ALL else [out.to]
                    queue.extend((one, Receive(seat, out.message)) for one in to if one != seat)
                elif isinstance(out, Committed):
                    agreed[seat].append(out)

    run()
    for machine in machines:
        machine.claims.learn("a proof", Checked(True, 9))
    for turn in range(5):
        entries: tuple[bytes, ...] = (
            script.entry(turn % 4, Transfer, ((OTHER, 10),)),
            write(Record({"turn": turn})),
            write(Accuse(double_vote(turn % 3, view=turn))),
        )
        if turn == 2:
            entries += (script.entry(3, Attest, "a proof", True, 9),)
        queue.append((turn % 4, Submit(entries)))
        run()

    roots = {tuple(one.block.header.state_root for one in chain) for chain in agreed}
    assert len(roots) == 1
    assert len(agreed[0]) >= 5
    for machine in machines:
        assert machine.state.root == machines[0].state.root
        assert machine.state.root == agreed[0][-1].block.header.state_root
        assert supply(machine.state) == supply(state)
        assert not machine.pending()
    after = Ledger()
    after.machine = machines[0]
    assert after.book.account(OTHER).balance == 50
    assert after.balance(3) == 10_000 - 10 + 50
    assert [after.book.stake(one).active for one in IDS[:4]] == [3_200, 3_200, 4_000, 5_000]
    assert verifier.counts.remembered > verifier.counts.checked
