"""All faults of several templates and of what they import, without running anything."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

from .build import examine
from .error import QuantumError
from .library import read_file
from .nodes import Component
from .template import unit_of

__all__ = ["Found", "check_files"]

Found = list[QuantumError]


def check_files(
    files: Iterable[str], folder: str | os.PathLike[str] | None = None
) -> dict[str, Found]:
    """Return the faults of each file in the order of the file; empty where all is well.

    A component that a file imports is checked too. Its faults stand under its own name when it
    is among the files, else under that of the first file which leads to it.

    Args:
        files: Paths of templates.
        folder: Where components are; None is the folder of each file.
    """
    check = _Check(None if folder is None else os.fspath(folder))
    found = {file: check.file(file) for file in files}
    for file, faults in found.items():
        faults += check.imports(file)  # noqa: PLW2901 - the list itself grows
        faults.sort(key=lambda fault: (fault.file != file, fault.file, fault.line, fault.column))
    return found


class _Check:
    """One check; every file is read once."""

    def __init__(self, folder: str | None) -> None:
        self.folder: Final = folder
        self.known: dict[str, Component | None] = {}
        self.followed: set[str] = set()

    def file(self, path: str) -> Found:
        """Return what is wrong with a file itself."""
        if path in self.known:
            return []
        self.known[path] = None
        try:
            text, _ = read_file(path)
        except QuantumError as fault:
            return [fault]
        except (OSError, ValueError) as error:
            why = (getattr(error, "strerror", None) or str(error)).lower()
            return [QuantumError("arguments", f"the template cannot be read: {why}", file=path)]
        component, faults = examine(text, path)
        self.known[path] = component
        if component is not None and not faults:
            try:
                unit_of(component)
            except QuantumError as fault:
                faults.append(fault)
        return faults

    def imports(self, path: str) -> Found:
        """Return what is wrong with the imports of a file, and with what they lead to."""
        found: Found = []
        waiting = [path]
        while waiting:
            here = waiting.pop()
            component = self.known[here]
            if component is None or here in self.followed:
                continue
            self.followed.add(here)
            folder = self.folder if self.folder is not None else os.path.dirname(here)
            for each in component.imports:
                file = os.path.join(folder, f"{each.component}.q")
                if not os.path.isfile(file):
                    message = f"there is no component '{each.component}'"
                    found.append(component.source.error("compile", message, each.at))
                    continue
                found += self.file(file)
                waiting.append(file)
        return found
