"""What runs of a kind would be confined by, found out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

import anyio.to_thread
import msgspec

from ..inside.order import Allowed
from ..sandbox import (
    Gap,
    Kernel,
    Level,
    Policy,
    Profile,
    SandboxError,
    SandboxReport,
    detect,
    find_bubblewrap,
    require,
)
from .plan import Plan
from .run import Run

__all__ = ["BUBBLEWRAP", "Reports"]

BUBBLEWRAP: Final = "bubblewrap"


@final
class Reports:
    """Reports by profile, by whether the network is open and whether bubblewrap is around it.

    Args:
        kernel: Of this machine.
        find: Returns the path of a bubblewrap that works, by running it.
    """

    def __init__(self, kernel: Kernel, find: Callable[[], str] = find_bubblewrap) -> None:
        self._kernel = kernel
        self._find = find
        self._found: dict[tuple[Profile, bool, bool], SandboxReport] = {}
        self._bwrap: str | SandboxError | None = None

    def of(self, allowed: Allowed) -> SandboxReport:
        """Return what a run that is allowed so much would be confined by."""
        key = allowed.profile, allowed.network, bool(allowed.bwrap)
        if key not in self._found:
            policy = Policy(profile=key[0], network=key[1], strict=key[2])
            self._found[key] = detect(policy, self._kernel)
        return self._found[key]

    async def settled(self, plan: Plan, run: Run) -> Plan:
        """Return a plan as it can be carried out here, and tell its run what confines it.

        A strict one is run below bubblewrap where that works; where it does not, the report says
        that it is missing, and why.

        Raises:
            SandboxError: That is less than the plan requires.
        """
        if plan.strict:
            plan = await self._below(plan)
        report = self.of(plan.allowed)
        missing = report.missing
        if plan.strict and isinstance(self._bwrap, SandboxError):
            run.lacks = (BUBBLEWRAP,)
            gap = Gap(BUBBLEWRAP, str(self._bwrap), Level.L4)
            report = msgspec.structs.replace(report, gaps=(*report.gaps, gap))
        run.confined_by(report.level, missing)
        require(report, Level(plan.allowed.require))
        return plan

    async def _below(self, plan: Plan) -> Plan:
        if self._bwrap is None:
            self._bwrap = await anyio.to_thread.run_sync(self._look)
        if isinstance(self._bwrap, str):
            allowed = msgspec.structs.replace(plan.allowed, bwrap=self._bwrap)
            return msgspec.structs.replace(plan, allowed=allowed)
        return plan

    def _look(self) -> str | SandboxError:
        try:
            return self._find()
        except SandboxError as error:
            return error
