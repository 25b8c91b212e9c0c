"""Triggers of plugins: whether there is such a kind, and takes what the file writes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from ciranda.errors import Fault
from ciranda.trigger import BUILT_IN, ENGINE_WORDS, TriggerKind, Unfit
from ciranda.workflow.model import Trigger
from ciranda.workflow.nearest import nearest
from ciranda.workflow.survey import Survey

__all__ = ["listener_faults"]


def listener_faults(
    seen: Survey, kinds: Mapping[str, TriggerKind], plugins: Mapping[str, str]
) -> Iterator[Fault]:
    """Yield what is wrong with the triggers of plugins that a file has.

    Args:
        seen: The file.
        kinds: What the plugins in use can listen to, by name.
        plugins: For namespaces that may not be used: what to do about it.
    """
    for trigger in seen.workflow.triggers:
        if trigger.kind in BUILT_IN:
            continue
        kind = kinds.get(trigger.kind)
        if kind is None:
            yield seen.places.fault(
                ("on", trigger.kind),
                f"no plugin has a trigger `{trigger.kind}`",
                hint=_instead(trigger.kind, kinds, plugins),
                key=True,
                kind="unknown-trigger",
            )
            continue
        options = {name: each for name, each in trigger.options.items() if name != "where"}
        found = kind.unfit(options)
        strangers = [each.unknown for each in found if each.unknown]
        for unfit in found:
            if not (unfit.missing and any(nearest(each, [unfit.missing]) for each in strangers)):
                yield _fault(unfit, kind, trigger, seen)


def _instead(name: str, kinds: Mapping[str, TriggerKind], plugins: Mapping[str, str]) -> str:
    meant = nearest(name, kinds)
    if meant:
        return f"did you mean `{meant}`?"
    namespace = name.partition(".")[0]
    if namespace in plugins:
        return plugins[namespace]
    offered = [f"`{each}`" for each in sorted(kinds) if each.startswith(f"{namespace}.")]
    if offered:
        return f"there is {', '.join(offered)}"
    return f"the plugin `{namespace}` has none"


def _fault(unfit: Unfit, kind: TriggerKind, trigger: Trigger, seen: Survey) -> Fault:
    hint = ""
    if unfit.unknown:
        known = [each.encode_name for each in msgspec.structs.fields(kind.options)]
        meant = nearest(unfit.unknown, (*known, *ENGINE_WORDS))
        listed = ", ".join(f"`{each}`" for each in (*known, *ENGINE_WORDS))
        hint = f"did you mean `{meant}`?" if meant else f"there is {listed}"
    path = (*trigger.at, *unfit.path)
    if not seen.places.exists(path):
        path = trigger.at
    at_key = bool(unfit.unknown) or path == trigger.at
    return seen.places.fault(path, unfit.problem, hint=hint, key=at_key, kind="trigger-options")
