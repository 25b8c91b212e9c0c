"""A child that is forked before its call comes, so that the call waits for neither fork nor setup.

It is one process a call all the same: handed a call once, and never another one.
"""

import contextlib
import os
import socket
from typing import Final, final

_MOST: Final = 4  # a socket, stdout, stderr, stdin


@final
class Spare:
    """The keeper's side of a child that waits for its call.

    Args:
        pid: Of the child.
        line: Where it waits; closed when the call is handed over.
    """

    __slots__ = ("_line", "pid")

    def __init__(self, pid: int, line: socket.socket) -> None:
        self.pid = pid
        self._line = line

    def hand(self, fds: list[int]) -> bool:
        """Hand the descriptors of a call over; tell whether it was there to take them."""
        with contextlib.closing(self._line), contextlib.suppress(ConnectionError):
            socket.send_fds(self._line, [b"\0"], fds)
            return True
        return False

    def close(self) -> None:
        """Let go of a child that has ended or is to end."""
        self._line.close()


def awaited(line: socket.socket) -> list[int]:
    """Wait for the descriptors of the call, in the child; none when no call comes any more."""
    with line:
        data, fds, _, _ = socket.recv_fds(line, 1, _MOST)
    return fds if data else []


def can_wait() -> bool:
    """Tell whether a keeper can see which children it has, one that waits among them."""
    return os.path.exists(_children())


def others(waiting: int) -> bool:
    """Tell whether we have children besides one that waits, dead ones included.

    The kernel's list is complete as long as nobody but us, who are busy here, removes from it:
    a child leaves it when we wait for it, and its own children have joined it by then.
    """
    with open(_children(), "rb") as file:
        return any(int(pid) != waiting for pid in file.read().split())


def _children() -> str:
    return f"/proc/self/task/{os.getpid()}/children"
