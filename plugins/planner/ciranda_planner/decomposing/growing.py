"""The tasks of a goal while some of them are planned again, each within the one that it was."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from ..faults import Fault, FaultKind
from .deadlines import within
from .decomposer import Decomposition

__all__ = ["Again", "Growing"]


@final
@dataclass(frozen=True, slots=True)
class Again:
    """A task that is to be planned again: its words, how deep it is, and what it came from."""

    id: str
    text: str
    depth: int
    above: tuple[str, ...]


class Growing:
    """All tasks so far, as a plan file holds them.

    Args:
        first: The tasks of the goal itself.
    """

    def __init__(self, first: Decomposition) -> None:
        self.name = first.name
        self.tasks: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self.places: dict[str, tuple[int, int]] = {}
        self._waiting: deque[Again] = deque()
        self._now: Again | None = None
        self._add(first, "", 1, ())

    def next_one(self) -> Again | None:
        """Return the next task that is to be planned again."""
        self._now = self._waiting.popleft() if self._waiting and not self.faults else None
        return self._now

    def refuse(self, problem: str) -> None:
        """Say why the task that was returned last is not planned again."""
        id_ = self._now.id if self._now else ""
        text = f"the task `{id_}` cannot be planned again: {problem}"
        place = self.places.get(id_, (0, 0))
        self.faults.append(Fault(FaultKind.TOO_DEEP, id_, text, "", *place))

    def put(self, part: Decomposition) -> None:
        """Put tasks in place of the task that was returned last."""
        now = self._now
        assert now is not None
        index = next(i for i, task in enumerate(self.tasks) if task.get("id") == now.id)
        whole = self.tasks[index]
        if not part.tasks and not part.faults:
            text = f"the task `{now.id}` was planned again, and nothing was left to do: drop it"
            self.faults.append(Fault(FaultKind.EMPTY_PLAN, now.id, text))
            return
        later = self.tasks[index + 1 :]
        del self.tasks[index:]
        place = self.places.get(now.id, (0, 0))
        self._add(part, f"{now.id}_", now.depth + 1, (*now.above, now.text))
        self.tasks[index:] = [within(task, whole) for task in self.tasks[index:]]
        inner = self.tasks[index:]
        self.places |= {str(task.get("id")): place for task in inner}
        self.tasks += later
        self._link(now.id, whole, inner)

    def _link(self, id_: str, whole: Mapping[str, Any], inner: list[dict[str, Any]]) -> None:
        """Let the first tasks need what the whole needed, and its needers the last ones."""
        before = list(whole.get("needs", ()))
        needed = {need for task in inner for need in task.get("needs", ())}
        lasts = [task["id"] for task in inner if task["id"] not in needed] or [
            task["id"] for task in inner
        ]
        own = {task["id"] for task in inner}
        for task in inner:
            if before and not own & set(task.get("needs", ())):
                task["needs"] = [*before, *task.get("needs", ())]
        for task in self.tasks:
            needs = task.get("needs", ())
            if id_ in needs:
                at = list(needs).index(id_)
                task["needs"] = [*needs[:at], *lasts, *needs[at + 1 :]]
        if id_ in self.done:
            self.done.remove(id_)
            self.done += sorted(own)

    def _add(self, part: Decomposition, prefix: str, depth: int, above: tuple[str, ...]) -> None:
        own = {task.get("id") for task in part.tasks}
        for each in part.tasks:
            task = dict(each)
            if prefix:
                task["id"] = f"{prefix}{task.get('id', '')}"
                # What it names within is renamed; anything else is another task of the goal.
                needs = [f"{prefix}{one}" if one in own else one for one in task.get("needs", ())]
                task |= {"needs": needs} if needs else {}
            self.tasks.append(task)
        self.done += [f"{prefix}{one}" for one in part.done]
        self.faults += part.faults
        self.warnings += part.warnings
        self.places |= {f"{prefix}{id_}": place for id_, place in part.places.items()}
        by_id = {task.get("id"): task for task in part.tasks}
        for id_ in part.again:
            if id_ not in by_id:
                text = f"the decomposer says that `{id_}` is to be planned again, which is no task"
                self.faults.append(Fault(FaultKind.DECOMPOSER_FAILED, id_, text))
                continue
            given = by_id[id_]
            text = str(given.get("description") or given.get("title") or id_)
            self._waiting.append(Again(f"{prefix}{id_}", text, depth, above))
