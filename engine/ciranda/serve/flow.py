"""A workflow file that is served: checked, its triggers ready, told apart by its digest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from ciranda.errors import CirandaError, WorkflowError
from ciranda.expressions import ExpressionError, Function, Secret
from ciranda.serve.trigger import Triggering, fault_of
from ciranda.vault import Vault, resolve_secrets
from ciranda.workflow.binding import bind
from ciranda.workflow.check import Checked
from ciranda.workflow.model import Trigger, Workflow
from ciranda.workflow.places import Places

__all__ = ["Flow", "Traces", "flow_of", "names_of", "traces_of"]

Traces = tuple[tuple[str, int, int], ...]  # of each file: path, size, time of change
_GONE: Final = -1
_FEWEST: Final = 4  # characters of a setting that is hidden: a shorter text is found everywhere


class Checks(Protocol):
    """What an engine, and whoever only checks, knows of workflows."""

    @property
    def functions(self) -> Mapping[str, Function]:
        """What expressions may call."""
        ...

    def check(self, workflow: Workflow) -> Checked:
        """Return a workflow that has no faults; raise WorkflowError otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """What one reading of a file gave.

    Attributes:
        checked: The workflow.
        triggers: In the order of the file.
        vault: Takes the secrets of the triggers, and of those who listen, out of a text.
        traces: Of the files that it was read from, before it was.
        digest: Of the workflow's text.
    """

    checked: Checked
    triggers: tuple[Triggering, ...]
    vault: Vault
    traces: Traces

    @property
    def file(self) -> str:
        """The path of the file, absolute."""
        return self.checked.workflow.file

    @property
    def digest(self) -> str:
        """The SHA-256 of the file as it was read, as runs pin it."""
        return hashlib.sha256(self.checked.workflow.source).hexdigest()


def flow_of(workflow: Workflow, engine: Checks, environ: Mapping[str, str] | None) -> Flow:
    """Check a workflow that was loaded and make its triggers ready. Blocks: reads secrets.

    Args:
        workflow: What was loaded.
        engine: Checks it.
        environ: Where secrets come from; None leaves out what needs them: webhooks have no token,
            and nothing is listened to.

    Raises:
        WorkflowError: It is faulty, or declares no trigger that can work.
        PluginError: A plugin that it names cannot be used.
        InputError: A secret of a trigger is not there.
    """
    traces = traces_of([workflow.file, *_beside(workflow)])
    checked = engine.check(workflow)
    workflow = checked.workflow
    places = Places(workflow.document, workflow.file)
    if not workflow.triggers:
        said = "the file declares no trigger"
        hint = "write `on:`, or begin it with `ciranda run`"
        raise WorkflowError([places.fault((), said, hint=hint, kind="trigger")])
    secrets = None if environ is None else _secrets(workflow, environ, engine.functions)
    found, faults = [], []
    for each, name in zip(workflow.triggers, names_of(workflow.triggers), strict=True):
        try:
            made = Triggering(
                each,
                name,
                workflow,
                functions=engine.functions,
                secrets=secrets,
                kind=checked.kinds.get(each.kind),
            )
        except (ValueError, ExpressionError) as error:
            faults.append(fault_of(error, each, places))
        else:
            found.append(made)
    if faults:
        raise WorkflowError(faults)
    hidden = {**(secrets or {}), **_of_settings(checked)}
    return Flow(checked, tuple(found), Vault(hidden), traces)


def names_of(triggers: Sequence[Trigger]) -> list[str]:
    """Return what each trigger is called: by its kind, with a number if there are more of it."""
    totals = Counter(each.kind for each in triggers)
    seen: Counter[str] = Counter()
    names = []
    for each in triggers:
        seen[each.kind] += 1
        names.append(each.kind if totals[each.kind] == 1 else f"{each.kind}.{seen[each.kind]}")
    return names


def traces_of(files: list[str]) -> Traces:
    """Return what tells whether one of these files was changed. Blocks."""
    found = []
    for file in files:
        try:
            seen = Path(file).stat()
        except OSError:
            found.append((file, _GONE, _GONE))
        else:
            found.append((file, seen.st_size, seen.st_mtime_ns))
    return tuple(found)


def _beside(workflow: Workflow) -> list[str]:
    """Return the files that a workflow is made of besides its own."""
    folder = Path(workflow.file).parent
    found = [str(folder / each) for each in workflow.plugins if each.startswith((".", "/"))]
    for step in workflow.steps.values():
        inner = step.blocks.get("workflow")
        if inner is not None and inner.workflow is not None:
            found += [inner.workflow.file, *_beside(inner.workflow)]
    return found


def _of_settings(checked: Checked) -> dict[str, str]:
    """Return the secrets in the settings of the plugins that listen."""
    found: dict[str, str] = {}
    for trigger in checked.workflow.triggers:
        kind = checked.kinds.get(trigger.kind)
        settings = None if kind is None else kind.settings
        for name in () if settings is None else settings.__struct_fields__:
            value = getattr(settings, name)
            if isinstance(value, Secret) and len(value.reveal()) >= _FEWEST:
                found[f"{trigger.kind} {name}"] = value.reveal()
    return found


def _secrets(
    workflow: Workflow, environ: Mapping[str, str], functions: Mapping[str, Function]
) -> dict[str, str]:
    """Return the secrets that triggers name; those of steps are looked up by each run."""
    reads = {
        reference.path[1]
        for each in workflow.triggers
        for name, value in each.options.items()
        if name != "where"
        for reference in bind(value, functions=functions).references
        if reference.root == "secrets"
    }
    named = {name: ref for name, ref in workflow.secrets.items() if name in reads}
    found = resolve_secrets(named, Path(workflow.file).parent, environ)
    try:
        Vault(found)
    except CirandaError as error:
        raise WorkflowError(
            [Places(workflow.document, workflow.file).fault(("on",), str(error), kind="trigger")]
        ) from None
    return found
