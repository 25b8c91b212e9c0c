"""Plugins that read workflow files and take spans, found by a project: its commands and Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ciranda
from ciranda import Engine, hookimpl
from ciranda.cli.entry import outcome
from ciranda.errors import PluginError, WorkflowError
from ciranda.plugins import Plugins
from ciranda.serve.roster import files_of
from ciranda.workflow.loader import Loader

Install = Callable[..., str]

TOML = """
import tomllib
from ciranda import hookimpl
from ciranda.workflow.loader import Loader

def read(data, file):
    text = data.decode()
    return tomllib.loads(text) if text.startswith("ciranda") else None

@hookimpl
def loaders():
    return {".toml": Loader(read)}
"""
SPANS = """
from pathlib import Path
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from ciranda import hookimpl

class Lines(SpanExporter):
    def export(self, spans):
        with Path("spans.txt").open("a") as file:
            file.writelines(f"{span.name}\\n" for span in spans)
        return SpanExportResult.SUCCESS

@hookimpl
def exporters():
    return {"spans.file": Lines()}
"""
FLOW = "ciranda = 1\nname = 'flow'\n[steps.a]\nrun = ['sh', '-c', 'test -e go']\n"


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project as the working directory, with a workflow in TOML."""
    monkeypatch.chdir(project)
    monkeypatch.setenv("NO_COLOR", "1")
    (project / "flow.toml").write_text(FLOW)
    (project / "go").touch()
    return project


def enable(folder: Path, *names: str) -> None:
    listed = ", ".join(f'"{name}"' for name in names)
    (folder / "ciranda.toml").write_text(
        f'[plugins]\nenable = [{listed}]\n[store]\ndurability = "process"\n'
    )


def command(capsys: Any, *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    ended = int(outcome(list(arguments)))
    said = capsys.readouterr()
    assert ended == code, said
    return f"{said.out}{said.err}"


def test_commands_take_files_that_an_enabled_plugin_reads(
    here: Path, install: Install, capsys: Any
) -> None:
    install("toml", TOML)
    enable(here, "toml")

    assert command(capsys, "validate", "flow.toml") == "flow.toml: ok\n"
    assert "a" in command(capsys, "plan", "flow.toml")
    assert "a" in command(capsys, "graph", "flow.toml")
    assert "succeeded" in command(capsys, "run", "flow.toml")
    (here / "flow.toml").write_text(FLOW.replace("run", "rum"))
    assert "flow.toml: steps.a.rum: " in command(capsys, "validate", "flow.toml", code=2)


def test_cases_are_tried_with_such_files_and_export_nothing(
    here: Path, install: Install, capsys: Any
) -> None:
    install("toml", TOML)
    install("spans", SPANS, group="ciranda.always")
    enable(here, "toml", "spans")
    (here / "flow.test.yaml").write_text(
        "workflow: flow.toml\nmocks: {a: {output: {}}}\n"
        "cases: [{name: works, expect: {status: succeeded}}]\n"
    )

    assert "1 passed" in command(capsys, "test", "flow.test.yaml")
    assert not (here / "spans.txt").exists()


def test_a_run_goes_on_when_the_plugin_is_gone(here: Path, install: Install, capsys: Any) -> None:
    install("toml", TOML)
    enable(here, "toml")
    (here / "go").unlink()
    (here / "inner.toml").write_text(FLOW)
    (here / "outer.toml").write_text("ciranda = 1\n[steps.b]\nuses = './inner.toml'\n")
    command(capsys, "run", "outer.toml", code=1)

    enable(here)
    (here / "go").touch()

    assert "succeeded" in command(capsys, "resume", "last")
    assert "a" in command(capsys, "graph", "last")
    assert "no plugin in use reads `.toml` files" in command(capsys, "run", "outer.toml", code=2)


def test_python_loads_such_files_and_the_plugin_is_not_in_use_for_it(
    here: Path, install: Install
) -> None:
    install("toml", TOML)
    enable(here, "toml")

    assert list(ciranda.load("flow.toml").steps) == ["a"]
    result = ciranda.run("flow.toml", durability="off")
    builder = ciranda.Workflow("outer")
    builder.step("b", uses="./flow.toml")

    assert result.ok
    assert ciranda.run(builder, durability="off").ok


def test_nothing_is_imported_for_yaml(here: Path, install: Install) -> None:
    module = install("toml", TOML)
    enable(here, "toml")
    (here / "flow.yaml").write_text("ciranda: 1\nsteps: {a: {run: 'true'}}\n")

    ciranda.load("flow.yaml")
    before = module in sys.modules
    ciranda.load("flow.toml")

    assert (before, module in sys.modules) == (False, True)


def test_a_folder_is_served_with_the_files_that_plugins_read(
    here: Path, install: Install, make_plugins: Callable[..., Plugins]
) -> None:
    install("toml", TOML)
    plugins = make_plugins("toml")
    (here / "event.toml").write_text(f"{FLOW}[on.webhook]\npath = '/n'\n")
    (here / "broken.toml").write_text("ciranda = ")

    found = files_of([here], plugins.readers, {})

    assert [Path(each).name for each in found] == ["broken.toml", "event.toml"]


class Reading:
    """A plugin that a program hands over."""

    def __init__(self, loaders: Any) -> None:
        self._loaders = loaders

    @hookimpl
    def loaders(self) -> Any:
        return self._loaders


class Other(Reading):
    """Another one."""


def nothing(data: bytes, file: str) -> None:
    return None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("loaders", "wrong"),
    [
        ([], "the hook 'loaders' returned list; return a dict"),
        ({"toml": Loader(nothing)}, "'toml' is no suffix of files: write it as `.md`"),
        ({".yaml": Loader(nothing)}, "'.yaml' files, which ciranda reads itself"),
        ({".md": nothing}, "the loader of '.md' is function; write Loader"),
    ],
)
async def test_what_is_no_loader_is_refused(loaders: Any, wrong: str) -> None:
    with pytest.raises(PluginError, match=wrong):
        async with Engine(durability="off", plugins=[Reading(loaders)]):
            pass


