"""Keys of a step that do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.workflow.bodies import NAMES, ONE_CALL, body_of
from ciranda.workflow.owners import Owner, owner_of
from ciranda.workflow.places import Places
from ciranda.workflow.stepschema import BODIES, REPEATERS

__all__ = ["case_faults", "combination_faults"]

Path = tuple[str | int, ...]

_HOLD_STEPS: Final = frozenset({"group", "switch", "try", "workflow"})
# What is about one call of an action or a program.
_OF_CALLS: Final = (
    "cache",
    "breaker",
    "rate",
    "executor",
    "env",
    "concurrency",
    "with-middleware",
    "idempotency-key",
    "idempotent",
)
_OF_ATTEMPTS: Final = ("retry", "timeout", "deadline")
_OF_CASES: Final = frozenset({"if", "steps", "outputs"})
_WITH_OUTPUTS: Final = ("action", "group", "try")


def combination_faults(step: Mapping[str, Any], at: Path, places: Places) -> Iterator[Fault]:
    """Yield what is wrong with the keys of a step that has its templates merged in."""
    owner = owner_of(at)
    bodies = [name for name in BODIES if name in step]
    repeaters = [name for name in REPEATERS if name in step]
    if not bodies:
        hint = "none of its templates says `uses`"
        message = f"{owner.name} does nothing"
        yield places.fault(at, message, hint=hint, key=True, kind="no-body")
    elif len(bodies) > 1:
        message = f"{owner.name} has two bodies, `{bodies[0]}` and `{bodies[1]}`"
        yield _fault(bodies[1], at, message, places, ONE_CALL)
    elif len(repeaters) > 1:
        message = f"{owner.name} is repeated in two ways, `{repeaters[0]}` and `{repeaters[1]}`"
        hint = f"put `{repeaters[0]}` on a group around it"
        yield _fault(repeaters[1], at, message, places, hint)
    else:
        yield from _misplaced(step, at, body_of(step) or "", owner, places)
        yield from _parts(step, at, body_of(step) or "", owner, places)


def _misplaced(
    step: Mapping[str, Any], at: Path, body: str, owner: Owner, places: Places
) -> Iterator[Fault]:
    """Yield what means nothing to such a body."""
    what = NAMES[body]
    uses = step.get("uses", "")
    if body == "action" and uses.endswith((".yaml", ".yml")):
        hint = f"a workflow is written from the file on: `./{uses.lstrip('/')}`"
        yield _fault("uses", at, f"`{uses}` is not the name of an action", places, hint)
    for key in (*_OF_CALLS, *_OF_ATTEMPTS):
        if key in step and not _applies(key, body):
            message = f"`{key}` means nothing to {owner.name}, {what}"
            yield _fault(key, at, message, places, _instead(key, step, body))
    if "secrets" in step and body == "action":
        message = f"`secrets` of {owner.name} is for a workflow used as a step"
        hint = "an action takes `${{ secrets.X }}` in `with`"
        yield _fault("secrets", at, message, places, hint)
    if "outputs" in step and body not in _WITH_OUTPUTS:
        message = f"{owner.name}, {what}, has no `outputs` of its own"
        hint = {
            "switch": "its output is that of the case: write `outputs` there",
            "workflow": f"`{step.get('uses')}` says what its `outputs` are",
        }.get(body, f"read `steps.{owner.ids[-1]}.output`")
        yield _fault("outputs", at, message, places, hint)


def case_faults(case: Mapping[str, Any], at: Path, last: bool, places: Places) -> Iterator[Fault]:
    """Yield what is wrong with a case of a `switch` as a whole.

    Args:
        case: The case as written.
        at: Its path.
        last: Whether no other case follows.
        places: Makes the faults.
    """
    owner = owner_of(at)
    step = f"step `{owner.ids[-1]}`"
    if "if" not in case and not last:
        message = f"{owner.name} has no `if`, so the cases after it are never reached"
        yield places.fault(at, message, hint="put it last", kind="unreachable")
    if "needs" in case:
        message = f"`needs` of {owner.name} comes too late: the choice is made then"
        yield _fault("needs", at, message, places, f"write it in {step}")
    for key in case if "steps" in case else ():
        if key not in _OF_CASES and key != "needs":
            message = f"{owner.name} holds steps and has no `{key}` of its own"
            hint = f"write it in {step}, or in a step inside"
            yield _fault(key, at, message, places, hint)


def _applies(key: str, body: str) -> bool:
    if body == "action":
        return True
    return body in _HOLD_STEPS and key in _OF_ATTEMPTS


def _instead(key: str, step: Mapping[str, Any], body: str) -> str:
    if body == "workflow":
        return f"put it on a step of `{step['uses']}`"
    if body in _HOLD_STEPS:
        return "put it on the step inside that it is meant for"
    if key in ("timeout", "deadline") and body in ("wait", "approve"):
        return f"write it inside: `{body}: {{timeout: {step[key]}}}`"
    return "leave it out"


def _parts(
    step: Mapping[str, Any], at: Path, body: str, owner: Owner, places: Places
) -> Iterator[Fault]:
    """Yield what is wrong within the keys that only some bodies and repeaters have."""
    if "join" in step:
        yield from _join(step, at, owner, places)
    matrix = step.get("matrix", {})
    if matrix and matrix.keys() <= {"exclude"}:
        message = "`matrix` has nothing to combine: it says only what to leave out"
        yield places.fault((*at, "matrix"), message, hint="write an axis: `os: [linux, macos]`")
    for name, axis in matrix.items():
        if isinstance(axis, str) and "${{" not in axis:
            message = f"`matrix.{name}` needs a list, and this is a text"
            hint = f"write `[{axis}]`, or `${{{{ ... }}}}` and nothing around it"
            yield places.fault((*at, "matrix", name), message, hint=hint)
    for number, each in enumerate(step.get("catch", ())[:-1]):
        if not each.get("on"):
            path = (*at, "catch", number)
            message = f"{owner_of(path).name} catches everything, so those after it never do"
            yield places.fault(path, message, hint="put it last", kind="unreachable")
    waits = step.get(body) if body in ("wait", "approve") else None
    if waits and "default" in waits and "timeout" not in waits:
        message = f"`{body}.default` of {owner.name} needs `timeout`: without one it waits on"
        yield places.fault((*at, body, "default"), message, key=True)
    for name, each in step.get("outputs", {}).items() if body == "action" else ():
        if isinstance(each, dict) and "file" in each and len(each) > 1:
            other = next(key for key in each if key != "file")
            message = f"`outputs.{name}` is a file, and a file has no `{other}`"
            yield places.fault((*at, "outputs", name, other), message, key=True)


def _join(step: Mapping[str, Any], at: Path, owner: Owner, places: Places) -> Iterator[Fault]:
    join, path = step["join"], (*at, "join")
    most, what = _branches(step)
    if not what:
        message = f"`join` of {owner.name} needs branches: `steps`, `map` or `matrix`"
        yield places.fault(path, message, key=True)
    elif most is None:
        return
    elif isinstance(join, dict) and join["at-least"] > most:
        message = f"`join` of {owner.name} asks for {join['at-least']} {what} and has {most}"
        yield places.fault((*path, "at-least"), message)
    elif join == "race" and most == 1:
        message = f"`join` of {owner.name} is a race of one"
        hint = "a branch is a step that no other step of the group needs"
        yield places.fault(path, message, hint=hint if "map" not in step else "")


def _branches(step: Mapping[str, Any]) -> tuple[int | None, str]:
    """Return how many branches can be told to be at most, and what they are; None = unknown."""
    if "map" in step:
        return (len(step["map"]) if isinstance(step["map"], list) else None), "items"
    if "matrix" in step:
        return None, "items"
    steps = step.get("steps")
    if steps is None:
        return None, ""
    needed = set[str]()
    for each in steps.values():
        needs = each.get("needs", ())
        needed.update([needs] if isinstance(needs, str) else needs)
    return len(steps.keys() - needed), "branches"


def _fault(key: str, at: Path, message: str, places: Places, hint: str = "") -> Fault:
    """Return a fault at a key of a step, or where it says which template brings the key."""
    path = (*at, key)
    if not places.exists(path) and places.exists((*at, "like")):
        path = (*at, "like")
    return places.fault(path, message, hint=hint, key=True, kind="combination")
