"""Of those that wait for the rate limit, the one in front is told apart."""

from ciranda.events import Failure, RunStarted, StepAttemptFailed, StepStarted
from ciranda.observe.waterfall import plain
from ciranda.runs.dispatch import Dispatch
from ciranda_planner.actual import Actual
from ciranda_planner.live import Live
from ciranda_planner.plan import Plan, Task
from ciranda_planner.state import State


def told(actual, kind, **fields):
    actual.apply(kind(run="r", seq=0, at=0.0, **fields))


def test_the_one_in_front_is_reserved_until_it_runs():
    actual = Actual({"s_a": "a", "s_b": "b"}, {})
    told(actual, RunStarted, workflow="x", file="", source="", steps=2)
    waiting = actual.states("s_a")
    error = Failure(kind="rate_limited", message="no")
    told(actual, StepStarted, path="s_a", attempt=1)
    running = actual.states("s_a")
    told(actual, StepAttemptFailed, path="s_a", attempt=1, error=error, duration=0.1, retry_at=1.0)

    assert waiting == {"a": State.RESERVED, "b": State.READY}
    assert running == {"a": State.RUNNING, "b": State.READY}
    assert actual.states("s_a") == {"a": State.RESERVED, "b": State.READY}
    assert actual.states("s_of_another_run")["a"] is State.RETRYING


def test_a_board_tells_who_is_reserved():
    actual, dispatch = Actual({"a": "a", "b": "b"}, {}), Dispatch(most=2)
    live = Live(Plan("x", (Task("a"), Task("b")), 2), lambda: 0.0, lambda: 0.0)
    live.follow(dispatch, actual)
    told(actual, RunStarted, workflow="x", file="", source="", steps=2)
    dispatch.reserve("b")
    live.look()

    assert "0/2  1 ready  1 reserved" in plain(live.lines)
