"""A small chain of accounts to test with: four validators, each with a stake and some units."""

from __future__ import annotations

from dataclasses import dataclass, field

from ciranda_consensus.crypto import Signer, Verifier
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.protocol import Statement, Validator, ValidatorSet, statement
from ciranda_consensus.protocol.evidence import Evidence, Said
from ciranda_consensus.state import AccountRules, Book, Machine, Schedule, opening, signed, supply

CHAIN = "test"
KEYS = [Signer(bytes([number]) * 32) for number in range(6)]  # the last two have no stake
IDS = [key.public for key in KEYS]
SET = ValidatorSet(CHAIN, 1, [Validator(one, 1) for one in IDS[:4]])
OTHER = Signer(bytes([99]) * 32).public


def start(reserve: int = 1_000_000) -> SparseTree:
    return opening(dict.fromkeys(IDS, 10_000), dict.fromkeys(IDS[:4], 5_000), reserve)


@dataclass
class Ledger:
    """A machine, and blocks of entries that are agreed on at once."""

    schedule: Schedule = field(default_factory=Schedule)
    machine: Machine = field(init=False)

    def __post_init__(self) -> None:
        self.rules = AccountRules(SET, Verifier(), schedule=self.schedule, delay=3)
        self.machine = Machine(self.rules, start())
        self.nonces = [0] * len(KEYS)
        self.value = supply(self.machine.state)

    def entry(self, who: int, kind: type, *fields: object, nonce: int | None = None) -> bytes:
        """Return a signed entry with the sender's next nonce."""
        if nonce is None:
            nonce = self.nonces[who]
            self.nonces[who] += 1
        return signed(KEYS[who], CHAIN, kind(IDS[who], nonce, *fields))

    def flaw(self, *entries: bytes) -> str:
        """Return why a block of these must not be agreed on."""
        machine = self.machine
        return machine.execute(machine.state, machine.height + 1, entries).flaw

    def agree(self, *entries: bytes) -> None:
        """Agree on a block of these."""
        assert self.flaw(*entries) == ""
        self.machine.committed(entries)
        assert supply(self.machine.state) == self.value

    @property
    def book(self) -> Book:
        """The state that is agreed on."""
        return Book(self.machine.state)

    def balance(self, who: int) -> int:
        return self.book.account(IDS[who]).balance


def double_vote(who: int, view: int = 7, salt: int = 0) -> Evidence:
    """Return evidence that a validator voted for two blocks in a view."""
    said = []
    for block in (bytes([1 + salt]) * 32, bytes([2 + salt]) * 32):
        data = statement(SET, Statement.VOTE, view, 1, 5, block)
        said.append(Said(Statement.VOTE, view, 1, 5, block, KEYS[who].sign(data)))
    return Evidence(who, *said)
