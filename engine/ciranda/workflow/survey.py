"""What is found out about one file of a workflow before it is judged."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ciranda.errors import Fault
from ciranda.expressions import Function
from ciranda.workflow.level import Level, levels_of
from ciranda.workflow.links import Links, Reads, conditions_of, links_of, reads_of
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.places import Places
from ciranda.workflow.spots import Spot, spots

__all__ = ["Survey", "survey"]


class Survey(msgspec.Struct, frozen=True, eq=False):
    """One file, its graphs and its expressions.

    Attributes:
        workflow: The file.
        places: Makes the faults.
        levels: Its graphs, the top first.
        steps: Its steps, at any depth.
        spots: Its expressions.
        conditions: The `if` of each step, by level and id.
        reads: Who reads whom, by level.
        links: The graph of each level.
        parts: Of the workflows that its steps use, what was found out, by `id`.
        files: Of all files, by name: some steps use one that they are in.
    """

    workflow: Workflow
    places: Places
    levels: list[Level]
    steps: list[tuple[Level, Step]]
    spots: list[Spot]
    conditions: Mapping[Level, Mapping[str, Spot]]
    reads: Mapping[Level, Reads]
    links: Mapping[Level, Links]
    parts: Mapping[int, Survey]
    files: Mapping[str, Survey]
    _kinds: list[frozenset[str]] = msgspec.field(default_factory=list)
    _holders: dict[str, list[Level]] = msgspec.field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds that its steps, and those of the files that it uses, fail with."""
        if not self._kinds:
            found: set[str] = set()
            files = [self]
            for file in files:  # the list is the queue
                for _, step in file.steps:
                    part = file.part(step) if step.body == "workflow" else None
                    if part is not None and part not in files:
                        files.append(part)
                    if step.body == "fail" and isinstance(step.options.get("kind"), str):
                        found.add(step.options["kind"])
            self._kinds.append(frozenset(found))
        return self._kinds[0]

    def holders(self, name: str) -> list[Level]:
        """Return the levels that have a step of this name; only faults ask for them."""
        if not self._holders:
            for level, step in self.steps:
                if level.named:
                    self._holders.setdefault(step.id, []).append(level)
        return self._holders.get(name, [])

    def part(self, step: Step) -> Survey | None:
        """Return what was found out about the workflow that a step uses."""
        block = step.blocks.get("workflow")
        if block is None or block.workflow is None:
            return None if block is None else self.files[block.again]
        return self.parts[id(block.workflow)]


def survey(
    workflow: Workflow,
    places: Places,
    faults: list[Fault],
    functions: Mapping[str, Function],
    parts: Mapping[int, Survey],
    files: Mapping[str, Survey],
) -> Survey:
    """Look at one file; expressions that cannot be compiled go into `faults`."""
    levels = levels_of(workflow)
    found = spots(workflow, places, faults, functions=functions, levels=levels)
    conditions = conditions_of(found)
    reads = reads_of(levels, found)
    links = {level: links_of(level, reads[level], conditions) for level in levels}
    steps = [(level, step) for level in levels for step in level.steps.values()]
    return Survey(workflow, places, levels, steps, found, conditions, reads, links, parts, files)
