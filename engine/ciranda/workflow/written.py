"""How values look in a sentence, and where a step's inputs stand in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from ciranda.workflow.places import Places

__all__ = ["kind_of", "shown", "written_path"]

Path = tuple[str | int, ...]

_WIDEST: Final = 40
_KINDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
# The inputs of `program.run` as `run` spells them.
_BESIDE_RUN: Final = {
    "argv": "run",
    "command": "run",
    "ok_codes": "ok-codes",
    "inherit_env": "inherit-env",
}


def kind_of(name: str) -> str:
    """Return a JSON Schema type in words."""
    return _KINDS.get(name, name)


def shown(value: Any) -> str:
    """Return a value as a sentence shows it."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if not text:
        return "empty text"
    return f"`{text[: _WIDEST - 1]}…`" if len(text) > _WIDEST else f"`{text}`"


def written_path(
    step: str | Path, key: str, places: Places, inside: tuple[str | int, ...] = ()
) -> Path:
    """Return where a key of a step was written.

    `run` keeps its inputs beside it; what the step does not say itself comes from the templates
    that it is like, and then from `defaults`.

    Args:
        step: The step's path (`Step.at`), or the id of one at the top.
        key: A key of the long form, such as `with`.
        places: Knows the file.
        inside: The way on from there.
    """
    root: Path = ("steps", step) if isinstance(step, str) else step
    if key in ("with", "uses") and places.exists((*root, "run")):
        if not inside:
            return (*root, "run")
        first = str(inside[0])
        path = (*root, _BESIDE_RUN.get(first, first), *inside[1:])
        return path if places.exists(path) else (*root, "run")
    origins: list[Path] = [root, *_templates(root, places, set()), ("defaults",)]
    for wanted in ((key, *inside[:1]), (key,)):
        for origin in origins:
            if places.exists((*origin, *wanted)):
                return (*origin, key, *inside)
    return (*root, "uses" if key == "with" and not inside else key, *inside)


def _templates(root: Path, places: Places, seen: set[str]) -> Iterator[Path]:
    """Yield the paths of the templates that a step is like, the one that wins first."""
    for name in reversed(places.words((*root, "like"))):
        if name not in seen:
            seen.add(name)
            yield ("templates", name)
            yield from _templates(("templates", name), places, seen)
