"""Compiled templates on disk: found again, never out of date, refused when tampered with."""

import marshal
import os
import threading

import pytest

import ciranda_quantum.codecache as module
from ciranda_quantum import Library, QuantumError
from ciranda_quantum.codecache import CodeCache, default_folder
from ciranda_quantum.limits import Limits
from ciranda_quantum.run import Host
from ciranda_quantum.template import Template, compile_unit, link

from .stage import component

NEXT = component("<p>{n + 1}</p>")
TEXT = component('<q:import component="In"/><q:param name="n"/><p>{n + 1}</p><In/>')


@pytest.fixture
def compiled(monkeypatch):
    """The files that the compiler has seen."""
    seen = []

    def compiler(text, file):
        seen.append(file)
        return compile_unit(text, file)

    monkeypatch.setattr(module, "compile_unit", compiler)
    return seen


def entries(folder):
    return sorted(folder.glob("*.qc"))


def absent(name):
    raise KeyError(name)


def rendered(cache, text=NEXT, file="page.q"):
    unit = cache.unit(text, file)
    return Template(unit, link(unit, absent), Limits(), Host()).render(n=1)


def test_another_process_need_not_compile(tmp_path, compiled):
    folder = tmp_path / "cache"

    first = CodeCache(folder).unit(TEXT, "page.q")
    again = CodeCache(folder).unit(TEXT, "page.q")

    assert compiled == ["page.q"]
    assert again.code == first.code
    assert again.params == first.params == ("n",)
    assert [(each.component, each.alias, each.at) for each in again.imports] == [
        (each.component, each.alias, each.at) for each in first.imports
    ]
    assert rendered(CodeCache(folder)) == rendered(CodeCache(folder)) == "<p>2</p>"


def test_errors_of_cached_code_point_into_the_file(tmp_path):
    text = component("\n  <p>{1 / (n - 1)}</p>")
    for _ in range(2):
        with pytest.raises(QuantumError) as caught:
            rendered(CodeCache(tmp_path / "cache"), text)
        assert (caught.value.file, caught.value.line) == ("page.q", 2)
        assert "1 / (n - 1)" in caught.value.source


def test_text_path_and_compiler_are_part_of_the_name(tmp_path, compiled, monkeypatch):
    folder = tmp_path / "cache"
    rendered(CodeCache(folder))
    rendered(CodeCache(folder), file="other.q")
    rendered(CodeCache(folder), text=component("<p>{n + 2}</p>"))
    monkeypatch.setattr(module, "MAGIC_NUMBER", b"new")
    rendered(CodeCache(folder))

    assert len(compiled) == len(entries(folder)) == 4


def tampered(data):
    """Yield an entry changed in each way that somebody might change it."""
    start = len(module._FORMAT)
    seal = start + module._SEAL
    evil = marshal.dumps((compile("import os; os.abort()", "page.q", "exec"), (), ()))
    yield b""
    yield data[:start]
    yield data[:-1]
    yield data + b"\0"
    yield data[:seal] + evil
    yield module._FORMAT + b"\0" * module._SEAL + evil
    yield data.replace(module._FORMAT, b"ciranda.q 0\n")
    for place in (0, start, seal, len(data) - 1):
        yield data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def test_a_changed_entry_is_refused_and_made_anew(tmp_path, compiled):
    folder = tmp_path / "cache"
    rendered(CodeCache(folder))
    (entry,) = entries(folder)
    good = entry.read_bytes()

    for number, bad in enumerate(tampered(good), 2):
        entry.write_bytes(bad)
        cache = CodeCache(folder)
        assert rendered(cache) == "<p>2</p>"
        assert cache.refused == 1
        assert len(compiled) == number
        assert entry.read_bytes() == good


