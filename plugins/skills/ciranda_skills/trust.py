"""Which skills of projects the user trusts, by their content.

One small file for each digest: to trust is to create one, so two processes that do it at the same
time cannot lose each other's word, and a skill that changes has another digest and no file.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from .digest import digest
from .discovery import Scope
from .error import TrustError
from .resources import open_regular, reason_of

__all__ = ["Grant", "Trust", "trust_folder"]

_HEX: Final = frozenset("0123456789abcdef")
_DIGEST_LENGTH: Final = 64
_LARGEST: Final = 1 << 16
_SUFFIX: Final = ".json"
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The user's word for one content.

    Attributes:
        digest: What `digest` gave for the skill.
        name: Its name then, for people.
        folder: Where it lay then, for people.
        at: When, in seconds since 1970.
    """

    digest: str
    name: str
    folder: str
    at: float


def trust_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return where a user's grants are kept: below `XDG_STATE_HOME`, or `~/.local/state`."""
    state = environ.get("XDG_STATE_HOME", "")
    base = Path(state) if os.path.isabs(state) else home / ".local" / "state"
    return base / "ciranda" / "skills" / "trusted"


class Trust:
    """The grants in one folder, which belongs to the user alone.

    Args:
        folder: Where they are; it is made, with rights for the user only, by the first grant.
        clock: Seconds since 1970.
        token: A name that nobody else uses at this moment.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._folder: Final = folder
        self._clock: Final = clock
        self._token: Final = token

    def allows(self, root: Path, scope: Scope) -> bool:
        """Tell whether the skill at `root` may run, as its files are now.

        Only skills of projects need a grant: others the user installed or named.

        Raises:
            SkillError: Its files cannot be read, or the grants cannot be relied upon.
        """
        return scope is not Scope.PROJECT or self.get(digest(root)) is not None

    def grant(self, root: Path, name: str) -> Grant:
        """Trust the skill at `root` as its files are now; returns what was written down.

        Raises:
            SkillError: Its files cannot be read, or the grant cannot be written.
        """
        given = Grant(digest=digest(root), name=name, folder=_shown(root), at=self._clock())
        try:
            self._write(given)
        except OSError as error:
            said = f"the trust in `{name}` cannot be kept in {self._folder}: {reason_of(error)}"
            raise TrustError(said) from None
        return given

    def get(self, content: str) -> Grant | None:
        """Return the grant for a digest, if there is one.

        Raises:
            TrustError: Somebody else may have written it, or it cannot be read.
        """
        path = self._path(content)
        if not self._guarded():
            return None
        try:
            with open_regular(path) as stream:
                status = os.fstat(stream.fileno())
                text = stream.read(_LARGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TrustError(f"{path} cannot be read: {reason_of(error)}") from None
        _check_owned(path, status)
        try:
            given = msgspec.json.decode(text, type=Grant)
        except msgspec.MsgspecError:
            given = None
        if given is None or given.digest != content:
            raise TrustError(f"{path} is damaged: remove it, and trust the skill again")
        return given

    def places(self, content: str) -> tuple[Path, Path]:
        """Return the folder and the file that say whether there is a grant for a digest.

        Raises:
            TrustError: It is no digest.
        """
        return self._folder, self._path(content)

    def revoke(self, content: str) -> bool:
        """Take a grant back; tells whether there was one.

        Raises:
            TrustError: It cannot be removed.
        """
        try:
            self._path(content).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            said = f"the grant in {self._folder} cannot be removed: {reason_of(error)}"
            raise TrustError(said) from None
        return True

    def revoke_at(self, folder: Path) -> int:
        """Take back the grants of what lay in a folder, edited since or not; returns how many.

        Raises:
            TrustError: They cannot be relied upon, or one cannot be removed.
        """
        where = _shown(folder)
        return sum(self.revoke(each.digest) for each in self.grants() if each.folder == where)

    def grants(self) -> tuple[Grant, ...]:
        """Return all grants, by name.

        Raises:
            TrustError: They cannot be relied upon.
        """
        if not self._guarded():
            return ()
        try:
            names = [name.removesuffix(_SUFFIX) for name in os.listdir(self._folder)]
        except OSError as error:
            raise TrustError(f"{self._folder} cannot be read: {reason_of(error)}") from None
        given = [self.get(name) for name in names if _is_digest(name)]
        return tuple(sorted(filter(None, given), key=lambda each: (each.name, each.digest)))

    def _path(self, content: str) -> Path:
        if not _is_digest(content):
            raise TrustError(f"`{content[:80]}` is not a digest: it has 64 hexadecimal digits")
        return self._folder / f"{content}{_SUFFIX}"

    def _write(self, given: Grant) -> None:
        path = self._path(given.digest)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._guarded()
        beside = self._folder / f".{self._token()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as stream:
                stream.write(msgspec.json.encode(given))
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                beside.unlink()
            raise
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _guarded(self) -> bool:
        """Tell whether the folder exists; raises unless only the user can write to it."""
        try:
            status = os.lstat(self._folder)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise TrustError(f"{self._folder} cannot be read: {reason_of(error)}") from None
        if not stat.S_ISDIR(status.st_mode):
            raise TrustError(f"{self._folder} is not a folder: remove it")
        _check_owned(self._folder, status)
        return True


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_LENGTH and _HEX.issuperset(text)


def _check_owned(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise TrustError(f"{path} belongs to another user: remove it, and trust the skills again")
    if status.st_mode & _OTHERS_WRITE:
        raise TrustError(f"others can write to {path}: look at it, then `chmod go-w` it")


def _shown(folder: Path) -> str:
    """Return a path as it can be written down, whatever its bytes are."""
    return str(folder).encode(errors="backslashreplace").decode()
