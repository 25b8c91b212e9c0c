"""`data.read` and `data.write`."""

import errno
import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.context import Context, RunInfo
from ciranda.errors import StepError
from ciranda.std.data import read, write
from ciranda.std.formats import decode, encode

EVERYTHING = {
    "text": "é\u2028 \U0001f600",
    "no": ["yes", "null", "1", "1.0", "~", "", " x", "x ", "a: b", "- a", "#", "a #b", "{", "%"],
    "numbers": [0, -1, 2**63 - 1, 1.5, 1e20, 1e-07, -0.0],
    "empty": [{}, [], None, True, False],
    "deep": [[[{"a": [{"b": 1, "c": 2}]}]]],
    "multi\nline: key": "a\n\tb\r\n",
    "1e3": "0o17",
}


def test_csv_is_a_list_of_objects_of_text(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'\xef\xbb\xbfid,note\r\n007,"a, ""b""\nc"\r\n\r\n1,\r\n')

    assert read(tmp_path / "a.csv") == [
        {"id": "007", "note": 'a, "b"\nc'},
        {"id": "1", "note": ""},
    ]


def test_the_suffix_tells_the_format_and_an_option_overrules_it(tmp_path):
    (tmp_path / "a.TSV").write_text("a\tb\n1\t2\n")
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n\n[2]\n')
    (tmp_path / "a.yaml").write_text("a: [no, 0o17, 1.5]\n")
    (tmp_path / "a.md").write_text("# a\n")
    (tmp_path / "a.dat").write_text('{"a": [1, 2.5, null]}')

    assert read(tmp_path / "a.TSV") == [{"a": "1", "b": "2"}]
    assert read(tmp_path / "a.jsonl") == [{"a": 1}, [2]]
    assert read(tmp_path / "a.yaml") == {"a": ["no", 15, 1.5]}
    assert read(tmp_path / "a.md") == "# a\n"
    assert read(tmp_path / "a.dat", format="json") == {"a": [1, 2.5, None]}
    assert read(tmp_path / "a.jsonl", format="text").startswith("{")


def test_other_encodings_and_delimiters_are_read_and_written(tmp_path):
    write(tmp_path / "a.csv", [{"ç": "é", "n": 1}], encoding="latin-1", delimiter=";")

    assert (tmp_path / "a.csv").read_bytes() == b"\xe7;n\n\xe9;1\n"
    assert read(tmp_path / "a.csv", encoding="latin-1", delimiter=";") == [{"ç": "é", "n": "1"}]


@pytest.mark.parametrize(
    ("name", "content", "line", "sentence"),
    [
        ("a.csv", b"a,b\n1,2\n3\n", 3, r"a.csv:3: 1 cells, but the header has 2.$"),
        ("a.csv", b"a,a\n", 1, 'the column "a" occurs twice'),
        ("a.csv", b'a\n"x\n', 2, "unexpected end of data"),
        ("a.csv", b'a\n"x"y\n', 2, "expected after"),
        ("a.json", b'{\n"a": 1,\n}', 3, "^.*a.json:3: this is not JSON: "),
        ("a.json", b"[NaN]", 1, "this is not JSON"),
        ("a.json", b"", 0, "this is not JSON: Input data was truncated"),
        ("a.jsonl", b"1\n\n{\n", 3, "a.jsonl:3: this is not JSON"),
        ("a.yaml", b"a: 1\na: 2\n", 2, r"a.yaml:2: "),
        ("a.yaml", b"a: !!python/object:os.system x\n", 1, r"a.yaml:1: "),
        ("a.txt", b"ok\n\xff\n", 2, "a.txt:2: this is not utf-8"),
    ],
)
def test_a_malformed_file_is_told_with_its_line(tmp_path, name, content, line, sentence):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(StepError, match=sentence) as caught:
        read(tmp_path / name)

    assert (caught.value.kind, caught.value.detail) == ("data.malformed", {"line": line})


def test_yaml_keeps_its_limits(tmp_path):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (tmp_path / "a.yaml").write_text(bomb)

    with pytest.raises(StepError, match=r"a.yaml:\d+: "):
        read(tmp_path / "a.yaml")


def test_files_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "a.unknown").write_text("x")
    (tmp_path / "big.txt").write_text("x" * 11)

    cases: list[tuple[str, dict[str, Any], str, str]] = [
        ("nope.csv", {}, "data.not_found", "^There is no file .*nope.csv.$"),
        (".", {"format": "text"}, "data.not_found", "is not a file"),
        ("a.unknown", {}, "data.unknown_format", '"a.unknown" does not tell what the file holds'),
        ("big.txt", {"max_bytes": 10}, "limit", "is larger than 10 bytes"),
        ("big.txt", {"encoding": "nope"}, "invalid-input", 'no encoding "nope"'),
        ("big.txt", {"format": "csv", "delimiter": "::"}, "invalid-input", "'::' cannot separate"),
    ]
    for path, options, kind, sentence in cases:
        with pytest.raises(StepError, match=sentence) as caught:
            read(tmp_path / path, **options)
        assert caught.value.kind == kind


