"""The waterfall in a terminal and in a pipe."""

import io

import pytest
from hypothesis import given, settings, strategies as st
from rich.console import Console
from tests.engine.observe.story import EPOCH, Story, chance, resumed, settlement

from ciranda.events import RunStarted, StepFailed, StepStarted
from ciranda.observe.timeline import fold
from ciranda.observe.visible import columns
from ciranda.observe.waterfall import plain, show, waterfall

# ruff: noqa: RUF001  (the multiplication sign is meant)

GOLDEN = """\
settlement  failed  8.00 s  run r1
              0             2.67 s        5.33 s
▸ ✓ load      █████                                        1.00 s
▸ ✓ verify ×3      ████████████████                        3.00 s 2 ok, 1 failed
  ✗   2            ████████                                1.50 s refused
  ✓   1            ▓▓▓▓▓░░░░░██████                        3.00 s 2 attempts
  ✓   0            ██                                      500 ms cached
▸ ✗ agree                          █████████████████████   4.00 s unavailable
  - publish                                            ·          'agree' failed
▸ critical path
"""

ASCII = """\
settlement  interrupted  2.00 s  run r1
              0           1.00 s
* + load      ============               1.00 s
* ! verify x2             ============   1.00 s 1 ok, 1 interru~
  +   0                   ============   1.00 s
  !   1                   ============   1.00 s
* critical path

settlement  succeeded  1.00 s  run r1  resumed 2026-09-21 14:15:00 UTC
              0           333 ms      667 ms
* + verify x2 ====================================   1.00 s 2 ok
  +   1       ====================================   1.00 s
"""


def test_a_waterfall_shows_bars_attempts_waits_and_reasons():
    drawn = plain(waterfall(fold(settlement()), width=80))

    assert drawn == GOLDEN


def test_a_resumed_run_has_a_picture_for_each_segment():
    assert plain(waterfall(fold(resumed()), width=64, unicode=False)) == ASCII


def test_without_unicode_the_picture_is_ascii():
    assert plain(waterfall(fold(settlement()), unicode=False)).isascii()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(20, 200), st.booleans())
def test_no_row_is_wider_than_the_terminal(seed, width, unicode):
    lines = waterfall(fold(chance(seed)), width=width, unicode=unicode)

    rows = [line for line in plain(lines).splitlines() if "run r1" not in line]
    assert all(columns(row) <= width for row in rows)


def test_control_characters_of_a_run_do_not_reach_the_terminal():
    story = Story(run="\x1b]0;x\x07", workflow="\x1b[2J\u202e").tell(RunStarted, 0)
    story.tell(StepStarted, 0, path="\x1b[31mred\r\n")
    error = settlement()[-3].error
    story.tell(StepFailed, 1, path="\x1b[31mred\r\n", error=error)
    lines = waterfall(fold(story.events))
    stream = io.StringIO()

    show(lines, Console(file=stream, color_system=None, width=80))

    for text in (plain(lines), stream.getvalue()):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\\x1b[31mred" in text


def test_colours_change_nothing_but_the_colour():
    lines = waterfall(fold(settlement()), width=80)
    stream = io.StringIO()

    show(lines, Console(file=stream, color_system=None, width=40))

    assert stream.getvalue() == plain(lines)


def test_a_run_that_goes_on_grows_with_the_clock():
    timeline = fold(settlement()[:6])

    rows = plain(waterfall(timeline, now=EPOCH + 11.0)).splitlines()

    assert rows[0].startswith("settlement  running  11.0 s")
    assert any("verify ×3" in row and "10.0 s" in row for row in rows)


def test_a_step_that_waits_says_when_it_goes_on():
    events = [event for event in settlement() if event.at <= EPOCH + 2.0]

    drawn = plain(waterfall(fold(events), width=120))

    assert "next try in 1.00 s" in drawn


@pytest.mark.parametrize("events", [[], settlement()[:1]])
def test_a_run_without_steps_can_be_drawn(events):
    assert len(waterfall(fold(events))) <= 2


def test_what_was_planned_stands_beneath_what_happened():
    planned = {"load": (0.0, 2.0), "agree": (5.0, 10.0)}

    rows = plain(waterfall(fold(settlement()), width=80, expected=planned)).splitlines()

    load = next(at for at, row in enumerate(rows) if " load " in row)
    assert rows[load].rstrip().endswith("1.00 s")
    assert set(rows[load + 1].split()[0]) == {"▔"}
    assert rows[load + 1].rstrip().endswith("2.00 s")
    agree = next(row for row in rows if " agree " in row)
    assert agree.rindex("█") < rows[rows.index(agree) + 1].rindex("▔")  # the axis has room for it
    assert rows[-1] == "▔ as planned"
