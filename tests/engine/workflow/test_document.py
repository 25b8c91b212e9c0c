"""Reading a document: what comes out, and from what files."""

import os

import pytest

from ciranda.errors import WorkflowError
from ciranda.workflow.document import Limits, parse_document, read_document
from ciranda.workflow.nodes import Mapping, Scalar, Sequence

TEXT = """\
name: demo
steps:
  load:
    needs: [a, b]
    with: {path: "${{ x }}"}
"""


def read(data, **options):
    return parse_document(data, **options)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("22:22", "22:22"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-0", 0),
        ("+7", 7),
        ("1_000", "1_000"),
        ("3.10", 3.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("1e", "1e"),
        (".", "."),
        ("2024-01-01", "2024-01-01"),
        ("0b1", "0b1"),
        ("True", True),
        ("tRUE", "tRUE"),
        ("~", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("=", "="),
        ("٣", "٣"),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0" * 5000 + "7", 7),
        ("'1'", "1"),
        ('"true"', "true"),
    ],
)
def test_words_mean_what_the_core_schema_says(text, value):
    assert read(f"a: {text}").plain() == {"a": value}


def test_a_scalar_keeps_the_text_it_was_written_with():
    document = read("a: 007\nb: 3.10\nc: True\nd:\n")

    texts = [node.text for node in document.root.entries.values()]

    assert texts == ["007", "3.10", "True", ""]


def test_the_style_of_each_scalar_is_kept():
    document = read("- a\n- 'b'\n- \"c\"\n- |\n  d\n- >\n  e\n")

    styles = [node.style for node in document.root.items]

    assert styles == ["plain", "single", "double", "literal", "folded"]


def test_merge_keeps_what_is_written_out_and_the_first_of_several():
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 0}\nd:\n  <<: *b\n"

    plain = read(text).plain()

    assert plain["c"] == {"x": 0, "y": 1, "z": 2}
    assert plain["d"] == {"y": 2, "z": 2}


def test_merged_keys_come_first_and_keep_their_own_place():
    document = read("a: &a {x: 1}\nb: {y: 2, <<: *a}\n")

    merged = document.node_at(["b"])

    assert list(merged.entries) == ["x", "y"]
    assert (merged.key_nodes["x"].line, merged.key_nodes["x"].column) == (1, 8)


def test_a_quoted_merge_key_is_a_name():
    assert read('a: {"<<": 1}').plain() == {"a": {"<<": 1}}


def test_a_chain_of_merges_does_not_count_as_nesting():
    text = "a0: &a0 {k: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}\n" for n in range(1, 100)
    )

    assert len(read(text).plain()["a99"]) == 100


def test_what_an_alias_repeats_is_never_shared_as_data():
    plain = read("a: &a [1]\nb: *a\n").plain()

    plain["a"].append(2)

    assert plain["b"] == [1]


def test_an_alias_is_the_node_it_names():
    document = read("a: &a [1]\nb: *a\n")

    assert document.node_at(["a"]) is document.node_at(["b"])


def test_an_alias_may_be_a_key():
    assert read("a: &k name\n*k : 1\n").plain() == {"a": "name", "name": 1}


def test_an_anchor_may_be_used_again():
    assert read("[&a 1, *a, &a 2, *a]").plain() == [1, 1, 2, 2]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa: 1", "\ufeffa: 1", b"a: 1\r\n", "a: 1\r", "a: 1"])
def test_marks_and_line_breaks_of_other_systems_are_read(data):
    document = read(data)

    assert document.plain() == {"a": 1}
    assert (document.root.line, document.root.column) == (1, 1)


@pytest.mark.parametrize("text", ["%YAML 1.2\n---\na: 1\n...\n", "---\na: 1\n", "a: 1\n...\n"])
def test_one_document_may_say_where_it_begins_and_ends(text):
    assert read(text).plain() == {"a": 1}


