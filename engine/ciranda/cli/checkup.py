"""What `ciranda doctor` looks at: the installation, the project, the system."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

from ciranda.errors import CirandaError

if TYPE_CHECKING:
    from ciranda.plugins import Plugins

__all__ = ["Finding", "checkup"]

Level = Literal["ok", "warn", "fail"]

_OLDEST: Final = (3, 11)


class Finding(NamedTuple):
    """One line of the report."""

    check: str
    level: Level
    message: str


def checkup(store: str | None) -> list[Finding]:
    """Look at everything; a check that fails unexpectedly is itself a finding.

    Args:
        store: The folder of the store as given, None for the project's own.
    """
    from ciranda.cli.sandboxes import sandbox_findings

    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("python", _python),
        ("sqlite", _sqlite),
        ("store", lambda: _store(store)),
        ("settings", _settings),
        ("plugins", _plugins),
        ("loops", _loops),
        ("traces", _traces),
        ("startup", _startup_files),
        ("editable", _editable),
        ("sandbox", lambda: (Finding(*each) for each in sandbox_findings())),
    )
    found: list[Finding] = []
    for name, look in checks:
        try:
            found += look()
        except CirandaError as error:
            found.append(Finding(name, "fail", str(error)))
        except OSError as error:
            found.append(Finding(name, "warn", f"cannot be looked at: {error}"))
    return found


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fine = sys.version_info >= _OLDEST
    yield Finding(
        "python",
        "ok" if fine else "fail",
        f"{sys.implementation.name} {version} at {sys.executable}"
        + ("" if fine else f"; ciranda needs {'.'.join(map(str, _OLDEST))}"),
    )


def _sqlite() -> Iterator[Finding]:
    import apsw

    from ciranda.store.opening import SOUND_SQLITE

    version = apsw.sqlite_lib_version()
    fine = tuple(map(int, version.split(".")[:3])) >= SOUND_SQLITE
    needed = ".".join(map(str, SOUND_SQLITE))
    yield Finding(
        "sqlite",
        "ok" if fine else "fail",
        f"SQLite {version} of apsw {apsw.apsw_version()}"
        + ("" if fine else f" can lose records; {needed} or newer is needed"),
    )


def _store(store: str | None) -> Iterator[Finding]:
    from ciranda.cli.history import opened
    from ciranda.errors import RunNotFoundError
    from ciranda.observe.spoken import plural

    try:
        with opened(store) as log:
            damage = log.check()
            runs = len(log.runs(limit=sys.maxsize))
    except RunNotFoundError as error:
        yield Finding("store", "ok", str(error))
        return
    for sentence in damage:
        yield Finding("store", "fail", sentence)
    if not damage:
        yield Finding("store", "ok", f"{plural(runs, 'run')}, nothing damaged")


def _settings() -> Iterator[Finding]:
    from ciranda.discovery import discover
    from ciranda.settings import (
        PluginsSettings,
        RateSettings,
        RunSettings,
        StoreSettings,
        read_configuration,
    )
    from ciranda.workflow.nearest import nearest

    configuration = read_configuration(Path.cwd())
    for kind in (PluginsSettings, RateSettings, RunSettings, StoreSettings):
        configuration.read(kind)
    yield Finding("settings", "ok", str(configuration.path or "no ciranda.toml: the defaults"))
    installed = [one.name for one in discover()]
    for name in configuration.tables:
        meant = None if name in installed else nearest(name, installed)
        if meant:
            yield Finding(
                "settings", "warn", f"no plugin reads the section [{name}]; did you mean [{meant}]?"
            )


def _plugins() -> Iterator[Finding]:
    from ciranda.plugins import Plugins
    from ciranda.settings import read_configuration

    plugins = Plugins(read_configuration(Path.cwd()))
    plugins.load()
    for one in plugins.listing():
        told = f"{one.name} of {one.distribution} {one.version}: {one.standing}"
        if one.standing in ("built-in", "enabled") and not one.always:
            try:
                plugins.require(one.name)
            except CirandaError as error:
                yield Finding("plugins", "fail", str(error))
                continue
            yield from _found(plugins, one.name)
        yield Finding("plugins", "warn" if one.standing == "shadowed" else "ok", told)


def _found(plugins: Plugins, name: str) -> Iterator[Finding]:
    """Tell what a plugin tells of itself."""
    try:
        for level, message in plugins.findings(name):
            known: Level = level if level in get_args(Level) else "warn"
            yield Finding(name, known, str(message))
    except (CirandaError, TypeError, ValueError) as error:
        yield Finding(name, "fail", str(error))


def _loops() -> Iterator[Finding]:
    trio = importlib.util.find_spec("trio") is not None
    yield Finding(
        "loops", "ok", "asyncio and trio" if trio else "asyncio (`pip install trio` for trio)"
    )


def _traces() -> Iterator[Finding]:
    from ciranda.observe.endpoint import endpoint_of, shown_url

    endpoint = endpoint_of(os.environ)
    if endpoint is None:
        yield Finding("traces", "ok", "not exported; OTEL_EXPORTER_OTLP_ENDPOINT is not set")
    else:
        yield Finding("traces", "ok", f"exported to {shown_url(endpoint.url)}")


def _startup_files() -> Iterator[Finding]:
    """Tell of code that runs at every start of Python, before any program."""
    found = 0
    for folder in _site_folders():
        for path in sorted(folder.glob("*.pth")):
            lines = path.read_text("utf-8", "replace").splitlines()
            if any(line.startswith(("import ", "import\t")) for line in lines):
                found += 1
                yield Finding("startup", "warn", f"{path} runs code whenever Python starts")
    if not found:
        yield Finding("startup", "ok", "no .pth file runs code")


def _editable() -> Iterator[Finding]:
    found = [
        path.parent.name.partition("-")[0]
        for folder in _site_folders()
        for path in sorted(folder.glob("*.dist-info/direct_url.json"))
        if b'"editable"' in path.read_bytes()
    ]
    text = ", ".join(found)
    yield Finding("editable", "ok", f"installed from sources: {text}" if found else "none")


def _site_folders() -> list[Path]:
    names = dict.fromkeys(path for path in sys.path if path)
    return [Path(name) for name in names if os.path.isdir(name)]
