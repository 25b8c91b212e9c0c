"""Names in expressions: that they exist at this place, and may be used there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ciranda.errors import Fault
from ciranda.expressions import Reference
from ciranda.workflow.level import Level
from ciranda.workflow.nearest import nearest
from ciranda.workflow.scope import ITEM_PLACES, RUN_SCHEMA, inherited, item_names
from ciranda.workflow.spots import Spot
from ciranda.workflow.statuses import STATUS_FUNCTIONS
from ciranda.workflow.survey import Survey

__all__ = ["Names"]

# A secret there would decide what happens, or be shown, or be kept.
_NO_SECRETS = frozenset(
    {"if", "when", "map", "outputs", "case", "loop", "option", "where", "start", "trigger"}
)
_TOKEN = "on.webhook.token"
_NO_CLOCK = frozenset({"map", "matrix", "cache.key", "idempotency-key"})
_NO_STEP = frozenset({"file", "start", "trigger", "listener"})  # places before every step
_NOT_YET = {
    "env": "its variables do not read each other",
    "steps": "it comes before every step",
}
_KNOWN = frozenset({"inputs", "steps", "env", "secrets", "run", "attempt", "step"})
_ONLY = {
    "matrix": "`matrix` is known in a step that has `matrix`, and inside of it",
    "loop": "`loop` is known in a step that has `while` or `until`, and inside of it",
    "event": "`event` is known in `where` of a `wait`, and in `on`",
    "error": "`error` is known in `catch` and `on-failure`",
}
_MISSES = {"workflow": "name", "run_id": "id", "start": "started", "folder": "dir"}


class Names:
    """Judges the names of one file.

    Args:
        seen: The file.
    """

    def __init__(self, seen: Survey) -> None:
        self._seen = seen
        self._lent: dict[Level, Mapping[str, Any]] = {}

    def faults(self, spot: Spot) -> Iterator[Fault]:
        """Yield what is wrong with the names that one expression reads and calls."""
        yield from _calls(spot, self._seen)
        for reference in spot.expression.references:
            yield from self._reference(reference, spot)

    def _reference(self, reference: Reference, spot: Spot) -> Iterator[Fault]:
        root = reference.root
        if root == "steps" and spot.place not in _NO_STEP:
            return
        offset, places = spot.base + reference.offsets[0], self._seen.places
        if spot.place in _NO_STEP and (why := _too_early(root, spot)):
            yield places.fault(spot.path, why[0], hint=why[1], offset=offset, kind="undefined")
        elif root not in _KNOWN:
            why = self._unknown(root, spot)
            if why is not None:
                yield places.fault(spot.path, why[0], hint=why[1], offset=offset, kind="undefined")
        elif root in ("inputs", "env", "secrets", "run") and len(reference.path) > 1:
            yield from _declared(reference, spot, self._seen)
        elif root == "secrets":
            yield places.fault(
                spot.path,
                "`secrets` as a whole cannot be read",
                hint="write `secrets.NAME`",
                offset=offset,
                kind="secret",
            )

    def _unknown(self, root: str, spot: Spot) -> tuple[str, str] | None:
        """Return why a name means nothing here; None when it may, or nobody has such a name."""
        step, place = spot.step, spot.place
        if root == "event" and place in ("where", "trigger"):
            return None
        if step is not None and root in item_names(step) and place in ITEM_PLACES:
            return None
        lent = self._lent.get(spot.level)
        if lent is None:
            lent = self._lent[spot.level] = inherited(spot.level)
        if root in lent:
            return None
        if step is not None and root in item_names(step):
            hint = "write `when`, which is asked for each item" if place == "if" else ""
            message = f"`{root}` is known for each item only, and `{spot.key}` comes before"
            return message, hint if step.loop is None else ""
        return (_ONLY[root], "") if root in _ONLY else None


def _too_early(root: str, spot: Spot) -> tuple[str, str] | None:
    """Return why a place before every step cannot read a name."""
    if spot.place == "file":
        if root in _NOT_YET:
            message = f"`{root}` cannot be read in `env` of the file: {_NOT_YET[root]}"
            return message, "put the variable into `env` of the step"
        return None
    if spot.place == "start" and root == "steps":
        return f"`steps` cannot be read in `{spot.key}`: it comes before every step", ""
    if spot.place == "listener" and root != "secrets":
        why = "it is listened to before any event comes"
        hint = "write a constant, or name a secret: `${{ secrets.NAME }}`"
        if spot.key == _TOKEN:
            why, hint = "a token has to be a secret", "name one, as in `${{ secrets.HOOK }}`"
        return f"`{root}` cannot be read in `{spot.key}`: {why}", hint
    if spot.place == "trigger" and root in ("steps", "inputs", "run", "env"):
        return f"`{root}` cannot be read in `{spot.key}`: no run has begun", "read `event`"
    return None


def _calls(spot: Spot, seen: Survey) -> Iterator[Fault]:
    places = seen.places
    for name, offset in spot.expression.calls:
        if name in STATUS_FUNCTIONS and spot.place != "if":
            yield places.fault(
                spot.path,
                f"`{name}()` has an answer in `if` only, not in `{spot.key}`",
                hint="read `steps.<id>.status`",
                offset=spot.base + offset,
                kind="status-function",
            )
        elif name == "now" and spot.place in _NO_STEP:
            of_file = spot.place == "file"
            yield places.fault(
                spot.path,
                f"`now()` belongs to a step, and `{spot.key}`"
                f"{' of the file' if of_file else ''} comes before",
                hint="read `run.started`, or put the variable into `env` of the step"
                if of_file
                else "",
                offset=spot.base + offset,
                kind="clock",
            )
        elif name == "now" and spot.place == "outputs":
            yield places.fault(
                spot.path,
                "`now()` belongs to a step, and `outputs` come after",
                hint="read what a step gives",
                offset=spot.base + offset,
                kind="clock",
            )
        elif name == "now" and spot.key in _NO_CLOCK:
            yield places.fault(
                spot.path,
                f"`now()` is different each time, so it cannot be part of `{spot.key}`",
                offset=spot.base + offset,
                kind="clock",
            )


def _declared(reference: Reference, spot: Spot, seen: Survey) -> Iterator[Fault]:
    workflow, places = seen.workflow, seen.places
    root, name = reference.root, str(reference.path[1])
    offset = spot.base + reference.offsets[1]
    known = {
        "inputs": workflow.inputs,
        "env": workflow.env,
        "secrets": workflow.secrets,
        "run": RUN_SCHEMA["properties"],
    }[root]
    if name not in known:
        nouns = {"inputs": "input", "env": "variable", "secrets": "secret"}
        owner = f"there is no {nouns[root]}" if root in nouns else "`run` has no field"
        meant = nearest(name, known) or (_MISSES.get(name) if root == "run" else None)
        yield places.fault(
            spot.path,
            f"{owner} `{name}`",
            hint=f"did you mean `{meant}`?" if meant else _declare(root, name),
            offset=offset,
            kind="undefined",
        )
        return
    secret = root == "secrets" or (root == "inputs" and workflow.inputs[name].type == "secret")
    if secret and spot.place in _NO_SECRETS:
        yield places.fault(
            spot.path,
            f"the secret `{name}` cannot be read in `{spot.key}`",
            hint="a secret can be passed on in `with` and `env` only",
            offset=offset,
            kind="secret",
        )


def _declare(root: str, name: str) -> str:
    return {
        "inputs": f"declare it: `inputs: {{{name}: string}}`",
        "env": f"declare it: `env: {{{name}: {{from: {name}}}}}`",
        "secrets": f"declare it: `secrets: {{{name}: {{env: {name}}}}}`",
    }.get(root, f"it has {', '.join(RUN_SCHEMA['properties'])}")
