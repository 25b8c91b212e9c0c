"""What runs of a kind would be confined by, found out once."""

from __future__ import annotations

from typing import final

from ..inside.order import Allowed
from ..sandbox import Kernel, Policy, Profile, SandboxReport, detect

__all__ = ["Reports"]


@final
class Reports:
    """Reports by profile and by whether the network is open.

    Args:
        kernel: Of this machine.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._found: dict[tuple[Profile, bool], SandboxReport] = {}

    def of(self, allowed: Allowed) -> SandboxReport:
        """Return what a run that is allowed so much would be confined by."""
        key = allowed.profile, allowed.network
        if key not in self._found:
            self._found[key] = detect(Policy(profile=key[0], network=key[1]), self._kernel)
        return self._found[key]
