"""The file of a ring: private to its user, locked for microseconds, sound whatever happened to it.

A file is only ever replaced as a whole, by renaming another over it; whoever has the old one
sees that it has no name any more, and opens the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import secrets
import stat
import time
import weakref
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, final

from ciranda.errors import StoreError
from ciranda.middleware.ring import Ring
from ciranda.middleware.ringcare import fill_up, mend, shift, sound
from ciranda.middleware.ringformat import (
    boot_in,
    empty,
    is_ring,
    spans_in,
    with_boot,
)
from ciranda.workflow.durations import duration_text

__all__ = ["SUFFIX", "RingFile", "sweep"]

SUFFIX: Final = ".rate"
_BESIDE: Final = ".new"
_PATIENCE: Final = 2.0  # seconds; locks are held for microseconds, unless a holder was stopped
_SHORT: Final = 0.001  # seconds in which others are let go on, without sleeping
_TRIES: Final = 100
_SWEPT: Final = 64  # files looked at in one go
_NOW: Final = fcntl.LOCK_EX | fcntl.LOCK_NB
_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


@final
class RingFile:
    """An open ring and its lock.

    Args:
        path: The file; made if there is none.
        spans: The limit and the seconds of each dimension.
        slots: How many entries a new one has room for.
        boot: A mark of this boot of the machine, 16 bytes; times of another mean nothing.

    Attributes:
        notices: What was wrong with the file, a sentence each.

    Raises:
        StoreError: It cannot be used.
    """

    def __init__(
        self, path: Path, spans: Sequence[tuple[int, float]], slots: int, boot: bytes
    ) -> None:
        self.path: Final = path
        self.notices: Final[list[str]] = []
        self._spans: Final = list(spans)
        self._slots: Final = slots
        self._boot: Final = boot
        self._descriptor = -1
        self._owner = 0  # the process that has opened it
        self._closing: weakref.finalize[[int], RingFile] | None = None
        self._map: mmap.mmap
        self.ring: Ring

    @property
    def is_open(self) -> bool:
        """Whether `ring` may be read."""
        return self._closing is not None

    def lock(self, now: float) -> Ring:
        """Return the ring, locked until `unlock`.

        Nothing may be awaited meanwhile. A fork shares the lock of its parent, so it opens the
        file anew, and so does whoever finds that it was replaced, removed or damaged.

        Raises:
            StoreError: It cannot be used.
        """
        if self._owner != os.getpid() or self._closing is None:
            self.close()
            self._open(now, b"")
            return self.ring
        try:
            fcntl.flock(self._descriptor, _NOW)
        except BlockingIOError:
            _wait(self._descriptor, self.path)
        found = os.fstat(self._descriptor)
        if not found.st_nlink or found.st_size != len(self._map):
            # What was granted still counts if somebody has removed the file.
            content = self._map[:] if found.st_size == len(self._map) else b""
            self.close()
            self._open(now, content)
        elif self.ring.changing:
            mend(self.ring)
        return self.ring

    def unlock(self) -> None:
        """Let others have the ring."""
        if self.is_open:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let go of the file, and of its lock; the next one to lock it opens it again."""
        if self._closing is None:
            return
        self.ring.release()
        self._map.close()
        self._closing()
        self._closing = None

    def _open(self, now: float, known: bytes) -> None:
        """Open and lock the file; `known` is what it held, if it is gone."""
        for _ in range(_TRIES):
            try:
                descriptor = os.open(self.path, _FLAGS)
            except FileNotFoundError:
                _write(self.path, self._first(known), new=True)
                continue
            except OSError as error:
                raise _unusable(self.path, error) from error
            try:
                content = _content(descriptor, self.path)
                if content is None:
                    continue
                better = self._better(content, now)
                if better is not None:
                    _write(self.path, better, new=False)
                    continue
                self._map = mmap.mmap(descriptor, len(content))
                self._descriptor, descriptor = descriptor, -1
                break
            finally:
                if descriptor >= 0:
                    os.close(descriptor)
        else:
            raise StoreError(f"{self.path} is replaced again and again by others: remove it")
        self._owner = os.getpid()
        self._closing = weakref.finalize(self, os.close, self._descriptor)
        self.ring = Ring(memoryview(self._map), self._spans, self._slots)
        if self.ring.changing:
            mend(self.ring)

    def _first(self, known: bytes) -> bytes:
        """Return what a new file holds: what the removed one held, if that is known."""
        shape = (self._spans, self._slots)
        if known and spans_in(known) == shape and _sound(known, *shape):
            return known
        return with_boot(empty(*shape), self._boot)

    def _better(self, content: bytes, now: float) -> bytes | None:
        """Return what the file has to hold; None if it is good as it is.

        Raises:
            StoreError: It is somebody else's.
        """
        if content and not is_ring(content):
            raise StoreError(f"{self.path} is not the file of a rate limit: move it away")
        if spans_in(content) != (self._spans, self._slots) or not _sound(
            content, self._spans, self._slots
        ):
            longest = duration_text(max(per for _, per in self._spans))
            self.notices.append(
                f"{self.path} was damaged and is begun anew; as nobody knows what it has counted, "
                f"nothing starts for {longest}"
            )
            fresh = empty(self._spans, self._slots)
            with _ring(fresh, self._spans, self._slots) as ring:
                fill_up(ring, now)
            return with_boot(fresh, self._boot)
        copy = bytearray(content)
        with _ring(copy, self._spans, self._slots) as ring:
            seen = ring.seen
            if boot_in(content) == self._boot and now >= seen - 1.0:
                return None
            # All that it holds was before this boot, whose clock began at 0.
            shift(ring, -max(seen, 0.0))
        return with_boot(copy, self._boot)


