"""Triggers: that each can begin a run, with the inputs that the file declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Final

import msgspec

from ciranda.errors import Fault
from ciranda.workflow.inputvalue import input_value
from ciranda.workflow.model import Trigger
from ciranda.workflow.nearest import nearest
from ciranda.workflow.survey import Survey

__all__ = ["trigger_faults"]

# What a server tells of itself.
_RESERVED: Final = frozenset({"/livez", "/readyz", "/metrics"})


def trigger_faults(seen: Survey) -> Iterator[Fault]:
    """Yield what is wrong with what `on` says."""
    for trigger in seen.workflow.triggers:
        yield from _webhook(trigger, seen)
        yield from _files(trigger, seen)
        yield from _inputs(trigger, seen)
        yield from _missing(trigger, seen)


def _webhook(trigger: Trigger, seen: Survey) -> Iterator[Fault]:
    if trigger.kind != "webhook":
        return
    path = str(trigger.options.get("path", ""))
    wrong = hint = ""
    constant = "${{" not in path  # else there is a fault of its own
    if constant and (not path.startswith("/") or any(mark in path for mark in "?# ")):
        wrong, hint = f"the path `{path}` of the webhook is none", "write one such as `/orders`"
    elif path in _RESERVED:
        wrong, hint = f"`{path}` tells of the server itself", "give the webhook another path"
    if wrong:
        yield seen.places.fault((*trigger.at, "path"), wrong, hint=hint, kind="trigger")
    token = (*trigger.at, "token")
    held = [spot for spot in seen.spots if spot.path == token]
    broken = not held and "${{" in str(trigger.options.get("token"))  # a fault of its own
    reads = any(spot.expression.references for spot in held)
    if "token" in trigger.options and not reads and not broken:
        yield seen.places.fault(
            token,
            "`token` is written out: a file is no place for it",
            hint="name a secret, as in `${{ secrets.HOOK }}`",
            kind="secret",
        )


def _files(trigger: Trigger, seen: Survey) -> Iterator[Fault]:
    paths = trigger.options.get("paths", ()) if trigger.kind == "files" else ()
    for at, each in enumerate([paths] if isinstance(paths, str) else paths):
        if PurePath(str(each)).is_absolute() or ".." in PurePath(str(each)).parts:
            where = (*trigger.at, "paths") if isinstance(paths, str) else (*trigger.at, "paths", at)
            yield seen.places.fault(
                where,
                f"`{each}` leads out of the folder of the file",
                hint="write a path below it, such as `in/*.csv`",
                kind="trigger",
            )


def _inputs(trigger: Trigger, seen: Survey) -> Iterator[Fault]:
    known = seen.workflow.inputs
    for name, value in trigger.inputs.items():
        path = (*trigger.at, "inputs", name)
        declared = known.get(name)
        if declared is None:
            meant = nearest(name, known)
            hint = (
                f"did you mean `{meant}`?" if meant else f"declare it: `inputs: {{{name}: string}}`"
            )
            message = f"the workflow has no input `{name}`"
            yield seen.places.fault(path, message, hint=hint, key=True, kind="unknown-input")
        elif declared.type == "secret":
            yield seen.places.fault(
                path,
                f"the input `{name}` is a secret, and no event is to hold one",
                hint="declare it below `secrets`",
                key=True,
                kind="secret",
            )
        elif not _holds_expression(value) and not (value is None and declared.optional):
            try:
                input_value(declared, value)
            except ValueError as error:
                yield seen.places.fault(path, f"input `{name}` {error}", kind="wrong-input")


def _missing(trigger: Trigger, seen: Survey) -> Iterator[Fault]:
    for name, declared in seen.workflow.inputs.items():
        given = name in trigger.inputs or declared.optional
        misspelt = any(nearest(each, (name,)) for each in trigger.inputs)
        if given or misspelt or declared.default is not msgspec.UNSET:
            continue
        path = (*trigger.at, "inputs")
        if not seen.places.exists(path):
            path = trigger.at
        value = "..." if trigger.kind == "schedule" else f'"${{{{ event.data.{name} }}}}"'
        secret = declared.type == "secret"
        yield seen.places.fault(
            path,
            f"the input `{name}` has no default, and the trigger gives none",
            hint="declare it below `secrets`: no event is to hold one"
            if secret
            else f"write `inputs: {{{name}: {value}}}` here",
            key=isinstance(path[-1], str),
            kind="missing-input",
        )


def _holds_expression(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_expression, value.values()))
    if isinstance(value, list):
        return any(map(_holds_expression, value))
    return isinstance(value, str) and "${{" in value
