"""Two hundred archives that nobody should unpack, each with the rule that it breaks."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import stat
import struct
import tarfile
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ciranda_skills.registry import Hazard

SKILL = b"---\nname: evil\ndescription: Does harm.\n---\n"

TRAVERSALS = (
    "../x",
    "../../x",
    "evil/../../x",
    "evil/../x",
    "a/b/../../../x",
    "./../x",
    "evil/..",
    "..",
    "..\\x",
    "..\\..\\x",
    "evil\\..\\..\\x",
    "a/..\\..\\x",
    "a//../../x",
    "a/./../../x",
    "a/b/c/d/../../../../../x",
)
ABSOLUTES = ("/x", "/tmp/x", "//x", "///etc/passwd", "\\x", "\\\\server\\share\\x", "C:x", "C:\\x")
DRIVES = ("C:/x", "c:x/y", "a/C:/x", "evil/Z:x")
NAMES = (
    "evil/a\\b",
    "evil/a.",
    "evil/a ",
    "evil/a..",
    "evil/a. .",
    "evil./a",
    "evil /a",
    "evil/ a",
    "evil/a\nb",
    "evil/a\x1b[2Jb",
    "evil/a\x7fb",
    "evil/a\rb",
    "...",
)
LONGS = ("a" * 256, "é" * 128, "/".join(["a" * 200] * 6), "/".join(["a"] * 31), "d/" * 600 + "x")
PAIRS = (
    ("a", "a"),
    ("a", "A"),
    ("dir/a", "DIR/b"),
    ("a", "a/b"),
    ("a/b", "a"),
    ("straße", "STRASSE"),
    ("é", "e\u0301"),
    ("É", "e\u0301"),
    ("\u017f", "s"),
    ("a/b/c", "a/B/d"),
    ("ﬁ", "fi"),
    (unicodedata.normalize("NFD", "Å"), "\u212b"),
)


class Hostile(NamedTuple):
    """An archive and the rule that it breaks."""

    label: str
    data: bytes
    hazard: Hazard


@dataclass
class Packed:
    """One entry of a zip file; what is None is what would be true."""

    name: str | bytes
    data: bytes = b""
    mode: int = stat.S_IFREG | 0o644
    method: int = 8
    flags: int = 0
    size: int | None = None
    check: int | None = None
    local_name: bytes | None = None
    local_size: int | None = None
    offset: int | None = None
    body: bytes | None = None
    wide: bool = False


def zip_of(*entries: Packed, comment: bytes = b"") -> bytes:
    """Write a zip file by hand."""
    out = bytearray()
    directory = bytearray()
    for entry in entries:
        raw = entry.name if isinstance(entry.name, bytes) else entry.name.encode()
        flags = entry.flags | (0 if isinstance(entry.name, bytes) else 0x800)
        body = entry.body
        if body is None:
            squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
            body = entry.data
            if entry.method == 8:
                body = squeeze.compress(entry.data) + squeeze.flush()
        check = zlib.crc32(entry.data) if entry.check is None else entry.check
        size = len(entry.data) if entry.size is None else entry.size
        local_size = size if entry.local_size is None else entry.local_size
        local_name = raw if entry.local_name is None else entry.local_name
        offset = len(out) if entry.offset is None else entry.offset
        out += struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, flags, entry.method, 0, 0x21, check, len(body), local_size,
            len(local_name), 0,
        )  # fmt: skip
        out += local_name + body
        wide = struct.pack("<2H3Q", 1, 24, size, len(body), offset)
        extra = struct.pack("<2H2s", 9, 2, b"xx") + wide if entry.wide else b""
        full = 0xFFFFFFFF
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 3 << 8 | 20, 20, flags, entry.method, 0, 0x21, check,
            *((full, full) if entry.wide else (len(body), size)), len(raw), len(extra), 0, 0, 0,
            entry.mode << 16, full if entry.wide else offset,
        )  # fmt: skip
        directory += raw + extra
    count = min(len(entries), 0xFFFF)
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count, count, len(directory), len(out), len(comment)
    )
    return bytes(out + directory + end) + comment


def tar_of(*entries: tuple[tarfile.TarInfo, bytes], pax: bool = True) -> bytes:
    """Write a tar file."""
    out = io.BytesIO()
    kind = tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT
    with tarfile.open(fileobj=out, mode="w", format=kind, errors="surrogateescape") as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def info(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """Return an entry of a tar file."""
    made = tarfile.TarInfo(name)
    made.size = len(data)
    for key, value in fields.items():
        setattr(made, key, value)
    return made, data


def header(name: bytes, size: bytes = b"0" * 11 + b"\0", kind: bytes = b"0") -> bytes:
    """Return a tar header, whatever its fields hold."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % (sum(block) + 8 * 32)
    return bytes(block)


