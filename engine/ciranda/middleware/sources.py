"""Which project files a Python file runs on: itself and what it imports from the project."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["local_sources"]


def local_sources(file: Path, roots: Iterable[Path]) -> list[Path]:
    """Return `file` and, transitively, the files below `roots` that it imports, sorted.

    Imports are read from the source, wherever they stand in it, so that one inside a function
    counts before it ever runs. A file that cannot be parsed imports nothing.
    """
    folders = tuple(dict.fromkeys(roots))
    found = {file}
    waiting = [file]
    while waiting:
        each = waiting.pop()
        for candidate in _imported(each, folders):
            if candidate not in found and candidate.is_file():
                found.add(candidate)
                waiting.append(candidate)
    return sorted(found)


def _imported(file: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _candidates(alias.name.split("."), roots)
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            bases = (file.parents[node.level - 1],) if node.level else roots
            for alias in node.names:
                yield from _candidates([*parts, alias.name], bases)


def _candidates(parts: list[str], bases: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that may run when the dotted name `parts` is imported."""
    for base in bases:
        folder = base
        for part in parts:
            yield folder / f"{part}.py"
            folder /= part
            yield folder / "__init__.py"
