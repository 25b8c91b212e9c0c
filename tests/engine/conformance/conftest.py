"""A plugin without a fault, as one file and as a package, to be broken in one place each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ciranda.conformance import RULES, Finding, Verdict, conform, find_subject

GOOD = '''
"""A plugin without a fault."""

import itertools
import logging
import threading
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Annotated, Any

import anyio
from msgspec import Struct
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from ciranda import Arg, Secret, Settings, StepError, action, hookimpl, hookspec
from ciranda.events import Request
from ciranda.expressions import Function
from ciranda.layer import Layer, Place, modifier
from ciranda.trigger import trigger
from ciranda.workflow.loader import Loader

CIRANDA_API = (1, 0)
counter = itertools.count()


class SampleSettings(Settings, section="sample"):
    """The section.

    Attributes:
        token: What is signed with.
    """

    token: Secret


class Sign(Request[str], frozen=True, kw_only=True):
    text: str


def sign_text(request: Sign) -> str | None:
    """Sign a text; None leaves it to the next plugin."""


specs = ModuleType("specs")
specs.sign_text = hookspec(sign_text)


class Times(Struct, frozen=True):
    """How often.

    Attributes:
        times: Turns.
    """

    times: int = 1


@modifier("sample.again", options=Times)
def again(target, options):
    """Do a step again."""

    async def call(call, next):
        for _ in range(options.times):
            answer = await next(call)
        return answer

    return Layer(call, place=Place.LIMIT)


class Bell(Struct, frozen=True):
    """How often.

    Attributes:
        times: It rings.
    """

    times: int = 1


@trigger("sample.rang", options=Bell, data=dict[str, int])
async def rang(options, hear, settings):
    """Hear a bell."""
    for turn in range(options.times):
        await hear({"turn": turn}, id=str(turn))


@hookimpl
def triggers():
    return [rang]


def read(data, file):
    text = data.decode()
    return text if text.startswith("ciranda") else None


@hookimpl
def loaders():
    return {".sample": Loader(read)}


class Counting(SpanExporter):
    def export(self, spans):
        return SpanExportResult.SUCCESS

    def shutdown(self):
        assert counter


@hookimpl
def exporters():
    return {"sample.count": Counting()}


@hookimpl
def settings():
    return SampleSettings


@hookimpl
def hookspecs():
    return [specs]


@hookimpl
def modifiers():
    return [again]


@hookimpl
def functions():
    return [Function("shout", str.upper, minimum=1, maximum=1, pure=True, doc="In capitals.")]


@hookimpl
def actions(settings):
    @action("sample.sign", pure=True, errors={"sample.empty": False})
    async def sign(text: str) -> str:
        """Sign a text.

        Args:
            text: What is signed.

        Example:
            ```yaml
            uses: sample.sign
            with: {text: hello}
            ```
        """
        if not text:
            raise StepError("sample.empty", "nothing to sign")
        await anyio.sleep(0)
        return f"{text}, signed"

    return [sign]


@hookimpl
@asynccontextmanager
async def lifespan(engine):
    yield None
'''
PYPROJECT = """
[project]
name = "ciranda-sample"
version = "1.0"

[project.entry-points.ciranda]
sample = "ciranda_sample"

[project.entry-points."ciranda.commands"]
sample = "ciranda_sample.commands:command"

[tool.ciranda.check.inputs]
"sample.sign" = {text = "given"}
"""
COMMANDS = '''
import click


@click.command("sample")
def command():
    """Say something."""
'''

FRESH = {"import", "import-output", "import-effects", "commands"}  # asked of a new process
HERE = [rule.id for rule in RULES if rule.id not in FRESH]

Failed = Callable[..., list[Finding]]


def failing(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.verdict is Verdict.FAIL]


@pytest.fixture
def failed(tmp_path: Path) -> Failed:
    """Return a function from replacements in the good file to what fails then."""

    def check(
        *changes: tuple[str, str], only: Iterable[str] = HERE, patience: float = 5.0
    ) -> list[Finding]:
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        file = tmp_path / "sample.py"
        file.write_text(text)
        return failing(conform(find_subject(str(file)), only=only, patience=patience))

    return check


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The same plugin as a package that is not installed."""
    folder = tmp_path / "src" / "ciranda_sample"
    folder.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (folder / "__init__.py").write_text(GOOD)
    (folder / "commands.py").write_text(COMMANDS)
    (folder / "py.typed").touch()
    return tmp_path
