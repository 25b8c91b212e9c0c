"""Changes of a state that may still be taken back; value moves, and never comes or goes."""

from __future__ import annotations

from typing import Final, NamedTuple, final

import msgspec

from ciranda.errors import CirandaError
from ciranda_consensus.merkle import SparseTree

from .records import Account, Stake, account_key, stake_key

__all__ = ["Active", "Balance", "Book", "EntryError", "Leaving", "Place"]

_MOST_LEAVING: Final = 16


class EntryError(CirandaError):
    """An entry cannot be agreed on; the text says why."""


class Balance(NamedTuple):
    """What an account can spend."""

    owner: bytes


class Active(NamedTuple):
    """What answers for a validator."""

    owner: bytes


class Leaving(NamedTuple):
    """What still answers for a validator, up to a height."""

    owner: bytes
    until: int


Place = Balance | Active | Leaving


@final
class Book:
    """A state and changes of it, which are kept or dropped an entry at a time.

    Args:
        state: The state, which stays as it is.
    """

    __slots__ = ("_kept", "_open", "_state")

    def __init__(self, state: SparseTree) -> None:
        self._state: Final = state
        self._kept: Final[dict[bytes, bytes | None]] = {}
        self._open: Final[dict[bytes, bytes | None]] = {}

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key; None if there is none."""
        for changes in (self._open, self._kept):
            if key in changes:
                return changes[key]
        return self._state.get(key)

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set the value of a key; None removes it."""
        self._open[key] = value

    def keep(self) -> None:
        """Keep the changes since the last time."""
        self._kept.update(self._open)
        self._open.clear()

    def drop(self) -> None:
        """Take the changes since the last time back."""
        self._open.clear()

    def state(self) -> SparseTree:
        """Return the state with all that is kept."""
        return self._state.update(self._kept)

    def account(self, owner: bytes) -> Account:
        """Return an account; an empty one if there is none."""
        data = self.get(account_key(owner))
        return Account() if data is None else Account.read(data)

    def stake(self, owner: bytes) -> Stake:
        """Return a stake; an empty one if there is none."""
        data = self.get(stake_key(owner))
        return Stake() if data is None else Stake.read(data)

    def count(self, sender: bytes) -> None:
        """Note that an account has sent an entry."""
        account = self.account(sender)
        self._put_account(sender, msgspec.structs.replace(account, nonce=account.nonce + 1))

    def move(self, amount: int, source: Place, target: Place) -> None:
        """Move whole units: what one place loses the other gains; nothing else changes values.

        Raises:
            EntryError: There are not so many at the source.
        """
        if type(amount) is not int or amount <= 0:
            raise EntryError(f"{amount!r} units cannot be moved: it must be 1 or more")
        self._add(source, -amount)
        self._add(target, amount)

    def _add(self, place: Place, change: int) -> None:
        if isinstance(place, Balance):
            account = self.account(place.owner)
            balance = _sum("account", account.balance, change)
            self._put_account(place.owner, msgspec.structs.replace(account, balance=balance))
            return
        stake = self.stake(place.owner)
        if isinstance(place, Active):
            stake = Stake(_sum("stake", stake.active, change), stake.leaving)
        else:
            leaving = dict(stake.leaving)
            leaving[place.until] = _sum("stake", leaving.get(place.until, 0), change)
            rows = tuple(sorted((until, left) for until, left in leaving.items() if left))
            if len(rows) > _MOST_LEAVING:
                raise EntryError(f"a stake is leaving in {_MOST_LEAVING} parts already")
            stake = Stake(stake.active, rows)
        self.put(stake_key(place.owner), stake.write())

    def _put_account(self, owner: bytes, account: Account) -> None:
        self.put(account_key(owner), account.write())


def _sum(what: str, has: int, change: int) -> int:
    if has + change < 0:
        raise EntryError(f"the {what} has {has} units, not {-change}")
    return has + change
