"""Log lines of a validator at work: its blocks, and what somebody has to look at."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, final

import anyio
import msgspec
from anyio import to_thread

from ciranda.bus.report import logger
from ciranda.errors import CirandaError
from ciranda.observe.logs import log_level
from ciranda_consensus.figures import Alert, Concern
from ciranda_consensus.node import Node

__all__ = ["Watching"]

LOOK_EACH: Final = 2.0  # seconds


@final
class Watching:
    """Tells of alerts when they begin and end, and of each block with `CIRANDA_LOG=info`.

    Args:
        log: Makes what writes lines: that of structlog by default.
        each: Seconds between two looks.
        blocks: Whether each block is worth a line; by default what `CIRANDA_LOG` says.

    Attributes:
        height: Up to which blocks were told; below 0 before the first look.
    """

    def __init__(
        self,
        log: Callable[[], Any] = logger,
        *,
        each: float = LOOK_EACH,
        blocks: bool | None = None,
    ) -> None:
        self._log: Final = log
        self._each: Final = each
        level = log_level(os.environ)
        self._blocks: Final = level in {"debug", "info"} if blocks is None else blocks
        self._told: dict[tuple[Concern, str], Alert] = {}
        self.height = -1

    async def watch(self, node: Node) -> None:
        """Look at a node until cancelled."""
        while True:
            self.look(node, await to_thread.run_sync(lambda: node.figures().alerts))
            await anyio.sleep(self._each)

    def look(self, node: Node, alerts: tuple[Alert, ...]) -> None:
        """Tell what is new since the last look."""
        if self._blocks:
            self._tell_blocks(node)
        now = {(one.kind, one.about): one for one in alerts}
        for name, one in now.items():
            if name not in self._told:
                self._log().warning(one.message, alert=one.kind.value, about=one.about[:16])
        for name, one in self._told.items():
            if name not in now:
                self._log().info("this is over", alert=one.kind.value, about=one.about[:16])
        self._told = now

    def _tell_blocks(self, node: Node) -> None:
        first = self.height < 0
        for one in node.rounds:
            if one.height > self.height:
                self.height = one.height
                if not first:
                    row: dict[str, Any] = msgspec.structs.asdict(one)
                    self._log().info(
                        "agreed", **{name: value for name, value in row.items() if value}
                    )
        self.height = max(self.height, 0)

    def stopped(self, error: CirandaError) -> None:
        """Tell that the node does not work, for it would say what it must not."""
        if "older" in str(error):
            self._log().error(str(error), alert=Concern.ROLLBACK.value, about="")
