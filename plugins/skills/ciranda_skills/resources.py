"""The files of a skill: which there are, and the way to one that cannot lead out.

Nothing here opens a file for longer than it takes to look at two bytes, and nothing runs one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import BinaryIO, Final

from .error import EscapeError, MissingResourceError, SkillLimitError, UnreadableError

__all__ = [
    "SKILL_FILES",
    "Listing",
    "is_text",
    "list_resources",
    "open_regular",
    "read_resource",
    "resolve",
]

SKILL_FILES: Final = ("SKILL.md", "skill.md")
_SCRIPTS: Final = "scripts/"
# Suffixes that name an interpreter by themselves.
_PYTHON: Final = frozenset((".py",))
_SHELL: Final = frozenset((".sh", ".bash", ".zsh", ".ps1"))
_WEB: Final = frozenset((".js", ".mjs", ".cjs", ".ts", ".php"))
_OTHERS: Final = frozenset((".rb", ".pl", ".lua", ".r", ".jl"))
_RUNNABLE: Final = _PYTHON | _SHELL | _WEB | _OTHERS
_MOST_FILES: Final = 20_000
_DEEPEST: Final = 32
_LONGEST_PATH: Final = 4096
_MOST_BYTES: Final = 16 << 20
# What tools leave behind: it is there, it can be named, but nobody wants it in a list.
_UNLISTED: Final = frozenset((".git", "node_modules", "__pycache__"))


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a skill, relative to its folder with `/` between names, sorted."""

    resources: tuple[str, ...]
    scripts: tuple[str, ...]


def resolve(root: Path, relative: str) -> Path:
    """Return the real path of a file of the skill at `root`.

    Links are followed as far as they stay within the folder. A hard link is the file itself.

    Raises:
        EscapeError: The path is absolute, holds a NUL, or leads out of the folder.
        MissingResourceError: There is no such file.
        UnreadableError: It is a folder, a pipe, a device or a socket, or may not be looked at.
    """
    shown = f"`{relative[:200]}`".replace("\0", "\\0")
    if "\0" in relative:
        raise EscapeError(f"the path {shown} holds a NUL character")
    if not relative or len(relative) > _LONGEST_PATH:
        raise MissingResourceError(f"{shown} is no path of a file: name one of the skill's files")
    if relative.startswith(("/", "\\")) or PureWindowsPath(relative).drive:
        raise EscapeError(f"the path {shown} is absolute: name it from the skill's folder")
    top = real_folder(root)
    try:
        # Strict, because a lenient realpath gives up resolving where a path grows too long.
        real = os.path.realpath(os.path.join(top, relative), strict=True)
    except (FileNotFoundError, NotADirectoryError):
        raise _absent(top, relative, shown) from None
    except (OSError, ValueError) as error:
        raise UnreadableError(f"the path {shown} leads nowhere: {reason_of(error)}") from None
    if not contains(top, real):
        raise EscapeError(f"the path {shown} leads out of the skill's folder")
    try:
        mode = os.lstat(real).st_mode
    except OSError as error:
        raise UnreadableError(f"{shown} cannot be read: {reason_of(error)}") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, a device or a socket"
        raise UnreadableError(f"{shown} is {kind}, not a file")
    return Path(real)


def _absent(top: str, relative: str, shown: str) -> EscapeError | MissingResourceError:
    """Tell a path out of the folder from a missing one, so that none reports what lies outside."""
    if not contains(top, os.path.realpath(os.path.join(top, relative))):
        return EscapeError(f"the path {shown} leads out of the skill's folder")
    return MissingResourceError(f"the skill has no file {shown}")


def real_folder(root: Path) -> str:
    """Return the real path of a folder.

    Raises:
        UnreadableError: There is none.
    """
    try:
        real = os.path.realpath(root, strict=True)
        if stat.S_ISDIR(os.stat(real).st_mode):
            return real
    except (OSError, ValueError) as error:
        shown = str(root).replace("\0", "\\0")
        raise UnreadableError(f"the folder {shown} cannot be read: {reason_of(error)}") from None
    raise UnreadableError(f"{root} is not a folder")


