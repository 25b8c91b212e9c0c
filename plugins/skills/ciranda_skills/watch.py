"""Whether files are what they were when somebody looked, told by their identities and times.

A look costs a microsecond or two a file and reads nothing. Whoever edits a file and sets its times
back still changes when its entry was changed, which no program can set. A file that changed in the
last moment could change again within the same tick of its clock, so times that young are not
relied upon.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import repeat
from operator import attrgetter
from typing import Any, Final, final

__all__ = ["Watch"]

_YOUNG_NS: Final = 50_000_000
_identity: Final = attrgetter("st_ctime_ns", "st_mtime_ns", "st_size", "st_ino", "st_dev")


@final
class Watch:
    """Files and folders as they are at this moment; what is read after this is what it watches.

    Args:
        own: Paths that count by themselves, links as links.
        through: Paths that count by what they lead to; what is absent is watched for.
        asked: Nanoseconds since the epoch, from before anybody chose the paths.
    """

    __slots__ = ("_absent", "_own", "_own_seen", "_sound", "_through", "_through_seen")

    def __init__(
        self,
        own: Iterable[str | os.PathLike[str]],
        through: Iterable[str | os.PathLike[str]] = (),
        *,
        asked: int,
    ) -> None:
        self._own: Final = list(dict.fromkeys(map(os.fsencode, own)))
        present: dict[bytes, Any] = {}
        absent: list[bytes] = []
        for path in set(map(os.fsencode, through)).difference(self._own):
            try:
                present[path] = _identity(os.stat(path))
            except (OSError, ValueError):  # a NUL in it
                absent.append(path)
        self._through: Final = list(present)
        self._through_seen: Final = list(present.values())
        self._absent: Final = absent
        self._own_seen: list[Any] = []
        self._sound = False
        try:
            self._own_seen = list(map(_identity, map(os.lstat, self._own)))
        except (OSError, ValueError):  # it went between the choice and the look
            return
        seen = self._own_seen + self._through_seen
        latest = max((max(each[:2]) for each in seen), default=0)
        self._sound = asked - latest >= _YOUNG_NS

    def __len__(self) -> int:
        """Return how many paths are looked at."""
        return len(self._own) + len(self._through) + len(self._absent)

    def holds(self) -> bool:
        """Tell whether nothing changed since."""
        if not self._sound:
            return False
        try:  # no line of Python for a single file: that would cost as much as the look
            return (
                list(map(_identity, map(os.lstat, self._own))) == self._own_seen
                and list(map(_identity, map(os.stat, self._through))) == self._through_seen
                and not any(map(os.access, self._absent, repeat(os.F_OK)))
            )
        except OSError:
            return False
