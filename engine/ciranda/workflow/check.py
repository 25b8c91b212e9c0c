"""Everything about a workflow that can be known before it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciranda.errors import Fault, WorkflowError
from ciranda.expressions import Function
from ciranda.workflow.checks.actions import action_faults, input_faults
from ciranda.workflow.checks.declarations import declaration_faults
from ciranda.workflow.checks.modifiers import modifier_faults
from ciranda.workflow.checks.names import name_faults
from ciranda.workflow.checks.needs import need_faults
from ciranda.workflow.checks.reading import reading_faults
from ciranda.workflow.checks.texts import with_texts
from ciranda.workflow.checks.types import type_faults
from ciranda.workflow.level import levels_of
from ciranda.workflow.links import Links, conditions_of, links_of, reads_of
from ciranda.workflow.load import sorted_faults
from ciranda.workflow.model import Workflow
from ciranda.workflow.parts import parts_of, uses_of
from ciranda.workflow.places import Places
from ciranda.workflow.scope import Scope
from ciranda.workflow.spots import Spot, spots
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["Checked", "check", "find_faults"]

Way = tuple[str, ...]


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
class Checked:
    """A workflow without faults; an engine keeps its plan for as long as this is held.

    Attributes:
        workflow: The workflow; text inputs hold what was written.
        edges: For each step the steps it needs, written ones first.
        lifts: For each step whose failure does not skip it: True = any, else by name.
        inner: The graph of each block, by the way to it: step id, block name, step id, ...;
            the empty id stands for the workflow whose handler it is.
    """

    workflow: Workflow
    edges: Mapping[str, tuple[str, ...]]
    lifts: Mapping[str, bool | frozenset[str]]
    inner: Mapping[tuple[str, ...], Links] = field(default_factory=dict)


def check(
    workflow: Workflow,
    actions: Mapping[str, Action],
    *,
    functions: Mapping[str, Function] = CONTEXT_FUNCTIONS,
    executors: frozenset[str] = frozenset(),
    plugins: Mapping[str, str] | None = None,
) -> Checked:
    """Return the workflow ready for a plan.

    Args:
        workflow: What was loaded or built.
        actions: What is installed and enabled, by name; of the functions given to the builder,
            the actions made of them.
        functions: What expressions may call besides the built-in functions.
        executors: Names of plugins' executors.
        plugins: For namespaces that are not enabled: a sentence that says what to do.

    Raises:
        WorkflowError: All faults found, in file order.
    """
    checked, faults = find_faults(
        workflow, actions, functions=functions, executors=executors, plugins=plugins
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
) -> tuple[Checked, list[Fault]]:
    """Return what `check` returns, and all faults instead of raising them."""
    faults: list[Fault] = []
    done: dict[int, Mapping[Way, Links]] = {}
    for part in parts_of(workflow):
        places = Places(part.document, part.file)
        levels = levels_of(part)
        found = spots(part, places, faults, functions=functions, levels=levels)
        conditions = conditions_of(found)
        reads = reads_of(levels, found)
        own = {level.way: links_of(level, reads[level], conditions) for level in levels}
        for way, _, inner in uses_of(part):
            own.update(((*way, *rest), each) for rest, each in done[id(inner)].items())
        done[id(part)] = own
    links = dict(done[id(workflow)])
    top = links.pop(())
    places = Places(workflow.document, workflow.file)
    faults = []
    workflow = with_texts(workflow, actions, places, faults)
    levels = levels_of(workflow)
    found = spots(workflow, places, faults, functions=functions, levels=levels)
    found = [spot for spot in found if spot.level is levels[0]]
    needs, lifts = top.edges, top.lifts
    faults += declaration_faults(workflow, places)
    faults += action_faults(workflow, actions, plugins or {}, places)
    faults += input_faults(workflow, actions, places)
    faults += need_faults(workflow, found, needs, places)
    faults += reading_faults(workflow, found, lifts, places)
    for spot in found:
        faults += name_faults(spot, workflow, places)
    faults += _new(_type_faults(workflow, found, actions, places), faults)
    faults += modifier_faults(workflow, actions, executors, places, plugins or {})
    return Checked(workflow, needs, lifts, links), sorted_faults(faults)


def _type_faults(
    workflow: Workflow, found: list[Spot], actions: Mapping[str, Action], places: Places
) -> list[Fault]:
    outputs = {name: action.output_schema for name, action in actions.items()}
    scope = Scope(workflow, outputs)
    # The list of a map tells the type of the item that its other expressions read.
    ordered = sorted(found, key=lambda spot: spot.place != "map")
    return [fault for spot in ordered for fault in type_faults(spot, scope, actions, places)]


def _new(later: list[Fault], earlier: list[Fault]) -> list[Fault]:
    """Leave out what says again, in other words, what is known about a place."""
    known = {(fault.line, fault.column) for fault in earlier if fault.line}
    return [fault for fault in later if (fault.line, fault.column) not in known]
