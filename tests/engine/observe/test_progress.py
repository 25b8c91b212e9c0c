"""Progress on a terminal and in a pipe."""

import io
import os
import pty
import re
import sys
import time

import pytest
from rich.console import Console
from tests.engine.observe.story import EPOCH, Story, resumed, settlement

from ciranda.events import (
    MapExpanded,
    RunResumed,
    RunStarted,
    StepFailed,
    StepLogged,
    StepProgressed,
    StepStarted,
)
from ciranda.observe.board import Board
from ciranda.observe.progress import PlainProgress, SilentProgress, progress
from ciranda.observe.waterfall import Piece

LINES = """\
14:13:20 settlement  run r1
14:13:21 load  ok  1.00 s
14:13:21 verify  3 items
14:13:22 verify/1  attempt 1 failed, again in 1.00 s  timeout: no answer within 1s
14:13:22 verify/2  failed  refused: no
14:13:24 verify  ok  3.00 s  2 ok, 1 failed
14:13:28 agree  failed  4.00 s  unavailable: 503 Service Unavailable
14:13:28 publish  skipped  'agree' failed
"""


class Terminal:
    """A board on a terminal that only remembers."""

    def __init__(self, width=100, height=24):
        self.now = EPOCH
        self.stream = io.StringIO()
        console = Console(
            file=self.stream, force_terminal=True, width=width, height=height, color_system=None
        )
        self.board = Board(self.stream, console=console, clock=lambda: self.now, refresh=False)

    def show(self, events, at):
        with self.board:
            for event in events:
                self.board.feed(event)
            self.now = EPOCH + at
            self.stream.seek(0)
            self.stream.truncate()
            self.board.draw()
            return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.stream.getvalue())


def until(seconds):
    return [event for event in settlement() if event.at <= EPOCH + seconds]


def lines_of(events, primed=0):
    stream = io.StringIO()
    plain = PlainProgress(stream, local=time.gmtime)
    plain.prime(events[:primed])
    for event in events[primed:]:
        plain.feed(event)
    return stream.getvalue()


def test_a_pipe_gets_a_line_for_whatever_is_worth_one():
    assert lines_of(settlement()) == LINES


def test_a_resumed_run_says_nothing_of_its_past():
    events = resumed()
    kill = next(at for at, event in enumerate(events) if isinstance(event, RunResumed))

    assert lines_of(events, primed=kill).splitlines() == [
        "14:15:00 resumed  run r1",
        "14:15:01 verify  ok  1.00 s  2 ok",
    ]


def test_a_log_line_is_passed_on_when_it_is_a_warning():
    said = [
        StepLogged(run="r1", path="load", level=level, text="odd \x1b[31mrow", at=EPOCH)
        for level in ("info", "warning")
    ]

    assert lines_of(said) == "14:13:20 load  warning: odd \\x1b[31mrow\n"


def test_a_long_map_speaks_every_few_seconds_and_of_ten_failures():
    story = Story().tell(RunStarted, 0).tell(MapExpanded, 0, path="m", count=100)
    error = settlement()[-3].error
    for item in range(100):
        story.tell(StepStarted, item, path=f"m/{item}")
        story.tell(StepFailed, item, path=f"m/{item}", error=error)

    lines = lines_of(story.events).splitlines()

    assert sum("m/" in line for line in lines) == 10
    assert [line for line in lines if "/100" in line][:2] == [
        "14:13:25 m  6/100",
        "14:13:30 m  11/100",
    ]


def test_a_stream_that_breaks_ends_the_lines_and_not_the_run():
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w")
    plain = PlainProgress(stream)

    for event in settlement():
        plain.feed(event)

    with pytest.raises(BrokenPipeError):
        stream.close()


@pytest.mark.parametrize(
    ("tty", "options", "kind"),
    [
        (True, {"environ": {"TERM": "xterm"}}, Board),
        (False, {"environ": {"TERM": "xterm"}}, PlainProgress),
        (True, {"environ": {"TERM": "dumb"}}, PlainProgress),
        (True, {"environ": {"CI": "true"}}, PlainProgress),
        (True, {"quiet": True}, SilentProgress),
    ],
)
def test_the_kind_of_progress_fits_the_stream(tty, options, kind):
    class Stream(io.StringIO):
        def isatty(self):
            return tty

    assert type(progress(Stream(), **options)) is kind