def record(content: bytes) -> bytes:
    """Return a line of a pax header."""
    length = len(content) + 2
    length += len(str(length + len(str(length))))
    return b"%d %s\n" % (length, content)


def all_hostile() -> list[Hostile]:
    """Return them all."""
    made = [*by_name(), *by_kind(), *by_twins(), *zips(), *tars(), *bombs(), *no_archives()]
    return [*made, *_cut_short()]


def by_name() -> Iterator[Hostile]:
    """Bad names, in a zip file and in both kinds of tar files."""
    rules = (
        (Hazard.TRAVERSAL, TRAVERSALS),
        (Hazard.ABSOLUTE, (*ABSOLUTES, *DRIVES)),
        (Hazard.NAME, NAMES),
        (Hazard.LENGTH, LONGS),
    )
    for hazard, names in rules:
        for number, name in enumerate(names):
            label = f"{hazard} {number}"
            yield Hostile(f"{label} zip", zip_of(_top(), Packed(name, b"x")), hazard)
            entries = info("SKILL.md", SKILL), info(name, b"x")
            yield Hostile(f"{label} tar", tar_of(*entries, pax=number % 2 == 0), hazard)
    yield Hostile("NUL zip", zip_of(_top(), Packed("evil/a\0.txt", b"x")), Hazard.NAME)
    yield Hostile("NUL tar", header(b"a\0.txt") + bytes(1024), Hazard.NAME)
    yield Hostile("bytes zip", zip_of(Packed(b"\xff\xfe", flags=0x800)), Hazard.NAME)
    yield Hostile("bytes tar", header(b"\xff\xfe") + bytes(1024), Hazard.NAME)
    yield Hostile("NUL pax", _extended(record(b"path=a\0b/../x")), Hazard.NAME)
    folder = Packed("../", mode=stat.S_IFDIR | 0o755)
    yield Hostile("folder upwards zip", zip_of(_top(), folder), Hazard.TRAVERSAL)
    packed = tar_of(info("../", type=tarfile.DIRTYPE, mode=0o755))
    yield Hostile("folder upwards tar", packed, Hazard.TRAVERSAL)


