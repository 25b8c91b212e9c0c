"""How each step of a tree must end, by plain recursion: no events, no order, nothing at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.engine.runs.trees import Spec, Tree


@dataclass
class End:
    """How a step, an item or a block ends."""

    word: str
    tolerated: bool = False
    because: bool = False  # skipped for a need
    kind: str = ""

    @property
    def bad(self) -> bool:
        """Whether it fails what it is inside of."""
        return self.word == "failed" and not self.tolerated


@dataclass
class Expected:
    """What is to become of a run.

    Attributes:
        ends: The status of each step, item and turn, by path.
        undone: Paths of what was compensated.
        strays: Whether a handler failed.
        status: Of the run.
    """

    ends: dict[str, str] = field(default_factory=dict)
    undone: list[str] = field(default_factory=list)
    strays: bool = False
    status: str = ""


class Recursion:
    """Goes through a tree in the order of its file."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.found = Expected()
        self.undoable: list[tuple[str, Spec]] = []  # in the scope that is gone through

    def run(self) -> Expected:
        end = self.block(self.tree.steps, "")
        if end.word == "failed" or self.found.strays:
            end = End("failed")
            self.undo(0)
        for name in (f"on-{'failure' if end.word == 'failed' else 'success'}", "finally"):
            if name in self.tree.handlers:
                handled = self.block(self.tree.handlers[name], f"@{name}/")
                if handled.word == "failed":
                    end = End("failed")
        self.found.status = end.word
        return self.found

    def undo(self, since: int) -> None:
        """Compensate what can be, since so many of them."""
        while len(self.undoable) > since:
            path, spec = self.undoable.pop()
            self.found.undone.append(path)
            if self.block(spec.blocks["compensate"], f"{path}/@compensate/").word == "failed":
                self.found.strays = True

    def block(self, specs: list[Spec], prefix: str, need: int | None = None) -> End:
        ends: dict[str, End] = {}
        for spec in specs:
            needs = [ends[name] for name in spec.needs]
            if not spec.lifts and any(each.bad or each.because for each in needs):
                ends[spec.name] = End("skipped", because=True)
                self.found.ends[prefix + spec.name] = "skipped"
            else:
                ends[spec.name] = self.step(spec, prefix + spec.name)
        bad = next((end for end in ends.values() if end.bad), None)
        if need is not None:
            inner = {name for spec in specs for name in spec.needs}
            won = [ends[spec.name].word for spec in specs if spec.name not in inner]
            if won.count("succeeded") >= need:
                return End("succeeded")
            return bad or End("failed", kind=self.tree.kind)
        return bad or End("succeeded")

    def step(self, spec: Spec, path: str) -> End:
        if not spec.repeat:
            return self.single(spec, path)
        if self.tree.outcome(path, 1) == "skip":
            end = End("skipped")
        elif spec.repeat == "map":
            end = self.items(spec, path)
        else:
            end = End("succeeded")
            for turn in range(spec.count):
                if self.single(spec, f"{path}/{turn}").bad:
                    end = End("failed", tolerated=spec.tolerated, kind=self.tree.kind)
                    break
        self.found.ends[path] = end.word
        return end

    def items(self, spec: Spec, path: str) -> End:
        ends = [self.single(spec, f"{path}/{item}") for item in range(spec.count)]
        if spec.need is not None:
            enough = sum(end.word == "succeeded" for end in ends) >= spec.need
        else:
            enough = spec.policy == "keep" or not any(end.bad for end in ends)
        return End("succeeded") if enough else End("failed", kind=self.tree.kind)

    def single(self, spec: Spec, path: str) -> End:
        """Go through a step, an item or a turn."""
        end = End("skipped")
        if spec.repeat == "loop" or self.tree.outcome(path, 1) != "skip":
            since = len(self.undoable)
            end = self.body(spec, path, 1)
            if end.word == "failed" and self.tree.retries(path):
                del self.undoable[since:]
                end = self.body(spec, path, 2)
        if end.word == "failed":
            end = End("failed", tolerated=spec.tolerated, kind=end.kind)
            self.handler(spec, path)
        elif end.word == "succeeded" and "compensate" in spec.blocks:
            self.undoable.append((path, spec))
        self.found.ends[path] = end.word
        return end

    def handler(self, spec: Spec, path: str) -> None:
        if "on-failure" in spec.blocks:
            end = self.block(spec.blocks["on-failure"], f"{path}/@on-failure/")
            self.found.strays |= end.word == "failed"

    def body(self, spec: Spec, path: str, attempt: int) -> End:
        if spec.body == "switch":
            if spec.case < 0:
                return End("skipped")
            return self.block(spec.blocks[f"case{spec.case}"], f"{path}/")
        if spec.body == "group":
            need = None if spec.repeat == "map" else spec.need  # else the items are joined
            return self.block(spec.blocks["steps"], f"{path}/", need)
        if spec.body == "try":
            return self.attempted(spec, path)
        failed = self.tree.outcome(path, attempt) == "fail"
        return End("failed", kind=self.tree.kind) if failed else End("succeeded")

    def attempted(self, spec: Spec, path: str) -> End:
        since = len(self.undoable)
        end = self.block(spec.blocks["try"], f"{path}/")
        if end.word == "failed":
            self.undo(since)
            for number, kinds in enumerate(spec.kinds):
                if not kinds or any(end.kind.startswith(kind) for kind in kinds):
                    end = self.block(spec.blocks[f"catch{number}"], f"{path}/@catch{number}/")
                    break
        if "finally" in spec.blocks:
            last = self.block(spec.blocks["finally"], f"{path}/@finally/")
            if last.word == "failed":
                end = last
        return end
