"""Values as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

__all__ = ["as_json", "cell", "lines_of", "table"]

_SHORT: Final = 80  # columns up to which JSON stays on one line
_COLUMNS: Final = 12  # of a list of mappings that is still shown as a table


def as_json(value: Any, indent: int = 2) -> str:
    """Return a value as JSON; bytes become base64, half a surrogate pair is escaped."""
    try:
        return msgspec.json.format(msgspec.json.encode(value), indent=indent).decode()
    except UnicodeEncodeError:  # names of files need not be UTF-8
        plain = msgspec.to_builtins(value)
        ends = (",", ": " if indent >= 0 else ":")
        return json.dumps(plain, indent=indent if indent >= 0 else None, separators=ends)


def cell(value: Any) -> str:
    """Return a value in one piece: text as it is, all else as JSON."""
    return value if isinstance(value, str) else as_json(value, indent=-1)


def lines_of(values: Mapping[str, Any]) -> Iterable[str]:
    """Yield `name: value` lines; what does not fit on a line follows it, indented."""
    for name, value in values.items():
        short, block = _shown(value)
        yield f"{name}: {short}" if short else f"{name}:"
        for line in block:
            yield f"  {line}"


def _shown(value: Any) -> tuple[str, Sequence[str]]:
    if isinstance(value, str):
        lines = value.removesuffix("\n").split("\n")
        return (lines[0] or '""', ()) if len(lines) == 1 else ("", lines)
    if _is_tabular(value):
        names = list(value[0])
        return "", table(names, [[cell(row[name]) for name in names] for row in value])
    text = cell(value)
    if len(text) <= _SHORT:
        return text, ()
    return "", as_json(value).split("\n")


def _is_tabular(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and isinstance(value[0], dict)
        and 0 < len(value[0]) <= _COLUMNS
        and all(
            isinstance(row, dict)
            and row.keys() == value[0].keys()
            and not any(isinstance(item, dict | list) for item in row.values())
            and not any("\n" in item for item in row.values() if isinstance(item, str))
            for row in value
        )
    )


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return aligned columns below their titles."""
    from ciranda.observe.visible import columns, pad, visible

    shown = [[visible(text) for text in row] for row in (titles, *rows)]
    widths = [max(columns(row[index]) for row in shown) for index in range(len(titles))]
    return [
        "  ".join(pad(text, width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
