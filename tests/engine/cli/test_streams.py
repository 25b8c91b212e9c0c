"""Values, streams and crashes by themselves."""

import errno
import io
import os
import sys

import pytest

from ciranda.cli import crash, screen, streams
from ciranda.cli.entry import outcome
from ciranda.cli.values import as_json, cell, lines_of, table
from ciranda.cli.written import write


class Terminal(io.StringIO):
    """A text that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def test_values_are_lines_tables_or_blocks():
    shown = list(
        lines_of(
            {
                "text": "a\n",
                "none": "",
                "block": "a\nb\n",
                "rows": [{"n": 1, "t": "x"}, {"n": 20, "t": "y"}],
                "list": [1, 2],
                "long": {"key": "v" * 80},
                "mixed": [{"a": 1}, {"b": 2}],
            }
        )
    )

    assert shown[:3] == ["text: a", 'none: ""', "block:"]
    assert shown[3:5] == ["  a", "  b"]
    assert shown[5:9] == ["rows:", "  n   t", "  1   x", "  20  y"]
    assert shown[9] == "list: [1,2]"
    assert shown[10] == "long:"
    assert shown[-1] == 'mixed: [{"a":1},{"b":2}]'


def test_cells_are_text_or_json():
    assert cell("a") == "a"
    assert cell({"a": None}) == '{"a":null}'
    assert as_json(b"\x00") == '"AA=="'
    assert as_json({"\udcff": [b"\x00", 1.5]}, -1) == '{"\\udcff":["AA==",1.5]}'
    assert table(("a", "b"), [("1", "\x1b[31m")])[1] != "1  \x1b[31m"


def test_control_characters_reach_a_pipe_and_no_terminal(monkeypatch):
    pipe, terminal = io.StringIO(), Terminal()

    monkeypatch.setattr(sys, "stdout", pipe)
    screen.out("a\x1b[2Jb")
    monkeypatch.setattr(sys, "stdout", terminal)
    screen.out("a\x1b[2Jb\nc")

    assert pipe.getvalue() == "a\x1b[2Jb\n"
    assert "\x1b" not in terminal.getvalue()
    assert terminal.getvalue().endswith("\nc\n")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_only_where_they_are_wanted(monkeypatch, environment, coloured):
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    screen.error("so")

    assert ("\x1b[31mError:" in terminal.getvalue()) is coloured
    assert not screen.is_coloured(io.StringIO())


def test_missing_streams_are_no_trouble(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    screen.out("a")
    screen.say("b")
    screen.flush()
    streams.prepare()
    streams.silence()

    assert not streams.reader_gone()
    assert not screen.speaks_unicode()


def test_a_reader_that_left_is_noticed(monkeypatch):
    read, write_end = os.pipe()
    monkeypatch.setattr(sys, "stdout", os.fdopen(write_end, "w"))
    assert not streams.reader_gone()
    os.close(read)

    assert streams.reader_gone()
    sys.stdout.write("x")
    streams.silence()
    sys.stdout.close()


def test_files_are_written_whole(tmp_path, capsys):
    write(str(tmp_path / "a"), "one")
    write("-", "two")
    write("/dev/null", "three")

    assert (tmp_path / "a").read_text() == "one"
    assert capsys.readouterr().out == "two"


def test_a_full_disk_is_told_as_such():
    assert streams.is_unwritable(OSError(errno.ENOSPC, "full"))
    assert not streams.is_unwritable(OSError(errno.ENOSPC, "full", "a.txt"))


def explode(*_):
    raise ZeroDivisionError("inside")


def test_our_own_failure_keeps_its_traceback_in_a_file(project, capsys, monkeypatch):
    monkeypatch.setattr("ciranda.cli.schema.schema_text", explode)
    (project / ".ciranda").mkdir()

    assert outcome(["schema"]) == 4

    said = capsys.readouterr().err
    assert "ciranda itself failed (ZeroDivisionError: inside); please report it with" in said
    path = said.strip().rpartition(" ")[2]
    assert path.startswith(str(project / ".ciranda" / "crash"))
    with open(path, encoding="utf-8") as file:
        assert "Traceback" in file.read()


def test_a_traceback_can_be_seen_at_once(project, monkeypatch):
    monkeypatch.setenv("CIRANDA_DEBUG", "1")

    assert crash.keep(ValueError("x")).startswith("(ValueError: x); the traceback:\n")


def test_a_traceback_that_cannot_be_kept_is_shown(project, monkeypatch):
    (project / ".ciranda").write_text("in the way")
    kept = crash.keep(ValueError("x"))
    assert "ciranda-crash-" in kept
    os.unlink(kept.rpartition(" ")[2])

    monkeypatch.setattr(crash, "_temporary", lambda: project / "ciranda.toml" / "x")
    assert crash.keep(ValueError("x")).startswith("(ValueError: x); the traceback:\n")


@pytest.mark.parametrize(
    ("failure", "code", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 2, "the result cannot be written: No"),
        (OSError(errno.ENOENT, "gone", "x"), 4, "ciranda itself failed (FileNotFoundError"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_each_way_to_end_has_its_code(project, capsys, monkeypatch, failure, code, sentence):
    def fail(*_):
        raise failure

    monkeypatch.setattr("ciranda.cli.schema.schema_text", fail)
    (project / ".ciranda").mkdir()  # where the traceback is kept

    assert outcome(["schema"]) == code
    assert sentence in capsys.readouterr().err
