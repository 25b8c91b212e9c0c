"""Looks at all processes of one call: how many there are, and how much memory they hold.

Resource limits of the kernel count by process or by user, and root is exempt from some; a call
is judged by its whole tree. What counts is memory of its own: pages shared with files do not.
"""

from typing import Final, final

from . import system

_COUNTED: Final = (b"RssAnon:", b"RssShmem:")


def _held_kb(pid: int | str) -> int:
    """Return the KiB of memory that is not a file's; 0 where nobody says or the process ended."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(_COUNTED))


@final
class Watch:
    """The limits of one call; made before its child is forked.

    Args:
        processes: How many there may be at a time; 0 is any number.
        memory_mb: MiB they may hold together beyond what this process does; 0 is any amount.
    """

    __slots__ = ("_memory_kb", "_processes")

    def __init__(self, processes: int, memory_mb: int) -> None:
        self._processes = processes
        # The child begins with a copy of what we hold.
        self._memory_kb = (memory_mb << 10) + _held_kb("self") if memory_mb else 0

    def over(self, root: int, waiting: int = 0) -> str:
        """Return which limit the processes below `root` exceed, or nothing.

        Args:
            root: Process id of the keeper.
            waiting: That of a child that waits for another call; 0 for none.
        """
        found = [pid for pid in system.descendants(root) if pid != waiting]
        if self._processes and len(found) > self._processes:
            return "processes"
        if self._memory_kb and sum(map(_held_kb, found)) > self._memory_kb:
            return "memory"
        return ""
