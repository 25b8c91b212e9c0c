"""The built-in application: accounts with conserved value, stakes, rewards for verifying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, final

from ciranda_consensus.encoding import decode, encode
from ciranda_consensus.fields import MOST_NUMBER
from ciranda_consensus.figures.contents import Contents
from ciranda_consensus.merkle import SparseTree
from ciranda_consensus.pool import Item, digest_of
from ciranda_consensus.protocol.certificate import Verifies
from ciranda_consensus.protocol.validators import ValidatorSet

from .book import Active, Balance, Book, EntryError, Leaving
from .claims import Checked, Claim, proof_digest
from .records import (
    MINIMUM_STAKE,
    SCHEDULE,
    SLASHED,
    Account,
    Kind,
    Stake,
    account_key,
    attested_key,
    entry_key,
    offence_key,
    spent_key,
    stake_key,
)
from .rewards import Schedule, pay, shares
from .slashing import Offence, slash
from .transactions import (
    Accuse,
    Attest,
    Challenge,
    Record,
    StakeIn,
    StakeOut,
    Transaction,
    Transfer,
    Withdraw,
    parse,
    sender_of,
    signed_part,
)

__all__ = ["AccountRules", "opening", "supply"]

DELAY: Final = 1_000
URGENT: Final = 1 << 40  # evidence before anything else


def opening(
    accounts: Mapping[bytes, int], stakes: Mapping[bytes, int], reserve: int = 0
) -> SparseTree:
    """Return the state that a chain begins with.

    Args:
        accounts: Whole units by public key.
        stakes: Whole units by public key, each at least the minimum.
        reserve: What the schedule may issue.

    Raises:
        EntryError: An amount is none, a stake is too low, or all together are too many.
    """
    items: dict[bytes, bytes] = {}
    for owner, balance in accounts.items():
        items[account_key(owner)] = Account(balance=_whole(balance)).write()
    for owner, active in stakes.items():
        if _whole(active) < MINIMUM_STAKE:
            raise EntryError(f"a stake of {active} is too low: it must be {MINIMUM_STAKE} or more")
        items[stake_key(owner)] = Stake(active).write() or b""
    items[account_key(SCHEDULE)] = Account(Kind.SCHEDULE, _whole(reserve)).write()
    items[account_key(SLASHED)] = Account(Kind.SLASHED).write()
    if sum(accounts.values()) + sum(stakes.values()) + reserve > MOST_NUMBER:
        raise EntryError(f"all units together are above the limit of {MOST_NUMBER}")
    return SparseTree.of(items)


def _whole(amount: int) -> int:
    if type(amount) is not int or amount < 0:
        raise EntryError(f"{amount!r} units are none: it must be a whole number, 0 or more")
    return amount


def supply(state: SparseTree) -> int:
    """Return the value of all accounts and stakes together, when nothing else could hide any.

    Raises:
        EntryError: There is something that is none of what a state holds.
        WireError: A record is none.
        ValueError: It is of no kind.
    """
    found = 0
    for key, value in state.items():
        family, _, name = key.partition(b"/")
        if family == b"account":
            account = Account.read(value)
            if account.kind is not _SYSTEM.get(name, Kind.HOLDER):
                raise EntryError(f"the account {name.hex()} is no {account.kind}")
            found += account.balance
        elif family == b"stake":
            found += Stake.read(value).total
        elif family not in _MARKS or (value and type(decode(value)) is not int):
            raise EntryError(f"the state holds {key!r}, which is nothing that it can hold")
    return found


_SYSTEM: Final = {SCHEDULE: Kind.SCHEDULE, SLASHED: Kind.SLASHED}
_MARKS: Final = (b"attested", b"entry", b"offence", b"spent")  # with no value but a height


@final
class AccountRules:
    """Accounts, stakes, rewards and punishments.

    Args:
        validators: Of the epoch; evidence is about these.
        verifier: Checks signatures.
        total: The value of all accounts and stakes; None to believe the state that is there.
        schedule: How much is issued.
        delay: For how many blocks a stake still answers after it was taken out.
    """

    __slots__ = ("_delay", "_schedule", "_total", "_validators", "_verifier")

    def __init__(
        self,
        validators: ValidatorSet,
        verifier: Verifies,
        *,
        total: int | None = None,
        schedule: Schedule | None = None,
        delay: int = DELAY,
    ) -> None:
        self._validators: Final = validators
        self._verifier: Final = verifier
        self._total: Final = total
        self._schedule: Final = schedule or Schedule()
        self._delay: Final = delay

    def read(self, entry: bytes) -> Item:
        """Return an entry whose form and signature are good.

        Raises:
            WireError: It is no entry.
            EntryError: Its signature, or what it shows, is wrong.
        """
        one, digest = parse(entry), digest_of(entry)
        if isinstance(one, Accuse):
            if not one.evidence.holds(self._validators, self._verifier):
                raise EntryError("the evidence does not hold")
            return Item(entry, digest, one.evidence.digest(), 0, URGENT, one)
        if isinstance(one, Challenge):
            return Item(entry, digest, _lie(self._attested(one.attest)), 0, URGENT, one)
        if isinstance(one, Record):
            return Item(entry, digest, digest, 0, 1, one)
        self._check_signature(one)
        units = max(1, one.units) if isinstance(one, Attest) else 1
        return Item(entry, digest, one.sender, one.nonce, units, one)

    def _check_signature(self, one: Transaction) -> None:
        sender = sender_of(one)
        part, signature = signed_part(self._validators.chain, one), getattr(one, "signature", b"")
        if sender is None or not self._verifier.verify(sender, part, signature):
            raise EntryError("the signature is not the sender's")

    def _attested(self, entry: bytes) -> Attest:
        one = parse(entry)
        if not isinstance(one, Attest):
            raise EntryError("only what somebody attested can be challenged")
        self._check_signature(one)
        return one

    def claim(self, item: Item) -> Claim | None:
        """Return what an entry says of a proof, if it does."""
        one = item.body
        if isinstance(one, Attest):
            return Claim(one.proof, Checked(one.valid, one.units))
        if isinstance(one, Challenge):
            said = self._attested(one.attest)
            return Claim(said.proof, Checked(said.valid, said.units), truly=False)
        return None

    def next_nonce(self, book: Book, item: Item) -> int:
        """Return the nonce that comes next for a sender; without one, 1 if it was agreed on."""
        if sender_of(item.body) is not None:
            return book.account(item.lane).nonce
        record = isinstance(item.body, Record)
        key = entry_key(item.digest) if record else offence_key(item.lane)
        return 0 if book.get(key) is None else 1

    def apply(self, book: Book, item: Item, height: int) -> None:
        """Apply an entry.

        Raises:
            EntryError: It does not fit on the state.
        """
        one, expected = item.body, self.next_nonce(book, item)
        if item.nonce != expected:
            if sender_of(one) is None:
                raise EntryError("it was agreed on before")
            raise EntryError(f"its nonce is {item.nonce}, the next one is {expected}")
        if isinstance(one, Transfer):
            for output in one.spends:
                if book.get(spent_key(output)) is not None:
                    raise EntryError(f"the output {output.hex()} was spent before")
                book.put(spent_key(output), b"")
            for owner, amount in one.to:
                book.move(amount, Balance(one.sender), Balance(owner))
        elif isinstance(one, Attest):
            self._attest(book, one)
        elif isinstance(one, Accuse):
            owner = self._validators.members[one.evidence.signer].public
            slash(book, owner, Offence.DOUBLE_SIGNING, item.lane)
        elif isinstance(one, Challenge):
            owner = self._attested(one.attest).sender
            slash(book, owner, Offence.INVALID_VERIFICATION, item.lane)
        elif isinstance(one, Record):
            book.put(entry_key(item.digest), encode(height))
        else:
            self._stake(book, one, height)
        if sender_of(one) is not None:
            book.count(item.lane)

    def _attest(self, book: Book, one: Attest) -> None:
        if book.stake(one.sender).active < MINIMUM_STAKE:
            raise EntryError("only who has a stake can attest, for it answers for what he says")
        key = attested_key(one.sender, proof_digest(one.proof))
        if book.get(key) is not None:
            raise EntryError("its sender attested this proof before")
        book.put(key, b"")

    def _stake(self, book: Book, one: StakeIn | StakeOut | Withdraw, height: int) -> None:
        owner = one.sender
        if isinstance(one, StakeIn):
            book.move(one.amount, Balance(owner), Active(owner))
        elif isinstance(one, StakeOut):
            book.move(one.amount, Active(owner), Leaving(owner, height + self._delay))
        else:
            free = [(at, amount) for at, amount in book.stake(owner).leaving if at <= height]
            if not free:
                raise EntryError(f"nothing of the stake is free at height {height}")
            for at, amount in free:
                book.move(amount, Leaving(owner, at), Balance(owner))
            return
        active = book.stake(owner).active
        if 0 < active < MINIMUM_STAKE:
            raise EntryError(f"a stake of {active} is too low: it must be {MINIMUM_STAKE} or more")

    def close(self, book: Book, items: Sequence[Item], height: int) -> None:
        """Pay those who verified proofs that hold, by the units of work."""
        pay(book, self._schedule, height, _work(items))

    def tell(self, items: Sequence[Item], before: SparseTree, after: SparseTree) -> Contents:
        """Tell who attested what, who was refuted and who earned how much."""
        attested: dict[str, int] = {}
        refuted: dict[str, int] = {}
        lies = []
        for item in items:
            if isinstance(item.body, Attest):
                _count(attested, item.body.sender)
            elif isinstance(item.body, Challenge):
                _count(refuted, self._attested(item.body.attest).sender)
                lies.append(item.body.attest)
        pot = Book(before).account(SCHEDULE).balance - Book(after).account(SCHEDULE).balance
        earned = {owner.hex(): share for owner, share in shares(pot, _work(items)).items()}
        return Contents(sum(attested.values()), attested, refuted, earned, tuple(lies))

    def touches(self, item: Item) -> Sequence[bytes]:
        """Return the lane of whoever loses a part of his stake by an entry."""
        if isinstance(item.body, Accuse):
            return (self._validators.members[item.body.evidence.signer].public,)
        if isinstance(item.body, Challenge):
            return (self._attested(item.body.attest).sender,)
        return ()

    def marks(self, item: Item) -> Sequence[bytes]:
        """Return the outputs that an entry spends."""
        one = item.body
        return one.spends if isinstance(one, Transfer) else ()

    def check(self, state: SparseTree) -> None:
        """See that a state has the value that there is.

        Raises:
            EntryError: It has more or less.
            WireError: A record is none.
            ValueError: It is of no kind.
        """
        found = supply(state)
        if self._total is not None and found != self._total:
            raise EntryError(f"the state has a value of {found}, and there are {self._total}")


def _work(items: Sequence[Item]) -> dict[bytes, int]:
    work: dict[bytes, int] = {}
    for item in items:
        if isinstance(item.body, Attest) and item.body.valid:
            work[item.lane] = work.get(item.lane, 0) + item.body.units
    return work


def _count(counts: dict[str, int], owner: bytes) -> None:
    counts[owner.hex()] = counts.get(owner.hex(), 0) + 1


def _lie(one: Attest) -> bytes:
    """Return what names the offence that a wrong attestation is, whatever its nonce."""
    return sha256(b"ciranda/lie/1" + one.sender + proof_digest(one.proof)).digest()