def test_an_entry_of_another_key_or_another_name_is_refused(tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    rendered(CodeCache(theirs))
    rendered(CodeCache(theirs), component("<p>{n + 9}</p>"))
    rendered(CodeCache(mine))
    (entry,) = entries(mine)

    other = next(each for each in entries(theirs) if each.name == entry.name)
    entry.write_bytes(other.read_bytes())
    cache = CodeCache(mine)
    assert rendered(cache) == "<p>2</p>"
    assert cache.refused == 1

    swapped = next(each for each in entries(theirs) if each.name != entry.name)
    other.write_bytes(swapped.read_bytes())
    cache = CodeCache(theirs)
    assert rendered(cache) == "<p>2</p>"
    assert cache.refused == 1


def test_only_the_owner_can_read_what_is_kept(tmp_path):
    folder = tmp_path / "a" / "cache"
    old = os.umask(0)
    try:
        rendered(CodeCache(folder))
    finally:
        os.umask(old)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}


def spoil_folder(folder):
    folder.chmod(0o770)


def spoil_key(folder):
    (folder / "key").chmod(0o644)


def shorten_key(folder):
    (folder / "key").write_bytes(b"short")


def link_key(folder):
    (folder / "key").rename(folder / "real")
    (folder / "key").symlink_to(folder / "real")


def folder_for_key(folder):
    (folder / "key").unlink()
    (folder / "key").mkdir(mode=0o700)


@pytest.mark.parametrize("spoil", [spoil_folder, spoil_key, shorten_key, link_key, folder_for_key])
def test_a_key_that_others_may_know_is_not_used(tmp_path, compiled, spoil):
    folder = tmp_path / "cache"
    assert CodeCache(folder).usable
    rendered(CodeCache(folder))

    spoil(folder)
    cache = CodeCache(folder)

    assert not cache.usable
    assert rendered(cache) == "<p>2</p>"
    assert len(compiled) == 2


def test_a_folder_that_is_none_or_somebody_elses_is_not_used(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path)
    assert not CodeCache(tmp_path / "file").usable
    assert not CodeCache(tmp_path / "link").usable

    CodeCache(tmp_path / "cache")
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert not CodeCache(tmp_path / "cache").usable


def test_the_oldest_entries_make_room(tmp_path):
    folder = tmp_path / "cache"
    cache = CodeCache(folder, most=4)
    for number in range(4):
        rendered(cache, file=f"{number}.q")
        newest = max(entries(folder), key=lambda each: each.stat().st_mtime_ns)
        os.utime(newest, ns=(number, number))
    known = {each.stat().st_mtime_ns for each in entries(folder)}

    rendered(cache, file="5.q")

    left = {each.stat().st_mtime_ns for each in entries(folder)}
    assert known - left == {0}
    assert len(left) == 4


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path, compiled, monkeypatch):
    cache = CodeCache(tmp_path / "cache")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)

    assert rendered(cache) == rendered(cache) == "<p>2</p>"
    assert len(compiled) == 2
    assert [each.name for each in (tmp_path / "cache").iterdir()] == ["key"]


def test_code_that_cannot_be_written_is_only_compiled(tmp_path, monkeypatch):
    cache = CodeCache(tmp_path / "cache")

    def refuse(_):
        raise ValueError("unmarshallable object")

    monkeypatch.setattr(marshal, "dumps", refuse)

    assert rendered(cache) == "<p>2</p>"
    assert entries(tmp_path / "cache") == []


def test_threads_that_begin_at_once_agree_on_the_key(tmp_path):
    folder = tmp_path / "cache"
    made = []
    gate = threading.Barrier(8)

    def begin():
        gate.wait()
        cache = CodeCache(folder)
        made.append((cache.usable, rendered(cache), cache.refused))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert made == [(True, "<p>2</p>", 0)] * 8
    assert len(list(folder.iterdir())) == 2


def test_a_library_keeps_its_files_there(tmp_path, compiled):
    page = tmp_path / "page.q"
    page.write_text(component("one"))
    cache = tmp_path / "cache"

    assert Library(compiler=CodeCache(cache).unit).load(page).render() == "one"
    assert Library(compiler=CodeCache(cache).unit).load(page).render() == "one"
    page.write_text(component("edited"))
    assert Library(compiler=CodeCache(cache).unit).load(page).render() == "edited"

    assert len(compiled) == 2


def test_the_folder_is_the_users(monkeypatch):
    assert default_folder({"XDG_CACHE_HOME": "/x"}) == "/x/ciranda/quantum"
    monkeypatch.setenv("HOME", "/home/me")
    assert default_folder({}) == "/home/me/.cache/ciranda/quantum"
