"""The lines of a .pth file that Python runs at every start."""

from __future__ import annotations

import re
from typing import Final

from .page import Page

__all__ = ["running_lines"]

_LINE: Final = re.compile(r"^import[ \t][^\r\n]*", re.MULTILINE)


def running_lines(page: Page) -> list[tuple[int, str]]:
    """Return the number and text of each line that begins with `import`; others are paths."""
    return [(page.place(found.start())[0], found[0]) for found in _LINE.finditer(page.text)]
