"""Distributions that only look installed, and projects in temporary folders."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from opentelemetry import trace
from opentelemetry.util._once import Once

from ciranda.plugins import Plugins, discover
from ciranda.settings import read_configuration

ACTION = """
from ciranda.actions import action
from ciranda.hooks import hookimpl

@action("{name}.send")
def send(text: str) -> str:
    '''Send a text.'''
    return text

@hookimpl
def actions():
    return [send]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on `sys.path`; modules imported from it are forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    # Whoever hands spans to a plugin's exporter provides them to the process: not to later tests.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    known = set(sys.modules)
    yield folder
    for name in set(sys.modules) - known:
        if str(folder) in (getattr(sys.modules[name], "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def install(site: Path) -> Callable[..., str]:
    """Return a function that installs a plugin: `install("slack")` offers `slack.send`."""

    def install(
        name: str,
        source: str | None = None,
        *,
        version: str = "1.0",
        group: str = "ciranda",
        dist: str = "",
    ) -> str:
        dist = dist or f"ciranda-{name}"
        module = f"{dist.replace('-', '_')}_plugin"
        text = ACTION.format(name=name) if source is None else dedent(source)
        (site / f"{module}.py").write_text(text)
        info = site / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n")
        with (info / "entry_points.txt").open("a") as file:
            file.write(f"[{group}]\n{name} = {module}\n")
        (info / "RECORD").write_text(f"{module}.py,sha256={hash(text)},{len(text)}\n")
        return module

    return install


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "ciranda.toml").write_text("")
    return folder


@pytest.fixture
def make_plugins(project: Path, site: Path) -> Callable[..., Plugins]:
    """Return a function that makes the Plugins of the project, with `enable` in its settings."""

    def make(*enable: str, toml: str = "", seconds: float = 10.0, **environ: str) -> Plugins:
        names = ", ".join(f'"{name}"' for name in enable)
        (project / "ciranda.toml").write_text(f"[plugins]\nenable = [{names}]\n{dedent(toml)}")
        return Plugins(
            read_configuration(project, environ), entries=discover([str(site)]), seconds=seconds
        )

    return make


@pytest.fixture
def write(project: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a file of the project."""

    def write(name: str, text: str) -> Path:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    return write
