"""What a step takes over from templates and from the file's `defaults`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.workflow.bodies import body_of
from ciranda.workflow.modifiers import expanded
from ciranda.workflow.nearest import nearest
from ciranda.workflow.places import Places

__all__ = ["merged", "template_faults"]

Path = tuple[str | int, ...]

_OF_ITEMS: Final = ("max-parallel", "on-item-failure")


def merged(
    written: Mapping[str, Any],
    at: Path,
    defaults: Mapping[str, Any],
    templates: Mapping[str, Mapping[str, Any]],
    places: Places,
    faults: list[Fault],
) -> dict[str, Any]:
    """Return a step's keys with those of its templates, then of `defaults`, beneath.

    Mappings merge key by key; the step's own keys win, of its templates those of the last.
    """
    whole = {key: expanded(key, value) for key, value in written.items() if key != "like"}
    faults += _unknown(written, at, templates, places)
    for template in _chain(written, templates, set()):
        _lay(whole, template, written)
    if body_of(whole) == "action":
        _lay(whole, defaults, written)
    return whole


def template_faults(templates: Mapping[str, Mapping[str, Any]], places: Places) -> Iterator[Fault]:
    """Yield what is wrong among the templates themselves: unknown names and cycles."""
    told: set[str] = set()
    for name, template in templates.items():
        yield from _unknown(template, ("templates", name), templates, places)
        way = _cycle(name, templates)
        if way and name not in told:
            told.update(way)
            around = " -> ".join(f"`{each}`" for each in way)
            message = f"the template `{name}` is like itself: {around}"
            yield places.fault(("templates", name, "like"), message, kind="template-cycle")


def _lay(whole: dict[str, Any], beneath: Mapping[str, Any], step: Mapping[str, Any]) -> None:
    """Add what is beneath to what is known."""
    for key, value in beneath.items():
        if key == "like" or (key in _OF_ITEMS and not step.keys() & {"map", "matrix"}):
            continue
        default = expanded(key, value)
        if key not in whole:
            whole[key] = default
        elif isinstance(default, dict) and isinstance(whole[key], dict):
            whole[key] = {**default, **whole[key]}


def _names(written: Mapping[str, Any]) -> list[str]:
    like = written.get("like", ())
    return [like] if isinstance(like, str) else list(like)


def _chain(
    written: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]], seen: set[str]
) -> Iterator[Mapping[str, Any]]:
    """Yield the templates of a step or a template, the one that wins first."""
    for name in reversed(_names(written)):
        if name in templates and name not in seen:
            seen.add(name)
            yield templates[name]
            yield from _chain(templates[name], templates, seen)


def _cycle(start: str, templates: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the way from a template to itself; empty when there is none."""
    ways = [[start]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for name in _names(templates[way[-1]]):
            if name == start:
                return [*way, name]
            if name in templates and name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


def _unknown(
    written: Mapping[str, Any],
    at: Path,
    templates: Mapping[str, Mapping[str, Any]],
    places: Places,
) -> Iterator[Fault]:
    for place, name in enumerate(_names(written)):
        if name in templates:
            continue
        path = (*at, "like", place) if isinstance(written["like"], list) else (*at, "like")
        meant = nearest(name, templates)
        hint = f"did you mean `{meant}`?" if meant else "declare it: `templates: {...}`"
        yield places.fault(path, f"there is no template `{name}`", hint=hint)
