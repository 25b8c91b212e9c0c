"""What validators agree on: the machine that all applications share, and accounts with values."""

from ciranda_consensus.figures.contents import Contents

from .accounts import AccountRules, opening, supply
from .book import Active, Balance, Book, EntryError, Leaving
from .claims import Checked, Claim, Claims, proof_digest
from .machine import Machine
from .records import (
    MINIMUM_STAKE,
    SCHEDULE,
    SLASHED,
    Account,
    Kind,
    Stake,
    account_key,
    entry_key,
    spent_key,
    stake_key,
)
from .rewards import Schedule, shares
from .rules import Rules
from .slashing import Offence
from .transactions import (
    Accuse,
    Attest,
    Challenge,
    Record,
    StakeIn,
    StakeOut,
    Transfer,
    Withdraw,
    parse,
    signed,
    write,
)
from .trees import Trees

__all__ = [
    "MINIMUM_STAKE",
    "SCHEDULE",
    "SLASHED",
    "Account",
    "AccountRules",
    "Accuse",
    "Active",
    "Attest",
    "Balance",
    "Book",
    "Challenge",
    "Checked",
    "Claim",
    "Claims",
    "Contents",
    "EntryError",
    "Kind",
    "Leaving",
    "Machine",
    "Offence",
    "Record",
    "Rules",
    "Schedule",
    "Stake",
    "StakeIn",
    "StakeOut",
    "Transfer",
    "Trees",
    "Withdraw",
    "account_key",
    "entry_key",
    "opening",
    "parse",
    "proof_digest",
    "shares",
    "signed",
    "spent_key",
    "stake_key",
    "supply",
    "write",
]
