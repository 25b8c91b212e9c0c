"""Zip files, entry by entry, believing nothing that their headers say without looking.

By hand, because the standard library shortens names at a NUL, turns backslashes into slashes and,
in the versions that are supported here, lets entries overlap.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from .hazard import Hazard, Refusal
from .inflating import inflate, pieces_of
from .pathname import shown
from .writing import Writing

__all__ = ["MAGIC", "unzip"]

MAGIC: Final = (b"PK\x03\x04", b"PK\x05\x06")
_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_STORED: Final = 0
_DEFLATED: Final = 8
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_SIZES_FOLLOW: Final = 0x8
_UTF8: Final = 0x800
_FULL16: Final = 0xFFFF
_FULL32: Final = 0xFFFFFFFF
_ZIP64: Final = 0x0001
_LONGEST_ENTRY: Final = 1 << 11  # bytes of the directory for one entry, where all is usual
_RUN: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    raw: bytes
    flags: int
    method: int
    check: int
    packed: int
    size: int
    mode: int
    offset: int

    @property
    def said(self) -> str:
        return f"the entry {shown(self.path)}"


def unzip(stream: BinaryIO, size: int, writing: Writing) -> None:
    """Write what a zip file holds.

    Args:
        stream: The file.
        size: Its bytes.
        writing: Where to.

    Raises:
        Refusal: It, or an entry of it, breaks a rule.
    """
    entries, start = _directory(stream, size, writing.meter.limits.entries)
    ends = 0
    for entry in sorted(entries, key=lambda each: each.offset):
        if entry.offset < ends:
            raise Refusal(Hazard.OVERLAP, f"{entry.said} shares bytes with another one")
        begin = _begin(stream, entry)
        ends = begin + entry.packed
        if ends > start:
            raise Refusal(Hazard.OVERLAP, f"{entry.said} reaches into the directory")
    for entry in entries:
        _check_kind(entry)
        if entry.path.endswith("/"):
            if entry.size:
                raise Refusal(Hazard.LYING, f"{entry.said} is a folder with content")
            writing.folder(entry.path)
            continue
        stream.seek(_begin(stream, entry))
        writing.file(
            entry.path, _content(stream, entry, writing), executable=bool(entry.mode & _RUN)
        )


def _directory(stream: BinaryIO, size: int, most: int) -> tuple[list[_Entry], int]:
    """Return the entries of the directory at the end, and where it begins."""
    tail_size = min(size, _END.size + _FULL16)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    at = len(tail) - _END.size
    while at >= 0:
        at = tail.rfind(b"PK\x05\x06", 0, at + 4)
        if at >= 0 and _END.unpack_from(tail, at)[7] == len(tail) - at - _END.size:
            break
        at -= 1
    if at < 0:
        raise Refusal(Hazard.DAMAGED, "the directory at its end is missing")
    _, disk, first, here, count, length, start, _ = _END.unpack_from(tail, at)
    if disk or first or here != count:
        raise Refusal(Hazard.METHOD, "it is one of several parts")
    if count > most or length > most * _LONGEST_ENTRY:
        raise Refusal(Hazard.ENTRIES, f"it has more than {most:,} entries")
    if start + length > size - tail_size + at:
        raise Refusal(Hazard.DAMAGED, "its directory is not where it should be")
    stream.seek(start)
    found = list(_entries(stream.read(length), count))
    return found, start


def _entries(directory: bytes, count: int) -> Iterator[_Entry]:
    at = 0
    for _ in range(count):
        if at + _CENTRAL.size > len(directory) or directory[at : at + 4] != b"PK\x01\x02":
            raise Refusal(Hazard.DAMAGED, "its directory ends early")
        (_, _, _, flags, method, _, _, check, packed, size, n, m, k, _, _, attributes, offset) = (
            _CENTRAL.unpack_from(directory, at)
        )
        at += _CENTRAL.size
        raw, extra = directory[at : at + n], directory[at + n : at + n + m]
        at += n + m + k
        if at > len(directory):
            raise Refusal(Hazard.DAMAGED, "its directory ends early")
        size, packed, offset = _wide(extra, size, packed, offset)
        yield _Entry(
            _name(raw, flags), raw, flags, method, check, packed, size, attributes >> 16, offset
        )
    if at != len(directory):
        raise Refusal(Hazard.DAMAGED, "its directory holds more than it says")


def _name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _UTF8 else "cp437")
    except UnicodeDecodeError:
        said = f"the entry {shown(raw.decode(errors='replace'))} has a name that is not UTF-8"
        raise Refusal(Hazard.NAME, said) from None


def _wide(extra: bytes, *values: int) -> tuple[int, int, int]:
    """Return size, packed size and offset, those from the extra field that did not fit."""
    at = 0
    wide: list[int] = []
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        field = extra[at + 4 : at + 4 + length]
        if kind == _ZIP64 and not wide:
            wide = [each[0] for each in struct.iter_unpack("<Q", field[: len(field) // 8 * 8])]
        at += 4 + length
    rest = iter(wide)
    size, packed, offset = (next(rest, v) if v == _FULL32 else v for v in values)
    return size, packed, offset


def _begin(stream: BinaryIO, entry: _Entry) -> int:
    """Return where an entry's content begins, when its own header says what the directory does."""
    stream.seek(entry.offset)
    header = stream.read(_LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        raise Refusal(Hazard.DAMAGED, f"{entry.said} is not where the directory says")
    _, _, flags, method, _, _, check, packed, size, n, m = _LOCAL.unpack(header)
    if stream.read(n) != entry.raw or method != entry.method or flags != entry.flags:
        raise Refusal(Hazard.LYING, f"{entry.said} has another name or kind in its own header")
    stated = (check, packed, size)
    true = (entry.check, entry.packed, entry.size)
    if not flags & _SIZES_FOLLOW and any(
        a not in (b, _FULL32) for a, b in zip(stated, true, strict=True)
    ):
        raise Refusal(Hazard.LYING, f"{entry.said} has another size in its own header")
    begin: int = entry.offset + _LOCAL.size + n + m
    return begin


def _check_kind(entry: _Entry) -> None:
    if entry.flags & _ENCRYPTED:
        raise Refusal(Hazard.ENCRYPTED, f"{entry.said} is encrypted")
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        raise Refusal(Hazard.LINK, f"{entry.said} is a link")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refusal(Hazard.DEVICE, f"{entry.said} is a device, a pipe or a socket")
    if entry.path.endswith("/") != (kind == stat.S_IFDIR) and kind:
        raise Refusal(Hazard.LYING, f"{entry.said} is a file by one field, a folder by another")
    if kind != stat.S_IFDIR and entry.mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX):
        raise Refusal(Hazard.MODE, f"{entry.said} asks for rights of its owner (setuid, setgid)")
    if entry.method not in (_STORED, _DEFLATED):
        said = f"{entry.said} is compressed by method {entry.method}: only deflate is read"
        raise Refusal(Hazard.METHOD, said)


def _content(stream: BinaryIO, entry: _Entry, writing: Writing) -> Iterator[bytes]:
    pieces = pieces_of(stream, entry.packed)
    if entry.method == _DEFLATED:
        pieces = inflate(pieces, writing.meter)
    size = check = 0
    for piece in pieces:
        size += len(piece)
        if size > entry.size:
            break
        check = zlib.crc32(piece, check)
        yield piece
    if size != entry.size:
        raise Refusal(Hazard.LYING, f"{entry.said} does not have the size that the archive says")
    if check != entry.check:
        raise Refusal(Hazard.LYING, f"{entry.said} does not have the content that was packed")
