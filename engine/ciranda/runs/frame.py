"""One instance of a graph: the steps of the run, or those inside of a step, an item, a turn."""

from __future__ import annotations

from typing import Final

from ciranda.events import BlockEntered, Failure, StepCancelled, StepFailed
from ciranda.events.path import is_main
from ciranda.runs.graph import Graph
from ciranda.runs.status import Status

__all__ = ["Conduct", "Frame", "is_main"]


class Frame:
    """Steps that run side by side, numbered from `base` on.

    Attributes:
        graph: What they are an instance of.
        base: The number of the first of them.
        owner: The number of the step that they are inside of; -1 is the run itself.
        item: Its item or turn; -1 is the step itself.
        block: The name of the block; empty are the steps of the run.
        prefix: What their paths begin with.
        lift: What their owner's urgency adds to theirs.
        root: The step of the run that all of it is inside of; -1 is none.
        open: How many of them have not ended.
        stop: Why no more of them begin; empty while they may.
        verdict: How all of it ends when it was stopped for that; else None.
        error: The first failure that nobody tolerates.
        need: How many branches have to succeed; None is all.
        won: How many did.
        winner: The number of the first that did.
        early: The number of the step that ended it early as a success.
    """

    __slots__ = (
        "base",
        "block",
        "early",
        "error",
        "graph",
        "item",
        "lift",
        "need",
        "open",
        "owner",
        "prefix",
        "root",
        "stop",
        "verdict",
        "winner",
        "won",
    )

    def __init__(  # noqa: PLR0917  (all of it is what a frame is)
        self,
        graph: Graph,
        base: int = 0,
        owner: int = -1,
        item: int = -1,
        block: str = "",
        prefix: str = "",
        lift: float = 0.0,
        root: int = -1,
    ) -> None:
        self.graph: Final = graph
        self.base: Final = base
        self.owner: Final = owner
        self.item: Final = item
        self.block: Final = block
        self.prefix: Final = prefix
        self.lift: Final = lift
        self.root: Final = root
        self.need: int | None = None
        self.open = 0
        self.renew()

    def renew(self) -> None:
        """Forget how it ended."""
        self.open = len(self.graph.nodes)
        self.stop = ""
        self.verdict: Status | None = None
        self.error: Failure | None = None
        self.won = 0
        self.winner = -1
        self.early = -1

    def __repr__(self) -> str:
        return f"Frame({self.prefix!r}, {self.open} open)"


class Conduct:
    """What goes on inside of a step, an item, a turn or the run: one block after the other.

    Attributes:
        owner: The number of the step; -1 is the run itself.
        item: Its item or turn; -1 is the step itself.
        frames: What was entered, in order, by the name of the block.
        outcome: How it ends as far as is known; None while its main block runs.
        error: Why it failed.
        entered: The events that opened the frames: what their expressions read.
        ended: The owner's own end, which counts when the handler that follows it is done.
        late: That its time was over after its main block had failed, before it was caught.
    """

    __slots__ = ("ended", "entered", "error", "frames", "item", "late", "outcome", "owner")

    def __init__(self, owner: int, item: int) -> None:
        self.owner: Final = owner
        self.item: Final = item
        self.frames: Final[dict[str, Frame]] = {}
        self.entered: Final[dict[str, BlockEntered]] = {}
        self.outcome: Status | None = None
        self.error: Failure | None = None
        self.ended: StepFailed | StepCancelled | None = None
        self.late: Failure | None = None

    @property
    def main(self) -> Frame | None:
        """The frame of the block that the owner is there for."""
        return next((frame for name, frame in self.frames.items() if is_main(name)), None)
