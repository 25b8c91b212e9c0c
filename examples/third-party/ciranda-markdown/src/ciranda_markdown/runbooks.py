"""Workflows in Markdown: what stands in the fences of a runbook."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["read_runbook"]

_FENCE: Final = re.compile(r"(`{3,}|~{3,})[ \t]*(.*?)[ \t]*")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_WORDS: Final = ["yaml", "ciranda"]


def read_runbook(data: bytes, file: str) -> str | None:
    """Return the fences of a text that begin with `yaml ciranda`, each line where it stands.

    Several of them are one workflow, in their order.

    Args:
        data: The text.
        file: Its name.

    Returns:
        YAML, or None if there is no such fence.

    Raises:
        ValueError: A fence is not closed, or the text is not UTF-8.
    """
    kept: list[str] = []
    fence, opened, taken, found = "", 0, False, False
    for number, line in enumerate(_BREAK.split(data.decode().removeprefix("\ufeff")), 1):
        mark = _FENCE.fullmatch(line)
        if not fence:
            kept.append("")
            if mark:
                fence, opened, taken = mark[1], number, mark[2].split() == _WORDS
                found |= taken
        elif mark and mark[1].startswith(fence) and not mark[2]:
            fence = ""
            kept.append("")
        else:
            kept.append(line if taken else "")
    if taken and fence:
        raise _UnclosedError(f"the fence is not closed: write {fence} below it", opened)
    return "\n".join(kept) + "\n" if found else None


class _UnclosedError(ValueError):
    """A fence without an end; it says where it begins."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.lineno, self.colno = line, 1
