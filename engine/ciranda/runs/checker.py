"""What an engine knows of a workflow before a run; `ciranda validate` needs no more than this."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, final

from ciranda.actions import Action, action
from ciranda.errors import Fault, PluginError
from ciranda.expressions import Function
from ciranda.plugins import Plugins
from ciranda.trigger import BUILT_IN
from ciranda.workflow.check import Checked, check
from ciranda.workflow.load import load
from ciranda.workflow.model import Workflow
from ciranda.workflow.parts import attach, parts_of, steps_of
from ciranda.workflow.placement import check_action, executor_of
from ciranda.workflow.places import Places
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS

__all__ = ["Checker"]


@final
class Checker:
    """Checks workflows against the plugins that they name.

    Args:
        plugins: What is installed; what a workflow names is brought in.
        replaced: Actions that take the place of those of the same name.
    """

    def __init__(self, plugins: Plugins, replaced: Mapping[str, Action] | None = None) -> None:
        self._plugins: Final = plugins
        self._replaced: Final = dict(replaced or {})
        self._functions: Mapping[str, Function] = CONTEXT_FUNCTIONS

    def load(self, path: str | os.PathLike[str]) -> Checked:
        """Read and check a workflow file.

        Raises:
            WorkflowError: All faults found, in file order.
            PluginError: A plugin that it names cannot be used.
        """
        return self.check(load(path, loaders=self._plugins.readers))

    def check(self, workflow: Workflow, *, pinned: bool = False) -> Checked:
        """Bring in the plugins that a workflow names; check it against their actions.

        Args:
            workflow: What was loaded or built.
            pinned: Its inline plugins are restored already.

        Raises:
            WorkflowError: All faults found, in file order.
            ActionError: No executor can perform a step.
            PluginError: A plugin that it names cannot be used; `fault` says where it is listed.
        """
        workflow = attach(workflow, loaders=self._plugins.readers)
        for part in parts_of(workflow):
            folder = Path(part.file).parent if part.file else Path.cwd()
            declared = () if pinned else part.plugins
            try:
                self._plugins.load(declared=declared, folder=folder)
            except PluginError as error:
                error.fault = _listed(error, part)
                raise
        obstacles = {}
        steps = list(steps_of(workflow))
        names = {step.uses for step in steps if step.body == "action"} - self._replaced.keys()
        for name in names:
            if unlisted := self._plugins.unlisted(name):
                obstacles[name] = unlisted
        names |= {name for step in steps for name in step.modifiers}
        names |= {each.kind for part in parts_of(workflow) for each in part.triggers}
        for namespace in {name.partition(".")[0] for name in names.difference(BUILT_IN)}:
            obstacle = self._plugins.obstacle(namespace)
            if obstacle:
                obstacles[namespace] = obstacle
            else:
                self._plugins.require(namespace)
        actions = self.actions_of(workflow)
        checked = check(
            workflow,
            actions,
            functions=self.functions,
            executors=frozenset(self._plugins.executors),
            plugins=obstacles,
            refuses=self._plugins.refusal,
            kinds=dict(self._plugins.triggers),
        )
        for step in steps_of(checked.workflow):
            if step.body == "action":
                used = actions[step.uses]
                check_action(step, executor_of(step, used), used)
        return checked

    @property
    def functions(self) -> Mapping[str, Function]:
        """What expressions may call; the same object until a plugin adds to it.

        Compiled expressions are kept by the identity of this mapping.
        """
        added = self._plugins.functions
        if not added:
            return CONTEXT_FUNCTIONS
        if added.keys() - self._functions.keys():
            self._functions = {**CONTEXT_FUNCTIONS, **added}
        return self._functions

    def actions_of(self, workflow: Workflow) -> dict[str, Action]:
        """Return the actions that a workflow may name, with its own functions among them."""
        own = {
            name: made if isinstance(made, Action) else action(name)(made)
            for name, made in workflow.functions.items()
        }
        return {**self._plugins.actions, **own, **self._replaced}


def _listed(error: PluginError, workflow: Workflow) -> Fault | None:
    """Return the fault of the entry of `plugins` that could not be brought in."""
    if error.entry not in workflow.plugins:
        return None
    places = Places(workflow.document, workflow.file)
    path = ("plugins", list(workflow.plugins).index(error.entry))
    return places.fault(path, str(error), kind="plugin")