def test_node_at_finds_a_node_or_its_nearest_ancestor():
    document = read(TEXT)

    assert document.node_at(["steps", "load", "needs", 1]).text == "b"
    assert document.node_at([]) is document.root
    assert document.node_at(["steps", "lode", "x"]) is document.node_at(["steps"])
    assert document.node_at(["steps", "load", "needs", 2, 0]).__class__ is Sequence
    assert document.node_at(["steps", "load", "needs", -1]).__class__ is Sequence
    assert document.node_at([0]).__class__ is Mapping
    assert document.node_at(["name", "x"]).__class__ is Scalar


def test_a_fault_points_at_a_value_a_key_or_a_character_of_text():
    document = read(TEXT, file="w.yaml")
    path = ["steps", "load", "with", "path"]

    value = document.fault(path, "bad value")
    key = document.fault(path, "bad key", key=True, kind="name", hint="rename it")
    character = document.fault(path, "bad name", offset=4)
    node = document.fault(document.node_at(path), "bad node", key=True)

    assert str(value) == "w.yaml:5:18: bad value"
    assert str(key) == "w.yaml:5:12: bad key (rename it)"
    assert key.kind == "name"
    assert character.picture().splitlines()[1:] == [
        '        with: {path: "${{ x }}"}',
        "                          ^",
    ]
    assert (node.line, node.column) == (5, 18)


@pytest.mark.parametrize(
    ("text", "limits", "message"),
    [
        ("a: 12", Limits(size=4), "f: the file is larger than 4 bytes"),
        ("[[[1]]]", Limits(depth=2), "f:1:3: collections are nested more than 2 deep"),
        ("[1, 2, 3]", Limits(nodes=3), "f:1:8: the document has more than 3 values"),
        ("[[], []]", Limits(nodes=2), "f:1:6: the document has more than 2 values"),
        (
            "[&a [1], *a]",
            Limits(nodes=4),
            "f:1:10: the document has more than 4 values, counting what aliases repeat",
        ),
        (
            "{a: &a [[1]], b: [*a]}",
            Limits(depth=3),
            "f:1:19: aliases nest collections more than 3 deep",
        ),
    ],
)
def test_limits_are_exact(text, limits, message):
    larger = Limits(limits.size + 1, limits.depth + 1, limits.nodes + 1)

    with pytest.raises(WorkflowError) as caught:
        read(text, file="f", limits=limits)
    read(text, limits=larger)

    assert str(caught.value) == message


def test_a_file_is_read_with_its_name(tmp_path):
    path = tmp_path / "w.yaml"
    path.write_text("a: !x", encoding="utf-8")

    with pytest.raises(WorkflowError) as caught:
        read_document(path)

    assert caught.value.faults[0].file == str(path)


def test_the_largest_file_is_read(tmp_path):
    path = tmp_path / "w.yaml"
    path.write_bytes(b"a: " + b"x" * ((1 << 20) - 3))

    assert read_document(path).plain() == {"a": "x" * ((1 << 20) - 3)}


def _missing(path):
    del path


def _too_large(path):
    path.write_bytes(b"#" * ((1 << 20) + 1))


def _unreadable(path):
    path.write_text("a: 1", encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")


def _loop(path):
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_missing, "there is no such file"),
        (os.mkdir, "the file cannot be read: is a directory"),
        (os.mkfifo, "this is a pipe, a device or a socket, not a file"),
        (_too_large, "the file is larger than 1 MiB"),
        (_unreadable, "the file cannot be read: permission denied"),
        (_loop, "the file cannot be read: too many levels of symbolic links"),
    ],
)
def test_what_is_no_readable_file_is_refused_at_once(tmp_path, make, message):
    path = tmp_path / "w.yaml"
    make(path)

    with pytest.raises(WorkflowError) as caught:
        read_document(path)

    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(name):
    with pytest.raises(WorkflowError, match=r"not a file|cannot be read"):
        read_document(name)


def test_a_name_with_a_nul_is_refused(tmp_path):
    with pytest.raises(WorkflowError, match="the file's name holds a NUL character"):
        read_document(tmp_path / "a\0b")
