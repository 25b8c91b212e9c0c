"""Where the traceback of our own failures goes, so that it can be sent to us."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

__all__ = ["keep"]


def keep(error: BaseException) -> str:
    """Write the traceback; return where it is, as the end of a sentence.

    With `CIRANDA_DEBUG=1` it goes to standard error, else into `.ciranda/crash` of the project,
    or the folder for temporary files where that cannot be written.
    """
    text = "".join(traceback.format_exception(error))
    if os.environ.get("CIRANDA_DEBUG") == "1":
        return f"the traceback:\n{text}"
    about = f"ciranda {' '.join(sys.argv[1:2])}, Python {sys.version.split()[0]}\n\n"
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    for place in (_state, _temporary):
        try:
            folder = place()
            folder.mkdir(exist_ok=True)
            path = folder / name
            path.write_text(about + text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return f"please report it with {path}"
    return f"the traceback:\n{text}"


def _state() -> Path:
    from ciranda.settings.project import project_root

    return project_root(Path.cwd()) / ".ciranda" / "crash"


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"ciranda-crash-{os.getuid()}"
