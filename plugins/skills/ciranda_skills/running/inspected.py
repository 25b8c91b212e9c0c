"""What a Python script says about itself, read from its text: nothing of it runs."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, final, overload

from .choices import Choices, choices_in

__all__ = ["Function", "Inspected", "inspect", "is_installed", "parse_hint", "preloadable"]

_MOST_BYTES: Final = 1 << 18  # of a script that is looked at
_MOST_IMPORTS: Final = 64
_PARSING: Final = threading.Lock()
_TRIES: Final = 4
# They open a browser, print, or are no use without a screen.
_NOT_AHEAD: Final = frozenset(
    ("__future__", "__main__", "antigravity", "idlelib", "test", "this", "tkinter", "turtle")
)
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Entry = Literal["execute", "main"]


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function that can be called for the script.

    Args:
        name: `execute` or `main`.
        arguments: Its definition.
        doc: Its docstring.
    """

    name: Entry
    arguments: ast.arguments
    doc: str = ""

    @property
    def takes_parameters(self) -> bool:
        """Whether it can be called with parameters by name; `main(argv)` cannot."""
        told = self.arguments
        names = [each.arg for each in (*told.args, *told.kwonlyargs)]
        return bool(told.kwarg or [name for name in names if name not in ("argv", "args")])


@final
@dataclass(frozen=True, slots=True)
class Inspected:
    """What the text says.

    Args:
        imports: Modules that it imports at its top level.
        functions: Those that can be called for it, `execute` before `main`.
        acts: Whether it does something by itself when it is run.
        waits: Whether what it does so is about anything but its `execute`: that is to be called.
        choices: The enums that it defines.
    """

    imports: frozenset[str] = frozenset()
    functions: tuple[Function, ...] = ()
    acts: bool = True
    waits: bool = False
    choices: Choices = field(default_factory=dict)

    @property
    def called(self) -> Function | None:
        """The function to call where running the file would not do what it is for."""
        if self.functions and (self.waits or not self.acts):
            return self.functions[0]
        return None

    @property
    def parametrised(self) -> Function | None:
        """The function to call when there are parameters."""
        takes = (each for each in self.functions if each.takes_parameters)
        return next(takes, self.called)


def inspect(path: Path) -> Inspected:
    """Return what the script at `path` says; what is no Python, or too long, says nothing."""
    try:
        found = os.stat(path)
        if found.st_size > _MOST_BYTES:
            return Inspected()
        return _inspect(
            str(path), (found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
        )
    except OSError:
        return Inspected()


def parse_hint(text: str) -> ast.expr:
    """Return an annotation that is written as a text.

    Raises:
        SyntaxError: It is none.
        ValueError: It holds a NUL.
    """
    return _parse(text.strip(), "eval").body


@overload
def _parse(source: bytes, mode: Literal["exec"] = "exec") -> ast.Module: ...
@overload
def _parse(source: str, mode: Literal["eval"]) -> ast.Expression: ...
def _parse(source: bytes | str, mode: str = "exec") -> ast.AST:
    # CPython 3.11 counts the depth of a tree for all threads together: where two of them parse
    # at once it may find the count wrong, once, and says SystemError.
    with _PARSING:
        for _ in range(_TRIES - 1):
            try:
                return ast.parse(source, mode=mode)
            except SystemError:
                continue
        return ast.parse(source, mode=mode)


@functools.lru_cache(maxsize=512)
def _inspect(path: str, version: tuple[int, ...]) -> Inspected:
    with open(path, "rb") as file:
        source = file.read(_MOST_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the script hears of them when it runs
            tree = _parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Inspected()
    functions = {
        node.name: Function(node.name, node.args, ast.get_docstring(node) or "")  # type: ignore[arg-type]  # checked below
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name in ("execute", "main")
    }
    return Inspected(
        frozenset(_imports(tree.body)),
        tuple(functions[name] for name in ("execute", "main") if name in functions),
        any(map(_acts, tree.body)),
        "execute" in functions and not _is_started(tree.body),
        choices_in(tree.body),
    )


def _imports(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Try):
            yield from _imports((*node.body, *node.orelse, *node.finalbody))
        elif isinstance(node, ast.With):
            yield from _imports(node.body)


def _acts(node: ast.stmt) -> bool:
    """Tell whether a statement at the top level does more than define things."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)  # a docstring, or an ellipsis
    if isinstance(node, ast.If):
        return any(map(_acts, (*node.body, *node.orelse)))
    if isinstance(node, ast.Try):
        return any(map(_acts, (*node.body, *node.orelse, *node.finalbody)))
    return isinstance(node, ast.For | ast.While | ast.With | ast.Raise | ast.Match)


def _is_started(body: list[ast.stmt]) -> bool:
    """Tell whether what is done at the top level may be the script's own start of its work.

    That uses something which is defined there, or asks for `__name__`. Logging that is set up, or
    a folder put on the path, does not.
    """
    defined = {node.name for node in body if isinstance(node, _DEFINITIONS)} | {"__name__"}
    for node in body:
        if isinstance(node, _DEFINITIONS):
            if node.name == "execute" and node.decorator_list:
                return True  # a framework may call it
        elif not defined.isdisjoint(
            each.id for each in ast.walk(node) if isinstance(each, ast.Name)
        ):
            return True
    return False


def preloadable(imports: Iterable[str], own: frozenset[str]) -> tuple[str, ...]:
    """Return which imports a zygote can do ahead, sorted.

    Args:
        imports: Dotted names.
        own: Names at the top of the skill's folder and of its scripts, which come first.
    """
    found = {
        name
        for name in imports
        if (top := name.partition(".")[0]) not in own and top not in _NOT_AHEAD and _known(top)
    }
    return tuple(sorted(found)[:_MOST_IMPORTS])


@functools.cache
def _known(top: str) -> bool:
    """Tell whether a module is of the standard library, or installed with this interpreter."""
    if top in sys.stdlib_module_names:
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return False
    where = spec.origin if spec is not None else None
    return where is not None and is_installed(where)


def is_installed(path: str) -> bool:
    """Tell whether a path belongs to this interpreter, or to the environment made from it."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    return any(path.startswith(prefix.rstrip(os.sep) + os.sep) for prefix in prefixes)
