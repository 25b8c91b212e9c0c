"""How a validator is."""

from __future__ import annotations

import msgspec

from ciranda_consensus.figures.told import Figures

__all__ = ["Standing"]


class Standing(msgspec.Struct, frozen=True):
    """How a validator is; `fault` says why it does not answer, if it does not.

    `figures` are there if somebody asked for them and the validator answers.
    """

    seat: int
    public: str
    address: str = ""
    height: int = 0
    tip: str = ""
    base: int = 0
    view: int = 0
    peers: int = 0
    fault: str = ""
    figures: Figures | None = None
