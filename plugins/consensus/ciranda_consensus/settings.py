"""What a project says about agreement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, TypeAlias

from msgspec import Meta

from ciranda import Settings

__all__ = ["MOST_EMBEDDED", "ConsensusSettings", "Named"]

MOST_EMBEDDED: Final = 64
Named: TypeAlias = int | Path
"""How validators are named: how many live in this process, or the file of a set."""


class ConsensusSettings(Settings, section="consensus"):
    """The section `[consensus]` of `ciranda.toml`.

    Attributes:
        validators: How many validators live in the process where nobody says anything else.
        set: The file of a set whose validators run by themselves, used in their place.
        patience: Seconds without a block after which a step gives up.
        wait: Seconds to wait for another process that uses the validators of this project.
    """

    validators: Annotated[int, Meta(ge=1, le=MOST_EMBEDDED)] = 4
    set: Path | None = None
    patience: Annotated[float, Meta(gt=0.0)] = 30.0
    wait: Annotated[float, Meta(ge=0.0)] = 60.0

    def named(self) -> Named:
        """Return whom entries go to where nobody says anything else."""
        return self.validators if self.set is None else self.set
