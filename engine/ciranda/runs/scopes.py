"""The names that expressions see, inside of each frame of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, final

from ciranda.errors import ReplayError
from ciranda.expressions import ExpressionError, Stored
from ciranda.layer import AROUND
from ciranda.runs.frame import Frame
from ciranda.runs.host import Host
from ciranda.runs.plan import PlannedStep

if TYPE_CHECKING:
    from ciranda.runs.runner import Runner

__all__ = ["Scopes"]


@final
class Scopes:
    """Gathers the names of steps; those of a frame are gathered once.

    Args:
        runner: Whose steps they are.
        host: What the run offers: inputs, env, secrets, functions.

    Attributes:
        root: The names that every expression of the run's own steps sees.
    """

    def __init__(self, runner: Runner, host: Host) -> None:
        self._runner: Final = runner
        self._host: Final = host
        self.root: Final[dict[str, Any]] = {**host.scope, "steps": runner.results.steps}
        self._kept: Final[dict[Frame, dict[str, Any]]] = {runner.scheduler.root: self.root}
        self._lists: Final[dict[int, Sequence[Any]]] = {}

    def forget(self, frame: Frame) -> None:
        """Forget what belongs to a frame that nobody needs any more."""
        self._kept.pop(frame, None)
        for node in range(frame.base, frame.base + len(frame.graph.nodes)):
            self._lists.pop(node, None)

    def of_frame(self, frame: Frame) -> dict[str, Any]:
        """Return the names of the steps of a frame, but for those of each item or attempt."""
        kept = self._kept.get(frame)
        if kept is None:
            for each in reversed(self._unkept(frame)):  # the outermost first: they may be deep
                kept = self._kept[each] = self._gathered(each)
            assert kept is not None  # the frame itself was the last
        return kept

    def _unkept(self, frame: Frame) -> list[Frame]:
        """Return a frame and those around it of which nothing is gathered yet."""
        found = [frame]
        while frame.owner >= 0:
            frame = self._runner.scheduler.frames[frame.owner]
            if frame in self._kept:
                break
            found.append(frame)
        return found

    def _gathered(self, frame: Frame) -> dict[str, Any]:
        scheduler, results = self._runner.scheduler, self._runner.results
        conduct = scheduler.conduct(frame.owner, frame.item)
        assert conduct is not None  # a frame lives as long as what it is inside of
        entered = conduct.entered[frame.block]
        steps = results.views(frame)
        if frame.owner < 0:
            return {**self.root, **entered.names, "steps": steps}
        if frame.block.startswith("workflow."):
            own = self.of_frame(conduct.frames["workflow"])
            return {**own, **entered.names, "steps": steps}
        outer = self.of_item(frame.owner, frame.item)
        if frame.block == "workflow":
            planned = self._runner.planned(frame.owner).blocks["workflow"]
            secrets = planned.secrets(outer) if planned.secrets is not None else {}
            inputs = entered.names["inputs"]
            own = self._host.inner_scope(planned.block, inputs, secrets, steps)
            return {**own, **self._around(frame, outer)}
        return {**outer, **entered.names, "steps": steps}

    def _around(self, frame: Frame, outer: dict[str, Any]) -> dict[str, Any]:
        """Return what the limits of the files around a sub-workflow read.

        One that began again has the limits of where it began first, and reads what that reads.
        """
        first = next(
            (
                each
                for each in self._runner.scheduler.around(frame.owner)
                if each.graph is frame.graph
            ),
            None,
        )
        if first is None:
            return {AROUND: outer}
        scope = self.of_frame(first)
        return {AROUND: scope[AROUND]} if AROUND in scope else {}

    def of_item(self, node: int, item: int) -> dict[str, Any]:
        """Return the names of a step, or of one of its items or turns."""
        scope = self.of_frame(self._runner.scheduler.frames[node])
        if item < 0:
            return scope
        step = self._runner.planned(node).step
        if step.loop is not None:
            return {**scope, "loop": self.turn(node, item)}
        value = self.items(node)[item]
        if step.matrix is not None:
            return {**scope, "matrix": value}
        return {**scope, step.as_: value, step.index_as: item}

    def turn(self, node: int, number: int) -> dict[str, Any]:
        """Return what a loop's expressions read as `loop`."""
        return {"index": number, "last": self._runner.results.last.get(node)}

    def local(self, planned: PlannedStep, node: int, item: int, attempt: int) -> dict[str, Any]:
        """Return the names of one attempt, with those that differ from attempt to attempt."""
        scope = self.of_item(node, item)
        if not planned.local:
            return scope
        runner, step = self._runner, planned.step
        scheduler, frame = runner.scheduler, runner.scheduler.frames[node]
        at = datetime.fromtimestamp(runner.wall(), UTC).isoformat()
        path = scheduler.path(node, item)
        return {
            **scope,
            "attempt": attempt,
            "step": {"id": step.id, "path": path, "dir": self._host.folder(path)},
            "()": {
                "always": lambda: True,
                "cancelled": lambda: bool(frame.stop),
                "failed": lambda: bool(scheduler.tainted[node]),
                "succeeded": lambda: not scheduler.tainted[node] and not frame.stop,
                "now": lambda: at,
                **self._host.functions,
            },
        }

    # Maps

    def expand(self, planned: PlannedStep, node: int, scope: Mapping[str, Any]) -> Sequence[Any]:
        """Evaluate the list of a map."""
        items = self._lists[node] = self._evaluated(planned, scope)
        return items

    def items(self, node: int) -> Sequence[Any]:
        """Return the list of a map; after a resume it is evaluated again and compared.

        Raises:
            ReplayError: It is another one now.
        """
        items = self._lists.get(node)
        if items is None:
            runner, planned = self._runner, self._runner.planned(node)
            items = self._evaluated(planned, self.of_frame(runner.scheduler.frames[node]))
            count = len(runner.scheduler.items[node].statuses)
            if len(items) != count:
                raise ReplayError(
                    f"the list of '{planned.step.id}' has {len(items)} items now and had {count} "
                    "when the run began: begin a new run"
                )
            self._lists[node] = items
        return items

    def _evaluated(self, planned: PlannedStep, scope: Mapping[str, Any]) -> Sequence[Any]:
        assert planned.items is not None  # callers ask for maps only
        found = planned.items(scope)
        if isinstance(found, (list, tuple, range, Stored)):
            return found
        raise ExpressionError("type", f"map needs a list, not {_kind_of(found)}")


def _kind_of(value: Any) -> str:
    names = {dict: "an object", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")
