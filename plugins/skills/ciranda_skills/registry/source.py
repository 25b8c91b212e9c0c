"""Where a skill comes from: a folder, an archive, or a git repository."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from ..resources import is_text
from .error import FetchError

__all__ = ["Kind", "Source", "source_of"]

_REMOTE: Final = re.compile(r"(https|ssh)://([\w.-]+@)?[\w\[][^\s/?#]*/\S+")
_SCP: Final = re.compile(r"([\w.-]+@)?\w[\w.-]+:[^\s:/][^\s:]*")  # git@host:owner/name.git
_REF: Final = re.compile(r"[A-Za-z0-9_][\w./+@-]*")
_LONGEST_REF: Final = 250
_PREFIX: Final = "git+"


class Kind(StrEnum):
    """What a source is."""

    FOLDER = "folder"
    ARCHIVE = "archive"
    GIT = "git"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where to fetch skills from.

    Attributes:
        kind: What it is.
        location: An absolute path, or the address of a repository.
        ref: A branch, a tag or a commit of the repository; empty for its default branch.
    """

    kind: Kind
    location: str
    ref: str = ""

    def __str__(self) -> str:
        return f"{self.location}@{self.ref}" if self.ref else self.location


def source_of(text: str, *, ref: str = "", within: Path | None = None) -> Source:
    """Return what a person means by a word on the command line.

    An address that begins with `https://` or `ssh://`, or is like `git@host:owner/name`, is a
    repository; so is a folder when a `ref` is given, or `git+` stands before it. Another folder
    is copied as it is, and a file is an archive.

    Args:
        text: The word.
        ref: A branch, a tag or a commit.
        within: The folder that relative paths begin at; None is the current one.

    Raises:
        FetchError: It is nothing that skills could be fetched from.
    """
    check_ref(ref)
    forced = text.startswith(_PREFIX)
    bare = text.removeprefix(_PREFIX)
    if not bare or "\0" in bare:
        raise FetchError("a source is a folder, an archive or the address of a repository")
    if not is_text(bare):
        raise FetchError(f"the path {bare[-200:]!a} is not UTF-8: rename it, or copy it")
    path = Path(os.path.abspath((within or Path.cwd()) / bare))
    if path.is_dir():
        if forced or ref:
            return Source(kind=Kind.GIT, location=str(path), ref=ref)
        return Source(kind=Kind.FOLDER, location=str(path))
    if path.exists():
        if forced or ref:
            raise FetchError(f"`{bare}` is a file: only a repository has a `ref`")
        return Source(kind=Kind.ARCHIVE, location=str(path))
    if is_remote(bare):
        return Source(kind=Kind.GIT, location=bare, ref=ref)
    if "://" in bare or "::" in bare:
        scheme = re.split("::|://", bare)[0]
        said = f"`{bare[:200]}` cannot be fetched by `{scheme}`: use https:// or ssh://"
        raise FetchError(said)
    raise FetchError(f"there is no `{bare[:200]}`: name a folder, an archive or a repository")


def is_remote(location: str) -> bool:
    """Tell whether this is the address of a repository that may be asked for."""
    return bool(_REMOTE.fullmatch(location) or ("::" not in location and _SCP.fullmatch(location)))


def check_ref(ref: str) -> None:
    """Raise for a ref that git could take for something else.

    Raises:
        FetchError: It is no name of a branch, a tag or a commit.
    """
    if ref and (len(ref) > _LONGEST_REF or ".." in ref or not _REF.fullmatch(ref)):
        raise FetchError(f"`{ref[:80]}` is no name of a branch, a tag or a commit")
