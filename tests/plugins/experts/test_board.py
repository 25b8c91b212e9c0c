"""The live board: what each line says, and that nothing but a terminal sees it."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from ciranda.bus import Bus
from ciranda.events.judging import ExpertAnswered, ExpertStarted, IntentJudged, Verdict
from ciranda_experts.board import Board, SilentBoard, board


class Terminal(io.StringIO):
    def isatty(self):
        return True


def drawn(*events, width=100, height=25, names=(), now=3.0):
    stream = Terminal()
    console = Console(
        file=stream, force_terminal=True, width=width, height=height, color_system=None
    )
    seconds = iter([0.0, now, now, now, now])
    shown = Board(stream, console=console, clock=lambda: next(seconds), refresh=False)
    shown.seat(names)
    bus = Bus()
    bus.register(shown, "board")
    for event in events:
        bus.publish_nowait(event)
    picture = shown.picture()
    assert isinstance(picture, Text)
    return [line.plain.rstrip() for line in picture.split()], shown


def started(expert, key="k"):
    return ExpertStarted(expert=expert, key=key)


def answered(expert, verdict="approved", *, reason="proved", confidence=0.999, **more):
    return ExpertAnswered(
        expert=expert, key="k", verdict=Verdict(verdict), confidence=confidence, reason=reason,
        latency=more.pop("latency", 0.0012), **more,
    )  # fmt: skip


def judged(verdict):
    return IntentJudged(
        id="a", key="k", verdict=Verdict(verdict), confidence=1.0, reason="proved", latency=0.01
    )


def test_there_is_a_line_for_each_expert_with_state_confidence_and_latency():
    lines, _ = drawn(
        started("logic"), started("security"), answered("logic"), judged("approved"),
        names=["logic", "security", "conservation"],
    )  # fmt: skip

    assert lines == [
        "council  3.00 s  1 approved",
        "○ logic         approved     0.9990     1.2 ms  1 approved",
        "● security      working",
        "○ conservation  idle",
    ]


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (answered("logic", "rejected", reason="counterexample"), "rejected"),
        (answered("logic", "uncertain", reason="undecided"), "uncertain"),
        (answered("logic", "abstained", reason="irrelevant"), "abstained"),
        (answered("logic", "uncertain", reason="expert-crashed"), "failed"),
        (answered("logic", "uncertain", reason="expert-timeout"), "failed"),
        (answered("logic", "uncertain", reason="expert-garbage"), "failed"),
    ],
)
def test_the_last_answer_is_the_state_of_an_expert_that_rests(event, state):
    lines, _ = drawn(started("logic"), event)

    assert lines[1].split()[2] == state


def test_an_expert_works_as_long_as_an_answer_of_it_is_due():
    lines, shown = drawn(started("logic"), started("logic"), started("logic"), answered("logic"))

    assert "working 2" in lines[1]
    assert shown.seats["logic"].working == 2


def test_an_answer_from_the_cache_ends_no_work_and_is_not_timed():
    _, shown = drawn(started("logic"), answered("logic", latency=1.5, cached=True))

    seat = shown.seats["logic"]
    assert (seat.working, seat.latency, seat.counts["approved"]) == (1, 0.0, 1)


def test_names_cannot_move_the_cursor_and_long_lines_are_cut():
    lines, _ = drawn(answered("evil\x1b[2J" + "x" * 200), width=40)

    assert "\x1b" not in "".join(lines)
    assert all(len(line) <= 40 for line in lines)


def test_many_experts_are_summed_up():
    lines, _ = drawn(*(started(f"e{n}") for n in range(30)), height=13)

    assert len(lines) == 12
    assert lines[-1] == "  … and 20 more"


def test_only_a_terminal_gets_a_live_board():
    assert isinstance(board(io.StringIO(), environ={"TERM": "xterm"}), SilentBoard)
    assert isinstance(board(None, environ={"TERM": "xterm"}), SilentBoard)
    for environ in ({"TERM": "dumb"}, {"TERM": "xterm", "CI": "1"}):
        assert isinstance(board(Terminal(), environ=environ), SilentBoard)
    assert isinstance(board(Terminal(), quiet=True, environ={"TERM": "xterm"}), SilentBoard)
    assert isinstance(board(Terminal(), environ={"TERM": "xterm"}), Board)


def test_a_silent_board_writes_nothing_and_hears_nothing():
    bus = Bus()

    with board(io.StringIO(), environ={}) as shown:
        shown.seat(["logic"])
        bus.register(shown, "board")
        assert not bus.listens(ExpertStarted)


def test_the_board_leaves_the_terminal_as_it_was():
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=60, height=10)

    with Board(stream, console=console, refresh=False) as shown:
        shown.expert_started(started("logic"))
        shown.draw()
    shown.close()

    written = stream.getvalue()
    assert "logic" in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h") == 1
    assert written.rstrip().endswith("\x1b[2K")


def test_a_terminal_that_went_away_harms_nobody():
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=60, height=10)

    with Board(stream, console=console, refresh=False) as shown:
        stream.close()

    assert shown.seats == {}


def test_what_is_said_above_the_board_stays_in_its_order():
    stream = Terminal()
    console = Console(file=stream, force_terminal=True, width=30, height=10, color_system=None)

    with Board(stream, console=console, refresh=False) as shown:
        shown.above("first")
        shown.draw()
        shown.above("second [bold] " + "x" * 60)
        shown.above("third\x1b[2J")

    written = stream.getvalue()
    assert written.index("first") < written.index("council") < written.index("second [bold]")
    assert "x" * 60 in written
    assert written.index("second") < written.index("third\\x1b[2J\n")
