"""`ciranda plugin new`."""

from __future__ import annotations

import keyword
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from ciranda.cli import completing, options, screen
from ciranda.cli.teaching import examples

__all__ = ["new", "write_package"]

_TEMPLATES: Final = Path(__file__).parent / "templates" / "plugin"
_SUFFIX: Final = ".txt"  # of each file there, so that no tool takes it for source
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST: Final = 40
# Names that mean something else: sections of `ciranda.toml`, kinds of failure, the engine itself.
_TAKEN: Final = frozenset(
    {"ciranda", "plugins", "store", "run", "rate", "python", "builder", "test"}
)


@click.command(
    "new",
    epilog=examples(
        "ciranda plugin new weather",
        "ciranda plugin new weather --dir ../ciranda-weather",
    ),
)
@click.argument("name", metavar="NAME", callback=options.not_empty)
@click.option(
    "--dir",
    "folder",
    metavar="FOLDER",
    callback=options.not_empty,
    shell_complete=completing.folders,
    help="Where the package goes; it must not exist.  [default: ciranda-NAME]",
)
def new(name: str, folder: str | None) -> None:
    """Write a package with a plugin to start from.

    NAME is the namespace of its actions, such as `weather`. The package has an action, settings
    with a secret, a layer that steps ask for, an observer, and tests, and is complete: it can be
    installed, its tests pass, and so does `ciranda plugin check`.
    """
    _refuse(name)
    root = Path(folder or f"ciranda-{name.replace('_', '-')}")
    if root.exists():
        raise click.ClickException(f"{root} exists: name another folder with --dir")
    try:
        for path in write_package(name, root):
            screen.say(f"wrote {path}")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise click.ClickException(f"{error.filename or root} cannot be written: {why}") from None
    screen.say(f"try `cd {root}`, `pip install -e '.[test]'`, `pytest`")


def write_package(name: str, root: Path) -> Iterator[Path]:
    """Write the files of a new plugin and yield each as it is written.

    Args:
        name: The namespace, checked.
        root: A folder that is not there yet.

    Raises:
        OSError: A file cannot be written.
    """
    from importlib.metadata import version

    words = {
        "@name@": name,
        "@NAME@": name.upper(),
        "@Class@": "".join(part.capitalize() for part in name.split("_")),
        "@dashed@": name.replace("_", "-"),
        "@version@": version("ciranda"),
        "@year@": str(time.localtime().tm_year),
    }
    for source in sorted(_TEMPLATES.rglob(f"*{_SUFFIX}")):
        inside = source.relative_to(_TEMPLATES).as_posix().removesuffix(_SUFFIX)
        path = root / _filled(inside, words)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_filled(source.read_text("utf-8"), words), encoding="utf-8")
        yield path


def _filled(text: str, words: Mapping[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def _refuse(name: str) -> None:
    """Refuse a name that cannot begin the names of actions.

    Raises:
        ClickException: The text says what to write.
    """
    from ciranda.actions import KINDS
    from ciranda.discovery import discover

    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        near = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:_LONGEST]
        hint = f"write `{near}`" if _NAME.fullmatch(near) else "write a word such as `weather`"
        raise click.ClickException(
            f"`{name}` cannot name a plugin: it is small letters, digits and _, beginning with a "
            f"letter; {hint}"
        )
    if keyword.iskeyword(name) or name in _TAKEN or name in KINDS:
        raise click.ClickException(f"`{name}` has a meaning already: choose another name")
    owner = [one.distribution for one in discover() if one.name == name and one.own]
    if owner:
        raise click.ClickException(f"`{name}` is a plugin of ciranda's own: choose another name")
