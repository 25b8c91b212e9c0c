"""The actions: what steps name with `uses:`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TypedDict

from ciranda import Arg, Context, StepError, action
from ciranda.actions import Action

from .headings import headings_of, links_of, slug
from .settings import MarkdownSettings

__all__ = ["contents", "links", "summary"]


class Contents(TypedDict):
    """The headings of a text."""

    headings: list[str]
    table: str


class Dead(TypedDict):
    """A link that leads nowhere."""

    file: str
    line: int
    target: str


class Found(TypedDict):
    """What became of the links of a folder."""

    files: int
    links: int
    dead: list[Dead]


@action("markdown.contents", pure=True)
def contents(text: str, *, depth: Annotated[int, Arg(minimum=1, maximum=6)] = 3) -> Contents:
    r"""Make a table of contents.

    Args:
        text: A Markdown text.
        depth: Levels of headings that are taken, counted from the top.

    Returns:
        `headings`, in their order, and the `table`, a list in Markdown.

    Example:
        ```yaml
        uses: markdown.contents
        with: {text: "# One", depth: 2}
        ```

        >>> contents("# One\n\n## Two")["table"]
        '- [One](#one)\n  - [Two](#two)'
    """
    taken = [(level, title) for level, title in headings_of(text) if level <= depth]
    lines = [f"{'  ' * (level - 1)}- [{title}](#{slug(title)})" for level, title in taken]
    return {"headings": [title for _, title in taken], "table": "\n".join(lines)}


def links(settings: MarkdownSettings) -> Action:
    """Return the action `markdown.links` for the settings of a project."""

    @action("markdown.links", idempotent=True, errors={"markdown.no_folder": False})
    def find(folder: Path, *, ctx: Context) -> Found:
        """Find links that lead nowhere in the Markdown files of a folder.

        Links to files and to headings are looked at, those to other hosts are not.

        Args:
            folder: The folder; relative to the workflow's file.
            ctx: The step.

        Returns:
            How many `files` and `links` were looked at, and the `dead` ones.

        Example:
            ```yaml
            uses: markdown.links
            with: {folder: .}
            ```
        """
        root = ctx.run.base / folder
        if not root.is_dir():
            raise StepError("markdown.no_folder", f"there is no folder {root}", retryable=False)
        files = [
            file
            for file in sorted(root.rglob("*"))
            if file.suffix in settings.suffixes and file.is_file()
        ]
        looked, dead = 0, []
        for number, file in enumerate(files, 1):
            ctx.progress(number, len(files))
            for line, target in links_of(file.read_text("utf-8", errors="replace")):
                if target.startswith(settings.ignore):
                    continue
                looked += 1
                if not _leads_somewhere(file, target):
                    name = file.relative_to(root).as_posix()
                    dead.append(Dead(file=name, line=line, target=target))
        return {"files": len(files), "links": looked, "dead": dead}

    return find


@action("markdown.summary", pure=True)
def summary(dead: list[Dead]) -> str:
    """Say in a sentence which links are dead.

    Args:
        dead: As `markdown.links` gives them.

    Example:
        ```yaml
        uses: markdown.summary
        with: {dead: [{file: a.md, line: 3, target: gone.md}]}
        ```
    """
    if not dead:
        return "Every link leads somewhere."
    places = ", ".join(f"{one['target']} ({one['file']}:{one['line']})" for one in dead)
    return f"{len(dead)} of the links lead nowhere: {places}."


def _leads_somewhere(file: Path, target: str) -> bool:
    path, _, heading = target.partition("#")
    other = file.parent / path if path else file
    if not heading:
        return other.exists()
    return other.is_file() and heading in _slugs(other)


def _slugs(file: Path) -> Iterator[str]:
    return (slug(title) for _, title in headings_of(file.read_text("utf-8", errors="replace")))
