"""What a new run takes over of an old one, and what it does again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from ciranda.errors import InputError
from ciranda.events import BlockEntered, Event
from ciranda.events.path import holds, is_block, is_index
from ciranda.runs.frame import is_main
from ciranda.runs.history import History
from ciranda.runs.meaning import begun_again, header, meaning
from ciranda.workflow.check import Checked
from ciranda.workflow.entering import block_of, unfolded
from ciranda.workflow.model import Block, Step, Workflow
from ciranda.workflow.nearest import nearest

__all__ = ["Reuse", "reuse"]

_File = tuple[Workflow | None, Workflow, tuple[str, ...]]  # before, now, the way to its steps
_DEEPEST: Final = 200  # parts of a path to begin with: each is a level of this walk
_LOST: Final = "a file that it made is kept no more"
_OTHER_ENV: Final = "the file gives another environment to its steps now"


@dataclass(frozen=True, slots=True)
class Reuse:
    """What becomes of the steps of an old run in a new one.

    Attributes:
        kept: Paths of the steps whose results are taken over, in the order of the file; within
            what is begun within, those of its items and steps.
        again: The steps that run again, by path, with the reason.
        events: The old run's events that the new one begins with.
    """

    kept: list[str]
    again: dict[str, str]
    events: list[Event]


def reuse(
    old: Workflow,
    checked: Checked,
    events: Iterable[Event],
    start: str,
    changed: AbstractSet[str],
    readers: Mapping[str, AbstractSet[str]],
    *,
    lost: AbstractSet[str] = frozenset(),
) -> Reuse:
    """Say what a new run takes over of an old one.

    Args:
        old: The workflow as the old run had it.
        checked: The workflow of the new run.
        events: The old run's, in order.
        start: Path of what runs again, with all that follows from it.
        changed: Names of the inputs that have another value now.
        readers: For each step of the workflow, the inputs that it reads, at any depth.
        lost: Paths of the steps whose files are kept no more.

    Raises:
        InputError: There is nothing at the path, or nothing that could be taken over around it.
    """
    parts = start.split("/")
    if any(map(is_block, parts)):
        owner = start[: start.index("@")].rstrip("/")
        hint = f"name the step around it: `--from {owner}`" if owner else "it runs at the end"
        raise InputError(f"`{start}` is in a handler, which cannot be begun with: {hint}")
    if len(parts) > _DEEPEST:
        owner = "/".join(parts[:_DEEPEST])
        raise InputError(f"the path has {len(parts)} parts, {_DEEPEST} are the most: `{owner}`")
    history = History()
    history.fold(events)
    again: dict[str, str] = {}
    stale = "" if meaning(old.env) == meaning(checked.workflow.env) else _OTHER_ENV
    files = ((old, checked.workflow, ()),)
    kept = _Level(history, again, checked, start, lost, stale, files).walk(
        old.steps, checked.workflow.steps, (), "", parts, changed, readers
    )
    history.close()
    return Reuse(kept, again, [history.live[at] for at in sorted(history.live)])


@dataclass(frozen=True, slots=True)
class _Level:
    history: History
    again: dict[str, str]
    checked: Checked
    start: str
    lost: AbstractSet[str]
    stale: str  # why no step can be taken over
    files: tuple[_File, ...]  # those that its steps are in, the innermost last

    def walk(  # noqa: PLR0917  (all of it differs from level to level)
        self,
        old: Mapping[str, Step],
        new: Mapping[str, Step],
        way: tuple[str, ...],
        prefix: str,
        parts: list[str],
        changed: AbstractSet[str],
        readers: Mapping[str, AbstractSet[str]],
    ) -> list[str]:
        """Decide about the steps of one level, from which `parts` lead on; return what is kept."""
        first, rest = parts[0], parts[1:]
        if first not in new:
            self._unknown(first, new, prefix)
        links = self.checked.inner.get(way)
        edges = self.checked.edges if not way else (links.edges if links is not None else {})
        for name, step in new.items():
            reads = changed & readers.get(name, set())
            reason = self._reason(prefix + name, old.get(name), step, reads)
            if reason and name != first:
                self._redo(prefix + name, reason)
        self._spread(new, edges, prefix, first)  # what the first one needs is known now
        inside = self._begin(
            old.get(first),
            new[first],
            way,
            prefix,
            rest,
            changed & readers.get(first, set()),
            edges,
        )
        self._spread(new, edges, prefix, "")
        for place, event in list(self.history.live.items()):
            where = getattr(event, "path", "")
            known = not prefix or where.startswith(prefix)
            name = where.removeprefix(prefix).partition("/")[0]
            if where and known and name not in new:
                del self.history.live[place]  # the step is gone
        kept = [[prefix + name] if prefix + name not in self.again else [] for name in new]
        kept[[*new].index(first)] = inside
        return [path for paths in kept for path in paths]

    def _begin(  # noqa: PLR0917  (as for `walk`)
        self,
        old: Step | None,
        step: Step,
        way: tuple[str, ...],
        prefix: str,
        rest: list[str],
        reads: AbstractSet[str],
        edges: Mapping[str, tuple[str, ...]],
    ) -> list[str]:
        """Decide about the step that the new run begins with, or within; return what is kept."""
        path = prefix + step.id
        if not rest:
            self._redo(path, "it is where the new run begins")
            return []
        reason = self._whole(old, reads)
        if not reason and step.repeats:
            reason = self._lost_beside(path, rest[0])
        for need in edges.get(step.id, ()):
            if not reason and prefix + need in self.again:
                reason = f"it needs `{need}`"
        if reason:
            self._redo(path, reason)
            return []
        self.again[path] = f"`{self.start}` in it runs again"
        return self._enter(old, step, way, path, rest)

    def _redo(self, path: str, reason: str) -> None:
        self.again[path] = reason
        self.history.drop(path)

    def _spread(
        self, new: Mapping[str, Step], edges: Mapping[str, tuple[str, ...]], prefix: str, first: str
    ) -> None:
        """Run again what needs something that runs again, wherever it stands in the file."""
        more = True
        while more:
            more = False
            for name in new:
                path = prefix + name
                if path in self.again or name == first:
                    continue
                below = [need for need in edges.get(name, ()) if prefix + need in self.again]
                if below:
                    self._redo(path, f"it needs `{below[0]}`")
                    more = True

    def _reason(self, path: str, old: Step | None, new: Step, reads: AbstractSet[str]) -> str:
        whole = self._whole(old, reads)
        if whole:
            return whole
        if meaning(old) != meaning(new) or self._begins_another(new):
            return "the file says something else of it now"
        if path not in self.history.ended:
            return self.history.failed.get(path, "it did not end")
        if any(holds(path, each) for each in self.lost):
            return _LOST
        return ""

    def _begins_another(self, step: Step) -> bool:
        """Say whether a file that begins again in a step says something else now."""
        named = begun_again(step)
        changed = (new for old, new, _ in self.files if meaning(old) != meaning(new))
        return bool(named) and any(new.file in named for new in changed)

    def _whole(self, old: Step | None, reads: AbstractSet[str]) -> str:
        """Return why no part of a step can be taken over, if so."""
        if old is None:
            return "it is new in the file"
        if reads:
            return f"it reads the input `{min(reads)}`, which has another value"
        return self.stale

    def _lost_beside(self, path: str, number: str) -> str:
        item = f"{path}/{number}"
        beside = any(holds(path, each) and not holds(item, each) for each in self.lost)
        return _LOST if beside else ""

    def _enter(
        self, old: Step | None, step: Step, way: tuple[str, ...], path: str, rest: list[str]
    ) -> list[str]:
        """Go on into a step of which only a part runs again; return what is kept of it."""
        if old is not None and header(old) != header(step):
            raise InputError(
                f"the file says something else of `{path}` now, so no part of it can be taken "
                f"over: `--from {path}`"
            )
        self.history.reopen(path)
        before_it: list[str] = []
        after_it: list[str] = []
        if is_index(rest[0]):
            if not step.repeats:
                raise InputError(f"`{path}` has no items: `--from {path}` runs it again")
            path, number, rest = f"{path}/{rest[0]}", int(rest[0]), rest[1:]
            if not self.history.knows(path):
                raise InputError(f"the run has no `{path}`: `ciranda show` tells its steps")
            if step.loop is not None:
                self.history.drop_turns(path.rpartition("/")[0], number)
            beside = self.history.items(path.rpartition("/")[0])
            before_it = [each for each in beside if int(each.rpartition("/")[2]) < number]
            after_it = [each for each in beside if int(each.rpartition("/")[2]) > number]
            if not rest:
                self._redo(path, "it is where the new run begins")
                return before_it + after_it
            self.history.drop_end(path)
        elif step.repeats:
            raise InputError(f"`{path}` runs for each item: name one, `--from {path}/0/{rest[0]}`")
        name, block = self._block(step, path)
        earlier = old.blocks.get(name) if old is not None else None
        way, files = (*way, step.id, name), self.files
        if block.again:
            at = max(at for at, (_, new, _) in enumerate(files) if new.file == block.again)
            before, now, way = files[at]
            block, files = unfolded(block, [now]), files[: at + 1]
            earlier = None if before is None else block_of(before)
        elif block.workflow is not None:
            before = earlier.workflow if earlier is not None else None
            files = (*files, (before, block.workflow, way))
        inside = replace(self, files=files).walk(
            earlier.steps if earlier is not None else {},
            block.steps,
            way,
            f"{path}/",
            rest,
            frozenset(),
            {},
        )
        return [*before_it, *inside, *after_it]

    def _block(self, step: Step, path: str) -> tuple[str, Block]:
        for event in self.history.live.values():
            if isinstance(event, BlockEntered) and event.path == path and is_main(event.block):
                return event.block, step.blocks[event.block]
        raise InputError(f"nothing inside of `{path}` ran: `--from {path}` runs it")

    def _unknown(self, name: str, steps: Mapping[str, Step], prefix: str) -> None:
        where = f"`{prefix.rstrip('/')}` has" if prefix else "the workflow has"
        meant = nearest(name, steps)
        hint = f"did you mean `{prefix}{meant}`?" if meant else f"it has {', '.join(steps)}"
        raise InputError(f"{where} no step `{name}`; {hint}")
