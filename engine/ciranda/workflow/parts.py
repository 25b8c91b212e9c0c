"""The files that one workflow is made of: its own, and those that steps of it use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from ciranda.errors import Fault, WorkflowError
from ciranda.workflow.circles import Circles, Use, may_not_run
from ciranda.workflow.cycles import cycles
from ciranda.workflow.document import read_file
from ciranda.workflow.entering import block_of
from ciranda.workflow.inputs import confined
from ciranda.workflow.level import Level, levels_of, root_of
from ciranda.workflow.loader import Loaders, none
from ciranda.workflow.model import Block, Step, Workflow
from ciranda.workflow.onefile import of_document, sorted_faults
from ciranda.workflow.opening import document_of
from ciranda.workflow.places import Places

__all__ = ["DEEPEST", "Read", "attach", "from_disk", "parts_of", "steps_of", "uses_of"]

Read = Callable[[Path], bytes]

DEEPEST: Final = 64  # workflows within workflows
_MOST: Final = 100_000  # steps of all of them, counted where they are used
_MOST_FILES: Final = 1000  # ways in which files stand in each other, when some are in circles


def from_disk(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        WorkflowError: It cannot be read, or is larger than a workflow may be.
    """
    return read_file(path)


def attach(workflow: Workflow, read: Read = from_disk, loaders: Loaders = none) -> Workflow:
    """Return the workflow with those that its steps use, at any depth, as blocks of the steps.

    Where a step uses a file that it is in, its block only names that file in `Block.again`.

    Args:
        workflow: What was loaded or built.
        read: Gives the bytes of a file; its path is `Workflow.file` of what is made of them.
        loaders: Who reads files that are not called YAML or JSON.

    Raises:
        WorkflowError: Everything wrong with the files: one does not exist, is outside of the
            project, uses itself without end, or is no workflow.
    """
    if not any(_uses(workflow)):
        return workflow
    found = _Files(read, loaders)
    found.collect(workflow)
    if found.faults:
        raise WorkflowError(sorted_faults(found.faults, found.order))
    return found.assembled()


def parts_of(workflow: Workflow) -> list[Workflow]:
    """Return each sub-workflow once, after those that it uses itself; the workflow is last."""
    found: list[Workflow] = []
    seen: set[int] = set()
    waiting = [(workflow, False)]
    while waiting:
        here, done = waiting.pop()
        if done:
            found.append(here)
        elif id(here) not in seen:
            seen.add(id(here))
            waiting.append((here, True))
            waiting += [(part, False) for _, _, part in uses_of(here)]
    return found


def steps_of(workflow: Workflow) -> Iterator[Step]:
    """Yield every step of a workflow once, at any depth, with those of the files that it uses."""
    for part in reversed(parts_of(workflow)):
        for level in levels_of(part):
            yield from level.steps.values()


def uses_of(workflow: Workflow) -> Iterator[tuple[tuple[str, ...], Step, Workflow]]:
    """Yield the steps of a file that use another one: the way to their block, the step, the file.

    What the other file uses is not among them.
    """
    for level in levels_of(workflow):
        for step in level.steps.values():
            block = step.blocks.get("workflow") if step.blocks else None
            if block is not None and block.workflow is not None:
                yield (*level.way, step.id, "workflow"), step, block.workflow


def _uses(workflow: Workflow) -> Iterator[tuple[Level, Step]]:
    for level in levels_of(workflow):
        for step in level.steps.values():
            if step.body == "workflow" and "workflow" not in step.blocks:
                yield level, step