def contains(top: str, real: str) -> bool:
    """Tell whether a real path is `top` or beneath it, by whole names: `/a-evil` is not in `/a`."""
    return real == top or real.startswith(top.rstrip(os.sep) + os.sep)


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file that is no link, without ever waiting for it.

    Raises:
        OSError: It cannot be opened.
        UnreadableError: It is something else than a regular file.
    """
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise UnreadableError(f"{os.fspath(path)} is not a regular file")


def read_resource(root: Path, relative: str, *, limit: int = _MOST_BYTES) -> bytes:
    """Return the bytes of a file of the skill at `root`.

    Args:
        root: The skill's folder.
        relative: The file, from there.
        limit: Bytes that it may have.

    Raises:
        SkillError: As `resolve` does, and for a file that is too large.
    """
    path = resolve(root, relative)
    try:
        with open_regular(path) as stream:
            found = stream.read(limit + 1)
    except OSError as error:
        raise UnreadableError(f"`{relative}` cannot be read: {reason_of(error)}") from None
    if len(found) > limit:
        raise SkillLimitError(f"`{relative}` is larger than {limit:,} bytes")
    return found


def list_resources(root: Path) -> Listing:
    """Return the files of the skill at `root`, apart from its SKILL.md.

    Links that lead out of the folder are left out, and links to folders are not entered: what
    they hold within the skill is listed at its own place. Left out as well are `.git`,
    `node_modules`, `__pycache__`, folders that may not be read, and names that are not UTF-8.

    Raises:
        UnreadableError: The folder is none.
        SkillLimitError: It holds more than 20,000 files.
    """
    top = real_folder(root)
    found: list[str] = []
    scripts: list[str] = []
    for relative, entry in walk(top, skipping=_UNLISTED, strict=False):
        if not is_text(relative):
            continue
        if entry.is_symlink() and not _inner_file(top, entry.path):
            continue
        if not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
            continue
        found.append(relative)
        if relative.startswith(_SCRIPTS) and _runnable(entry):
            scripts.append(relative)
    document = next((name for name in SKILL_FILES if name in found), None)
    return Listing(tuple(sorted(n for n in found if n != document)), tuple(sorted(scripts)))


def walk(
    top: str, *, skipping: frozenset[str], strict: bool = True
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield each entry beneath `top` that is no folder, with its relative path, in no order.

    Links are entries by themselves and never entered.

    Args:
        top: The real path of a folder.
        skipping: Names of folders that are not entered.
        strict: Raise for a folder that cannot be read, rather than leave it out.

    Raises:
        UnreadableError: A folder cannot be read.
        SkillLimitError: There are too many entries, or folders too deep within each other.
    """
    waiting = [("", top, 0)]
    seen = 0
    while waiting:
        prefix, folder, depth = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    seen += 1
                    if seen > _MOST_FILES:
                        raise SkillLimitError(f"{top} holds more than {_MOST_FILES:,} files")
                    if not entry.is_dir(follow_symlinks=False):
                        yield prefix + entry.name, entry
                    elif entry.name in skipping:
                        continue
                    elif depth >= _DEEPEST:
                        raise SkillLimitError(f"{top} nests more than {_DEEPEST} folders")
                    else:
                        waiting.append((f"{prefix}{entry.name}/", entry.path, depth + 1))
        except OSError as error:
            if strict:
                raise UnreadableError(f"{folder} cannot be read: {reason_of(error)}") from None


def is_text(name: str) -> bool:
    """Tell whether a name is UTF-8, as those that can be written down are."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inner_file(top: str, link: str) -> bool:
    """Tell whether a link leads to a regular file within `top`."""
    try:
        real = os.path.realpath(link, strict=True)
        return contains(top, real) and stat.S_ISREG(os.lstat(real).st_mode)
    except (OSError, ValueError):
        return False


def _runnable(entry: os.DirEntry[str]) -> bool:
    """Tell whether a file below `scripts/` can be run: by suffix, or by its `#!`."""
    if entry.name == "__init__.py":
        return False
    if os.path.splitext(entry.name)[1].lower() in _RUNNABLE:
        return True
    try:
        with open_regular(os.path.realpath(entry.path)) as stream:
            return stream.read(2) == b"#!"
    except (OSError, UnreadableError):
        return False


def reason_of(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return str(strerror or error).lower()