@pytest.mark.anyio
async def test_two_plugins_for_one_suffix_are_refused(here: Path, install: Install) -> None:
    install("toml", TOML)
    enable(here, "toml")
    one = {".toml": Loader(nothing)}

    with pytest.raises(PluginError, match=r"'other' offers the loader '\.toml', which plugin"):
        async with Engine(durability="off", plugins=[Reading(one), Other(one)]):
            pass
    async with Engine(durability="off", plugins=[Reading(one)]) as engine:
        with pytest.raises(PluginError, match=r"'reading' offers the loader '\.toml', which"):
            engine.load("flow.toml")


def test_a_file_beside_the_workflow_comes_too_late_to_read_it(here: Path) -> None:
    (here / "mine.py").write_text(TOML)
    (here / "flow.yaml").write_text("ciranda: 1\nplugins: [./mine.py]\nsteps: {a: {run: x}}\n")

    with pytest.raises(PluginError, match=r"'mine\.py' offers loaders, but the file that names it"):
        ciranda.run("flow.yaml", durability="off")


def test_a_program_hands_over_a_loader(here: Path) -> None:
    plugin = ModuleType("tabs")
    exec(TOML.replace(".toml", ".tab"), vars(plugin))  # the text above
    (here / "flow.tab").write_text(FLOW)

    assert ciranda.run("flow.tab", durability="off", plugins=[plugin]).ok
    with pytest.raises(WorkflowError, match=r"no plugin in use reads `\.toml` files"):
        ciranda.run("flow.toml", durability="off", plugins=[plugin])


def test_commands_hand_spans_to_what_every_engine_has_and_later_from_the_log(
    here: Path, install: Install, capsys: Any
) -> None:
    install("spans", SPANS, group="ciranda.always")
    enable(here, "spans")
    (here / "flow.yaml").write_text("ciranda: 1\nname: flow\nsteps: {a: {run: 'true'}}\n")
    spans = ["attempt 1", "a", "workflow.run flow"]

    said = command(capsys, "run", "flow.yaml")
    live = (here / "spans.txt").read_text().splitlines()
    later = command(capsys, "trace", "last", "--exporter", "spans.file")

    assert "incomplete" not in said
    assert live == spans
    assert later.startswith("handed 3 spans of run ")
    assert (here / "spans.txt").read_text().splitlines() == spans * 2
    wrong = command(capsys, "trace", "last", "--exporter", "spans.flie", code=2)
    none = command(capsys, "trace", "last", "--exporter", "", code=2)
    assert "no plugin offers the exporter 'spans.flie'; did you mean 'spans.file'?" in wrong
    assert "'' is no exporter" in none
