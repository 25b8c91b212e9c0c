"""What a server needs to run scripts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from ...format import Skill
from ...running import Listener, Outcome, Priority
from ...sandbox import Level

__all__ = ["Limits", "Running"]


class Running(Protocol):
    """Runs scripts; `Runner` does."""

    async def run(  # noqa: PLR0913  (the words of Runner.run)
        self,
        skill: Skill,
        script: str | None = None,
        args: Sequence[str] = (),
        stdin: bytes | None = None,
        *,
        timeout: float = 30.0,  # noqa: ASYNC109  (it counts from when the script begins)
        max_output: int = 1 << 20,
        memory_mb: int = 256,
        max_processes: int = 32,
        network: bool = False,
        params: Mapping[str, Any] | None = None,
        require: Level = Level.L0,
        on_chunk: Listener | None = None,
        interpreter: Path | None = None,
        priority: Priority = "normal",
    ) -> Outcome:
        """Run a script; nothing of it is alive when this returns, or is cancelled."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What each call may take, and how many go on at a time.

    Attributes:
        calls: At a time; others wait in turn.
        waiting: How many may wait; more are refused.
        timeout: Seconds a script has.
        max_output: Bytes kept of each of its streams.
        memory_mb: MiB of all its processes together.
        max_processes: Processes at a time.
        network: Whether it may open internet sockets.
        require: Refuse below this level of the sandbox.
        look: Seconds between two looks at whether other skills are offered.
    """

    calls: int = 8
    waiting: int = 256
    timeout: float = 30.0
    max_output: int = 1 << 20
    memory_mb: int = 256
    max_processes: int = 32
    network: bool = False
    require: Level = Level.L0
    look: float = 1.0
