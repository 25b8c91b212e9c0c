"""Random workflows of steps inside of steps, and what each of their steps does when it is asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from ciranda.runs.graph import Graph, build_graph
from ciranda.workflow.model import Block, Join, Loop, Step

NO_BLOCKS: frozenset[str] = frozenset()


@dataclass
class Links:
    """How the steps of a block hang together."""

    edges: dict[str, tuple[str, ...]]
    lifts: dict[str, bool | frozenset[str]]
    reads: frozenset[str] = NO_BLOCKS
    peers: frozenset[str] = NO_BLOCKS


@dataclass
class Spec:
    """One step of a tree.

    Attributes:
        name: Its id.
        needs: Of the same block.
        lifts: Whether a failed need leaves it free.
        body: `action`, `wait`, `group`, `try` or `switch`.
        blocks: Its blocks by name.
        repeat: `map`, `loop`, or empty.
        count: Items or turns.
        policy: What a failed item means.
        width: Items at once.
        need: How many branches or items have to succeed.
        rest: What becomes of the others.
        case: Which case of a switch holds; -1 is none.
        kinds: What each catch of a `try` takes.
        tolerated: Whether `continue-on-error` accepts its failures.
    """

    name: str
    needs: tuple[str, ...] = ()
    lifts: bool = False
    body: Literal["action", "wait", "group", "try", "switch", "succeed"] = "action"
    blocks: dict[str, list[Spec]] = field(default_factory=dict)
    repeat: str = ""
    count: int = 0
    policy: Literal["stop", "finish", "keep"] = "finish"
    width: int = 3
    need: int | None = None
    rest: Literal["finish", "cancel"] = "finish"
    case: int = -1
    kinds: tuple[tuple[str, ...], ...] = ()
    tolerated: bool = False


@dataclass
class Tree:
    """A workflow: its steps, its handlers, and the seed of what they do."""

    steps: list[Spec]
    handlers: dict[str, list[Spec]]
    seed: int

    def outcome(self, path: str, attempt: int) -> str:
        """Return what the step, the item or the turn at a path comes to: `ok`, `fail`, `skip`."""
        chance = random.Random(f"{self.seed} {path}")
        roll = chance.random()
        if roll < 0.14:
            return "fail"
        if roll < 0.22:
            return "skip"
        return "fail" if roll < 0.32 and attempt == 1 else "ok"

    def retries(self, path: str) -> bool:
        """Say whether what fails at a path is tried a second time."""
        return 0.22 <= random.Random(f"{self.seed} {path}").random() < 0.42

    @property
    def kind(self) -> str:
        """The kind of all failures: which of two comes first depends on the order of events."""
        return ("boom", "crash", "other")[self.seed % 3]

    def graph(self) -> Graph:
        """Return the graph of it."""
        inner: dict[tuple[str, ...], Links] = {}
        steps, links = _steps(self.steps, (), inner)
        handlers = {}
        for name, block in self.handlers.items():
            made, inner["", name] = _steps(block, ("", name), inner)
            handlers[name] = Block(steps=made)
        return build_graph(steps, links.edges, links.lifts, inner=inner, handlers=handlers)


def _steps(
    specs: list[Spec], way: tuple[str, ...], inner: dict[tuple[str, ...], Links]
) -> tuple[dict[str, Step], Links]:
    steps = {}
    for spec in specs:
        blocks = {}
        for name, block in spec.blocks.items():
            made, inner[*way, spec.name, name] = _steps(block, (*way, spec.name, name), inner)
            blocks[name] = Block(steps=made)
        more: dict[str, Any] = {}
        if spec.repeat == "map":
            more["map"] = []
        elif spec.repeat == "loop":
            more["loop"] = Loop(condition="true")
        steps[spec.name] = Step(
            id=spec.name,
            body=spec.body,
            blocks=blocks,
            join=Join(need=spec.need, rest=spec.rest, race=spec.rest == "cancel"),
            on_item_failure=spec.policy,
            max_parallel=spec.width,
            catches=spec.kinds,
            **more,
        )
    edges = {spec.name: spec.needs for spec in specs}
    return steps, Links(edges, {spec.name: spec.lifts for spec in specs})


class Planter:
    """Makes trees.

    Args:
        chance: Where it takes its choices from.
        most: Steps of a tree at the most, about.
        races: Whether what wins may stop what loses, whose end depends on the order of events.
        plain: Whether nothing follows a failure: no handlers, no `if` that speaks of status.
    """

    def __init__(
        self, chance: random.Random, most: int, *, races: bool = False, plain: bool = False
    ) -> None:
        self.plain = plain
        self.chance = chance
        self.left = most
        self.races = races
        self.names = 0
        self.undoable = True

    def tree(self) -> Tree:
        chance = self.chance
        steps = self.block(0)
        self.undoable = False
        handlers = {
            name: self.block(2)
            for name in ("on-failure", "on-success", "on-cancel", "finally")
            if chance.random() < 0.2 and not self.plain
        }
        return Tree(steps, handlers, chance.randrange(10**9))

    def block(self, depth: int) -> list[Spec]:
        specs: list[Spec] = []
        for _ in range(self.chance.randint(1, 4 if depth < 2 else 2)):
            if specs and self.left <= 0:
                break
            specs.append(self.spec(specs, depth))
        return specs

    def spec(self, before: list[Spec], depth: int) -> Spec:
        chance = self.chance
        self.left -= 1
        self.names += 1
        spec = Spec(f"s{self.names}")
        count = min(len(before), chance.choice([0, 0, 1, 1, 2]))
        spec.needs = tuple(each.name for each in chance.sample(before, count))
        spec.lifts = chance.random() < 0.2 and not self.plain
        spec.tolerated = chance.random() < 0.15
        if depth < 3 and self.left > 0 and chance.random() < 0.5:
            self.inside(spec, depth)
        elif chance.random() < 0.15:
            spec.body = "wait"
        elif self.races and chance.random() < 0.04:
            spec.body = "succeed"
        if spec.body != "succeed" and chance.random() < 0.3:
            self.repeated(spec)
        self.handled(spec)
        return spec

    def handled(self, spec: Spec) -> None:
        before, names = self.undoable, ["on-failure", "on-cancel"]
        names += ["compensate"] if before else []  # what undoes is not undone
        self.undoable = False
        for name in names:
            if self.left > 0 and self.chance.random() < 0.12 and not self.plain:
                spec.blocks[name] = self.block(3)
        self.undoable = before

    def inside(self, spec: Spec, depth: int) -> None:
        chance = self.chance
        spec.body = chance.choice(["group", "group", "try", "switch"])
        if spec.body == "group":
            spec.blocks["steps"] = self.block(depth + 1)
            if chance.random() < 0.25:
                spec.need = 1
                spec.rest = "cancel" if self.races and chance.random() < 0.6 else "finish"
        elif spec.body == "switch":
            cases = chance.randint(1, 2)
            for number in range(cases):
                spec.blocks[f"case{number}"] = self.block(depth + 1)
            spec.case = chance.randint(-1, cases - 1)
        else:
            spec.blocks["try"] = self.block(depth + 1)
            kinds = chance.choice([(), ((),), (("boom",),), (("boom",), ("crash",))])
            for number in range(len(kinds)):
                spec.blocks[f"catch{number}"] = self.block(depth + 1)
            spec.kinds = kinds
            if chance.random() < 0.5:
                spec.blocks["finally"] = self.block(depth + 1)

    def repeated(self, spec: Spec) -> None:
        chance = self.chance
        spec.repeat = chance.choice(["map", "loop"])
        spec.count = chance.randint(0, 4)
        spec.width = chance.randint(1, 3)
        if spec.repeat == "map" and spec.body != "group" and chance.random() < 0.2:
            spec.need, spec.rest = 1, "finish"
            if self.races and chance.random() < 0.6:
                spec.rest = "cancel"
        spec.policy = chance.choice(
            ["finish", "keep", "stop"] if self.races else ["finish", "keep"]
        )


def every(specs: list[Spec]) -> Iterator[Spec]:
    """Yield each step of some, at any depth."""
    for spec in specs:
        yield spec
        for block in spec.blocks.values():
            yield from every(block)