class _Files(msgspec.Struct):
    """The files that a workflow is made of, each read once.

    Attributes:
        read: Gives their bytes.
        loaders: Who reads those that are not called YAML or JSON.
        files: What was read, by resolved path; the workflow itself is first.
        uses: For each file, the files that its steps use, and the step that does so first.
        always: The same of the steps that are sure to run when the file does.
        faults: What is wrong.
        order: Whose faults come first, by the files' names.
        ways: How each file stands in the others, after those that it uses; the workflow is last.
        circles: Which of them lead back to one around them.
    """

    read: Read
    loaders: Loaders
    files: dict[str, Workflow] = msgspec.field(default_factory=dict)
    uses: dict[str, dict[str, Step]] = msgspec.field(default_factory=dict)
    always: dict[str, dict[str, Step]] = msgspec.field(default_factory=dict)
    faults: list[Fault] = msgspec.field(default_factory=list)
    order: dict[str, int] = msgspec.field(default_factory=dict)
    ways: list[Use] = msgspec.field(default_factory=list)
    circles: Circles = msgspec.field(default_factory=lambda: Circles({}))
    _failed: set[str] = msgspec.field(default_factory=set)

    def collect(self, workflow: Workflow) -> None:
        """Read what the workflow uses, what that uses, and so on."""
        first = _resolved(workflow.file) if _has_file(workflow) else ""
        self.files[first] = workflow
        self.order[workflow.file] = 0
        waiting = [first]
        for key in waiting:  # the list is the queue
            self.uses[key], self.always[key] = {}, {}
            for level, step in _uses(self.files[key]):
                other = self._use(step, self.files[key])
                if other is None:
                    continue
                self.uses[key].setdefault(other, step)
                if not may_not_run(step, level):
                    self.always[key].setdefault(other, step)
                if other not in self.uses and other not in waiting:
                    waiting.append(other)
        if not self.faults:
            self.faults += self._circles()
        if not self.faults:
            self.faults += self._too_large()

    def _use(self, step: Step, user: Workflow) -> str | None:
        """Return the key of the file that a step uses, which is read now if it was not before."""
        try:
            key = confined(step.uses, user.file)
        except ValueError as error:
            self._fault(step, user, f"the workflow of step `{step.id}` {error}", "")
            return None
        if key in self.files:
            return key
        if key in self._failed:
            return None
        file = _beside(step.uses, user)
        self.order[file] = len(self.order)
        try:
            data = self.read(Path(file))
        except WorkflowError as error:
            for fault in error.faults:
                self._fault(
                    step, user, f"`{step.uses}` cannot be used: {fault.message}", fault.hint
                )
            self._failed.add(key)
            return None
        try:
            self.files[key] = of_document(document_of(data, file, self.loaders))
        except WorkflowError as error:
            self.faults += error.faults
            self._failed.add(key)
            return None
        return key

    def _fault(self, step: Step, user: Workflow, message: str, hint: str) -> None:
        places = Places(user.document, user.file)
        path = (*root_of(step), "uses")
        self.faults.append(places.fault(path, message, hint=hint, kind="unknown-workflow"))

    def _circles(self) -> Iterator[Fault]:
        for key, used in self.always.items():
            if key in used:
                yield self._circle((key,))
        for circle in cycles({key: tuple(used) for key, used in self.always.items()}):
            yield self._circle(circle)

    def _circle(self, circle: tuple[str, ...]) -> Fault:
        user, step = self.files[circle[0]], self.always[circle[0]][(*circle, circle[0])[1]]
        names = [f"`{self.files[key].file}`" for key in (*circle, circle[0])]
        return Places(user.document, user.file).fault(
            (*root_of(step), "uses"),
            f"this workflow uses itself without end: {' → '.join(names)}",
            hint="give the step an `if` that ends it, or repeat with `while` or `map` instead",
            kind="cycle",
        )

    def _too_large(self) -> Iterator[Fault]:
        depth: dict[Use, int] = {}
        steps: dict[Use, int] = {}
        circles = Circles(self.uses)
        ways = circles.unrolled(next(iter(self.files)), len(self.files) + _MOST_FILES)
        if len(ways) > len(self.files) + _MOST_FILES:
            yield self._fault_of(ways[0][0], "too many files use each other in circles")
            return
        for way in ways:
            key, _ = way
            user, used = self.files[key], self.uses[key]
            inner = {other: circles.inner(way, other) for other in used}
            depth[way] = 1 + max((depth[one] for one in inner.values() if one), default=0)
            own = [step for level in levels_of(user) for step in level.steps.values()]
            steps[way] = len(own)
            for step in own:
                one = inner[self._key(step, user)] if step.body == "workflow" else None
                steps[way] += steps[one] if one else 0
            if depth[way] > DEEPEST + 1:
                yield self._fault_of(key, f"workflows are nested deeper than {DEEPEST}")
                return
            if steps[way] > _MOST:
                message = f"all workflows that this one uses have more than {_MOST:,} steps"
                yield self._fault_of(key, message)
                return
        self.ways, self.circles = ways, circles

    def _fault_of(self, key: str, message: str) -> Fault:
        user, used = self.files[key], self.uses[key]
        path = (*root_of(next(iter(used.values()))), "uses") if used else ("steps",)
        return Places(user.document, user.file).fault(path, message, kind="too-deep")

    def _key(self, step: Step, user: Workflow) -> str:
        return confined(step.uses, user.file)

    def assembled(self) -> Workflow:
        """Return the workflow with the others in it."""
        done: dict[Use, Workflow] = {}
        for way in self.ways:
            done[way] = self._filled(way, done)
        return done[self.ways[-1]]

    def _filled(self, way: Use, done: dict[Use, Workflow]) -> Workflow:
        user = self.files[way[0]]

        def steps(given: dict[str, Step]) -> dict[str, Step]:
            return {name: filled(step) for name, step in given.items()}

        def filled(step: Step) -> Step:
            blocks = {name: block(each) for name, each in step.blocks.items()}
            if step.body == "workflow" and "workflow" not in blocks:
                key = self._key(step, user)
                inner = self.circles.inner(way, key)
                if inner is None:
                    blocks["workflow"] = Block(steps={}, again=self.files[key].file)
                else:
                    blocks["workflow"] = block_of(done[inner])
            return msgspec.structs.replace(step, blocks=blocks) if blocks else step

        def block(given: Block) -> Block:
            if given.workflow is not None:
                return given
            return msgspec.structs.replace(given, steps=steps(given.steps))

        handlers = {name: block(each) for name, each in user.handlers.items()}
        return msgspec.structs.replace(user, steps=steps(user.steps), handlers=handlers)


def _has_file(workflow: Workflow) -> bool:
    return bool(workflow.file) and workflow.file != "<string>"


def _resolved(file: str) -> str:
    return str(Path(file).resolve())


def _beside(uses: str, user: Workflow) -> str:
    """Return the path of a file as its user's own path leads to it."""
    folder = os.path.dirname(user.file) if _has_file(user) else ""
    return os.path.normpath(os.path.join(folder, uses))