def by_kind() -> Iterator[Hostile]:
    """Links, devices, pipes and rights of the owner."""
    skill = info("SKILL.md", SKILL)
    links = ("..", "../..", "/", "/etc/passwd", "SKILL.md", "./a/../..", "a" * 300)
    for number, target in enumerate(links):
        symbolic = info("link", type=tarfile.SYMTYPE, linkname=target)
        hard = info("link", type=tarfile.LNKTYPE, linkname=target)
        yield Hostile(f"symlink {number}", tar_of(skill, symbolic), Hazard.LINK)
        yield Hostile(f"hard link {number}", tar_of(skill, hard), Hazard.LINK)
        packed = Packed("link", target.encode(), mode=stat.S_IFLNK | 0o777)
        yield Hostile(f"zip symlink {number}", zip_of(_top(), packed), Hazard.LINK)
    through = info("link", type=tarfile.SYMTYPE, linkname=".."), info("link/x", b"x")
    yield Hostile("through a link", tar_of(*through), Hazard.LINK)
    # A path that grows past what resolving it can take, made of links to ever deeper folders.
    deep, name = [], ""
    for step in "abcdefghijklmnop":
        name += f"{step * 247}/" if len(name) < 700 else f"{step}/"
        deep.append(info(name[:-1], type=tarfile.DIRTYPE, mode=0o755))
        deep.append(info(f"{step}", type=tarfile.SYMTYPE, linkname=step * 247))
    yield Hostile("realpath overflow", tar_of(*deep), Hazard.LINK)
    for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
        yield Hostile(f"device {kind!r}", tar_of(skill, info("dev", type=kind)), Hazard.DEVICE)
    for mode in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK):
        packed = Packed("dev", mode=mode | 0o644)
        yield Hostile(f"zip device {mode:o}", zip_of(_top(), packed), Hazard.DEVICE)
    for bits in (0o4755, 0o2755, 0o6755, 0o1755):
        yield Hostile(f"mode {bits:o}", tar_of(skill, info("x", b"x", mode=bits)), Hazard.MODE)
        packed = Packed("x", b"x", mode=stat.S_IFREG | bits)
        yield Hostile(f"zip mode {bits:o}", zip_of(_top(), packed), Hazard.MODE)


def by_twins() -> Iterator[Hostile]:
    """Two entries for one place."""
    for number, (one, other) in enumerate(PAIRS):
        entries = info(one, b"1"), info(other, b"2")
        yield Hostile(f"twins {number} tar", tar_of(*entries), Hazard.DUPLICATE)
        packed = zip_of(Packed(one, b"1"), Packed(other, b"2"))
        yield Hostile(f"twins {number} zip", packed, Hazard.DUPLICATE)
    folder = info("a", type=tarfile.DIRTYPE, mode=0o755)
    yield Hostile("a folder is a file", tar_of(info("a", b"1"), folder), Hazard.DUPLICATE)


def zips() -> Iterator[Hostile]:
    """What only zip files can do."""
    data = b"x" * 500
    yield Hostile("encrypted", zip_of(_top(), Packed("x", data, flags=1)), Hazard.ENCRYPTED)
    yield Hostile("strongly", zip_of(_top(), Packed("x", data, flags=0x41)), Hazard.ENCRYPTED)
    yield Hostile("masked", zip_of(Packed("x", data, flags=0x2000)), Hazard.ENCRYPTED)
    for method in (1, 9, 12, 14, 93, 99):
        packed = zip_of(_top(), Packed("x", data, method=method, body=data))
        yield Hostile(f"method {method}", packed, Hazard.METHOD)
    yield Hostile("size too small", zip_of(Packed("x", data, size=10)), Hazard.LYING)
    yield Hostile("size too large", zip_of(Packed("x", data, size=900)), Hazard.LYING)
    yield Hostile("stored, too small", zip_of(Packed("x", data, method=0, size=9)), Hazard.LYING)
    yield Hostile("checksum", zip_of(Packed("x", data, check=1)), Hazard.LYING)
    yield Hostile("own size", zip_of(Packed("x", data, local_size=10)), Hazard.LYING)
    yield Hostile("own name", zip_of(Packed("x", data, local_name=b"y")), Hazard.LYING)
    yield Hostile("folder with content", zip_of(Packed("x/", data)), Hazard.LYING)
    folder = Packed("x", mode=stat.S_IFDIR | 0o755)
    yield Hostile("folder by mode alone", zip_of(folder), Hazard.LYING)
    one = zip_of(Packed("x", data))
    yield Hostile("overlap", zip_of(Packed("x", data), Packed("x", data, offset=0)), Hazard.OVERLAP)
    quoted = [Packed(f"{n}", data, offset=0, local_name=b"0") for n in range(50)]
    yield Hostile("overlap of many", zip_of(*quoted), Hazard.OVERLAP)
    yield Hostile("into the directory", _stretched(), Hazard.OVERLAP)
    yield Hostile("behind the end", zip_of(Packed("x", data, offset=99_999)), Hazard.DAMAGED)
    yield Hostile("garbage in it", zip_of(Packed("x", data, body=b"\xff" * 99)), Hazard.DAMAGED)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = squeeze.compress(data) + squeeze.flush() + b"more"
    yield Hostile("more behind it", zip_of(Packed("x", data, body=body)), Hazard.DAMAGED)
    yield Hostile("two parts", one[:-18] + b"\1\0" + one[-16:], Hazard.METHOD)
    yield Hostile("no directory", one[:-22], Hazard.DAMAGED)
    yield Hostile("count too high", one[:-14] + b"\2\0\2\0" + one[-10:], Hazard.DAMAGED)
    yield Hostile("count too low", one[:-14] + b"\0\0\0\0" + one[-10:], Hazard.DAMAGED)
    yield Hostile("directory elsewhere", one[:-6] + b"\xff\xff\0\0" + one[-2:], Hazard.DAMAGED)
    yield Hostile("no file in it", zip_of(), Hazard.EMPTY)
    yield Hostile("folders only", zip_of(Packed("a/", mode=0o40755)), Hazard.EMPTY)


