"""From a frontmatter's mapping to the fields of a skill, and all that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from .frontmatter import Node, Text, absent, data, spelled
from .names import check_name, normal_name
from .tools import tool_names
from .violation import Violation

__all__ = ["Fields", "read_fields"]

LONGEST_DESCRIPTION: Final = 1024
LONGEST_COMPATIBILITY: Final = 500
_KNOWN: Final = frozenset(
    ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
)
_MOST_SHOWN: Final = 10


@dataclass(slots=True)
class Fields:
    """What a frontmatter says; `name` and `description` are empty where it does not."""

    name: str = ""
    description: str = ""
    license: str = ""
    compatibility: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    allowed_tools: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    found: dict[Violation, str] = field(default_factory=dict)


def read_fields(mapping: dict[str, Node], folder: str) -> Fields:
    """Return the fields of a frontmatter in a folder of the given name."""
    fields = Fields()
    _name(fields, mapping.get("name"), folder)
    _description(fields, mapping.get("description"))
    odd = [_extra(fields, mapping)]
    odd.append(_license(fields, mapping.get("license")))
    odd.append(_compatibility(fields, mapping.get("compatibility")))
    odd.append(_metadata(fields, mapping.get("metadata")))
    odd.append(_allowed_tools(fields, mapping.get("allowed-tools")))
    told = "; ".join(each for each in odd if each)
    if told:
        fields.found[Violation.UNEXPECTED_FIELD] = told
    return fields


def _name(fields: Fields, node: Node | None, folder: str) -> None:
    if isinstance(node, Text) and not absent(node):
        fields.name = normal_name(node.value)
    if fields.name:
        fields.found |= check_name(fields.name, folder)
    else:
        said = "the field `name` is missing" if node is None else "the field `name` is no text"
        fields.found[Violation.MISSING_NAME] = f"{said}: write `name: {folder[:80]}`"


def _description(fields: Fields, node: Node | None) -> None:
    if isinstance(node, Text) and not absent(node):
        fields.description = node.value.strip()
    if not fields.description:
        said = "is missing" if node is None else "is no text"
        fields.found[Violation.MISSING_DESCRIPTION] = (
            f"the field `description` {said}: say what the skill does and when to use it"
        )
    elif len(fields.description) > LONGEST_DESCRIPTION:
        fields.found[Violation.DESCRIPTION_TOO_LONG] = (
            f"the description has {len(fields.description):,} characters: "
            f"at most {LONGEST_DESCRIPTION:,} are allowed"
        )


def _extra(fields: Fields, mapping: dict[str, Node]) -> str:
    fields.extra = {key: data(node) for key, node in mapping.items() if key not in _KNOWN}
    if not fields.extra:
        return ""
    names = [f"`{key[:60]}`" for key in sorted(fields.extra)]
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"the format has no field {', '.join(names[:_MOST_SHOWN])}{more}: use `metadata`"


def _license(fields: Fields, node: Node | None) -> str:
    if node is None or absent(node):
        return ""
    if not isinstance(node, Text):
        fields.extra["license"] = data(node)
        return "`license` must be text"
    fields.license = node.value.strip()
    return ""


def _compatibility(fields: Fields, node: Node | None) -> str:
    if node is None or absent(node):
        return ""
    if not isinstance(node, Text):
        fields.extra["compatibility"] = data(node)
        return "`compatibility` must be text"
    fields.compatibility = node.value.strip()
    if not fields.compatibility:
        return "`compatibility` is blank: leave it out"
    if len(fields.compatibility) > LONGEST_COMPATIBILITY:
        fields.found[Violation.COMPATIBILITY_TOO_LONG] = (
            f"the compatibility has {len(fields.compatibility):,} characters: "
            f"at most {LONGEST_COMPATIBILITY} are allowed"
        )
    return ""


def _metadata(fields: Fields, node: Node | None) -> str:
    if node is None or absent(node):
        return ""
    if not isinstance(node, dict):
        fields.extra["metadata"] = data(node)
        return "`metadata` must be a mapping"
    fields.metadata = {key: spelled(value) for key, value in node.items()}
    return ""


def _allowed_tools(fields: Fields, node: Node | None) -> str:
    if node is None or absent(node):
        return ""
    names = tool_names(node)
    if names is None:
        fields.extra["allowed-tools"] = data(node)
        return "`allowed-tools` must be text or a list of texts"
    fields.allowed_tools = names
    return ""