def _unusable(path: Path, error: OSError) -> StoreError:
    return StoreError(f"the file of a rate limit, {path}: {error.strerror}")


def _content(descriptor: int, path: Path) -> bytes | None:
    """Lock a file and return what it holds; None if it has no name any more.

    Raises:
        StoreError: It is not a file of this user.
    """
    _wait(descriptor, path)
    found = os.fstat(descriptor)
    if not found.st_nlink:
        return None
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        raise StoreError(f"{path} is not a file of this user: move it away")
    if found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
    return os.pread(descriptor, found.st_size, 0)


def _wait(descriptor: int, path: Path) -> None:
    """Lock a file that another has locked, which takes microseconds unless it was stopped."""
    begin = time.monotonic()
    while True:
        try:
            fcntl.flock(descriptor, _NOW)
        except BlockingIOError:
            waited = time.monotonic() - begin
            if waited > _PATIENCE:
                raise StoreError(
                    f"{path} is locked by a process that does not go on: end that process"
                ) from None
            time.sleep(0.0 if waited < _SHORT else 0.0005)
        else:
            return


def _write(path: Path, content: bytes, *, new: bool) -> None:
    """Put a whole file in its place: that of one that is locked or, if new, of none."""
    beside = path.with_name(f"{path.stem}.{secrets.token_hex(8)}{_BESIDE}")
    try:
        descriptor = os.open(beside, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            # Written, so that there is room: what is mapped without any ends the process.
            os.write(descriptor, content)
        finally:
            os.close(descriptor)
        if not new:
            beside.replace(path)
            return
        with contextlib.suppress(FileExistsError):  # another was first
            os.link(beside, path)
        beside.unlink()
    except OSError as error:
        raise _unusable(path, error) from error


@contextlib.contextmanager
def _ring(content: bytearray, spans: Sequence[tuple[int, float]], slots: int) -> Iterator[Ring]:
    ring = Ring(memoryview(content), spans, slots)
    try:
        yield ring
    finally:
        ring.release()


def _sound(content: bytes, spans: Sequence[tuple[int, float]], slots: int) -> bool:
    with _ring(bytearray(content), spans, slots) as ring:
        return sound(ring)


def sweep(new: Path, boot: bytes, now: float) -> None:
    """Remove files of rings that count nothing any more, some for each new one.

    Whoever has one open sees that it is gone, and makes another. It begins behind the name of the
    new file, which is as good as drawn at random, so that each has its turn.
    """
    with os.scandir(new.parent) as entries:
        names = [entry.path for entry in entries]
    for path in names:
        if path.endswith(_BESIDE) and os.stat(path).st_mtime < time.time() - 3600:
            os.unlink(path)  # whoever wrote it was killed
    paths = sorted(path for path in names if path.endswith(SUFFIX))
    begin = bisect_left(paths, str(new))
    for path in (paths[begin:] + paths[:begin])[:_SWEPT]:
        with contextlib.suppress(OSError):  # what cannot be looked at stays
            descriptor = os.open(path, _FLAGS)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found = os.fstat(descriptor)
                content = os.pread(descriptor, found.st_size, 0)
                if found.st_nlink and _spent(content, boot, now):
                    os.unlink(path)
            finally:
                os.close(descriptor)


def _spent(content: bytes, boot: bytes, now: float) -> bool:
    """Say whether a file is a ring's in which nothing counts any more."""
    known = spans_in(content)
    if known is None or boot_in(content) != boot or not _sound(content, *known):
        return False
    with _ring(bytearray(content), *known) as ring:
        return ring.idle(now)
