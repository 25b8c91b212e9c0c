"""Every place a document gives is the place in the file."""

import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.workflow.document import parse_document
from ciranda.workflow.nodes import Mapping, Scalar, Sequence

NAMES = st.lists(
    st.text(alphabet="abcxyzéñ世🎈_", min_size=1, max_size=6), min_size=1, max_size=4, unique=True
)
# Words that stay text without quotes, in every style; blanks inside are kept on one line.
WORDS = st.from_regex(r"\A[ak$](?:[ab.世'\"\\$]| (?=[ab]))*\Z", fullmatch=True).filter(
    lambda text: len(text) < 20
)


def read(data, **options):
    return parse_document(data, **options)


@st.composite
def written(draw):
    """Draw a block mapping as text, with the place of each key and value by path."""
    lines: list[str] = []
    places: dict[tuple[str | int, ...], tuple[Any, Any, Any]] = {}

    def mapping(path, indent, depth):
        for name in draw(NAMES):
            here = (*path, name)
            pad = " " * indent
            lines.extend(draw(st.sampled_from([[], [""], ["# note"], [pad + "# note"]])))
            shown = draw(st.sampled_from([name, f"'{name}'", f'"{name}"']))
            gap = " " * draw(st.integers(1, 3))
            head = f"{pad}{shown}:"
            key = (len(lines) + 1, indent + 1)
            kind = draw(st.sampled_from(["map", "flow", "word", "word"])) if depth < 3 else "word"
            if kind == "map":
                lines.append(head)
                places[here] = (key, None, None)
                mapping(here, indent + draw(st.integers(1, 4)), depth + 1)
            else:
                word = draw(WORDS)
                quoted = draw(
                    st.sampled_from(
                        [
                            word,
                            "'" + word.replace("'", "''") + "'",
                            '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"',
                        ]
                    )
                )
                opening = "[" + " " * draw(st.integers(0, 2)) if kind == "flow" else ""
                closing = "]" if kind == "flow" else ""
                value = (len(lines) + 1, len(head + gap + opening) + 1)
                lines.append(head + gap + opening + quoted + closing)
                places[(*here, 0) if opening else here] = (None if opening else key, value, word)

    mapping((), 0, 0)
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + "\n", places


@given(written())
@settings(max_examples=share(300), deadline=None)
def test_each_key_and_value_is_where_it_was_written(drawn):
    text, places = drawn
    document = read(text)

    for path, (key, value, word) in places.items():
        node = document.node_at(path)
        if key:
            fault = document.fault(path, "x", key=True)
            assert (fault.line, fault.column) == key
        if value:
            assert (node.text, (node.line, node.column)) == (word, value)


@given(written())
@settings(max_examples=share(300), deadline=None)
def test_each_character_of_a_value_on_one_line_is_where_it_was_written(drawn):
    text, places = drawn
    document = read(text)

    for path, (_, value, word) in places.items():
        for offset, character in enumerate(word or ""):
            line, column = document.position_in_scalar(document.node_at(path), offset)
            found = document.lines[line - 1][column - 1]
            assert line == value[0]
            assert found == character or (found, document.node_at(path).style) == ("\\", "double")


@given(st.data())
@settings(max_examples=share(300), deadline=None)
def test_each_character_of_a_text_block_is_where_it_was_written(data):
    style = data.draw(st.sampled_from("|>"))
    line = st.text(alphabet="ab {}$#:'\"", max_size=8)
    body = data.draw(st.lists(line, min_size=1, max_size=6))
    body[0] = "a" + body[0]
    indent = data.draw(st.integers(1, 4))
    mark = data.draw(st.sampled_from(["", "-", "+", str(indent), f"{indent}-"]))
    anchor = data.draw(st.sampled_from(["", "&x ", "&x &y "[:3]]))
    text = f"k: {anchor}{style}{mark} # note\n" + "".join(f"{' ' * indent}{row}\n" for row in body)
    document = read(text)
    node = document.root.entries["k"]

    for offset, character in enumerate(node.text):
        line_number, column = document.position_in_scalar(node, offset)
        if not character.isspace():
            assert document.lines[line_number - 1][column - 1] == character
        elif style == "|":
            found = document.lines[line_number - 1][column - 1 : column] or "\n"
            assert found == character


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("k: a b\n   c d", 0, (1, 4)),
        ("k: a b\n   c d", 3, (1, 7)),  # the fold
        ("k: a b\n   c d", 4, (2, 4)),
        ("k: a\n\n\n  b", 1, (1, 5)),
        ("k: a\n\n\n  b", 3, (4, 3)),
        ("k: 'a  \n  b'", 2, (2, 3)),
        ("k: 'it''s x'", 3, (1, 9)),
        ("k: 'it''s x'", 4, (1, 10)),
        ('k: "\\u0041\\tb"', 1, (1, 11)),
        ('k: "\\u0041\\tb"', 2, (1, 13)),
        ('k: "\\x41\\U00000042c"', 2, (1, 19)),
        ('k: "a\\\n    b"', 1, (2, 5)),
        ('k: "a\n\n  b"', 2, (3, 3)),
        ('k: "a\\\n\n  b"', 1, (1, 6)),
        ('k: "a\\\n\n  b"', 2, (3, 3)),
        ("k: &x\n  abc", 1, (2, 4)),
        ("k: &x 'abc'", 1, (1, 9)),
        ("k: |\n\n\n  a\n  b", 2, (4, 3)),
        ("k: |\n\n\n  a\n  b", 4, (5, 3)),
        ("k: >-\n  a\n  b", 2, (3, 3)),
        ("k: >-\n  a\n  b", 1, (2, 4)),
        ("k: abc", 99, (1, 7)),
        ("k: ", 5, (1, 3)),
        ("k: |\n  a\n", 99, (2, 4)),
        ("k: >\n  a\n", 99, (2, 4)),
        ("k: ''", 0, (1, 5)),
    ],
)
def test_folds_and_escapes_are_followed(text, offset, place):
    document = read(text)

    assert document.position_in_scalar(document.root.entries["k"], offset) == place


def test_collections_begin_at_their_bracket_or_first_item():
    document = read("a:\n  - 1\nb: [ 2 ]\nc:\n  d: {}\n")

    places = {
        path: (node.line, node.column, type(node))
        for path in ["a", "b", "c"]
        for node in [document.node_at([path])]
    }

    assert places == {"a": (2, 3, Sequence), "b": (3, 4, Sequence), "c": (5, 3, Mapping)}


def test_a_value_that_is_missing_stands_behind_its_colon():
    node = read("a:\nb: 1\n").node_at(["a"])

    assert isinstance(node, Scalar)
    assert (node.value, node.line, node.column) == (None, 1, 3)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.uncounted
def test_a_place_far_into_a_long_value_is_found_at_once():
    document = read("k: " + "x" * 1_000_000)
    start = time.process_time()

    place = document.position_in_scalar(document.root.entries["k"], 999_999)

    assert place == (1, 1_000_003)
    assert time.process_time() - start < 30
