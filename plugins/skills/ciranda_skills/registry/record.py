"""What was installed: one small file for each skill, replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from ..resources import open_regular, reason_of
from .error import InstallError, RecordError
from .offer import folder_for
from .source import Source

__all__ = [
    "Pending",
    "Record",
    "Records",
    "Version",
    "check_record",
    "read_whole",
    "write_whole",
]

_SUFFIX: Final = ".json"
_LARGEST: Final = 1 << 20
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One state of a skill.

    Attributes:
        version: What its metadata says; empty when it does not.
        digest: Of its content.
        at: When it was fetched, in seconds since 1970.
        commit: Of the repository, for one from there.
    """

    version: str
    digest: str
    at: float
    commit: str = ""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A skill that was installed.

    Attributes:
        folder: The name of its folder.
        name: Its own.
        origin: Where it was fetched from.
        path: Its folder there.
        current: What is in place.
        former: What was before and can come back, the last one first.
    """

    folder: str
    name: str
    origin: Source
    path: str
    current: Version
    former: tuple[Version, ...] = ()


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was begun; found again after a crash, it is finished or undone.

    Attributes:
        record: What holds when it is done.
        token: The name of the folder with the new content, or the old one.
    """

    record: Record
    token: str


class Records:
    """The records in one folder.

    Args:
        folder: Where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder

    def get(self, folder: str) -> Record | None:
        """Return the record of a skill by its folder, if there is one.

        Raises:
            RecordError: It cannot be read, or is not what was written.
        """
        found = read_whole(self._path(folder))
        if found is None:
            return None
        try:
            record = msgspec.json.decode(found, type=Record)
        except msgspec.MsgspecError as error:
            raise RecordError(f"{self._path(folder)} is damaged: {error}") from None
        check_record(record, folder)
        return record

    def all(self) -> tuple[Record, ...]:
        """Return all records, by name.

        Raises:
            RecordError: One of them cannot be read.
        """
        try:
            listed = os.listdir(self._folder)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise RecordError(f"{self._folder} cannot be read: {reason_of(error)}") from None
        names = [each.removesuffix(_SUFFIX) for each in listed if each.endswith(_SUFFIX)]
        found = [self.get(name) for name in names if not name.startswith(".")]
        return tuple(sorted(filter(None, found), key=lambda each: (each.name, each.folder)))

    def put(self, record: Record) -> None:
        """Write a record.

        Raises:
            OSError: The former one is untouched.
        """
        write_whole(self._path(record.folder), msgspec.json.format(msgspec.json.encode(record)))

    def drop(self, folder: str) -> None:
        """Remove a record, if there is one."""
        self._path(folder).unlink(missing_ok=True)
        _sync(self._folder)

    def _path(self, folder: str) -> Path:
        try:
            if folder_for("", folder) == folder:
                return self._folder / f"{folder}{_SUFFIX}"
        except InstallError:
            pass  # said below
        raise RecordError(f"`{folder[:80]}` is no name of a folder")


def check_record(record: Record, folder: str) -> None:
    """Raise unless a record names one folder and contents: paths are built from both.

    Raises:
        RecordError: It names something else.
    """
    digests = [version.digest for version in (record.current, *record.former)]
    if record.folder != folder or not all(map(_DIGEST.fullmatch, digests)):
        raise RecordError(f"the record of `{folder[:80]}` is damaged: remove it")


def read_whole(path: Path) -> bytes | None:
    """Return what a small file holds, or None without one.

    Raises:
        RecordError: It cannot be read.
    """
    try:
        with open_regular(path) as stream:
            return stream.read(_LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {reason_of(error)}") from None


def write_whole(
    path: Path, data: bytes, *, token: Callable[[], str] = lambda: secrets.token_hex(8)
) -> None:
    """Put a file in its place in one step, durably; a link there is replaced, not followed.

    Raises:
        OSError: The former one is untouched.
    """
    beside = path.with_name(f".{token()}.tmp")
    try:
        with os.fdopen(os.open(beside, _FLAGS, 0o644), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
