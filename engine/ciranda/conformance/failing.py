"""Whether the kinds of failure that a plugin's code raises are those that its actions declare."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ciranda.actions import KINDS, Action
from ciranda.conformance.examined import Examined
from ciranda.conformance.finding import Finding
from ciranda.conformance.subject import sources
from ciranda.discovery import discover
from ciranda.errors import CirandaError
from ciranda.plugins import Plugins
from ciranda.settings import Configuration

__all__ = ["declares", "kind_rules"]


def kind_rules(one: Examined) -> Iterator[Finding]:
    """Yield the kinds that are raised and that no action of the package declares.

    A kind that the code compares with elsewhere is a signal inside of it, and is left alone.
    """
    if not one.actions:
        yield Finding.skip("error-kinds", "it has no actions")
        return
    declared = set(KINDS)
    for action in (*one.actions.values(), *_neighbours(one)):
        declared |= {*action.errors, *action.raises.values()}
    raised: list[tuple[str, str]] = []
    for file in sources(one.module):
        for node in _nodes(file):
            if isinstance(node, ast.Compare):
                declared |= set(_texts([node.left, *node.comparators]))
            elif isinstance(node, ast.Call) and _called(node.func) == "StepError":
                given = [*node.args[:1], *(key.value for key in node.keywords if key.arg == "kind")]
                raised += [(kind, f"{file}:{node.lineno}") for kind in _texts(given)]
    for kind, place in raised:
        if not declares(kind, declared):
            text = f"nothing declares the kind `{kind}`: write it in `errors=` of the action"
            yield Finding.fail("error-kinds", text, place)


def _neighbours(one: Examined) -> Iterator[Action]:
    """Yield the actions of other plugins in the same package, as far as those can be loaded."""
    if one.plugins is None or one.subject.file is not None:
        return
    top = one.module.__name__.partition(".")[0]
    for entry in discover():
        if entry.module.partition(".")[0] == top and entry.name != one.subject.name:
            plugins = Plugins(Configuration(Path()), entries=[entry])
            with contextlib.suppress(CirandaError):  # it is not the one that is checked
                plugins.require(entry.name)
            yield from plugins.actions.values()


def declares(kind: str, declared: set[str]) -> bool:
    """Return whether a kind, or a beginning of it, is among those declared."""
    parts = kind.split(".")
    return any(".".join(parts[:count]) in declared for count in range(1, len(parts) + 1))


def _nodes(file: Path) -> Iterator[ast.AST]:
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError):
        return
    yield from ast.walk(tree)


def _texts(values: Iterable[ast.expr]) -> Iterator[str]:
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield value.value


def _called(target: ast.expr) -> str:
    return getattr(target, "id", getattr(target, "attr", ""))
