"""All processes below one; apart from the pool, because every program that is run needs it."""

import contextlib
import os
from collections.abc import Iterator

__all__ = ["descendants"]


def _children_by_scan() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                # The name in brackets may hold anything; what follows its last bracket may not.
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
    return children


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with (
            contextlib.suppress(FileNotFoundError, ProcessLookupError),
            open(f"/proc/{pid}/task/{thread}/children", "rb") as file,
        ):
            found += map(int, file.read().split())
    return found


def descendants(root: int) -> Iterator[int]:
    """Yield the process ids below `root`, parents first (Linux; elsewhere nothing)."""
    if not os.path.isdir("/proc/self/task"):
        return
    # Kernels without CONFIG_PROC_CHILDREN need the whole table.
    direct = os.path.exists("/proc/self/task/1/children") or os.path.exists(
        f"/proc/self/task/{os.getpid()}/children"
    )
    table = {} if direct else _children_by_scan()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            below = _children(pid) if direct else table.get(pid, [])
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield from below
        waiting += below
