"""Update copies of a project, each in a fork that dies at its own call that changes a folder.

Called as `FOLDER HOW`; prints the exit code of each fork as JSON. A program of its own, since a
test's process may have threads that a fork does not take along.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from ciranda_skills.registry import Registry
from ciranda_skills.registry.exchange import exchange

_CALLS = ("rename", "replace", "unlink", "rmdir")
_MOST = 40
_CRASHED = 9


def main(folder: Path, how: str) -> None:
    """Crash at the first call, at the second, and so on until an update comes to its end."""
    codes: list[int] = []
    while len(codes) < _MOST and (not codes or codes[-1] == _CRASHED):
        base = folder / str(len(codes))
        shutil.copytree(folder / "first", base)
        child = os.fork()
        if not child:
            _update(base, len(codes), how)
            os._exit(0)
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    print(json.dumps(codes))  # noqa: T201  (what the test reads)


def _update(base: Path, left: int, how: str) -> None:
    def counted(inner: Any) -> Any:
        def outer(*args: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os._exit(_CRASHED)
            return inner(*args, **named)

        return outer

    for each in _CALLS:
        setattr(os, each, counted(getattr(os, each)))
    registry = Registry(base, swap=counted(exchange if how == "swap" else _cannot))
    registry.update("tool")


def _cannot(_one: Path, _other: Path) -> bool:
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
