"""Tar files, entry by entry: the old format, POSIX's with its `pax` headers, and GNU's.

By hand, because the standard library reads headers of any length into memory, and for some sizes
never comes back from them in the versions that are supported here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .hazard import Hazard, Refusal
from .inflating import Inflated
from .pathname import shown
from .writing import Writing

__all__ = ["BLOCK", "is_header", "untar"]

BLOCK: Final = 512
_CHUNK: Final = 1 << 16
_LONGEST_HEADER: Final = 1 << 20
_FILES: Final = b"0\07"
_FOLDER: Final = b"5"
_LINKS: Final = b"12"
_DEVICES: Final = b"346"
_OWN_RIGHTS: Final = 0o7000
_RUN: Final = 0o111
_CHECKSUM: Final = slice(148, 156)
_BASE_256: Final = 0x80
_NEGATIVE: Final = 0x40


@dataclass(slots=True)
class _Extended:
    """What headers before an entry say of it."""

    path: str | None = None
    size: int | None = None
    link: bool = False


def is_header(block: bytes) -> bool:
    """Tell whether this could be the first block of a tar file, by its checksum."""
    if len(block) < BLOCK:
        return False
    try:
        return _checksum_fits(block)
    except Refusal:
        return False


def untar(source: Inflated, writing: Writing) -> None:
    """Write what a tar file holds.

    Args:
        source: Its bytes, unpacked.
        writing: Where to.

    Raises:
        Refusal: It, or an entry of it, breaks a rule.
    """
    extended = _Extended()
    while True:
        header = source.read(BLOCK)
        if not header.strip(b"\0"):
            return  # two blocks of zeros, though many writers leave them out
        if len(header) < BLOCK or not _checksum_fits(header):
            raise Refusal(Hazard.DAMAGED, "one of its headers is damaged")
        kind = header[156:157]
        size = _number(header[124:136], "size")
        if kind in (b"x", b"g", b"L", b"K"):
            writing.meter.entry()
            _extend(extended, kind, _small(source, size))
            continue
        _entry(source, header, kind, size, extended, writing)
        extended = _Extended()


def _entry(
    source: Inflated, header: bytes, kind: bytes, size: int, extended: _Extended, writing: Writing
) -> None:
    path = extended.path if extended.path is not None else _path(header)
    size = extended.size if extended.size is not None else size
    said = f"the entry {shown(path)}"
    if kind in _LINKS or extended.link:
        raise Refusal(Hazard.LINK, f"{said} is a link")
    if kind in _DEVICES:
        raise Refusal(Hazard.DEVICE, f"{said} is a device or a pipe")
    folder = kind == _FOLDER or (kind in _FILES and path.endswith("/"))
    if not folder and kind not in _FILES:
        raise Refusal(Hazard.METHOD, f"{said} is of the unknown kind {kind!r}")
    if folder:
        if size:
            raise Refusal(Hazard.LYING, f"{said} is a folder with content")
        writing.folder(path)
        return
    mode = _number(header[100:108], "mode")
    if mode & _OWN_RIGHTS:
        raise Refusal(Hazard.MODE, f"{said} asks for rights of its owner (setuid, setgid)")
    writing.file(path, _content(source, size, said), executable=bool(mode & _RUN))


def _content(source: Inflated, size: int, said: str) -> Iterator[bytes]:
    left = size
    while left:
        piece = source.read(min(left, _CHUNK))
        if not piece:
            raise Refusal(Hazard.DAMAGED, f"it ends within {said}")
        left -= len(piece)
        yield piece
    padding = -size % BLOCK
    if len(source.read(padding)) < padding:
        raise Refusal(Hazard.DAMAGED, f"it ends within {said}")


def _small(source: Inflated, size: int) -> bytes:
    if size > _LONGEST_HEADER:
        raise Refusal(Hazard.LENGTH, f"one of its headers has {size:,} bytes")
    return b"".join(_content(source, size, "a header"))


def _checksum_fits(header: bytes) -> bool:
    stated = _number(header[_CHECKSUM], "checksum")
    blanked = header[: _CHECKSUM.start] + b" " * 8 + header[_CHECKSUM.stop :]
    # Some old writers took bytes for signed numbers.
    return stated in (sum(blanked), sum(memoryview(blanked).cast("b")))


def _number(raw: bytes, what: str) -> int:
    """Return a field's value: octal digits, or binary when its first bit is set."""
    if raw[0] & _BASE_256:
        if raw[0] & _NEGATIVE:
            raise Refusal(Hazard.LYING, f"one of its headers has a negative {what}")
        return int.from_bytes(bytes([raw[0] & ~_BASE_256]) + raw[1:], "big")
    text = raw.partition(b"\0")[0].strip()
    try:
        return int(text or b"0", 8)
    except ValueError:
        raise Refusal(Hazard.DAMAGED, f"one of its headers has no {what}") from None


def _path(header: bytes) -> str:
    name = _text(header[:100])
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(raw: bytes) -> str:
    text, _, rest = raw.partition(b"\0")
    if rest.strip(b"\0"):
        said = f"the entry {shown(raw.decode(errors='replace'))} holds a NUL character"
        raise Refusal(Hazard.NAME, said)
    return _decoded(text)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        said = f"the entry {shown(raw.decode(errors='replace'))} has a name that is not UTF-8"
        raise Refusal(Hazard.NAME, said) from None


def _extend(extended: _Extended, kind: bytes, content: bytes) -> None:
    if kind == b"K":
        extended.link = True
    elif kind == b"L":
        extended.path = _text(content)
    else:
        for key, value in _records(content):
            _apply(extended, key, value, shared=kind == b"g")


def _apply(extended: _Extended, key: str, value: bytes, *, shared: bool) -> None:
    if key.startswith("GNU.sparse"):
        raise Refusal(Hazard.METHOD, "one of its files is sparse: pack it without `--sparse`")
    if key not in ("path", "size", "linkpath"):
        return  # times, owners, comments
    if shared:
        raise Refusal(Hazard.LYING, f"it gives one {key} to all entries")
    if key == "path":
        extended.path = _decoded(value)
    elif key == "linkpath":
        extended.link = True
    elif value.isdigit() and len(value) <= len(str(1 << 64)):
        extended.size = int(value)
    else:
        raise Refusal(Hazard.LYING, "one of its headers has a size that is no number")


def _records(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the `length key=value` lines of a pax header."""
    at = 0
    while at < len(content) and content[at]:
        space = content.find(b" ", at, at + 20)
        stated = content[at:space] if space > at else b""
        end = at + int(stated) if stated.isdigit() else 0
        if end <= space + 1 or end > len(content) or content[end - 1] != ord("\n"):
            raise Refusal(Hazard.DAMAGED, "one of its extended headers is damaged")
        key, equals, value = content[space + 1 : end - 1].partition(b"=")
        if not equals:
            raise Refusal(Hazard.DAMAGED, "one of its extended headers is damaged")
        yield key.decode(errors="replace"), value
        at = end
