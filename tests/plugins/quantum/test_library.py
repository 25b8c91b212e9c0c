import os
import threading

import pytest

from ciranda_quantum import Library, QuantumError

from .stage import component


def put(folder, name, body, stamp=None):
    path = folder / name
    path.write_text(component(body, name.partition(".")[0]), "utf-8")
    if stamp is not None:
        os.utime(path, ns=(stamp, stamp))
    return path


def test_a_file_that_is_edited_is_compiled_again(tmp_path):
    library = Library()
    path = put(tmp_path, "page.q", "one", 1)

    first = library.load(path)

    assert first.render() == "one"
    assert library.load(path) is first
    put(tmp_path, "page.q", "two", 2)
    assert library.load(path).render() == "two"


def test_a_file_that_was_only_touched_is_not_compiled_again(tmp_path):
    library = Library()
    path = put(tmp_path, "page.q", "one", 1)
    unit = library.load(path).unit

    put(tmp_path, "page.q", "one", 2)

    assert library.load(path).unit is unit


def test_an_edited_component_reaches_those_that_use_it(tmp_path):
    library = Library()
    put(tmp_path, "Inner.q", "a", 1)
    put(tmp_path, "Outer.q", '<q:import component="Inner"/><Inner/>', 1)
    path = put(tmp_path, "page.q", '<q:import component="Outer"/><Outer/>', 1)
    assert library.load(path).render() == "a"

    put(tmp_path, "Inner.q", "b", 2)
    assert library.load(path).render() == "b"

    (tmp_path / "Inner.q").unlink()
    with pytest.raises(QuantumError, match="no component 'Inner'"):
        library.load(path)


def test_components_stand_in_the_folder_that_is_named(tmp_path):
    parts = tmp_path / "parts"
    parts.mkdir()
    put(parts, "In.q", "in")
    path = put(tmp_path, "page.q", '<q:import component="In"/><In/>')

    assert Library(parts).load(path).render() == "in"
    with pytest.raises(QuantumError, match="no component 'In'"):
        Library().load(path)


def test_what_is_kept_is_bounded_by_count_and_by_size(tmp_path):
    few = Library(most=3)
    small = Library(size=20_000)
    paths = [put(tmp_path, f"p{n}.q", f"page {n} " * 100) for n in range(10)]

    for path in paths:
        few.load(path)
        small.load(path)

    assert len(few) == 3
    assert 0 < len(small) < 10
    assert 0 < small.held <= 20_000
    assert few.load(paths[0]).render().startswith("page 0")


def test_a_library_serves_many_threads(tmp_path):
    library = Library(most=4)
    paths = [put(tmp_path, f"p{n}.q", f"{{x}}{n}") for n in range(8)]
    wrong = []

    def go(number):
        for turn in range(40):
            which = (turn * 7 + number) % 8
            if library.load(paths[which]).render(x=number) != f"{number}{which}":
                wrong.append((number, which))

    threads = [threading.Thread(target=go, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(library) <= 4


def test_a_file_that_is_missing_or_no_text_is_told(tmp_path):
    (tmp_path / "bad.q").write_bytes(b"\xff\xfe")

    with pytest.raises(FileNotFoundError, match=r"no template .*nope\.q"):
        Library().load(tmp_path / "nope.q")
    with pytest.raises(QuantumError, match="not UTF-8"):
        Library().load(tmp_path / "bad.q")


def test_a_fault_points_into_the_file(tmp_path):
    path = put(tmp_path, "page.q", "<p>\n{nope}</p>")

    with pytest.raises(QuantumError) as caught:
        Library().load(path).run()
    assert caught.value.file == str(path)
    assert caught.value.line == 2
