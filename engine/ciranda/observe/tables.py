"""Tables of a page that its maker fills: plain text, made harmless here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Table", "drawn"]


@dataclass(frozen=True, slots=True)
class Table:
    """What stands above the timeline of a page.

    Attributes:
        title: Its heading.
        heads: Those of its columns.
        rows: Their cells.
        numbers: Whether all columns but the first hold numbers.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: bool = False


def drawn(table: Table, safe: Callable[[str], str]) -> str:
    """Return a table as HTML.

    Args:
        table: The table.
        safe: Makes text harmless.
    """
    kind = ' class="number"' if table.numbers else ""
    kinds = ["", *[kind] * (len(table.heads) - 1)]

    def row(cells: Sequence[str], tag: str, more: str = "") -> str:
        made = (
            f"<{tag}{kind}{more}>{safe(text)}</{tag}>"
            for kind, text in zip(kinds, cells, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    rows = "".join(row(cells, "td") for cells in table.rows)
    head = row(table.heads, "th", ' scope="col"')
    return (
        f'<h2>{safe(table.title)}</h2><div class="panel scroll"><table><thead>{head}</thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