def test_silence_is_silent():
    stream = io.StringIO()
    with progress(stream, quiet=True) as silent:
        for event in settlement():
            silent.feed(event)
        silent.close()

    assert stream.getvalue() == ""


def test_a_board_shows_what_runs_and_how_far_maps_are():
    shown = Terminal().show(until(2.5), 2.6)

    assert "settlement  2.60 s  1/5 steps" in shown
    assert re.search(r"● verify +1\.60 s +━{20} 2/3  1 failed  1 waiting  800 ms left", shown)
    assert "load" not in shown


def test_a_board_shows_waits_progress_and_the_last_line():
    story = (
        Story().tell(RunStarted, 0).tell(StepStarted, 0, path="a").tell(StepStarted, 0, path="b")
    )
    retry = next(event for event in settlement() if hasattr(event, "retry_at"))
    events = [
        *story.events,
        StepProgressed(run="r1", path="a", done=5, total=20, text="file x\x1b[2J", at=EPOCH),
        type(retry)(run="r1", path="b", attempt=1, error=retry.error, retry_at=EPOCH + 9, at=EPOCH),
    ]

    shown = Terminal().show(events, 5)

    assert re.search(r"● a +5\.00 s +━{20} 5/20 +file x\\x1b\[2J", shown)
    assert "timeout; attempt 2 in 4.00 s" in shown


def test_failures_are_printed_above_the_board():
    shown = Terminal().show(until(8.0)[:-1], 8)

    assert "✗ agree  failed  unavailable: 503 Service Unavailable" in shown
    assert "✗ verify/2  failed  refused: no" in shown


def test_a_crowd_of_steps_fits_the_terminal():
    story = Story().tell(RunStarted, 0)
    for number in range(50):
        story.tell(StepStarted, 0, path=f"a-very-long-name-of-a-step-{number}")

    shown = Terminal(width=40, height=10).show(story.events, 1).splitlines()

    assert len(shown) <= 10
    assert max(map(len, shown)) <= 40
    assert "43 more" in shown[-1]


def test_a_resumed_board_counts_what_was_done_before():
    events = resumed()
    kill = next(at for at, event in enumerate(events) if isinstance(event, RunResumed))
    terminal = Terminal()
    terminal.board.prime(events[:kill])

    shown = terminal.show(events[kill : kill + 2], 100.5)

    assert "settlement  500 ms  1/5 steps" in shown
    assert "verify" in shown


@pytest.mark.usefixtures("uncollected")
def test_feeding_a_board_draws_nothing_that_takes_long():
    terminal = Terminal()
    events = settlement() * 1
    began = time.thread_time()
    for _ in range(100):
        for event in events:
            terminal.board.feed(event)

    assert (time.thread_time() - began) / (100 * len(events)) < 1e-3


CHILD = """
import sys, time
sys.path.insert(0, {root!r})
from tests.engine.observe.story import settlement
from ciranda.observe.progress import progress
with progress(sys.stderr, environ={{"TERM": "xterm"}}) as shown:
    for event in settlement()[:6]:
        shown.feed(event)
    time.sleep(0.25)
    {end}
"""


@pytest.mark.parametrize(
    "end", ["pass", "raise ValueError('boom')", "import signal; signal.raise_signal(2)"]
)
def test_a_real_terminal_is_given_back_whatever_happens(end):
    import subprocess
    from pathlib import Path

    root = str(Path(__file__).parents[3])
    leader, follower = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD.format(root=root, end=end)],
        stdin=subprocess.DEVNULL,
        stderr=follower,
        stdout=subprocess.DEVNULL,
    )
    os.close(follower)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # Linux says EIO when the last one on the other side has gone
            break
        if not piece:
            break
        shown += piece
    child.wait()
    os.close(leader)

    assert b"verify" in shown
    assert shown.count(b"\x1b[?25l") == 1
    assert shown.count(b"\x1b[?25h") == 1
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")


def test_a_board_has_room_for_lines_of_whoever_runs_it():
    terminal = Terminal(width=20)
    board = Board(
        terminal.stream,
        console=terminal.board._console,
        clock=lambda: EPOCH + 2,
        refresh=False,
        more=lambda: [(Piece("limit ", "dim"), Piece("━" * 40, "red"))],
    )
    with board:
        for event in until(0.5):
            board.feed(event)
        lines = str(board.picture()).split("\n")

    assert lines[1].startswith("limit ━━━")
    assert len(lines[1]) == 20
    assert "load" in lines[2]
