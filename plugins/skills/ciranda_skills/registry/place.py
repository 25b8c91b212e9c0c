"""The folders of one scope: where skills stand, and where what is known of them is kept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ..error import UnreadableError
from ..resources import contains, reason_of
from .error import BusyError, InstallError
from .record import Records

__all__ = ["Place"]

_OWN: Final = ".ciranda"
_PAUSE: Final = 0.05  # seconds between two looks at a lock


class Place:
    """The skills of a project or of a user, and their records beside them.

    Args:
        base: The project's folder, or the user's home.
        wait: Seconds to wait for another process.
        clock: Seconds, for that.
        sleep: Waits.
    """

    def __init__(
        self,
        base: Path,
        *,
        wait: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base: Final = base
        self._wait: Final = wait
        self._clock: Final = clock
        self._sleep: Final = sleep
        own = base / _OWN
        self._kept: Final = own / "installed"
        self.skills: Final = own / "skills"
        self.pending: Final = self._kept / "pending"
        self.records: Final = Records(self._kept / "records")

    def standing(self, folder: str) -> Path:
        """Return where a skill stands."""
        return self.skills / folder

    def staged(self, token: str) -> Path:
        """Return where a skill is prepared, or taken away."""
        return self._kept / "staging" / token / "skill"

    def kept(self, folder: str) -> Path:
        """Return where the former versions of a skill are.

        Raises:
            InstallError: A link leads from there.
        """
        path = self._kept / "former" / folder
        if path.is_symlink():
            raise InstallError(f"{path} is a link: remove it")
        return path

    def check(self) -> None:
        """Raise when a link leads from these folders to others, as a project may bring one.

        Raises:
            InstallError: One does.
        """
        real = os.path.realpath(self._base)
        for folder in (self.skills, self._kept):
            if not contains(real, os.path.realpath(folder)):
                raise InstallError(f"{folder} leads out of {self._base}: remove that link")
        for name in ("records", "former", "staging", "pending"):
            if os.path.islink(self._kept / name):
                raise InstallError(f"{self._kept / name} is a link: remove it")

    def is_standing(self, folder: str) -> bool:
        """Tell whether there is a folder in the place of a skill.

        Raises:
            InstallError: There is something else.
        """
        path = self.standing(folder)
        try:
            mode = os.lstat(path).st_mode
        except FileNotFoundError:
            return False
        if not stat.S_ISDIR(mode):
            what = "a link" if stat.S_ISLNK(mode) else "no folder"
            raise InstallError(f"{path} is {what}: remove it yourself")
        return True

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing anything here while the block goes on.

        Raises:
            BusyError: Another one still does, after the wait.
            InstallError: The folders cannot be made.
        """
        self.check()
        try:
            for folder in (self.skills, self.pending, self._kept / "records"):
                folder.mkdir(parents=True, exist_ok=True)
            for folder in (self._kept / "former", self._kept / "staging"):
                folder.mkdir(exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._kept / "lock", flags, 0o644)
        except OSError as error:
            raise InstallError(f"{self._kept} cannot be used: {reason_of(error)}") from None
        try:
            self._take(descriptor)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        until = self._clock() + self._wait
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock() >= until:
                    said = f"another process changes the skills in {self.skills}: try again"
                    raise BusyError(said) from None
                self._sleep(_PAUSE)
            else:
                return

    def tidy(self, keeping: frozenset[str] = frozenset()) -> None:
        """Remove what is prepared or was taken away, but for these tokens; needs the lock."""
        with os.scandir(self._kept / "staging") as entries:
            stale = [entry for entry in entries if entry.name not in keeping]
        for entry in stale:
            remove_tree(Path(entry.path))


def remove_tree(folder: Path) -> None:
    """Remove a folder and what is in it, or a file, or a link but nothing that it leads to.

    Raises:
        UnreadableError: Something in it cannot be removed.
    """
    try:
        if folder.is_symlink() or folder.is_file():
            folder.unlink()
        else:
            shutil.rmtree(folder)
    except FileNotFoundError:
        pass  # it is gone
    except OSError as error:
        raise UnreadableError(f"{folder} cannot be removed: {reason_of(error)}") from None
