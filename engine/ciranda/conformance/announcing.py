"""How a plugin announces itself: its entry point, its types, the interface it is made for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ciranda.conformance.examined import Examined
from ciranda.conformance.finding import Finding
from ciranda.errors import PluginError
from ciranda.plugins.loaded import API, check_api

__all__ = ["api_rules", "package_rules"]


def package_rules(one: Examined) -> Iterator[Finding]:
    """Yield what is wrong with how it is packaged."""
    subject = one.subject
    if subject.file is not None:
        yield Finding.skip("package", "it is one file, which a workflow names by its path")
        return
    where = str(subject.folder / "pyproject.toml") if subject.folder else subject.distribution
    if not subject.name.replace("-", "_").isidentifier():
        bad = f"`{subject.name}` cannot begin the name of an action: use letters, digits and _"
        yield Finding.fail("package", bad, where)
    top = Path(str(one.module.__file__))
    homes = [top.parent] if "." in one.module.__name__ or top.name == "__init__.py" else []
    while homes and (homes[-1].parent / "__init__.py").is_file():
        homes.append(homes[-1].parent)
    if homes and not any((home / "py.typed").is_file() for home in homes):
        typed = "it has no file `py.typed`, so type checkers take nothing of it for typed"
        yield Finding.fail("package", typed, str(homes[-1]))


def api_rules(one: Examined) -> Iterator[Finding]:
    """Yield what is wrong with the interface that it declares."""
    if not hasattr(one.plugin, "CIRANDA_API"):
        line = f"it does not say which interface it is made for: write `CIRANDA_API = {API}`"
        yield Finding.fail("api", line, one.subject.module)
        return
    try:
        check_api(one.subject.name, one.plugin)
    except PluginError as error:
        yield Finding.fail("api", str(error), one.subject.module)
