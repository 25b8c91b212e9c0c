"""Where the traceback of our own failures goes, so that it can be sent to us."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

__all__ = ["keep"]


def keep(error: BaseException) -> str:
    """Write the traceback; return what failed and where it is, as the rest of a sentence.

    What it tells is masked by the secrets of the runs that this process still holds.

    With `CIRANDA_DEBUG=1` it goes to standard error, else into `.ciranda/crash` of the project,
    or the folder for temporary files where that cannot be written.
    """
    masks = _masks()
    said, text = f"{type(error).__name__}: {error}", "".join(traceback.format_exception(error))
    for mask in masks:
        said, text = mask(said), mask(text)
    return f"({said}); {_kept(text)}"


def _masks() -> list[Callable[[str], str]]:
    """Return how each vault masks; the traceback keeps alive those that matter."""
    vault = sys.modules.get("ciranda.vault.vault")
    if vault is None:
        return []
    gc.unfreeze()  # what is frozen is not listed
    return [one.mask for one in gc.get_objects() if type(one) is vault.Vault]


def _kept(text: str) -> str:
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
