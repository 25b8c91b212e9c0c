"""The conservation expert: balances proved, transactions spent once, ledgers checked."""

from __future__ import annotations

from .accounts import AccountError, Balance, balances, likely_accounts
from .conservation import Conservation, Decide
from .ledger import LedgerError, Tree
from .obligations import Claim, Duty, Obligations, conservation_problems, obligations_of
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
    "Obligations",
    "Reservation",
    "Spent",
    "State",
    "Tree",
    "balances",
    "conservation_problems",
    "likely_accounts",
    "obligations_of",
]
