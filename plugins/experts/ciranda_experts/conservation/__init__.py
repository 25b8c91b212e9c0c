"""The conservation expert: balances proved, transactions spent once, ledgers checked."""

from __future__ import annotations

from .accounts import AccountError, Balance, balances, likely_accounts
from .conservation import Conservation, Decide
from .ledger import LedgerError, Tree
from .obligations import Claim, Duty, conservation_problems, weaker_duties
from .spent import Conflict, Reservation, Spent, State

__all__ = [
    "AccountError",
    "Balance",
    "Claim",
    "Conflict",
    "Conservation",
    "Decide",
    "Duty",
    "LedgerError",
    "Reservation",
    "Spent",
    "State",
    "Tree",
    "balances",
    "conservation_problems",
    "likely_accounts",
    "weaker_duties",
]
