"""Ledgers: a Merkle tree over accounts and balances, and the entries an intent relies on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, final

from ..intent.intent import Entry, Ledger
from .merkle import EMPTY, LARGEST, hash_leaf, levels_of, proof_of, root_from

__all__ = ["LedgerError", "Tree", "check", "encode"]

_HASH: Final = re.compile(r"[0-9a-f]{64}")  # one spelling, so that equal proofs are equal texts
_LENGTH: Final = 8  # bytes that hold the length of an account's name
_SHOWN: Final = 80  # characters of a value in a message, bits of a number


class LedgerError(ValueError):
    """A ledger that cannot be relied upon; its text is one sentence."""


def encode(account: str, balance: int) -> bytes:
    """Return the leaf of an account: no two different ones are equal.

    It is the number of bytes of the name, in 8 bytes, big-endian; the name in UTF-8; the balance
    in two's complement, big-endian, in as many bytes as `balance.bit_length() // 8 + 1`.

    Raises:
        LedgerError: The name cannot be written in UTF-8, or the balance is no integer.
    """
    if type(balance) is not int:  # True and 1.0 would be written as 1 is
        raise LedgerError(f"the balance of account {account!r} is {balance!r}: give an integer")
    try:
        name = account.encode()
    except UnicodeEncodeError:
        raise LedgerError(f"account {account!r} cannot be written in UTF-8: rename it") from None
    amount = balance.to_bytes(balance.bit_length() // 8 + 1, "big", signed=True)
    return len(name).to_bytes(_LENGTH, "big") + name + amount


@final
class Tree:
    """A ledger in the making: hands out the root, and entries with their proofs.

    Args:
        balances: Accounts with their balances; their order is that of the leaves.

    Raises:
        LedgerError: An account is there twice, or cannot be encoded.
    """

    __slots__ = ("_accounts", "_levels")

    def __init__(self, balances: Mapping[str, int] | Iterable[tuple[str, int]]) -> None:
        pairs = balances.items() if isinstance(balances, Mapping) else balances
        self._accounts: Final[dict[str, tuple[int, int]]] = {}
        leaves = []
        for account, balance in pairs:
            if account in self._accounts:
                raise LedgerError(f"account {account!r} is in the ledger twice: add it once")
            leaves.append(hash_leaf(encode(account, balance)))
            self._accounts[account] = (len(leaves) - 1, balance)
        self._levels: Final = levels_of(leaves)

    @property
    def size(self) -> int:
        """Number of accounts."""
        return len(self._levels[0])

    @property
    def root(self) -> str:
        """The root, 64 hexadecimal digits."""
        top = self._levels[-1]
        return (top[0] if top else EMPTY).hex()

    def entry(self, account: str) -> Entry:
        """Return the balance of an account with its proof.

        Raises:
            LedgerError: The ledger has no such account.
        """
        if account not in self._accounts:
            raise LedgerError(f"the ledger has no account {account!r}: add it first")
        index, balance = self._accounts[account]
        proof = tuple(each.hex() for each in proof_of(self._levels, index))
        return Entry(account=account, balance=balance, index=index, proof=proof)

    def ledger(self, *accounts: str) -> Ledger:
        """Return what an intent says in `ledger` to rely on the balances of some accounts.

        Raises:
            LedgerError: The ledger has no such account.
        """
        entries = tuple(self.entry(account) for account in accounts)
        return Ledger(root=self.root, size=self.size, entries=entries)


def check(ledger: Ledger) -> None:
    """See that every entry of a ledger is under its root, at its place, each account once.

    Raises:
        LedgerError: One is not; the text names it.
    """
    if not ledger.entries:
        raise LedgerError("the ledger has no entries: give those that the intent relies on")
    if type(ledger.size) is not int or not 0 < ledger.size <= LARGEST:
        raise LedgerError(f"the ledger's size is {ledger.size}: give its number of leaves")
    root = _digest(ledger.root, "the ledger's root")
    seen = set()
    for entry in ledger.entries:
        if entry.account in seen:
            raise LedgerError(f"account {entry.account!r} has two entries: give one")
        seen.add(entry.account)
        _check_entry(entry, ledger.size, root)


def _check_entry(entry: Entry, size: int, root: bytes) -> None:
    name = f"the entry of account {entry.account!r}"
    if type(entry.index) is not int or not 0 <= entry.index < size:
        raise LedgerError(f"{name} has the index {entry.index} of {size}: count from 0")
    proof = [
        _digest(each, f"a hash in the proof of account {entry.account!r}") for each in entry.proof
    ]
    leaf = hash_leaf(encode(entry.account, entry.balance))
    if root_from(leaf, entry.index, size, proof) != root:
        raise LedgerError(
            f"{name} is not in the ledger: no leaf {entry.index} of {size} under the root "
            f"{root.hex()[:12]} has the balance {_short(entry.balance)}"
        )


def _digest(text: str, what: str) -> bytes:
    if not _HASH.fullmatch(text):
        raise LedgerError(f"{what} is {_short(text)!r}: give 64 digits of 0-9 and a-f")
    return bytes.fromhex(text)


def _short(value: int | str) -> str:
    if isinstance(value, int) and value.bit_length() > _SHOWN:
        return f"of {value.bit_length()} bits"  # str() refuses thousands of digits
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
