"""Accounts: which variables are the old and the new balance of each."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..intent.intent import Condition, Intent
from ..intent.tokens import shown
from ..intent.tree import Operation, Sort, Term, Variable
from .reasons import Reason

__all__ = ["AccountError", "Balance", "balances", "likely_accounts", "names_in"]

OLD = "old_"
NEW = "new_"


class AccountError(ValueError):
    """A declared account without two balances of its own.

    Args:
        reason: `missing-balance` or `ambiguous-balance`.
        message: One sentence.
        account: The account as it was declared.
    """

    def __init__(self, reason: Reason, message: str, account: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.account = account


class Balance(msgspec.Struct, frozen=True, gc=False):
    """An account, and the variables that hold what it had and what it will have."""

    account: str
    old: Variable
    new: Variable


def names_in(conditions: Iterable[Condition]) -> dict[str, Variable]:
    """Return the variables of some conditions by name."""
    found: dict[str, Variable] = {}
    stack: list[Term] = [condition.term for condition in conditions]
    while stack:
        part = stack.pop()
        if type(part) is Operation:
            stack.extend(part.arguments)
        elif type(part) is Variable:
            found[part.name] = part
    return found


def balances(intent: Intent) -> tuple[Balance, ...]:
    """Return the balances of the declared accounts, in their order.

    The old balance of `X` is `old_X` where that name occurs in a condition, else `X`. The new one
    is `new_X` where it occurs, else `X` where `old_X` occurs.

    Raises:
        AccountError: An account has no new balance, is a bool, is declared twice, or shares a
            variable with another.
    """
    present = names_in(intent.conditions)
    found: dict[str, Balance] = {}
    holders: dict[str, str] = {}  # variable -> the account whose balance it is
    for account in intent.accounts:
        if account in found:
            raise AccountError(
                Reason.AMBIGUOUS_BALANCE,
                f"account `{shown(account)}` is declared twice: declare it once",
                account,
            )
        found[account] = balance = _balance(account, present, intent.sorts)
        for name in (balance.old.name, balance.new.name):
            other = holders.setdefault(name, account)
            if other != account:
                raise AccountError(
                    Reason.AMBIGUOUS_BALANCE,
                    f"`{shown(name)}` is a balance of both `{shown(other)}` and "
                    f"`{shown(account)}`: rename one of the accounts",
                    account,
                )
    return tuple(found.values())


def likely_accounts(intent: Intent) -> tuple[Balance, ...]:
    """Return what looks like accounts that were not declared: pairs such as `X` and `new_X`."""
    present = names_in(intent.conditions)
    stems = {
        name.removeprefix(prefix)
        for name in present
        for prefix in (OLD, NEW)
        if name.startswith(prefix) and name != prefix
    }
    found: list[Balance] = []
    for stem in sorted(stems - set(intent.accounts)):
        try:
            balance = _balance(stem, present, intent.sorts)
        except AccountError:
            continue  # advisory: what is no pair is no account
        if balance.old.name in present and balance.new.name in present:
            found.append(balance)
    return tuple(found)


def _balance(account: str, present: dict[str, Variable], sorts: dict[str, Sort]) -> Balance:
    has_old = OLD + account in present
    if NEW + account in present:
        new = NEW + account
    elif has_old:
        new = account
    else:
        raise AccountError(Reason.MISSING_BALANCE, _missing(account, present), account)
    old = OLD + account if has_old else account
    sort = sorts.get(account, present[new].sort if new in present else Sort.INT)
    pair = tuple(present.get(name) or Variable(name, sorts.get(name, sort)) for name in (old, new))
    for variable in pair:
        if variable.sort is Sort.BOOL:
            raise AccountError(
                Reason.MISSING_BALANCE,
                f"`{shown(variable.name)}` of account `{shown(account)}` is a bool: "
                "declare it as int or real",
                account,
            )
    return Balance(account, *pair)


def _missing(account: str, present: dict[str, Variable]) -> str:
    said = "only what it is before" if account in present else "nothing"
    name = shown(account)
    return (
        f"account `{name}` has no new balance, the conditions say {said}: "
        f"say in `pre` what `{NEW}{name}` is, or what `{name}` is beside `{OLD}{name}`"
    )
