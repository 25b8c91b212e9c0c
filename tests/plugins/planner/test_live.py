"""The lines that a live board shows of a plan."""

import pytest

from ciranda.errors import StoreError
from ciranda.events import Failure, RunStarted, StepAttemptFailed, StepCompleted, StepStarted
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.window import Window
from ciranda.observe.waterfall import plain
from ciranda.runs.dispatch import Dispatch
from ciranda_planner.actual import Actual
from ciranda_planner.live import Live
from ciranda_planner.plan import Plan, Task

EPOCH = 1_790_000_000.0


class Show:
    """A plan of two workers: a, then b and c, then d; and its board."""

    def __init__(self, **dispatch):
        needs = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
        length = {"a": 1.0, "b": 2.0, "c": 4.0, "d": 1.0}
        tasks = tuple(Task(name, needs=each, estimate=length[name]) for name, each in needs.items())
        self.now = 0.0
        self.actual = Actual({name: name for name in needs}, needs)
        self.dispatch = Dispatch(**{"most": 2, **dispatch})
        self.live = Live(Plan("x", tasks, 2), lambda: EPOCH + self.now, lambda: self.now)
        self.live.look()
        assert self.live.lines == ()
        self.live.follow(self.dispatch, self.actual)
        self.tell(RunStarted, workflow="x", file="", source="", steps=4)

    def tell(self, kind, **fields):
        self.actual.apply(kind(run="r", seq=0, at=EPOCH + self.now, **fields))

    def begin(self, name):
        self.tell(StepStarted, path=name, attempt=1)

    def end(self, name, duration):
        self.tell(StepCompleted, path=name, attempt=1, output=None, duration=duration)

    def rows(self, now):
        self.now = now
        self.live.look()
        return plain(self.live.lines).splitlines()


def test_workers_what_is_left_and_the_critical_path_are_shown():
    show = Show()
    first = show.rows(0)
    show.begin("a")
    show.now = 2.0
    show.end("a", 2.0)
    show.begin("b")

    second = show.rows(2.0)

    assert "0/2  1 ready  about 6.00 s left" in first[0]
    assert first[1] == "critical path  a ▸ c ▸ d"
    # What took twice as long as thought makes the rest longer, too.
    assert "1/2  1 ready  about 10.0 s left" in second[0]
    assert second[1] == "critical path  c ▸ d"


def test_time_goes_by_between_two_events():
    show = Show()
    show.begin("a")
    show.rows(0)

    assert "about 5.50 s left" in show.rows(0.5)[0]


def test_fewer_workers_and_attempts_that_failed_stand_out():
    show = Show()
    show.begin("a")
    error = Failure(kind="rate_limited", message="no")
    show.tell(StepAttemptFailed, path="a", attempt=1, error=error, duration=0.1, retry_at=EPOCH + 1)
    show.dispatch.resize(1)

    row = show.rows(0.1)[0]

    assert "0/1 of 2" in row
    assert "1 retrying" in row


@pytest.mark.parametrize(
    ("taken", "style"), [(84, "cyan"), (85, "yellow"), (94, "yellow"), (95, "red"), (100, "red")]
)
def test_limits_turn_yellow_and_red(taken, style):
    limiter = Limiter([Window(100, 60.0)], lambda: 0.0, ["input_tokens"])
    show = Show(limiter=limiter, costs={"a": (1,)})
    limiter.try_take((taken,))
    show.rows(0)

    line = show.live.lines[1]

    assert line[0].text.startswith("input tokens")
    assert (line[1].style, line[-1].style, line[-1].text) == (style, style, f" {taken}%")
    assert "at least" in plain(show.live.lines)


def test_a_limiter_that_cannot_be_read_costs_a_line_and_no_run():
    limiter = Limiter([Window(100, 60.0)], lambda: 0.0, ["requests"])
    show = Show(limiter=limiter, costs={"a": (1,)})

    def clock():
        raise StoreError("gone")

    limiter._clock = clock  # type: ignore[misc]  # as if the file behind it were gone

    assert [row.split()[0] for row in show.rows(0)] == ["workers", "critical"]


def test_the_end_leaves_nothing_to_do():
    show = Show()
    for name in "abcd":
        show.begin(name)
        show.end(name, 0.0)

    rows = show.rows(1)

    assert len(rows) == 1
    assert "left" not in rows[0]
