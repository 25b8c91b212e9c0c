"""One archive into one fresh folder: all of it by the rules, or nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO, Final

from ...error import UnreadableError
from ...resources import open_regular
from .hazard import Hazard, Refusal
from .inflating import COMPRESSIONS, Inflated, inflate, pieces_of
from .limits import Limits
from .tarred import BLOCK, is_header, untar
from .writing import Writing
from .zipped import MAGIC, unzip

__all__ = ["unpack"]


def unpack(archive: Path, folder: Path, limits: Limits | None = None) -> tuple[str, ...]:
    """Write what an archive holds into a folder; returns the paths of its files.

    Zip files and tar files are read, the latter plain or compressed by gzip, bzip2 or xz. Links,
    devices and everything else that is no file or folder are refused, and so is an archive that
    holds a single bad entry.

    Args:
        archive: The file.
        folder: It must not exist; it does not after an error.
        limits: What it may hold.

    Raises:
        Refusal: The archive breaks a rule.
        OSError: It cannot be read, or the folder not be written.
    """
    try:
        stream = open_regular(archive)
    except UnreadableError:
        raise Refusal(Hazard.UNKNOWN, "it is not a regular file") from None
    with stream:
        folder.mkdir(mode=0o700, parents=True)
        try:
            return _unpack(stream, Writing(folder, limits or Limits()))
        except BaseException:
            shutil.rmtree(folder)
            raise


_PADDING: Final = 1 << 20
_HEAD: Final = max(BLOCK, *map(len, COMPRESSIONS))


def _unpack(stream: BinaryIO, writing: Writing) -> tuple[str, ...]:
    size = os.fstat(stream.fileno()).st_size
    limits = writing.meter.limits
    if size > limits.archive:
        raise Refusal(Hazard.SIZE, f"it is larger than {limits.archive:,} bytes")
    head = stream.read(_HEAD)
    stream.seek(0)
    magic = next((magic for magic in COMPRESSIONS if head.startswith(magic)), None)
    pieces = pieces_of(stream, size)
    if not head:
        raise Refusal(Hazard.EMPTY, "it is empty")
    if head.startswith(MAGIC):
        unzip(stream, size, writing)
    elif magic:
        source = Inflated(inflate(pieces, writing.meter, magic=magic))
        untar(source, writing)
        source.drain(_PADDING)
    elif is_header(head[:BLOCK]) or not head.strip(b"\0"):
        untar(Inflated(pieces), writing)
    else:
        raise Refusal(Hazard.UNKNOWN, "it is neither a zip nor a tar file")
    if not writing.files:
        raise Refusal(Hazard.EMPTY, "it holds no file")
    return tuple(sorted(writing.files))
