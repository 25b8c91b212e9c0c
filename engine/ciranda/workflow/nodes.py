"""What a YAML document is made of: three kinds of node, each knowing where it was written."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Mapping", "Node", "Plain", "PlainScalar", "Scalar", "Sequence", "Style", "plain"]

Style = Literal["plain", "single", "double", "literal", "folded"]
PlainScalar = str | int | float | bool | None
Plain = PlainScalar | list["Plain"] | dict[str, "Plain"]


# Nodes compare by identity: an alias *is* the node it names, and two equal texts at two
# places are not the same node.
class Scalar(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One value without children; lines and columns count from 1.

    Attributes:
        value: What the text means under the YAML 1.2 core schema.
        text: The text itself, so that `007` and `3.10` are not lost.
        style: How it was quoted.
        line: Line of its first character (the quote, the `|`).
        column: Column of its first character, in code points.
    """

    value: PlainScalar
    text: str
    style: Style
    line: int
    column: int


class Sequence(msgspec.Struct, frozen=True, eq=False):
    """A list; `line` and `column` are those of its `[` or its first `-`."""

    items: tuple[Node, ...]
    line: int
    column: int


class Mapping(msgspec.Struct, frozen=True, eq=False):
    """Keys in the order of the file, what `<<` merges before what is written out.

    `key_nodes` has the keys of `entries`, each with the place it was written at.
    """

    entries: dict[str, Node]
    key_nodes: dict[str, Scalar]
    line: int
    column: int


Node = Scalar | Sequence | Mapping


def plain(node: Node) -> Plain:
    """Return plain Python data; what aliases share in the file is copied, never shared."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    return [plain(item) for item in node.items]
