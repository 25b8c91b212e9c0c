"""`ciranda docs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import options, screen, suggesting
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["command"]


@click.command(
    "docs",
    epilog=examples(
        "ciranda docs skills",
        "ciranda docs ./ciranda-weather -o md > weather.md",
    ),
)
@click.argument(
    "plugin", metavar="PLUGIN", callback=options.not_empty, shell_complete=suggesting.plugins
)
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "md"]),
    default="text",
    help="How the result is written.  [default: text]",
)
def command(plugin: str, form: str) -> None:
    """Show what a plugin offers: settings, actions, layers, triggers, hooks, commands.

    PLUGIN is an installed one, enabled or not; the folder of a package, with its `pyproject.toml`;
    or one file. All of it comes from its docstrings.
    """
    from ciranda.cli.described import described

    told, actions = described(plugin)
    if form == "json":
        from ciranda.cli.actions import plain
        from ciranda.cli.values import as_json

        told["actions"] = [plain(actions[name]) for name in told["actions"]]
        screen.out(as_json(told))
        return
    for line in _page(told, actions, markdown=form == "md"):
        screen.out(line)


def _page(
    told: Mapping[str, Any], actions: Mapping[str, Action], *, markdown: bool
) -> Iterator[str]:
    from ciranda.cli.manual import manual

    code = "`" if markdown else ""
    source = f"{told['distribution']} {told['version']}" if told["distribution"] else "one file"
    yield f"{'# ' if markdown else ''}{code}{told['name']}{code} ({source})"
    if told["doc"]:
        yield from ("", *told["doc"].split("\n"))
    if told["settings"]:
        yield from _heading(f"Settings, in [{told['settings'][0]['section']}]", markdown)
        for one in told["settings"]:
            yield from _row(one["key"], _about(one), one["doc"], markdown)
    if told["actions"]:
        yield from _heading("Actions", markdown)
        for number, name in enumerate(told["actions"]):
            if number:
                yield ""
            for line in manual(actions[name], markdown=markdown):
                yield f"#{line}" if markdown and line.startswith("## ") else line
    yield from _optional("Layers, for `with-middleware`", told["layers"], markdown)
    yield from _optional("Triggers, for `on`", told["triggers"], markdown)
    for title, key in (
        ("Functions for expressions", "functions"),
        ("Workflow files that it reads", "loaders"),
        ("Exporters of spans", "exporters"),
        ("Hooks that it adds", "adds"),
        ("Hooks that it uses", "hooks"),
        ("Commands", "commands"),
    ):
        if told[key]:
            yield from _heading(title, markdown)
            for one in told[key]:
                about = one.get("message") or ", ".join(one.get("hears", ()))
                yield from _row(one["name"], about, one["doc"].partition("\n")[0], markdown)
    if told["executors"]:
        yield from _heading("Executors", markdown)
        for name in told["executors"]:
            yield from _row(name, "", "", markdown)


def _optional(title: str, offered: list[dict[str, Any]], markdown: bool) -> Iterator[str]:
    """Yield the lines about what files name with options."""
    from ciranda.cli.manual import type_text

    if offered:
        yield from _heading(title, markdown)
    for one in offered:
        yield from _row(one["name"], "", one["doc"].partition("\n")[0], markdown)
        for each in one["options"]:
            about = type_text(each["schema"])
            if each["required"]:
                about += ", required"
            elif each["schema"].get("default") is not None:
                about += f", default {each['schema']['default']}"
            for line in _row(each["name"], about, each["doc"], markdown):
                yield f"  {line}"


def _heading(title: str, markdown: bool) -> tuple[str, ...]:
    return ("", f"## {title}", "") if markdown else ("", f"{title}:")


def _row(name: str, about: str, doc: str, markdown: bool) -> Iterator[str]:
    import textwrap

    code, item = ("`", "- ") if markdown else ("", "  ")
    text = f"{item}{code}{name}{code}"
    if about:
        text += f" ({about})"
    if doc:
        text += f": {' '.join(doc.split())}"
    indent = " " * (len(item) + 2)
    yield from textwrap.wrap(text, 88, subsequent_indent=indent, break_long_words=False)


def _about(one: Mapping[str, Any]) -> str:
    from ciranda.cli.values import cell

    if one["required"]:
        return f"{one['type']}, required"
    default = one["default"]
    return str(one["type"]) if default is None else f"{one['type']}, default {cell(default)}"
