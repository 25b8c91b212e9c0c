"""Where every step of one run stands, with the numbers and the paths of the steps.

Every step that exists has a number. Those of the run itself have their place in the file; those
inside of a step get the next free ones when their block is entered, and a `Frame` knows which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ciranda.events import EventReceived, StepWaits
from ciranda.events.path import inside
from ciranda.runs.frame import Conduct, Frame
from ciranda.runs.graph import Graph, Node
from ciranda.runs.items import Items
from ciranda.runs.status import FAILED, PENDING, Status
from ciranda.runs.walk import Walk, walked

__all__ = ["State"]


class State:
    """The state of one run; `Scheduler` changes it."""

    def __init__(self, graph: Graph) -> None:
        self.graph: Final = graph
        # Those whose success is more than an output.
        self.special: Final = frozenset(
            node.id for node in graph.nodes if node.is_loop or node.body == "succeed"
        )
        self.nodes: Final[list[Node]] = []
        self.frames: Final[list[Frame]] = []  # by step
        self.paths: Final[list[str]] = []
        self.numbers: Final[dict[str, int]] = {}  # by path
        self.statuses: Final[list[Status]] = []
        self.unmet: Final[list[int]] = []
        self.blocked: Final[list[str]] = []  # why a failed need forbids the step
        self.origins: Final[list[str]] = []  # whose failure a bad end goes back to
        self.tainted: Final = bytearray()  # a need, however far up, failed
        self.attempts: Final[list[int]] = []
        self.tolerated: Final[set[int]] = set()
        self.items: Final[dict[int, Items]] = {}
        self.timers: Final[dict[tuple[int, int], float]] = {}
        self.waits: Final[dict[tuple[int, int], StepWaits]] = {}
        self.events: Final[dict[str, EventReceived]] = {}  # by id, those nobody took yet
        self.taken: Final[set[str]] = set()
        self.seen = 0  # the last message of the inbox that the log tells of
        self.conducts: Final[dict[int, dict[int, Conduct]]] = {}
        self.undo: Final[list[tuple[int, int]]] = []  # what can be compensated, as it ended
        self.undone: set[tuple[int, int]] = set()
        self.undoers: Final[dict[tuple[int, int], Conduct]] = {}
        self.stray: Final[list[str]] = []  # paths of handlers that failed
        self.released: list[Frame] = []  # frames that nobody needs any more, to be forgotten
        self._free: Final[dict[int, list[int]]] = {}
        self.warnings = 0
        self.cancelled = ""
        self.finished = ""
        self.since = 0.0  # when the time limit of the run began to count, by the wall clock
        self.parked = False
        self.over = False
        self.root: Final = self.open_frame(graph, -1, -1, "")
        self.run: Final = Conduct(-1, -1)
        self.run.frames[""] = self.root

    def status(self, node: int, item: int = -1) -> Status:
        """Return where a step or an item stands."""
        if item < 0:
            return self.statuses[node]
        return Status(self.items[node].statuses[item])

    def item(self, node: int, item: int) -> int:
        """Return where an item stands; -1 when there is none, or none any more."""
        items = self.items.get(node)
        return items.statuses[item] if items is not None and item < len(items.statuses) else -1

    def attempt(self, node: int, item: int = -1) -> int:
        """Return the number of the attempt that runs or comes next, from 1."""
        if item < 0:
            return self.attempts[node]
        return self.items[node].attempts.get(item, 1)

    def failures(self) -> list[str]:
        """Return the paths of the steps whose failure fails the run, in file order."""
        if FAILED not in self.statuses and not self.stray:
            return []
        found = [
            node.id
            for node in self.graph.nodes
            if self.statuses[node.index] is FAILED and node.index not in self.tolerated
        ]
        return [*found, *self.stray]

    def find(self, path: str) -> tuple[int, int]:
        """Return the number and the item (-1 = the step itself) of a path."""
        node = self.numbers.get(path)
        if node is not None:
            return node, -1
        name, _, item = path.rpartition("/")
        return self.numbers[name], int(item)

    def path(self, node: int, item: int = -1) -> str:
        """Return the path of a step or an item as text; empty is the run itself."""
        if node < 0:
            return ""
        return self.paths[node] if item < 0 else f"{self.paths[node]}/{item}"

    def place(self, node: int) -> int:
        """Return the place of a step among all those of the workflow, at any depth."""
        frame = self.frames[node]
        return frame.graph.first + node - frame.base

    def conduct(self, node: int, item: int = -1) -> Conduct | None:
        """Return what goes on inside of a step or an item."""
        if node < 0:
            return self.run
        return self.conducts.get(node, {}).get(item)

    def dispatched(self, node: int) -> int:
        """Return the step of the run that a step belongs to; -1 for those of the run's handlers."""
        frame = self.frames[node]
        return node if frame is self.root else frame.root

    # Frames

    def open_frame(self, graph: Graph, owner: int, item: int, block: str) -> Frame:
        """Give numbers to the steps of a block."""
        spare = self._free.get(id(graph))
        base = spare.pop() if spare else len(self.nodes)
        prefix = inside(self.path(owner, item), block)
        lift, root = 0.0, -1
        if owner >= 0:
            outer = self.frames[owner]
            lift = outer.lift + self.nodes[owner].rank
            root = owner if outer is self.root else outer.root
        frame = Frame(graph, base, owner, item, block, prefix, lift, root)
        count = len(graph.nodes)
        span = slice(base, base + count)  # at the end of the lists, or where others are gone
        paths = [prefix + name for name in graph.by_id] if prefix else [*graph.by_id]
        self.numbers.update(zip(paths, range(base, base + count), strict=True))
        self.paths[span] = paths
        self.nodes[span] = graph.nodes
        self.frames[span] = [frame] * count
        self.statuses[span] = [PENDING] * count
        self.unmet[span] = graph.unmet
        self.blocked[span] = self.origins[span] = [""] * count
        self.tainted[span] = bytes(count)
        self.attempts[span] = [1] * count
        return frame

    def release_frame(self, frame: Frame) -> None:
        """Forget the steps of a frame, and all that is inside of them."""
        walked(self._releasing(frame))

    def _releasing(self, frame: Frame) -> Walk:
        for index in range(frame.base, frame.base + len(frame.graph.nodes)):
            self.forget_waiting(index)
            for item in [*self.conducts.get(index, ())]:
                yield from map(self._releasing, self._dropped(index, item))
            self.items.pop(index, None)
            self.tolerated.discard(index)
            if self.numbers.get(self.paths[index]) == index:
                del self.numbers[self.paths[index]]
        if frame.graph.undoable:
            last = frame.base + len(frame.graph.nodes)
            self.undo[:] = [key for key in self.undo if not frame.base <= key[0] < last]
            self.undone -= {key for key in self.undone if frame.base <= key[0] < last}
        self._free.setdefault(id(frame.graph), []).append(frame.base)
        self.released.append(frame)

    def around(self, node: int) -> list[Frame]:
        """Return the frames that a step is inside of, the innermost first."""
        frame = self.frames[node]
        found = [frame]
        while frame.owner >= 0:
            frame = self.frames[frame.owner]
            found.append(frame)
        return found

    def forget_undone(self, node: int, item: int) -> None:
        """Forget what was undone inside of a step or an item: nobody is to do it again."""
        self.undone -= {
            key
            for key in self.undone
            if any(each.owner == node and each.item == item for each in self.around(key[0]))
        }

    def forget_strays(self, prefix: str) -> None:
        """Forget the handlers that failed inside of something."""
        self.stray[:] = [path for path in self.stray if not path.startswith(prefix)]

    def forget_waiting(self, node: int) -> None:
        """Forget what a step and its items wait for."""
        if self.waits or self.timers:
            items = self.items.get(node)
            for item in range(-1, 0 if items is None else len(items.statuses)):
                self.waits.pop((node, item), None)
                self.timers.pop((node, item), None)

    def drop_conducts(self, node: int) -> None:
        """Forget what went on inside of a step and of its items."""
        for item in [*self.conducts.get(node, ())]:
            self.drop_conduct(node, item)

    def drop_conduct(self, node: int, item: int) -> None:
        """Forget what went on inside of a step or an item."""
        for frame in self._dropped(node, item):
            self.release_frame(frame)

    def _dropped(self, node: int, item: int) -> Iterable[Frame]:
        inside = self.conducts.get(node)
        conduct = inside.pop(item, None) if inside is not None else None
        if conduct is None:
            return ()
        if not inside:
            del self.conducts[node]
        self.timers.pop((node, item), None)
        return conduct.frames.values()
