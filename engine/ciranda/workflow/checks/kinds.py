"""Kinds of failure that `retry`, `continue-on-error` and `catch` name: that something has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ciranda.actions.failures import KINDS
from ciranda.errors import Fault
from ciranda.workflow.level import root_of
from ciranda.workflow.model import Block, Step
from ciranda.workflow.nearest import nearest
from ciranda.workflow.nearmiss import hint_for_kind
from ciranda.workflow.places import Places
from ciranda.workflow.survey import Survey
from ciranda.workflow.written import written_path

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["kind_faults"]

Path = tuple[str | int, ...]


def kind_faults(seen: Survey, actions: Mapping[str, Action]) -> Iterator[Fault]:
    """Yield the kinds that no failure can have.

    A kind of a plugin is known when an action or a `fail` declares it, its beginning, or one that
    it begins. Other kinds of a plugin may come from an action of it that declares none; they are
    taken where such an action can fail, and where the plugin declares none at all.

    Args:
        seen: The file whose steps are looked at.
        actions: What is installed, by name.
    """
    written = [each for _, step in seen.steps for each in _written(step, seen.places)]
    if not written:
        return
    namespaces = {name.partition(".")[0] for name in actions}
    declared = seen.kinds.union(*(_kinds_of(each) for each in actions.values()))
    for path, kind, inside in written:
        namespace, dot, _ = kind.partition(".")
        if namespace in KINDS or any(_touches(kind, each) for each in declared):
            continue
        own = sorted(each for each in declared if each.startswith(f"{namespace}."))
        if namespace in namespaces and (
            not own or _may_tell_more(inside, namespace, actions, seen)
        ):
            continue
        yield seen.places.fault(
            path,
            f"no failure has the kind `{kind}`",
            hint=_among(kind, own) if own else _hint(kind, dot),
            kind="unknown-kind",
        )


def _written(step: Step, places: Places) -> Iterator[tuple[Path, str, list[Step]]]:
    """Yield where a step names kinds, each with the steps whose failures are meant."""
    keys: list[tuple[str, Path, tuple[str, ...]]] = []
    if step.retry is not None:
        keys += [("retry", ("on",), step.retry.on), ("retry", ("unless",), step.retry.unless)]
    if isinstance(step.continue_on_error, tuple):
        keys.append(("continue-on-error", (), step.continue_on_error))
    for key, inside, kinds in keys:
        for at, kind in enumerate(kinds):
            yield written_path(root_of(step), key, places, (*inside, at)), kind, [step]
    for number, kinds in enumerate(step.catches):
        for at, kind in enumerate(kinds):
            path = (*root_of(step), "catch", number, "on", at)
            yield path, kind, list(step.blocks["try"].steps.values())


def _kinds_of(action: Action) -> set[str]:
    return {*action.errors, *action.raises.values()}


def _touches(kind: str, declared: str) -> bool:
    """Say whether one of two kinds is the beginning of the other, or the same."""
    return f"{declared}.".startswith(f"{kind}.") or kind.startswith(f"{declared}.")


def _may_tell_more(
    steps: Iterable[Step], namespace: str, actions: Mapping[str, Action], seen: Survey
) -> bool:
    """Say whether something of a plugin can fail here that does not say what its kinds are."""
    files: set[str] = set()
    waiting = list(steps)
    for step in waiting:  # the list is the queue
        if any(name.partition(".")[0] == namespace for name in step.modifiers):
            return True
        action = actions.get(step.uses) if step.body == "action" else None
        if action is not None and step.uses.startswith(f"{namespace}.") and not _kinds_of(action):
            return True
        for block in step.blocks.values():
            waiting += _steps_of(block, files, seen)
    return False


def _steps_of(block: Block, files: set[str], seen: Survey) -> Iterable[Step]:
    """Return the steps of a block; of a file that is used within itself, once."""
    if not block.again:
        return block.steps.values()
    if block.again in files:
        return ()
    files.add(block.again)
    return seen.files[block.again].workflow.steps.values()


def _among(kind: str, own: list[str]) -> str:
    meant = nearest(kind, own)
    return f"did you mean `{meant}`?" if meant else f"there is {', '.join(f'`{e}`' for e in own)}"


def _hint(kind: str, dot: str) -> str:
    meant = nearest(kind, KINDS)
    if meant:
        return f"did you mean `{meant}`?"
    if kind.isdigit():
        return f"write `exit.{kind}` for a program's exit code"
    if dot:
        return f"no installed plugin is called `{kind.partition('.')[0]}`"
    return hint_for_kind(kind) or f"it is one of {', '.join(KINDS)} or `<plugin>.<word>`"
