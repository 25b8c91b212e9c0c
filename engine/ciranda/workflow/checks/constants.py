"""Constants: that nobody wrote an expression where none is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ciranda.errors import Fault
from ciranda.trigger import BUILT_IN
from ciranda.workflow.survey import Survey

__all__ = ["constant_faults"]

Path = tuple[str | int, ...]

_TABLE: Final = "docs/workflow-file.md says which keys take expressions"


def constant_faults(seen: Survey) -> Iterator[Fault]:
    """Yield the texts that would be taken as they are, `${{ }}` and all.

    A `description` may hold anything: it is for people.
    """
    for key, path, value in _constants(seen):
        at = value.find("${{") if isinstance(value, str) else -1
        if at >= 0:
            yield seen.places.fault(
                path,
                f"`{key}` is a constant: `${{{{ }}}}` is not evaluated there",
                hint=_TABLE,
                offset=at,
                kind="constant",
            )


def _constants(seen: Survey) -> Iterator[tuple[str, Path, Any]]:
    workflow = seen.workflow
    if seen.places.document is None or seen.places.exists(("name",)):  # else the file's name
        yield "name", ("name",), workflow.name
    for name, variable in workflow.env.items():
        yield f"env.{name}.from", ("env", name, "from"), variable.source
    for name, secret in workflow.secrets.items():
        for key in ("env", "file", "command"):
            yield from _each(f"secrets.{name}.{key}", ("secrets", name, key), getattr(secret, key))
    for trigger in workflow.triggers:
        for key, value in trigger.options.items() if trigger.kind in BUILT_IN else ():
            if key not in ("token", "where"):
                yield from _each(f"on.{trigger.kind}.{key}", (*trigger.at, key), value)


def _each(key: str, path: Path, value: Any) -> Iterator[tuple[str, Path, Any]]:
    """Yield a text, or each of a list."""
    if not isinstance(value, list | tuple):
        yield key, path, value
        return
    for at, one in enumerate(value):
        yield key, (*path, at), one