def tars() -> Iterator[Hostile]:
    """What only tar files can do."""
    yield Hostile("size is negative", header(b"x", b"\xff" * 12) + bytes(1024), Hazard.LYING)
    huge = b"\x80" + b"\x7f" * 11
    yield Hostile("size is huge", header(b"x", huge) + bytes(1024), Hazard.DAMAGED)
    yield Hostile("size is text", header(b"x", b"size of it\0\0") + bytes(99), Hazard.DAMAGED)
    yield Hostile("sparse", _extended(record(b"GNU.sparse.major=1")), Hazard.METHOD)
    yield Hostile("old sparse", header(b"x", kind=b"S") + bytes(1024), Hazard.METHOD)
    yield Hostile("unknown kind", header(b"x", kind=b"Z") + bytes(1024), Hazard.METHOD)
    yield Hostile("pax path upwards", _extended(record(b"path=../../x")), Hazard.TRAVERSAL)
    yield Hostile("pax path absolute", _extended(record(b"path=/etc/pw")), Hazard.ABSOLUTE)
    yield Hostile("pax link", _extended(record(b"linkpath=..")), Hazard.LINK)
    yield Hostile("pax size", _extended(record(b"size=-1")), Hazard.LYING)
    yield Hostile("pax length", _extended(b"99 path=x\n"), Hazard.DAMAGED)
    yield Hostile("pax length of none", _extended(b"0 path=x\n"), Hazard.DAMAGED)
    yield Hostile("pax without a value", _extended(b"7 path\n"), Hazard.DAMAGED)
    yield Hostile("pax for all", _extended(record(b"path=x"), kind=b"g"), Hazard.LYING)
    large = b"%011o\0" % (1 << 30)
    yield Hostile("pax of a GiB", header(b"x", large, b"x") + bytes(1024), Hazard.LENGTH)
    yield Hostile("long link", header(b"x", b"00000000001\0", b"K") + bytes(512) + header(b"y"),
                  Hazard.LINK)  # fmt: skip
    broken = bytearray(tar_of(info("a", b"1"), info("b", b"2")))
    broken[1024 + 3] ^= 1
    yield Hostile("second header", bytes(broken), Hazard.DAMAGED)
    full = info("d/", type=tarfile.DIRTYPE, mode=0o755)[0].tobuf()
    size = full[:124] + b"00000000005\0" + full[136:148] + b" " * 8 + full[156:]
    size = size[:148] + b"%06o\0 " % sum(size) + size[156:]
    yield Hostile("folder with content", size + bytes(1024), Hazard.LYING)


