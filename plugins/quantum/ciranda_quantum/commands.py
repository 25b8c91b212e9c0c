"""`ciranda quantum`: templates on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ciranda.cli import options, screen
from ciranda.cli.commands import Subcommands
from ciranda.cli.exits import Exit
from ciranda.cli.teaching import examples
from ciranda.settings import read_configuration

from .error import QuantumError
from .library import Library
from .plain import as_json
from .settings import QuantumSettings, compiler_of

__all__ = ["command"]

_file = click.argument("file", metavar="FILE.q", callback=options.not_empty)
_components = click.option(
    "--components",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help="Where imported components are.  [default: the folder of FILE.q]",
)


@click.command(
    "quantum",
    cls=Subcommands,
    invoke_without_command=False,
    epilog=examples(
        'ciranda quantum render page.q --data \'{"title": "News"}\' > page.html',
        "ciranda quantum check *.q",
    ),
)
def command() -> None:
    """Check, compile and render templates, which are `.q` files."""


@command.command(
    "render",
    epilog=examples(
        'ciranda quantum render page.q --data \'{"title": "News"}\'',
        "ciranda quantum render page.q --data @data.json -o json",
    ),
)
@_file
@click.option(
    "--data", metavar="JSON", default="{}", help="Variables: an object, or `@file` that holds one."
)
@_components
@options.json_option
@click.pass_context
def render(ctx: click.Context, file: str, data: str, components: str | None, form: str) -> None:
    """Run a template and print its HTML.

    With `-o json`, an object with `html`, `return` and `vars`, or with `error`.
    """
    with _told(ctx, form):
        given = _data(data)
        with _readable(file):
            template = _library(components).load(file)
        result = template.run(given)
        for line in result.logs:
            screen.say(f"{line.level}: {line.message}")
        if form == "json":
            shown = {"html": result.html, "return": result.value, "vars": result.variables}
            screen.out(as_json(shown))
        else:
            screen.out(result.html)


@command.command(
    "compile",
    epilog=examples(
        "ciranda quantum compile page.q",
        "ciranda quantum compile page.q --show",
    ),
)
@_file
@click.option("--show", is_flag=True, help="Print the Python code that is generated.")
@_components
@options.json_option
@click.pass_context
def compile_(ctx: click.Context, file: str, show: bool, components: str | None, form: str) -> None:
    """Compile a template and everything that it imports."""
    with _told(ctx, form), _readable(file):
        template = _library(components).load(file)
        code = _python(file) if show else ""
        if form == "json":
            shown: dict[str, Any] = {"file": file, "components": sorted(template.components)[1:]}
            screen.out(as_json({**shown, "python": code} if show else shown))
        else:
            screen.out(code if show else f"{file}: ok")


@command.command(
    "check",
    epilog=examples(
        "ciranda quantum check page.q",
        "ciranda quantum check pages/*.q -o json",
    ),
)
@click.argument("files", metavar="FILE.q...", nargs=-1, required=True, callback=options.not_empty)
@_components
@options.json_option
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...], components: str | None, form: str) -> None:
    """Check templates and everything that they import, without running anything.

    All faults of all files are told at once, each with its line and a caret.
    """
    from .checking import check_files

    folder = components if components is not None else _settings().components
    found = check_files(files, folder)
    wrong = [fault for faults in found.values() for fault in faults]
    if form == "json":
        screen.out(as_json(_listed(found)))
    else:
        for file, faults in found.items():
            if not faults:
                screen.out(f"{file}: ok")
        for fault in wrong:
            screen.say(fault.picture())
        if wrong:
            screen.error(f"{len(wrong)} fault{'' if len(wrong) == 1 else 's'}")
    if wrong:
        ctx.exit(Exit.USAGE)


@command.command(
    "schema",
    epilog=examples(
        "ciranda quantum schema > quantum.xsd",
        "ciranda quantum schema --format json",
    ),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["xsd", "json"]),
    default="xsd",
    help="An XML schema, or a table of tags.  [default: xsd]",
)
def schema(form: str) -> None:
    """Print the tags of the language and their attributes, for editors."""
    from .editors import schema_text

    screen.raw(schema_text(form))


def _listed(found: Mapping[str, list[QuantumError]]) -> list[dict[str, Any]]:
    return [
        {"file": file, "ok": not faults, "faults": [fault.plain() for fault in faults]}
        for file, faults in found.items()
    ]


def _settings() -> QuantumSettings:
    return read_configuration(Path.cwd()).read(QuantumSettings)


def _library(components: str | None) -> Library:
    settings = _settings()
    folder = components if components is not None else settings.components
    return Library(folder, limits=settings.limits(), compiler=compiler_of(settings))


def _python(file: str) -> str:
    import ast

    from .build import build
    from .emit import emit

    return ast.unparse(emit(build(Path(file).read_text("utf-8"), file)))


def _data(text: str) -> dict[str, Any]:
    import json

    source = "--data"
    if text.startswith("@"):
        source = text[1:] or "--data @"
        text = _content(text[1:])
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QuantumError("arguments", f"{source} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise QuantumError("arguments", f'{source} must be a JSON object such as {{"title": "x"}}')
    return value


def _content(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise QuantumError("arguments", f"{file} is not UTF-8 text") from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise QuantumError("arguments", f"{file} cannot be read: {why}") from None


@contextmanager
def _readable(file: str) -> Iterator[None]:
    """Say in one sentence that a template cannot be read."""
    try:
        yield
    except FileNotFoundError:
        raise QuantumError("arguments", f"there is no template {file}", file=file) from None
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise QuantumError("arguments", f"the template cannot be read: {why}", file=file) from None


@contextmanager
def _told(ctx: click.Context, form: str) -> Iterator[None]:
    """Print an error as JSON where JSON is asked for; otherwise the command line says it."""
    try:
        yield
    except QuantumError as error:
        if form != "json":
            raise
        screen.out(as_json({"error": error.plain()}))
        ctx.exit(Exit.USAGE)
