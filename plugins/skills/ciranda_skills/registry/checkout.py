"""The skills of a git repository, written file by file from its objects.

git never writes a working tree here: what it would run or obey on the way (filters, attributes,
links, submodules, hooks) has no say, and files are held to the rules for archives.
"""

from __future__ import annotations

import posixpath
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..resources import SKILL_FILES
from .error import FetchError
from .gitprogram import GitProgram
from .source import Source, check_ref, is_remote
from .unpacking import Hazard, Limits, Refusal, Writing

__all__ = ["Checkout", "check_out"]

_CHUNK: Final = 1 << 16
_LARGEST_TREE: Final = 1 << 25  # bytes of the list of all files
_FILES: Final = ("100644", "100755", "100664")
_RUN: Final = "100755"
_LINK: Final = "120000"
_MODULE: Final = "160000"
_LONGEST_LINK: Final = 4096


@dataclass(frozen=True, slots=True)
class Checkout:
    """What was written.

    Attributes:
        commit: The commit, in full.
        warnings: Sentences on what was left out.
    """

    commit: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: str
    number: str
    size: int
    path: str


def check_out(
    source: Source, folder: Path, git: GitProgram, limits: Limits | None = None
) -> Checkout:
    """Write the files of all skills in a repository into a folder.

    Links to a file of the repository become that file; other links, and submodules, are left out
    with a warning.

    Args:
        source: The repository.
        folder: It must be empty.
        git: The program.
        limits: What the skills may hold together.

    Raises:
        FetchError: The repository cannot be fetched.
        Refusal: A file of a skill breaks a rule.
        OSError: The folder cannot be written.
    """
    check_ref(source.ref)
    remote = is_remote(source.location)
    if not remote and not Path(source.location).is_absolute():
        raise FetchError(f"`{source.location[:200]}` is no repository: use https:// or ssh://")
    with tempfile.TemporaryDirectory(prefix="ciranda-git-") as made:
        store = Path(made)
        git.run("init", "--bare", "--quiet", "--template=", within=store)
        options = ("--depth=1", "--no-tags", "--no-recurse-submodules", "--quiet")
        wanted = source.ref or "HEAD"
        transports = "https:ssh" if remote else "file"
        words = ("fetch", *options, "--", source.location, wanted)
        git.run(*words, within=store, transports=transports)
        named = git.run("rev-parse", "--verify", "FETCH_HEAD^{commit}", within=store)
        commit = named.decode().strip()
        listed = git.run(
            "ls-tree", "-r", "-z", "-l", "--full-tree", commit, within=store, limit=_LARGEST_TREE
        )
        writing = Writing(folder, limits or Limits())
        return Checkout(commit, tuple(_write(list(_entries(listed)), store, git, writing)))


def _entries(listed: bytes) -> Iterator[_Entry]:
    for line in listed.split(b"\0"):
        if line:
            words, _, path = line.partition(b"\t")
            mode, _, number, size = words.decode().split()
            yield _Entry(
                mode,
                number,
                int(size) if size.isdigit() else 0,
                path.decode(errors="surrogateescape"),  # refused when it is written
            )


def _write(entries: list[_Entry], store: Path, git: GitProgram, writing: Writing) -> Iterator[str]:
    """Write the entries that belong to a skill; yields what is left out."""
    tops = {posixpath.dirname(e.path) for e in entries if posixpath.basename(e.path) in SKILL_FILES}
    files = {entry.path: entry for entry in entries if entry.mode in _FILES}
    with git.talk("cat-file", "--batch", within=store) as process:
        for entry in entries:
            top = _top(entry.path, tops)
            if top is None:
                continue
            real: _Entry | None = entry
            if entry.mode == _LINK:
                real = _aim(entry, b"".join(_blob(process, entry, _LONGEST_LINK)), top, files)
            if entry.mode == _MODULE:
                yield f"the submodule `{entry.path}` is left out"
            elif real is None or real.mode not in _FILES:
                yield f"the link `{entry.path}` is left out: it leads to no file of its skill"
            else:
                chunks = _blob(process, real, writing.meter.limits.file)
                writing.file(entry.path, chunks, executable=real.mode == _RUN)


def _top(path: str, tops: set[str]) -> str | None:
    """Return the outermost folder with a skill that a path lies in."""
    folders = [""]
    for part in posixpath.dirname(path).split("/"):
        folders.append(posixpath.join(folders[-1], part))
    return next((folder for folder in folders if folder in tops), None)


def _aim(link: _Entry, target: bytes, top: str, files: dict[str, _Entry]) -> _Entry | None:
    """Return the file that a link leads to, if it lies in the same skill."""
    aim = posixpath.normpath(
        posixpath.join(posixpath.dirname(link.path), target.decode(errors="surrogateescape"))
    )
    return files.get(aim) if not top or aim.startswith(f"{top}/") else None


def _blob(process: subprocess.Popen[bytes], entry: _Entry, limit: int) -> Iterator[bytes]:
    """Yield the content of an object."""
    if process.stdin is None or process.stdout is None:
        raise FetchError("git cannot be talked to")
    if entry.size > limit:
        raise Refusal(Hazard.SIZE, f"`{entry.path}` has more than {limit:,} bytes")
    try:
        process.stdin.write(entry.number.encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        raise FetchError(f"git ended before it gave `{entry.path}`") from None
    said = process.stdout.readline().split()
    if len(said) != 3 or said[1] != b"blob":  # noqa: PLR2004  (number, type, size)
        raise FetchError(f"git does not give the content of `{entry.path}`")
    left = int(said[2])
    while left:
        chunk = process.stdout.read(min(left, _CHUNK))
        if not chunk:
            raise FetchError(f"git ended before it gave `{entry.path}`")
        left -= len(chunk)
        yield chunk
    process.stdout.read(1)  # the line's end
