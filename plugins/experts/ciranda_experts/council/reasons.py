"""The kinds of reason that the council itself gives; experts have their own."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["ALARMS", "FAILURES", "Reason"]


class Reason(StrEnum):
    """Why the council, and not an expert, says what it says."""

    CRASHED = "expert-crashed"
    TIMEOUT = "expert-timeout"
    GARBAGE = "expert-garbage"  # an answer that is none, or more than one
    MISSING = "expert-missing"  # asked for, and not on the council
    DISSENT = "dissent"
    TIE = "tie"
    LOW_CONFIDENCE = "low-confidence"
    NO_QUORUM = "no-quorum"
    NOTHING = "nothing-to-judge"  # nobody had anything to say
    OFF = "off"  # the settings turn judging off


# An opinion with one of these is no vote: its expert said nothing that could be used.
FAILURES: Final = frozenset({Reason.CRASHED, Reason.TIMEOUT, Reason.GARBAGE, Reason.MISSING})
# Many of these at once are a crisis, as failures are. Other rejections are everyday.
ALARMS: Final = FAILURES | {"attack-pattern", "double-spend", "bad-ledger"}
