"""Archives: what is sound comes out as it went in, and what is not leaves nothing behind."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_skills.registry import ArchiveError, Hazard, Limits, Registry, source_of
from ciranda_skills.registry.unpacking import Refusal, unpack
from tests.effort import share

from .hostile_archives import Packed, all_hostile, header, info, tar_of, zip_of

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "plain": bytes,
}
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-é", min_size=1, max_size=8)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
TREES = st.dictionaries(PATHS, st.tuples(st.binary(max_size=2000), st.booleans()), max_size=6)


def seen(folder: Path) -> dict[str, tuple[bytes, bool]]:
    """Return what a folder holds: content, and whether it can be run."""
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in folder.rglob("*")
        if path.is_file()
    }


def sound(tree: dict[str, tuple[bytes, bool]]) -> bool:
    """Tell whether no path is the folder of another one."""
    return bool(tree) and not any(
        one != other and other.startswith(f"{one}/") for one in tree for other in tree
    )


@pytest.mark.uncounted
def test_two_hundred_hostile_archives_are_refused_by_the_rule_they_break(tmp_path: Path) -> None:
    hostile = all_hostile()
    wrong = []
    for number, each in enumerate(hostile):
        archive = tmp_path / f"{number}.archive"
        archive.write_bytes(each.data)
        inner = tmp_path / "inner" / "folder"
        try:
            unpack(archive, inner)
            wrong.append((each.label, "was unpacked"))
            shutil.rmtree(inner)
        except Refusal as error:
            if error.hazard is not each.hazard or not str(error):
                wrong.append((each.label, f"{error.hazard}: {error}"))
        archive.unlink()
        left = sorted(path.name for path in tmp_path.rglob("*"))
        if left not in ([], ["inner"]):
            wrong.append((each.label, f"left {left}"))

    assert wrong == []
    assert len(hostile) >= 200
    assert set(Counter(each.hazard for each in hostile)) | {Hazard.SIZE} == set(Hazard)
    assert not (tmp_path.parent / "x").exists()
    assert not (tmp_path / "x").exists()


def test_a_refused_archive_installs_nothing_and_says_why_in_a_sentence(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    some = [each for each in all_hostile() if len(each.data) < 1 << 16][::9]
    for each in some:
        archive = tmp_path / "bad.zip"
        archive.write_bytes(each.data)
        with pytest.raises(
            ArchiveError, match=r"^/\S+bad\.zip is not taken: [^\n\x1b\0]+$"
        ) as said:
            Registry(project).install(source_of(str(archive)))
        assert said.value.hazard is each.hazard
        assert said.value.kind == "skills.archive"

    assert list(project.rglob("*")) == []
    assert len(some) >= 20


def test_an_archive_in_an_archive_is_a_file_like_others(tmp_path: Path) -> None:
    inner = zip_of(Packed("../../x", b"x"))
    (tmp_path / "a.zip").write_bytes(zip_of(Packed("inner.zip", inner)))

    assert unpack(tmp_path / "a.zip", tmp_path / "out") == ("inner.zip",)
    assert seen(tmp_path / "out") == {"inner.zip": (inner, False)}


@settings(max_examples=40, deadline=None)
@given(tree=TREES.filter(sound), packer=st.sampled_from(sorted(PACKERS)), form=st.integers(0, 2))
def test_what_tarfile_packs_is_unpacked_the_same(
    tree: dict[str, tuple[bytes, bool]],
    packer: str,
    form: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tmp_path = tmp_path_factory.mktemp("tar")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8") as archive:
        archive.addfile(*_folder("./"))
        for path, (data, runs) in tree.items():
            entry, _ = info(f"./{path}", data, mode=0o755 if runs else 0o644)
            archive.addfile(entry, io.BytesIO(data))
    (tmp_path / "a").write_bytes(PACKERS[packer](out.getvalue()))

    files = unpack(tmp_path / "a", tmp_path / "out")

    assert list(files) == sorted(tree)
    assert seen(tmp_path / "out") == tree


@settings(max_examples=40, deadline=None)
@given(tree=TREES.filter(sound), stored=st.booleans(), streamed=st.booleans(), wide=st.booleans())
def test_what_zipfile_packs_is_unpacked_the_same(
    tree: dict[str, tuple[bytes, bool]],
    stored: bool,
    streamed: bool,
    wide: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tmp_path = tmp_path_factory.mktemp("zip")
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with open(tmp_path / "a", "wb") as raw:
        target = _Unseekable(raw) if streamed else raw
        with zipfile.ZipFile(target, "w", method) as archive:
            for path, (data, runs) in tree.items():
                entry = zipfile.ZipInfo(path)
                entry.compress_type = method
                entry.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
                with archive.open(entry, "w", force_zip64=wide) as stream:
                    stream.write(data)

    files = unpack(tmp_path / "a", tmp_path / "out")

    assert list(files) == sorted(tree)
    assert seen(tmp_path / "out") == tree


@settings(max_examples=share(150), deadline=None)
@given(data=st.data())
def test_a_damaged_archive_is_refused_or_harmless(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tmp_path = tmp_path_factory.mktemp("fuzz")
    whole = data.draw(st.sampled_from((
        zip_of(Packed("a", b"one"), Packed("b/c", b"two" * 50), Packed("d", b"x", method=0)),
        tar_of(info("a", b"one"), info("b/c" * 60, b"two" * 50)),
        gzip.compress(tar_of(info("a", b"one"))),
    )))  # fmt: skip
    bent = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        bent[data.draw(st.integers(0, len(bent) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(bent)

    try:
        unpack(tmp_path / "in" / "a", tmp_path / "in" / "out")
    except Refusal:
        assert os.listdir(tmp_path / "in") == ["a"]
    assert os.listdir(tmp_path) == ["in"]
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("limits", "hazard"),
    [
        (Limits(file=99), Hazard.SIZE),
        (Limits(total=199), Hazard.SIZE),
        (Limits(archive=99), Hazard.SIZE),
        (Limits(entries=1), Hazard.ENTRIES),
    ],
)
@pytest.mark.parametrize("form", ["zip", "tar"])
def test_limits_count_what_comes_out(
    tmp_path: Path, limits: Limits, hazard: Hazard, form: str
) -> None:
    data = bytes(range(100))
    packed = zip_of(Packed("a", data), Packed("b", data))
    (tmp_path / "a").write_bytes(
        packed if form == "zip" else tar_of(info("a", data), info("b", data))
    )

    with pytest.raises(Refusal, match=r"more than|larger than") as said:
        unpack(tmp_path / "a", tmp_path / "out", limits)
    assert said.value.hazard is hazard
    assert not (tmp_path / "out").exists()


def test_an_archive_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.zip")

    with pytest.raises(Refusal, match="it is not a regular file"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_sizes_of_64_bits_are_read_where_they_stand(tmp_path: Path) -> None:
    entries = Packed("a", b"one" * 99, wide=True), Packed("b", b"two")
    (tmp_path / "a").write_bytes(zip_of(*entries))

    unpack(tmp_path / "a", tmp_path / "out")

    assert seen(tmp_path / "out") == {"a": (b"one" * 99, False), "b": (b"two", False)}


def test_an_archive_with_bytes_of_old_writers_is_read(tmp_path: Path) -> None:
    block = bytearray(header("é".encode()))
    signed = sum(memoryview(bytes(block[:148] + b" " * 8 + block[156:])).cast("b"))
    block[148:156] = b"%06o\0 " % signed
    (tmp_path / "a").write_bytes(block + bytes(1024))

    assert unpack(tmp_path / "a", tmp_path / "out") == ("é",)


def test_several_members_of_gzip_are_one_stream(tmp_path: Path) -> None:
    tar = tar_of(info("a", b"one" * 999), info("b", b"two"))
    (tmp_path / "a").write_bytes(
        b"".join(gzip.compress(tar[n : n + 700]) for n in range(0, len(tar), 700))
    )

    assert unpack(tmp_path / "a", tmp_path / "out") == ("a", "b")


class _Unseekable(io.RawIOBase):
    """A file that cannot be gone back in, so sizes follow the content."""

    def __init__(self, inner: io.BufferedWriter) -> None:
        self._inner = inner

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # as zipfile calls it
        return self._inner.write(data)


def _folder(name: str) -> tuple[tarfile.TarInfo]:
    return (info(name, type=tarfile.DIRTYPE, mode=0o755)[0],)
