"""An intent as it was understood."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from .tree import Sort, Term

__all__ = ["Condition", "Entry", "Feature", "Intent", "Ledger", "Policy", "Section", "Source"]


class Section(StrEnum):
    """Where a condition stands."""

    PRE = "pre"
    POST = "post"
    CONSTRAINTS = "constraints"
    ACCOUNTS = "accounts"  # derived from `accounts`, never written: a balance is not negative
    LEDGER = "ledger"  # derived from an entry of `ledger`: a balance is what it says


class Feature(StrEnum):
    """What an intent has, as far as its parsed form shows; the gate chooses experts by these."""

    CONDITIONS = "conditions"  # pre, post or constraints
    ARITHMETIC = "arithmetic"
    NONLINEAR = "nonlinear"
    MACHINE_INTEGERS = "machine-integers"
    TRANSFER = "transfer"  # accounts, or pairs such as `alice` and `new_alice` in conditions
    LEDGER = "ledger"
    TRANSACTION = "transaction"
    CODE = "code"
    LOOPS = "loops"  # in the code
    RECURSION = "recursion"
    LARGE = "large"


class Condition(msgspec.Struct, frozen=True, gc=False):
    """One line of `pre`, `post` or `constraints`; `line` and `column` from 1, 0 is unknown."""

    text: str
    term: Term
    section: Section
    index: int
    line: int = 0
    column: int = 0

    @property
    def where(self) -> str:
        """Say which one it is: `pre[2]`."""
        return f"{self.section}[{self.index}]"


class Source(msgspec.Struct, frozen=True, gc=False):
    """A piece of code to look at; `language` is a lower-case name such as `python`, or ""."""

    text: str
    language: str = ""
    name: str = ""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An account's balance in a ledger, with the hashes (hex) that lead to its root."""

    account: str
    balance: int
    index: int
    proof: tuple[str, ...]


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A ledger's root (hex) over `size` leaves, and the entries that the intent relies on."""

    root: str
    size: int
    entries: tuple[Entry, ...]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, gc=False):
    """What a request asks for besides the settings; it can only make them stricter.

    `threshold` is a confidence, `experts` are asked besides the mandatory ones.
    """

    threshold: float | None = None
    experts: tuple[str, ...] = ()
    budget_ms: float | None = None
    rule: str | None = None


class Intent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What somebody wants to do, parsed and typed.

    `sorts` has every variable, declared or used. `kind` is the intent's type, for rules of the
    gate. `transaction` is the id under which money moves once. `budget` in seconds. `key` is the
    digest (hex) of the canonical form: equal for intents that mean the same to every expert,
    whatever their id, spelling of white space or comments. `source` is what was given, plain data.
    """

    id: str = ""
    kind: str = ""
    sorts: dict[str, Sort] = {}
    pre: tuple[Condition, ...] = ()
    post: tuple[Condition, ...] = ()
    constraints: tuple[Condition, ...] = ()
    int_bits: int | None = None
    accounts: tuple[str, ...] = ()
    transaction: str = ""
    ledger: Ledger | None = None
    code: tuple[Source, ...] = ()
    policy: Policy = Policy()
    budget: float | None = None
    key: str = ""
    source: dict[str, Any] = {}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions: pre, then post, then constraints."""
        return self.pre + self.post + self.constraints
