"""Intents as they are given: read from files, lines and pipes, with the way back to their place."""

import os
import sys
import threading

import anyio
import pytest

from ciranda.errors import InputError, WorkflowError
from ciranda.events.judging import Judgement, Verdict
from ciranda_experts.commands.batch import Batch
from ciranda_experts.commands.feed import LONGEST, Feed
from ciranda_experts.commands.given import of_file, of_line
from ciranda_experts.intent.error import FaultKind

TRANSFER = b"""\
# who pays what
id: 007
pre:
  - alice >= 5
post: [new_alice == alice - 5, 'new_alice >=']
"""


@pytest.mark.parametrize(
    ("data", "name", "place"),
    [
        (TRANSFER, "t.yaml", "t.yaml:5:45"),  # within the quotes
        (b"pre: [x > 0]\npst: [x > 1]\n", "t.yaml", "t.yaml:2:6"),
        (b'{"post": [\n  "x >"]}', "t.json", "t.json:2:7"),
        (b"verify {\n  x >\n}\n", "t.txt", "t.txt:2:6"),
        (b"gaurd {\n  x > 1\n}\n", "t.txt", "t.txt:1:1"),
        (b"post: [x > 0]", "t.yaml", "t.yaml"),
    ],
)
def test_what_is_wrong_in_a_file_has_a_line_and_a_column(data, name, place):
    assert of_file(data, name).located() == place


def test_what_is_wrong_in_a_line_of_json_has_the_line_of_the_file():
    given = of_line(b'{"id": "a", "post": ["x > 0", "x >"]}', 7, "p.jsonl")

    assert given.located() == "p.jsonl:7:35"
    assert given.place == "p.jsonl:7"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.yaml", b"post: [x > 0]"),
        ("a.yml", b"{post: [x > 0]}"),
        ("a.json", b'{"post": ["x > 0"]}'),
        ("a", b'{\n "post": ["x > 0"]}'),
        ("standard input", b"{post: [x > 0]}"),
        ("a.intent", b"\xef\xbb\xbfpost: [x > 0]"),
    ],
)
def test_suffix_and_content_tell_what_a_file_is(name, data):
    assert of_file(data, name).intent == {"post": ["x > 0"]}


@pytest.mark.parametrize("data", [b"", b" \n", b"# one\n\n guard { x > 0 }\n", b"just words"])
def test_a_file_without_a_mapping_is_a_text(data):
    assert of_file(data, "a").intent == data.decode()


def test_an_id_stays_as_it_was_written():
    assert of_file(TRANSFER, "t.yaml").id == "007"
    assert of_line(b'{"id": 7}', 1, "p.jsonl").id == 7


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.yaml", b"post: [x", r"^a.yaml:1:\d+: "),
        ("a.yaml", b"post: [1]\npost: [2]", r"^a.yaml:2:1: "),
        ("a.json", b'{"post": [}', "^a.json:1:11: this is no JSON: expecting value"),
        ("a.json", b'{"post": [], "post": []}', 'the key "post" occurs twice'),
        ("a.json", b'{"policy": {"threshold": NaN}}', "NaN is no number"),
        ("a.json", b'{"a":' * 100_000, "nests too deep|expecting value"),
        ("a.yaml", b"x: \xff", "^a.yaml:1:4: byte 0xff is not UTF-8"),
        ("a.yaml", b"a: &a [x]\nb: !!python/object:os.system x", r"^a.yaml:2:4: "),
        ("a.yaml", b"a: " + b"[" * 5000, r"^a.yaml:1:\d+: "),
    ],
)
def test_a_file_that_is_neither_says_where(name, data, said):
    with pytest.raises(WorkflowError, match=said):
        of_file(data, name)


def test_a_bomb_of_anchors_is_refused():
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    with pytest.raises(WorkflowError):
        of_file(bomb.encode(), "bomb.yaml")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"[1]", "it is a list, not an object"),
        (b'"x > 0"', "it is a text, not an object"),
        (b"null", "it is null, not an object"),
        (b"{", "it is no JSON: "),
        (b"\xff", "byte 0xff is not UTF-8"),
    ],
)
def test_a_line_that_is_no_object_says_which_and_why(line, said):
    given = of_line(line, 3, "p.jsonl")

    assert given.fault.startswith(said)
    assert given.id == ""
    assert given.place == ("p.jsonl:3:2" if line == b"{" else "p.jsonl:3")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"a": 1' + b"0" * 5000 + b"}", "a number in it is too long: "),
        (b'{"a":' * 100_000 + b"}" * 100_000, "it nests too deep: flatten it"),
        (None, "it is longer than 4 MiB: split the intent"),
    ],
)
def test_a_line_beyond_what_is_read_is_told_as_that(line, said):
    given = of_line(line, 3, "p.jsonl")

    assert given.fault.startswith(said)
    assert given.kind is FaultKind.LIMIT


