"""The kinds of reason that the conservation expert gives."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """Why the conservation expert says what it says; solvers add why they could not decide."""

    PROVED = "proved"
    INCLUDED = "included"  # the entries are in the ledger, and nothing else was claimed
    UNSPENT = "unspent"  # the transaction is, and nothing else was claimed
    IRRELEVANT = "irrelevant"
    MINTED = "minted"
    VANISHED = "vanished"
    NEGATIVE_BALANCE = "negative-balance"
    VACUOUS = "vacuous"
    UNDEFINED = "undefined"
    DOUBLE_SPEND = "double-spend"
    UNRECORDED = "unrecorded"  # the transaction cannot be, so it could be spent again
    BAD_LEDGER = "bad-ledger"
    MISSING_BALANCE = "missing-balance"
    AMBIGUOUS_BALANCE = "ambiguous-balance"  # two accounts share a variable
    TIMEOUT = "timeout"
    UNDECIDED = "undecided"