def bombs() -> Iterator[Hostile]:
    """Small, until they are unpacked."""
    zeros = bytes(4 << 20)
    yield Hostile("ratio zip", zip_of(_top(), Packed("x", zeros)), Hazard.RATIO)
    tar = tar_of(info("x", zeros))
    yield Hostile("ratio gz", gzip.compress(tar), Hazard.RATIO)
    yield Hostile("ratio bz2", bz2.compress(tar), Hazard.RATIO)
    yield Hostile("ratio xz", lzma.compress(tar), Hazard.RATIO)
    yield Hostile("lying bomb", zip_of(Packed("x", zeros, size=100)), Hazard.LYING)
    many = [Packed(f"{n}", method=0) for n in range(10_001)]
    yield Hostile("entries zip", zip_of(*many), Hazard.ENTRIES)
    folders = header(b"a/", kind=b"5") * 10_001
    yield Hostile("entries tar", folders + bytes(1024), Hazard.ENTRIES)
    noise = _extended(record(b"comment=" + random.Random(1).randbytes(400)))[:1024]
    yield Hostile("entries gz", gzip.compress(noise * 10_001, 1), Hazard.ENTRIES)
    same = _extended(record(b"path=x"))[:1024] * 10_001
    yield Hostile("headers alone", same, Hazard.ENTRIES)
    yield Hostile("headers alone gz", gzip.compress(same, 1), Hazard.RATIO)


def no_archives() -> Iterator[Hostile]:
    """Nothing, and what is no archive."""
    yield Hostile("no byte", b"", Hazard.EMPTY)
    yield Hostile("zeros", bytes(10_240), Hazard.EMPTY)
    yield Hostile("text", b"I am an archive, believe me.\n" * 50, Hazard.UNKNOWN)
    yield Hostile("a skill", SKILL, Hazard.UNKNOWN)
    yield Hostile("a program", b"\x7fELF" + bytes(2000), Hazard.UNKNOWN)
    yield Hostile("rar", b"Rar!\x1a\x07\x01\0" + bytes(600), Hazard.UNKNOWN)
    yield Hostile("gz of text", gzip.compress(b"words " * 500), Hazard.DAMAGED)
    yield Hostile("gz of nothing", gzip.compress(b""), Hazard.EMPTY)
    yield Hostile("gz of a gz", gzip.compress(gzip.compress(tar_of(info("x")))), Hazard.DAMAGED)
    yield Hostile("gz, garbage behind", gzip.compress(b"") + b"garbage", Hazard.DAMAGED)


def _cut_short() -> Iterator[Hostile]:
    tar = tar_of(info("SKILL.md", SKILL), info("a", b"x" * 3000))
    packed = zip_of(_top(), Packed("a", b"x" * 3000))
    for at in (700, 1100, 1600, 2000):
        yield Hostile(f"tar cut at {at}", tar[:at], Hazard.DAMAGED)
    for name, data in (("gz", gzip.compress(tar)), ("xz", lzma.compress(tar))):
        yield Hostile(f"{name} cut", data[:-30], Hazard.DAMAGED)
    for at in (10, 40, 100, len(packed) - 5):
        yield Hostile(f"zip cut at {at}", packed[:at], Hazard.DAMAGED)


def _extended(content: bytes, kind: bytes = b"x") -> bytes:
    size = b"%011o\0" % len(content)
    padded = content + bytes(-len(content) % 512)
    return header(b"pax", size, kind) + padded + header(b"x") + bytes(1024)


def _stretched() -> bytes:
    """Return a zip file whose entry says that it goes on into the directory."""
    data = bytearray(zip_of(Packed("x", b"x" * 500, method=0)))
    size = struct.pack("<2L", 530, 530)
    data[18:26] = size
    at = data.index(b"PK\1\2")
    data[at + 20 : at + 28] = size
    return bytes(data)


def _top() -> Packed:
    return Packed("SKILL.md", SKILL)
