"""The field `allowed-tools`: a text of words, or a list of them."""

from __future__ import annotations

from .frontmatter import Node, Text

__all__ = ["tool_names"]


def tool_names(node: Node) -> tuple[str, ...] | None:
    """Return the tools that the field names, or None where it is neither text nor a list of it.

    Spaces and commas separate; within parentheses they belong to the tool, `Bash(git add:*)`.
    """
    if isinstance(node, Text):
        return tuple(_split(node.value))
    if isinstance(node, list) and all(isinstance(item, Text) for item in node):
        return tuple(name for item in node if isinstance(item, Text) for name in _split(item.value))
    return None


def _split(text: str) -> list[str]:
    names: list[str] = []
    word = ""
    depth = 0
    for sign in text:
        if depth <= 0 and (sign.isspace() or sign == ","):
            if word:
                names.append(word)
            word = ""
            continue
        depth += (sign == "(") - (sign == ")")
        word += sign
    return [*names, word] if word.strip() else names
