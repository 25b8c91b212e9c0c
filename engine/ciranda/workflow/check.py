"""Everything about a workflow that can be known before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ciranda.errors import Fault, WorkflowError
from ciranda.expressions import Function
from ciranda.workflow.checks.actions import action_faults, input_faults
from ciranda.workflow.checks.approvals import approval_faults
from ciranda.workflow.checks.blocks import block_faults
from ciranda.workflow.checks.constants import constant_faults
from ciranda.workflow.checks.declarations import declaration_faults
from ciranda.workflow.checks.kinds import kind_faults
from ciranda.workflow.checks.layers import Refuses, accept
from ciranda.workflow.checks.listeners import listener_faults
from ciranda.workflow.checks.matrices import matrix_faults
from ciranda.workflow.checks.modifiers import modifier_faults
from ciranda.workflow.checks.names import Names
from ciranda.workflow.checks.needs import need_faults
from ciranda.workflow.checks.numbers import number_faults
from ciranda.workflow.checks.parts import part_faults
from ciranda.workflow.checks.reading import reading_faults
from ciranda.workflow.checks.results import result_faults
from ciranda.workflow.checks.texts import with_texts
from ciranda.workflow.checks.triggers import trigger_faults
from ciranda.workflow.checks.types import Types
from ciranda.workflow.links import Links
from ciranda.workflow.model import Workflow
from ciranda.workflow.onefile import sorted_faults
from ciranda.workflow.parts import parts_of, uses_of
from ciranda.workflow.places import Places
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS
from ciranda.workflow.survey import Survey, survey

if TYPE_CHECKING:
    from ciranda.actions import Action
    from ciranda.trigger import TriggerKind

__all__ = ["Checked", "check", "find_faults"]

Way = tuple[str, ...]
_NO_KINDS: Mapping[str, TriggerKind] = {}


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Checked:
    """A workflow without faults; an engine keeps its plan for as long as this is held.

    Attributes:
        workflow: The workflow; text inputs hold what was written.
        edges: For each step the steps it needs, written ones first.
        lifts: For each step whose failure does not skip it: True = any, else by name.
        inner: The graph of each block, by the way to it: step id, block name, step id, ...;
            the empty id stands for the workflow whose handler it is.
        kinds: What the plugins in use can listen to, by name.
    """

    workflow: Workflow
    edges: Mapping[str, tuple[str, ...]]
    lifts: Mapping[str, bool | frozenset[str]]
    inner: Mapping[tuple[str, ...], Links] = field(default_factory=dict)
    kinds: Mapping[str, TriggerKind] = field(default_factory=dict)


def check(
    workflow: Workflow,
    actions: Mapping[str, Action],
    *,
    functions: Mapping[str, Function] = CONTEXT_FUNCTIONS,
    executors: frozenset[str] = frozenset(),
    plugins: Mapping[str, str] | None = None,
    refuses: Refuses = accept,
    kinds: Mapping[str, TriggerKind] = _NO_KINDS,
) -> Checked:
    """Return the workflow ready for a plan.

    Args:
        workflow: What was loaded or built.
        actions: What is installed and enabled, by name; of the functions given to the builder,
            the actions made of them.
        functions: What expressions may call besides the built-in functions.
        executors: Names of plugins' executors.
        plugins: For namespaces that are not enabled: a sentence that says what to do.
        refuses: Says what is wrong with the options of a plugin's layer, by its name.
        kinds: What plugins can listen to, by name.

    Raises:
        WorkflowError: All faults found, in file order.
    """
    checked, faults = find_faults(
        workflow,
        actions,
        functions=functions,
        executors=executors,
        plugins=plugins,
        refuses=refuses,
        kinds=kinds,
    )
    if faults:
        raise WorkflowError(faults)
    return checked


def find_faults(
    workflow: Workflow,
    actions: Mapping[str, Action],
    *,
    functions: Mapping[str, Function] = CONTEXT_FUNCTIONS,
    executors: frozenset[str] = frozenset(),
    plugins: Mapping[str, str] | None = None,
    refuses: Refuses = accept,
    kinds: Mapping[str, TriggerKind] = _NO_KINDS,
) -> tuple[Checked, list[Fault]]:
    """Return what `check` returns, and all faults instead of raising them."""
    checker = _Checker(actions, functions, executors, plugins or {}, refuses, kinds)
    parts = parts_of(workflow)
    checker.names.update((part.file, part) for part in parts)
    for part in parts:
        checker.look(part)
    for part in parts:
        checker.judge(part)
    files = {part.file: len(parts) - at for at, part in enumerate(parts)}
    seen = checker.surveys[id(workflow)]
    links = checker.links[id(workflow)]
    top = links[()]
    inner = {way: each for way, each in links.items() if way}
    checked = Checked(seen.workflow, top.edges, top.lifts, inner, kinds)
    return checked, sorted_faults(checker.faults, files)


@dataclass(frozen=True, slots=True)
class _Checker:
    """Checks the files of a workflow, each after those that it uses.

    What is found out about a file is kept by the `id` of the workflow, as it was and as it became.
    """

    actions: Mapping[str, Action]
    functions: Mapping[str, Function]
    executors: frozenset[str]
    plugins: Mapping[str, str]
    refuses: Refuses
    kinds: Mapping[str, TriggerKind]
    faults: list[Fault] = field(default_factory=list)
    surveys: dict[int, Survey] = field(default_factory=dict)
    files: dict[str, Survey] = field(default_factory=dict)
    names: dict[str, Workflow] = field(default_factory=dict)
    links: dict[int, Mapping[Way, Links]] = field(default_factory=dict)
    _texts: dict[int, Workflow] = field(default_factory=dict)
    _found: dict[int, list[Fault]] = field(default_factory=dict)
    _outputs: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def look(self, workflow: Workflow) -> None:
        """Find out about one file what its own check asks, and those of others."""
        faults: list[Fault] = []
        places = Places(workflow.document, workflow.file)
        whole = with_texts(workflow, self.actions, self._texts, self.names, places, faults)
        seen = survey(whole, places, faults, self.functions, self.surveys, self.files)
        self._found[id(workflow)] = faults
        for each in (workflow, whole):
            self._texts[id(each)] = whole
            self.surveys[id(each)] = seen
        self.files[workflow.file] = seen

    def judge(self, workflow: Workflow) -> None:
        """Check one file that was looked at, as all others were."""
        faults, seen = self._found[id(workflow)], self.surveys[id(workflow)]
        faults += self._faults(seen)
        types = Types(seen, self.actions, self._outputs, self.kinds)
        output = types.file()
        faults += _new(types.faults, faults)
        faults += kind_faults(seen, self.actions)
        faults += modifier_faults(seen, self.actions, self.executors, self.plugins, self.refuses)
        self.faults.extend(faults)
        links = self._links(seen)
        for each in (workflow, seen.workflow):
            self.links[id(each)] = links
            self._outputs[id(each)] = output

    def _faults(self, seen: Survey) -> Iterator[Fault]:
        yield from declaration_faults(seen)
        yield from constant_faults(seen)
        yield from trigger_faults(seen)
        yield from listener_faults(seen, self.kinds, self.plugins)
        yield from action_faults(seen, self.actions, self.plugins)
        yield from input_faults(seen, self.actions)
        yield from part_faults(seen)
        yield from need_faults(seen)
        yield from block_faults(seen)
        yield from matrix_faults(seen)
        yield from approval_faults(seen)
        yield from number_faults(seen)
        yield from reading_faults(seen)
        yield from result_faults(seen)
        names = Names(seen)
        for spot in seen.spots:
            yield from names.faults(spot)

    def _links(self, seen: Survey) -> Mapping[Way, Links]:
        links = {level.way: seen.links[level] for level in seen.levels}
        for way, _, part in uses_of(seen.workflow):
            links.update(((*way, *rest), each) for rest, each in self.links[id(part)].items())
        return links


def _new(later: list[Fault], earlier: list[Fault]) -> list[Fault]:
    """Leave out what says again, in other words, what is known about a place."""
    known = {(fault.line, fault.column) for fault in earlier if fault.line}
    return [fault for fault in later if (fault.line, fault.column) not in known]