def test_relative_paths_start_from_the_workflow_file(tmp_path):
    class Nobody:
        thread = threading.get_ident()

    ctx = Context(Nobody(), RunInfo("r", base=tmp_path), "s", "s")  # type: ignore[arg-type]  # unused

    written = write(Path("sub/a.json"), [1], ctx=ctx)

    assert written["path"] == str(tmp_path / "sub/a.json")
    assert read(Path("sub/a.json"), ctx=ctx) == [1]


@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_documents_come_back_as_they_were(tmp_path, suffix):
    write(tmp_path / f"a.{suffix}", EVERYTHING)

    assert repr(read(tmp_path / f"a.{suffix}")) == repr(EVERYTHING)


printable = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)
tricky = st.sampled_from(["no", "1e3", "0x1f", "~", "=", "<<", "!a", "&a", "*a", "?", "-", "--- a"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | printable
    | tricky
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(printable | tricky, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=share(150), deadline=None)
@given(values, st.sampled_from(["json", "yaml"]))
def test_every_value_comes_back_from_a_document(value, kind):
    written = encode(value, kind, "utf-8", ",")

    assert repr(decode(written, kind, "f", "utf-8", ",")) == repr(value)


@settings(max_examples=share(100), deadline=None)
@given(st.lists(values, max_size=5))
def test_every_list_comes_back_from_lines_of_json(items):
    written = encode(items, "jsonl", "utf-8", ",")

    assert written.count(b"\n") == len(items)
    assert repr(decode(written, "jsonl", "f", "utf-8", ",")) == repr(items)


@settings(max_examples=share(150), deadline=None)
@given(st.lists(st.tuples(printable, printable), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_every_text_comes_back_from_a_cell(pairs, delimiter):
    rows = [{"a": a, "b": b} for a, b in pairs]

    written = encode(rows, "csv", "utf-8", delimiter)

    assert decode(written, "csv", "f", "utf-8", delimiter) == rows


def test_cells_and_columns_follow_the_rows():
    rows: list[dict[str, Any]] = [{"a": 1, "b": None}, {"c": True, "a": 1.5}]

    assert encode(rows, "csv", "utf-8", ",") == b"a,b,c\n1,,\n1.5,,true\n"
    assert encode([], "csv", "utf-8", ",") == b""


@pytest.mark.parametrize(
    ("value", "kind", "sentence"),
    [
        ({"rows": [{"x": b"a"}]}, "json", r"value\.rows\[0\]\.x is bytes, which json cannot hold"),
        ([b"a"], "yaml", r"value\[0\] is bytes"),
        ("a", "jsonl", "jsonl needs a list, and it is a str"),
        ({}, "csv", "csv needs a list of objects, and it is a dict"),
        ([1], "csv", r"value\[0\] is no object"),
        ([{"a": [1]}], "csv", r"value\[0\]\.a holds other values"),
        ([1], "text", "text is needed, and it is a list"),
        ({"k" * 2000: 1}, "yaml", "the key k+..., which is too long"),
        (["a\0b"], "yaml", "text with a NUL character"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_before_anything_is_written(
    tmp_path, value, kind, sentence
):
    (tmp_path / "a").write_text("old")

    with pytest.raises(StepError, match=sentence) as caught:
        write(tmp_path / "a", value, format=kind)

    assert caught.value.kind == "invalid-input"
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_character_that_an_encoding_lacks_is_named(tmp_path):
    with pytest.raises(StepError, match="latin-1 has no way to write '€'"):
        write(tmp_path / "a.txt", "€", encoding="latin-1")


def test_what_was_written_is_told(tmp_path):
    out = write(tmp_path / "new" / "a.txt", "é")

    digest = hashlib.sha256("é".encode()).hexdigest()
    assert out == {"path": str(tmp_path / "new" / "a.txt"), "bytes": 2, "sha256": digest}
    assert write.finish(out) == out


def test_permissions_stay_and_links_are_followed(tmp_path):
    old = tmp_path / "old.txt"
    old.write_text("old")
    old.chmod(0o640)
    (tmp_path / "link.txt").symlink_to(old)

    write(tmp_path / "link.txt", "new")
    write(tmp_path / "fresh.txt", "new")

    assert old.read_text() == "new"
    assert old.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "fresh.txt").stat().st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, failing):
    (tmp_path / "a.txt").write_text("old")

    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen" if failing == "write" else failing, fail)

    with pytest.raises(StepError, match="cannot be written: no space left on device") as caught:
        write(tmp_path / "a.txt", "new")

    assert caught.value.kind == "data.unwritable"
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_folder_is_not_overwritten(tmp_path):
    with pytest.raises(StepError, match="it is a folder"):
        write(tmp_path, "x", format="text")


def test_json_that_nests_without_end_is_told(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000)

    with pytest.raises(StepError, match="nests too deep"):
        read(tmp_path / "a.json")
