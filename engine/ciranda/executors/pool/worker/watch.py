"""Looks at all processes of one call: how many there are, how much memory and disk they hold.

Resource limits of the kernel count by process or by user, and root is exempt from some; a call
is judged by its whole tree. What counts is memory of its own: pages shared with files do not.
"""

import os
import time
from typing import Final, NamedTuple, final

from . import system

_COUNTED: Final = (b"RssAnon:", b"RssShmem:")

_BLOCK: Final = 512  # bytes, whatever the file system says
_REST: Final = 9  # times as long as a look at a folder took, none is taken


def _held_kb(pid: int | str) -> int:
    """Return the KiB of memory that is not a file's; 0 where nobody says or the process ended."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(_COUNTED))


class Room(NamedTuple):
    """What a folder may hold with all that is below it.

    Attributes:
        folder: Its path; empty for none.
        size_mb: MiB on disk; 0 is any amount.
        files: Files and folders; 0 is any number.
    """

    folder: str = ""
    size_mb: int = 0
    files: int = 0

    def over(self) -> str:
        """Return which limit it exceeds, `size` or `files`, or nothing."""
        size = files = 0
        waiting = [self.folder]
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        found = entry.stat(follow_symlinks=False)
                        size += found.st_blocks * _BLOCK
                        files += 1
                        if self.files and files > self.files:
                            return "files"
                        if self.size_mb and size > self.size_mb << 20:
                            return "size"
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
            except OSError:
                continue  # it was removed meanwhile, or nobody may enter it
        return ""


_ANYWHERE: Final = Room()


@final
class Watch:
    """The limits of one call; made before its child is forked.

    Args:
        processes: How many there may be at a time; 0 is any number.
        memory_mb: MiB they may hold together beyond what this process does; 0 is any amount.
        room: What they may leave in a folder.
    """

    __slots__ = ("_due", "_memory_kb", "_processes", "_room")

    def __init__(self, processes: int, memory_mb: int, room: Room = _ANYWHERE) -> None:
        self._processes = processes
        self._room = room
        self._due = 0.0
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
        return self._crammed()

    def _crammed(self) -> str:
        """Return which limit the folder exceeds; seldom looks where there is much to look at."""
        begun = time.monotonic()
        if not self._room.folder or begun < self._due:
            return ""
        found = self._room.over()
        now = time.monotonic()
        self._due = now + _REST * (now - begun)
        return found