@pytest.mark.parametrize("content", [b"a\n\nb", b"a\n\nb\n"])
async def test_a_feed_gives_lines_with_their_numbers(tmp_path, content):
    (tmp_path / "f").write_bytes(content)

    found = []
    with Feed(str(tmp_path / "f")) as feed:
        while batch := await feed.lines():
            found += batch

    assert found == [(1, b"a"), (2, b""), (3, b"b")]


async def test_a_line_that_never_ends_takes_no_memory(tmp_path):
    (tmp_path / "f").write_bytes(b"a\n" + b"x" * (LONGEST + 70_000) + b"\nb\n")

    found = []
    with Feed(str(tmp_path / "f")) as feed:
        while batch := await feed.lines():
            found += batch

    assert found == [(1, b"a"), (2, None), (3, b"b")]


async def test_a_whole_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "f").write_bytes(b"x" * (LONGEST + 1))

    with Feed(str(tmp_path / "f")) as feed, pytest.raises(InputError, match="larger than 4 MiB"):
        await feed.whole()


async def test_a_pipe_is_read_as_it_comes(tmp_path):
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    go = threading.Event()

    def write():
        with open(pipe, "wb", buffering=0) as end:
            end.write(b"one\ntw")
            go.wait(10)
            end.write(b"o\n")

    writer = threading.Thread(target=write)
    writer.start()
    with Feed(pipe) as feed:
        first = await feed.lines()
        go.set()
        second = await feed.lines()
    writer.join()

    assert (first, second) == ([(1, b"one")], [(2, b"two")])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nope.yaml", "there is no file .*nope.yaml$"),
        ("transfr.yaml", "did you mean .*transfer.yaml"),
        ("gone/a.yaml", "there is no folder .*gone either"),
        (".", "is a folder; name one of its files"),
        ("a\0b", "cannot be read: "),
    ],
)
def test_a_file_that_cannot_be_opened_is_told_in_a_sentence(tmp_path, name, said):
    (tmp_path / "transfer.yaml").write_text("")

    with pytest.raises(InputError, match=said):
        Feed(str(tmp_path / name))


def judgement(name):
    return Judgement(id=name, verdict=Verdict.APPROVED, confidence=1.0, reason="proved", message="")


async def run_batch(lines, judge, answer):
    sources = iter([[of_line(line, n, "p") for n, line in enumerate(lines, 1)], []])

    async def source():
        await anyio.lowlevel.checkpoint()
        return next(sources, [])

    await Batch(source, judge, answer).run()


async def test_answers_come_in_the_order_of_the_questions():
    lines = [b'{"id": %d}' % n for n in range(100)]
    answered = []

    async def judge(given):
        for _ in range(given.id % 7):
            await anyio.lowlevel.checkpoint()
        return judgement(str(given.id))

    await run_batch(lines, judge, lambda _, one: answered.append(int(one.id)))

    assert answered == list(range(100))


async def test_the_first_one_is_answered_before_the_last_is_read():
    answered, asked = [], 0
    first = anyio.Event()

    async def source():
        nonlocal asked
        asked += 1
        if asked == 1:
            return [of_line(b'{"id": "a"}', 1, "p")]
        await first.wait()
        return []

    async def judge(given):
        return judgement(given.id)

    def answer(_, one):
        answered.append(one.id)
        first.set()

    with anyio.fail_after(10):
        await Batch(source, judge, answer).run()

    assert answered == ["a"]


async def test_a_reader_that_left_ends_the_batch():
    def answer(*_):
        raise BrokenPipeError

    async def judge(given):
        return judgement("a")

    with pytest.raises(BrokenPipeError):
        await run_batch([b"{}"] * 5, judge, answer)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b"7", 7),
        (b"null", ""),
        (b"true", "true"),
        (b"1.5", "1.5"),
        (b'["a"]', '["a"]'),
        (b'{"a": "\\u001b"}', '{"a": "\\u001b"}'),
        (b"[" + b"1," * 500 + b"1]", "[1, " + "1, " * 32 + "…"),
    ],
)
def test_an_id_that_is_none_is_told_as_it_was_written(written, told):
    assert of_line(b'{"id": ' + written + b', "post": ["x == x"]}', 1, "a.jsonl").id == told


@pytest.mark.parametrize("name", ["a.json", "a.yaml", "a.yml", "a.txt", "standard input"])
def test_an_empty_file_is_an_intent_that_claims_nothing(name):
    assert of_file(b" \n", name).intent == " \n"


def test_a_closed_standard_input_is_told_even_where_its_number_is_taken(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="standard input is closed; name a FILE"):
        Feed("-")


def test_a_second_document_is_refused():
    with pytest.raises(WorkflowError, match="a second document starts here: a file has one"):
        of_file(b"post: [x == x]\n---\npost: [y == y]\n", "a.yaml")
