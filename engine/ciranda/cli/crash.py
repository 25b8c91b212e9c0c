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
    for place in (_state, _temporary):
        try:
            path = place()
            path.write_text(about + text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return f"please report it with {path}"
    return f"the traceback:\n{text}"


def _state() -> Path:
    from ciranda.settings.project import project_root

    folder = project_root(Path.cwd()) / ".ciranda" / "crash"
    folder.mkdir(exist_ok=True)  # not its parents: a folder without runs is left as it is
    return folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"


def _temporary() -> Path:
    # A name nobody can foresee: other users may write to this folder too.
    number, name = tempfile.mkstemp(prefix="ciranda-crash-", suffix=".txt")
    os.close(number)
    return Path(name)
