"""What the path of a document leads to, and how a person calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["HOLDERS", "Owner", "dotted", "owner_of"]

Path = Sequence[str | int]

HOLDERS: Final = frozenset({"steps", "try", "finally", "on-failure", "on-cancel", "compensate"})
_AT_THE_TOP: Final = frozenset({"steps", "on-failure", "on-success", "on-cancel", "finally"})


class Owner(NamedTuple):
    """The innermost thing with a name that a path leads into.

    Attributes:
        kind: `file`, `step`, `case`, `catch` or `template`.
        name: How a sentence calls it.
        ids: Of the steps around it and its own, the outermost first.
        length: How much of the path leads to it.
    """

    kind: str
    name: str
    ids: tuple[str, ...]
    length: int


def owner_of(path: Path) -> Owner:
    """Return the step, case or template that a path leads into; else the file."""
    owner = Owner("file", "the file", (), 0)
    while len(path) >= owner.length + 2:
        inner = _inside(owner, path)
        if inner is None:
            return owner
        owner = inner
    return owner


def dotted(path: Path) -> str:
    """Return a path as written in the file, without the way to its step."""
    length = owner_of(path).length
    text = ""
    for part in path[length:] if len(path) > length else path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _inside(owner: Owner, path: Path) -> Owner | None:
    kind, name, ids, length = owner
    key, part = path[length], path[length + 1]
    if kind == "file" and key == "templates" and isinstance(part, str):
        return Owner("template", f"template `{part}`", ids, 2)
    holds = {"file": _AT_THE_TOP, "catch": {"steps"}, "template": ()}.get(kind, HOLDERS)
    if key in holds and isinstance(part, str):
        return Owner("step", f"step `{part}`", (*ids, part), length + 2)
    if kind in ("step", "case") and key == "switch" and isinstance(part, int):
        return Owner("case", f"case {part + 1} of {name}", ids, length + 2)
    if kind in ("step", "case") and key == "catch" and isinstance(part, int):
        return Owner("catch", f"`catch` {part + 1} of {name}", ids, length + 2)
    return None
