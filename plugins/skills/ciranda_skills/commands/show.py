"""`ciranda skills show`."""

from __future__ import annotations

import click

from ciranda.cli import options, screen
from ciranda.cli.teaching import examples

__all__ = ["command"]


@click.command(
    "show",
    epilog=examples(
        "ciranda skills show csv-profile",
        "ciranda skills show csv-profile scripts/profile.py",
    ),
)
@click.argument("target", metavar="DIR|NAME", callback=options.not_empty)
@click.argument("file", metavar="[FILE]", required=False)
@options.json_option
def command(target: str, file: str | None, form: str) -> None:
    """Show what a skill says, and which files it has; with FILE, that file.

    Nothing of it is run, and no trust is needed: look at a skill before you trust it.
    """
    from ciranda.cli.values import as_json, cell, lines_of

    from ..resources import read_resource
    from .listing import shown
    from .opening import skill_of

    skill = skill_of(target)
    if file is not None:
        text = read_resource(skill.root, file).decode(errors="replace")
        screen.out(as_json({"path": file, "text": text})) if form == "json" else screen.raw(text)
        return
    found = shown(skill)
    if form == "json":
        screen.out(as_json(found))
        return
    body = found.pop("body")
    scripts = [
        each["path"] if each["parameters"] is None else f"{each['path']} {_names(each)}"
        for each in found.pop("scripts")
    ]
    for line in lines_of({name: value for name, value in found.items() if value not in ("", [])}):
        screen.out(line)
    for script in scripts:
        screen.out(f"script: {cell(script)}")
    screen.out(f"\n{body.strip()}")


def _names(script: dict[str, dict[str, dict[str, object]]]) -> str:
    names = script["parameters"].get("properties", {})
    return f"({', '.join(names)})"
