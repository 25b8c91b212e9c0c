"""What goes wrong before a single case of a skill's evals was run."""

from __future__ import annotations

from ciranda.errors import Fault

from ..error import SkillError

__all__ = ["EvalsError"]


class EvalsError(SkillError):
    """A file of evals cannot be understood.

    Attributes:
        faults: Everything that is wrong, each with its place.
    """

    kind = "skills.evals"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = faults
