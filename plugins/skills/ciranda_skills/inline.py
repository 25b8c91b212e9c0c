"""The block at the top of a Python script that says what it needs (PEP 723), read and no more."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from .error import InlineMetadataError

__all__ = ["InlineMetadata", "read_inline"]

_OPENING: Final = re.compile(r"# /// ([a-zA-Z0-9-]+)")
_CLOSING: Final = "# ///"
_TYPE: Final = "script"


@dataclass(frozen=True, slots=True)
class InlineMetadata:
    """What a script says that it needs.

    Attributes:
        requires_python: A version specifier; empty when it does not say.
        dependencies: Requirements as they were written.
        tool: The table `[tool]`.
    """

    requires_python: str = ""
    dependencies: tuple[str, ...] = ()
    tool: dict[str, Any] = field(default_factory=dict)


def read_inline(text: str, *, script: str = "the script") -> InlineMetadata | None:
    """Return the `# /// script` block of a script's text, or None without one.

    Args:
        text: The script.
        script: What errors call it.

    Raises:
        InlineMetadataError: There are two blocks, or one that cannot be understood.
    """
    blocks = _blocks(text)
    if not blocks:
        return None
    if len(blocks) > 1:
        raise InlineMetadataError(f"{script} has {len(blocks)} blocks `# /// script`: keep one")
    try:
        table = tomllib.loads(blocks[0])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InlineMetadataError(
            f"the block `# /// script` of {script} is not TOML: {error}"
        ) from None
    tool = table.get("tool", {})
    if not isinstance(tool, dict):
        raise InlineMetadataError(f"`tool` in the block of {script} must be a table")
    return InlineMetadata(_python(table, script), _dependencies(table, script), tool)


def _blocks(text: str) -> list[str]:
    """Return the content of each block: from its opening to the last closing line of the comment.

    By hand and line by line: the pattern that the PEP gives backtracks over long comments.
    """
    lines = text.removeprefix("\ufeff").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    blocks = []
    at = 0
    while at < len(lines):
        opening = _OPENING.fullmatch(lines[at])
        at += 1
        if opening is None:
            continue
        end = at
        # At least one line stands between, or it is no block.
        while end < len(lines) and (lines[end] == "#" or lines[end].startswith("# ")):
            end += 1
        closing = next((n for n in range(end - 1, at, -1) if lines[n] == _CLOSING), None)
        if closing is None:
            at = end  # nor is there one for what else opens in this comment
            continue
        if opening[1] == _TYPE:
            blocks.append("\n".join(line[2:] for line in lines[at:closing]))
        at = closing + 1
    return blocks


def _python(table: dict[str, Any], script: str) -> str:
    wanted = table.get("requires-python", "")
    try:
        if isinstance(wanted, str):
            SpecifierSet(wanted)
            return wanted
    except InvalidSpecifier:
        pass  # told below, as for a value of another type
    raise InlineMetadataError(
        f'`requires-python` in the block of {script} must be like ">=3.11", not {wanted!r}'
    )


def _dependencies(table: dict[str, Any], script: str) -> tuple[str, ...]:
    wanted = table.get("dependencies", [])
    if not isinstance(wanted, list):
        raise InlineMetadataError(f"`dependencies` in the block of {script} must be a list")
    for each in wanted:
        said = _fault(each)
        if said:
            raise InlineMetadataError(
                f"`dependencies` in the block of {script} holds {each!r}: {said}"
            )
    return tuple(wanted)


def _fault(requirement: object) -> str:
    """Say what is wrong with a requirement, if anything."""
    if not isinstance(requirement, str):
        return "it is not text"
    try:
        Requirement(requirement)
    except InvalidRequirement as error:
        return str(error).partition("\n")[0]
    return ""
