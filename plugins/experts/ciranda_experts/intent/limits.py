"""How much an intent may ask for; every figure is a hard stop, with the reason `limit`."""

from __future__ import annotations

from typing import Final

DOCUMENT: Final = 4 << 20  # bytes of one intent written as text, YAML or JSON
VARIABLES: Final = 100  # declared or used
CONDITIONS: Final = 200
CONDITION: Final = 20_000  # characters of one condition, those of numerals apart
CONDITIONS_TEXT: Final = 1 << 20  # characters of all conditions, with numerals
DEPTH: Final = 100  # of a term, and of parentheses and signs around one
NODES: Final = 10_000  # of all terms; arithmetic of large numbers counts for more than one
DIGITS: Final = 10_000  # of a numeral, its exponent written out
EXPONENT: Final = 64  # of what is not constant; powers of powers multiply theirs
BITS: Final = 1 << 18  # of any value, for variables of 64 bits
CONSTANT_BITS: Final = 40_000  # of a power of constants
NAME: Final = 10_000  # characters of a variable
LABEL: Final = 256  # characters of an id, a type, a transaction, an expert's name
ACCOUNTS: Final = 100
CODE: Final = 1 << 20  # bytes of all sources
SOURCES: Final = 1000
LEDGER_ENTRIES: Final = 1000
LEDGER_PROOF: Final = 64  # hashes that lead from an entry to the root
HASH: Final = 128  # characters of a hash in hex
BALANCE_BITS: Final = 2048
INT_BITS: Final = (2, 1024)  # least and most
BUDGET_MS: Final = 3_600_000
POLICY_EXPERTS: Final = 100
