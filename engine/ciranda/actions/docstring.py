"""Google-style docstrings, as far as an action's documentation needs them."""

from __future__ import annotations

import inspect
import re

import msgspec

_SECTION = re.compile(
    r"(Args|Arguments|Attributes|Parameters|Returns|Raises|Yields|Examples?|Notes?):\s*$"
)
_ENTRY = re.compile(r"(\*{0,2}\w+)\s*(?:\([^)]*\))?:\s*(.*)$")


class Docstring(msgspec.Struct, frozen=True):
    """A docstring taken apart: text before the sections, parameters, returns, the example."""

    text: str = ""
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    returns: str = ""
    example: str = ""


def parse_docstring(text: str | None) -> Docstring:
    """Take a Google-style docstring apart; what is not recognised is left out."""
    lines = inspect.cleandoc(text or "").splitlines()
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in lines:
        heading = _SECTION.match(line)
        if heading:
            current = heading[1]
            sections.setdefault(current, [])
        elif current and line and not line[0].isspace():
            current = ""
            sections[current].append(line)
        else:
            sections[current].append(line)
    arguments = next(
        (
            sections[name]
            for name in ("Args", "Arguments", "Attributes", "Parameters")
            if name in sections
        ),
        [],
    )
    returned = " ".join(" ".join(sections.get("Returns", [])).split())
    example = inspect.cleandoc(
        "\n".join(line for name in ("Example", "Examples") for line in sections.get(name, []))
    )
    return Docstring("\n".join(sections[""]).strip(), _entries(arguments), returned, example)


def _entries(lines: list[str]) -> dict[str, str]:
    """Read `name: text` entries; deeper lines continue the entry above."""
    written = [line for line in lines if line.strip()]
    depth = min((len(line) - len(line.lstrip()) for line in written), default=0)
    out: dict[str, str] = {}
    name = ""
    for line in written:
        entry = _ENTRY.match(line[depth:])
        if entry and not line[depth].isspace():
            name = entry[1].lstrip("*")
            out[name] = entry[2].strip()
        elif name:
            out[name] = f"{out[name]} {line.strip()}".strip()
    return out
