"""The built-in decomposer: rules that read checklists, steps and sentences, always the same way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from ..faults import Fault, FaultKind
from .deadlines import within
from .decomposer import Assignment, Decomposer, Decomposition
from .drafts import Draft, read_drafts
from .files import Files
from .linking import Links
from .names import slug
from .outline import Item
from .work import Work, fill, find_work

__all__ = ["RULES", "decompose"]

_INHERITED: Final = ("kind", "priority", "retries", "timeout", "cost", "resources")
_MOST: Final = 10_000  # tasks of a goal
_NEEDS: Final = 200_000  # needs of all tasks together


def decompose(assignment: Assignment) -> Decomposition:
    """Take a goal apart by the rules of `docs/planner-goals.md`."""
    return _Rules(assignment).decomposition()


class _Rules:
    def __init__(self, assignment: Assignment) -> None:
        self._goal = assignment.goal
        self._faults: list[Fault] = []
        self._warnings: list[str] = []
        self._files = Files(assignment.goal.folder)
        items = self._sensible(assignment.analysis.outline.items)
        self._title = next((item.masked.plain() for item in items if item.heading == 1), "")
        self._drafts = read_drafts(items, self._files.is_file)
        self._links = Links(self._drafts)
        for one in self._drafts:
            self._read_work(one)
        groups = {one.parent for one in self._drafts}
        self._works = [
            not one.heading and (place not in groups or bool(one.work))
            for place, one in enumerate(self._drafts)
        ]
        self._links.link(self._works)
        self._ids: list[dict[str, str]] = [{} for _ in self._drafts]  # file -> id of each task
        self._origins = [self._origin(place) for place in range(len(self._drafts))]

    def _sensible(self, items: list[Item]) -> list[Item]:
        """Leave out questions, and lines that hold no word."""
        left_out = set()
        for place, item in enumerate(items):
            if item.heading or item.ticked is not None:
                continue
            if item.text.rstrip().endswith("?"):
                self._warnings.append(f"line {item.line} asks something and is no task")
                left_out.add(place)
        if not left_out:
            return items
        parents = {item.parent for item in items}
        left_out -= parents
        moved: dict[int, int] = {-1: -1}
        kept: list[Item] = []
        for place, item in enumerate(items):
            if place not in left_out:
                moved[place] = len(kept)
                kept.append(replace(item, parent=moved[item.parent]))
        return kept

    def _read_work(self, one: Draft) -> None:
        if one.heading or one.clauses:  # its words are what its parts are called together
            return
        one.work, patterns, faults = find_work(one.title, self._files.is_file)
        one.title = one.work.title
        one.patterns += patterns
        one.faults += faults
        one.work.uses = str(one.fields.pop("uses", "")) or one.work.uses

    def _origin(self, place: int) -> int:
        """Return whose patterns a draft goes over: its own, or those of a group it is in."""
        while place >= 0 and not self._drafts[place].patterns:
            place = self._drafts[place].parent
        return place

    def decomposition(self) -> Decomposition:
        """Return the tasks, or everything that is wrong."""
        self._name_all()
        tasks: list[dict[str, Any]] = []
        done: list[str] = []
        places: dict[str, tuple[int, int]] = {}
        needs = self._needs()
        for place, one in enumerate(self._drafts):
            self._faults += [
                Fault(kind, self._shown(place), text, "", one.line, one.column)
                for kind, text in [*one.notes.faults, *one.faults]
            ]
            if not self._works[place]:
                continue
            for file, id_ in self._ids[place].items():
                tasks.append(self._task(place, file, id_, needs.get(id_, [])))
                places[id_] = (one.line, one.column)
                if self._done(place):
                    done.append(id_)
        if not tasks and not self._faults:
            text = "there is nothing to do in this goal: write what is to be done, a line for each"
            self._faults.append(Fault(FaultKind.EMPTY_PLAN, "", text))
        elif tasks and len(done) == len(tasks) and not self._faults:
            text = "every item is ticked: there is nothing left to do"
            self._faults.append(Fault(FaultKind.EMPTY_PLAN, "", text))
        faults = tuple(sorted(self._faults, key=lambda fault: (fault.line, fault.column)))
        return Decomposition(
            tasks=tasks, done=tuple(done), name=self._title, faults=faults,
            warnings=tuple(self._warnings), places=places,
        )  # fmt: skip

    def _shown(self, place: int) -> str:
        return next(iter(self._ids[place].values()), "") or self._drafts[place].title.plain()

    def _name_all(self) -> None:
        """Give each task an id: one for each file where it goes over files."""
        taken: dict[str, int] = {}
        given = [str(one.fields["id"]) for one in self._drafts if "id" in one.fields]
        used = set(given)
        total = 0
        for place, one in enumerate(self._drafts):
            if not self._works[place]:
                continue
            files = self._over(place)
            total += len(files)
            if total > _MOST:
                text = f"the goal has more than {_MOST} tasks: split it up, or narrow its patterns"
                self._faults.append(Fault(FaultKind.TOO_LARGE, "", text, "", one.line, one.column))
                return
            stem = str(one.fields.get("id", "")) or slug(self._without_files(one)) or "task"
            for file in files:
                id_ = f"{stem}_{slug(file, path=True)}" if file else stem
                if "id" not in one.fields or file:
                    id_ = _unused(id_, used, taken)
                self._ids[place][file] = id_
                used.add(id_)

    def _without_files(self, one: Draft) -> str:
        title = one.title.plain()
        for pattern in one.patterns:
            title = title.replace(pattern, " ")
        return title

    def _over(self, place: int) -> list[str]:
        """Return the files that a task goes over, or one empty name."""
        origin = self._origins[place]
        if origin < 0:
            return [""]
        one = self._drafts[origin]
        found: set[str] = set()
        for pattern in one.patterns:
            files, problem = self._files.matching(pattern)
            found.update(files)
            fault = (FaultKind.NO_FILES, problem)
            if problem and fault not in one.faults:
                one.faults.append(fault)
        return sorted(found)

    def _done(self, place: int) -> bool:
        while place >= 0:
            if self._drafts[place].ticked:
                return True
            place = self._drafts[place].parent
        return False

    def _needs(self) -> dict[str, list[str]]:
        """Return the needs of each id; a group stands for its first or its last tasks."""
        needs: dict[str, dict[str, None]] = {}
        count = 0
        for task, other in [] if self._links.crowded else self._links.pairs():
            same = self._origins[task] >= 0 and self._origins[task] == self._origins[other]
            for file, id_ in self._ids[task].items():
                others = self._ids[other]
                wanted = [others[file]] if same and file in others else list(others.values())
                needs.setdefault(id_, {}).update(dict.fromkeys(wanted))
                count += len(wanted)
            if count > _NEEDS:
                break
        if self._links.crowded or count > _NEEDS:
            text = (
                f"the tasks of this goal need each other more than {_NEEDS} times: let a task of "
                "its own gather what many others need"
            )
            self._faults.append(Fault(FaultKind.TOO_LARGE, "", text))
            return {}
        return {id_: list(wanted) for id_, wanted in needs.items()}

    def _task(self, place: int, file: str, id_: str, needs: list[str]) -> dict[str, Any]:
        """Return a task as a plan file holds it."""
        one = self._drafts[place]
        title = _titled(one, file)
        words = {"title": title, "description": one.description}
        if file:
            prefix = self._goal.prefix
            file = f"{prefix}/{file}" if prefix else file
            # A name that begins with a dash would be an option of the command.
            file = f"./{file}" if file.startswith("-") else file
            words["file"] = file
        inherited = self._inherited(place)
        fields = within({**inherited, **one.fields}, inherited)
        work = self._given(one.work, file, words)
        task: dict[str, Any] = {**fields, **work}
        if not work:
            task |= {
                key: fill(value, words)
                for key, value in self._goal.defaults.items()
                if key in {"uses", "with", "command"}
            }
        for key, value in self._goal.defaults.items():
            if key not in {"uses", "with", "command"}:
                task.setdefault(key, value)
        task |= {"id": id_, "title": title}
        if one.description:
            task["description"] = one.description
        if needs:
            task["needs"] = needs
        return task

    def _inherited(self, place: int) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        above = self._drafts[place].parent
        while above >= 0:
            given = self._drafts[above].fields
            fields = {key: given[key] for key in _INHERITED if key in given} | fields
            fields = within(fields, given)
            above = self._drafts[above].parent
        return fields

    @staticmethod
    def _given(work: Work, file: str, words: dict[str, str]) -> dict[str, Any]:
        if work.uses:
            inputs = {"path": "{file}"} if work.with_ is None and file else work.with_
            return {"uses": work.uses} | ({"with": fill(inputs, words)} if inputs else {})
        if not work.command:
            return {}
        command = fill(work.command, words)
        return {"command": [*command, file] if file and command == work.command else command}


def _titled(one: Draft, file: str) -> str:
    title = one.title.plain().replace("{file}", file) if file else one.title.plain()
    named = False
    for pattern in one.patterns:
        for word in ("each ", "every ", "all ", ""):
            if f"{word}{pattern}" in title:
                title = title.replace(f"{word}{pattern}", file)
                named = True
    return title if named or not file or file in title else f"{title} ({file})"


def _unused(id_: str, used: set[str], counts: dict[str, int]) -> str:
    made = id_
    while made in used:
        counts[id_] = counts.get(id_, 1) + 1
        made = f"{id_}_{counts[id_]}"
    return made


RULES: Final = Decomposer(name="rules", decompose=decompose)
