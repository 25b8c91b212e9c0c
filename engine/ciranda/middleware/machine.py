"""A limiter's book for all processes of a machine: each limit is a ring in a file of its own.

The lock of a file is held for some microseconds, never while anything is awaited; it ends with
its holder, however that ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Final, TypeVar, final

from ciranda.errors import StoreError
from ciranda.middleware.ring import Ring
from ciranda.middleware.ringcare import fill
from ciranda.middleware.ringformat import BOOT_BYTES, MOST, RingDamageError
from ciranda.store.key import kept_key

__all__ = ["MachineWindows", "boot_mark", "private_folder", "secret_key"]

T = TypeVar("T")

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_SLOTS: Final = 4096  # starts in a window that are told apart; the file has 32 bytes and more each


@final
class MachineWindows:
    """What has been granted to all processes of this machine that ask under one name.

    It is the `Book` of a `Limiter` whose clock is `time.monotonic`, which all processes share.
    Several with one name and the same spans are one limit; others have nothing to do with each
    other.

    Args:
        name: What is limited; any text.
        spans: The limit and the seconds of each dimension.
        folder: Where the files are; by default in the user's cache.
        slots: How many starts of a window are told apart, a power of two.
        boot: A mark of this boot of the machine.
        clock: What a ring that is opened is compared with.

    Raises:
        StoreError: The folder or the file cannot be used.
    """

    ahead: Final = True

    def __init__(
        self,
        name: str,
        spans: Sequence[tuple[int, float]],
        *,
        folder: Path | None = None,
        slots: int = _SLOTS,
        boot: bytes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            from ciranda.middleware.ringfile import SUFFIX, RingFile, sweep
        except ImportError as error:
            raise StoreError(
                "this system has no locks for a rate limit of the whole machine: write "
                "`shared: engine`"
            ) from error
        if not 0 < len(spans) <= MOST:
            raise ValueError(f"a limit has 1 to {MOST} dimensions, not {len(spans)}")
        mark = boot_mark() if boot is None else boot
        home = private_folder(folder)
        self.limits: Final = tuple(limit for limit, _ in spans)
        self._span: Final = max(per for _, per in spans)
        what = repr((name, [(limit, float(per)) for limit, per in spans], slots))
        digest = hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        path = home / f"{digest}{SUFFIX}"
        if not path.exists():
            with contextlib.suppress(OSError):  # a folder that cannot be listed can be used
                sweep(path, mark, clock())
        self._file: Final = RingFile(path, spans, slots, mark)
        self._file.lock(clock())
        self._file.unlock()

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def notices(self) -> list[str]:
        """What was wrong with the file, a sentence each."""
        return self._file.notices

    def attempt(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; they are taken if that is `now`."""
        ring = self._file.lock(now)
        try:
            return ring.attempt(costs, now)
        except RingDamageError:
            return self._again(now).attempt(costs, now)
        finally:
            self._file.unlock()

    def earliest(self, costs: Sequence[int], now: float) -> float:
        """Return the first time at which all fit; infinity if they never can."""
        return self._asked(now, lambda ring: ring.earliest(costs, now))

    def reserve(self, costs: Sequence[int], now: float) -> float:
        """Take the first time at which all fit and return it.

        Raises:
            ValueError: A cost is above its limit: it can never fit.
        """
        for cost, limit in zip(costs, self.limits, strict=True):
            if cost > limit:
                raise ValueError(f"{cost} is more than the limit of {limit}: it can never fit")
        return self._asked(now, lambda ring: ring.reserve(costs, now))

    def hold(self, costs: Sequence[int], now: float) -> float:
        """Hold the first time at which all fit, which somebody here will claim; return it."""
        return self._asked(now, lambda ring: ring.hold(costs, now))

    def claim(self, at: float, costs: Sequence[int], now: float) -> float:
        """Take what is held for `at`, as of `now`; return `now`, or a later time that is held."""
        return self._asked(now, lambda ring: ring.claim(at, costs, now))

    def advance(self, at: float, costs: Sequence[int], now: float) -> float:
        """Return the time of what is held for `at`, an earlier one if there is one by now."""
        return self._asked(now, lambda ring: ring.advance(at, costs, now))

    def settle(self, at: float, costs: Sequence[int], used: Sequence[int], now: float) -> None:
        """Give back what was not used of a grant; count what was used beyond it from `now`."""
        self._asked(now, lambda ring: ring.settle(at, costs, used, now))

    def pause(self, until: float, now: float) -> None:
        """Let nothing start before `until`, in whatever process."""
        self._asked(now, lambda ring: ring.pause(until))

    def patience(self, now: float) -> float:
        """Return after how many seconds to look again: others may have given something back.

        Where nobody has within a window, nobody needs to look.
        """
        if not self._file.is_open or self._file.ring.returned + self._span < now:
            return inf
        return min(max(self._span / 20, 0.05), 2.0)

    def fill(self, now: float) -> tuple[float, ...]:
        """Return how much of each dimension counts at `now`, as a share of its limit."""
        return self._asked(now, lambda ring: fill(ring, now))

    def idle(self, now: float) -> bool:
        """Say whether this process may forget the file: others see to it themselves."""
        return self._asked(now, lambda ring: ring.idle(now))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _asked(self, now: float, ask: Callable[[Ring], T]) -> T:
        ring = self._file.lock(now)
        try:
            return ask(ring)
        except RingDamageError:
            return ask(self._again(now))
        finally:
            self._file.unlock()

    def _again(self, now: float) -> Ring:
        """Return the ring of a damaged file: to open it is to look at all of it."""
        self._file.close()
        return self._file.lock(now)


def boot_mark() -> bytes:
    """Return what tells this boot from others, the same for all where the system does not say."""
    try:
        text = _BOOT_ID.read_text(encoding="ascii")
    except OSError:
        text = ""
    return hashlib.sha256(text.encode()).digest()[:BOOT_BYTES]


def private_folder(folder: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the machine's limits, made if it is missing, for this user alone.

    By default it is in the user's cache and not in the runtime folder, which comes and goes with
    a login: all processes must find the same one.

    Raises:
        StoreError: It cannot be made, or is somebody else's.
    """
    if folder is None:
        cache = environ.get("XDG_CACHE_HOME", "")
        root = Path(cache) if cache.startswith("/") else Path.home() / ".cache"
        folder = root / "ciranda" / "rates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
        if found.st_uid != os.geteuid():
            raise StoreError(f"the folder of rate limits, {folder}, belongs to another user")
        if stat.S_IMODE(found.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise StoreError(f"the folder of rate limits, {folder}: {error.strerror}") from error
    return folder


def secret_key(folder: Path) -> bytes:
    """Return the key that seals secrets in the names of this machine's limits, made at first.

    Raises:
        StoreError: It cannot be read or made.
    """
    return kept_key(folder / "key", "the key of rate limits: remove it")
