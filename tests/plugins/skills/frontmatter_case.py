"""One row of the table of frontmatters.

Each case is decided from the rules, not from what some reader does. In a case, `errors` are what
the strict mode refuses; `warnings`, unless given, are the same; a case with `loads=False` is
skipped by the lenient mode too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NAME = "name: demo\n"
TEXT = "description: Does things. Use when asked.\n"
BOTH = NAME + TEXT
SAID = "Does things. Use when asked."


@dataclass(frozen=True)
class Case:
    """One file in a folder, and what reading it must find."""

    id: str
    data: bytes
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    loads: bool
    folder: str
    fields: dict[str, Any]


def case(
    id: str,  # noqa: A002 (as in the table)
    source: str | bytes,
    errors: str = "",
    warnings: str | None = None,
    *,
    loads: bool = True,
    folder: str = "demo",
    **fields: Any,
) -> Case:
    """Return a row; `source` is the whole file."""
    data = source.encode() if isinstance(source, str) else source
    noted = (errors if loads else "") if warnings is None else warnings
    return Case(id, data, tuple(errors.split()), tuple(noted.split()), loads, folder, fields)


def skill(id: str, yaml: str, errors: str = "", warnings: str | None = None, **more: Any) -> Case:  # noqa: A002
    """Return a row for a frontmatter, fenced and with a body."""
    return case(id, f"---\n{yaml}---\n\n# Demo\n", errors, warnings, **more)


MISSING = "missing_frontmatter"
OPEN = "unclosed_frontmatter"
YAML = "invalid_yaml"
REPAIRED = "yaml_repaired"
NO_TEXT = "missing_description"
NO_NAME = "missing_name"
EXTRA = "unexpected_field"
