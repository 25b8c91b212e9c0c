"""`ciranda actions`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

if TYPE_CHECKING:
    from ciranda.actions import Action

__all__ = ["command", "plain"]


@click.command(
    "actions",
    epilog=examples(
        "ciranda actions",
        "ciranda actions data.read",
        "ciranda actions http --format md",
        "ciranda actions text.count --file flow.yaml",
    ),
)
@click.argument("name", metavar="[NAME]", required=False, shell_complete=completing.actions)
@click.option(
    "--file",
    metavar="FILE",
    callback=options.not_empty,
    shell_complete=completing.files,
    help="A workflow; the plugins that it names count too.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "md"]),
    default="text",
    help="How the result is written.  [default: text]",
)
def command(name: str | None, file: str | None, form: str) -> None:
    """List the actions that steps can use, or explain one.

    NAME is an action such as `data.read`, or a plugin such as `data`. An explanation tells what the
    action does, its inputs and output, and how it can fail.
    """
    from ciranda.cli.installed import all_plugins, with_those_of

    if file is not None:
        found = with_those_of([file]).actions
    else:
        found = all_plugins("" if name is None else name.partition(".")[0]).actions
    chosen = _chosen(found, name)
    if form == "json":
        _print_json(chosen, alone=name in chosen)
        return
    from ciranda.cli.manual import manual

    if form == "text" and name not in chosen:
        for line in _listing(chosen):
            screen.out(line)
        return
    for number, action in enumerate(chosen.values()):
        if number:
            screen.out()
        for line in manual(action, markdown=form == "md"):
            screen.out(line)


def _chosen(found: Mapping[str, Action], name: str | None) -> dict[str, Action]:
    chosen = {
        key: action
        for key, action in sorted(found.items())
        if name is None or key == name or key.startswith(f"{name}.")
    }
    if not chosen and name is not None:
        from ciranda.workflow.nearest import nearest

        meant = nearest(name, found)
        hint = f"did you mean `{meant}`?" if meant else "`ciranda actions` lists them"
        raise click.ClickException(f"there is no action `{name}`; {hint}")
    return chosen


def _listing(actions: Mapping[str, Action]) -> list[str]:
    from ciranda.cli.values import table

    rows = [(name, one.plugin, first_line(one.doc)) for name, one in actions.items()]
    return table(("action", "plugin", ""), rows)


def first_line(doc: str) -> str:
    """Return what a docstring says in its first line."""
    return doc.strip().partition("\n")[0]


def _print_json(actions: Mapping[str, Action], *, alone: bool) -> None:
    from ciranda.cli.values import as_json

    shown = [plain(action) for action in actions.values()]
    screen.out(as_json(shown[0] if alone else shown))


def plain(action: Action) -> dict[str, Any]:
    """Return what is known of an action as plain data."""
    return {
        "name": action.name,
        "plugin": action.plugin,
        "doc": action.doc,
        "input": action.input_schema,
        "output": action.output_schema,
        "errors": dict(action.errors),
        "pure": action.pure,
        "idempotent": action.idempotent,
        "executor": action.executor or ("inline" if action.is_async or action.inline else "thread"),
        "secrets": list(action.secrets),
    }
