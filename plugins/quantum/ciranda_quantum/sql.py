"""SQL as it stands in a template: its parameters, and nothing pasted into it."""

from __future__ import annotations

import re
from typing import Final

_PIECE: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|::|:(?P<name>[A-Za-z_]\w*)|(?P<brace>\{)",
    re.DOTALL,
)
_STYLES: Final = {
    "named": ":{}", "pyformat": "%({})s", "qmark": "?", "format": "%s", "numeric": ":{}",
}  # fmt: skip


class Statement:
    """One statement: its text, and the parameters in the order in which they stand."""

    def __init__(self, text: str) -> None:
        self.text = text.strip().rstrip(";")
        self.names: list[str] = []
        self.places: list[int] = []  # of their colons
        self.brace = -1
        for match in _PIECE.finditer(text):
            if match["name"]:
                self.names.append(match["name"])
                self.places.append(match.start())
            elif match["brace"] and self.brace < 0:
                self.brace = match.start()

    def bound(
        self, style: str, values: dict[str, object]
    ) -> tuple[str, dict[str, object] | list[object]]:
        """Return text and values for a database's way of writing parameters.

        Args:
            style: Its DB-API `paramstyle`.
            values: By name.
        """
        if style == "named":
            return self.text, {name: values[name] for name in self.names}
        listed: list[object] = []

        def write(match: re.Match[str]) -> str:
            name = match["name"]
            if not name:
                whole = match.group()
                return whole.replace("%", "%%") if style in {"format", "pyformat"} else whole
            listed.append(values[name])
            return _STYLES[style].format(len(listed) if style == "numeric" else name)

        text = _PIECE.sub(write, self.text)
        if style == "pyformat":
            return text, {name: values[name] for name in self.names}
        return text, listed
