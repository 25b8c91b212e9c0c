"""How many tasks run at once, as refusals and slow answers say: one more, or half."""

import pytest

from ciranda.events import Failure, StepAttemptFailed, StepCompleted, StepFailed
from ciranda_planner.adaptive import Adaptive


class Machine:
    """Answers one after the other at a time of its own."""

    def __init__(self, most=16, measured=None):
        self.widths: list[int] = []
        self.at = 0.0
        self.adaptive = Adaptive(most, self.widths.append, measured or {})

    def answer(self, duration=1.0, path="a"):
        self.at += duration
        self.adaptive.hear(StepCompleted(path=path, at=self.at, duration=duration))

    def refuse(self, kind="rate_limited", final=False, duration=0.1):
        self.at += duration
        error = Failure(kind=kind, message="too many")
        event = (
            StepFailed(path="a", at=self.at, error=error, duration=duration)
            if final
            else StepAttemptFailed(
                path="a", at=self.at, attempt=1, error=error, retry_at=0.0, duration=duration
            )
        )
        self.adaptive.hear(event)


@pytest.mark.parametrize("final", [False, True])
def test_a_refusal_halves_the_number(final):
    machine = Machine()

    machine.refuse(final=final)

    assert machine.widths == [8]


def test_what_was_under_way_when_it_fell_does_not_make_it_fall_again():
    machine = Machine()

    machine.refuse(duration=1.0)
    machine.at -= 0.5
    machine.refuse(duration=0.6)  # it began before the first refusal

    assert machine.widths == [8]


def test_it_never_falls_below_one():
    machine = Machine(most=4)

    for _ in range(9):
        machine.refuse()

    assert machine.adaptive.width == machine.adaptive.least == 1


def test_after_as_many_good_answers_as_run_at_once_there_is_one_more():
    machine = Machine(most=4)
    machine.refuse()

    for _ in range(3):
        machine.answer()
    assert machine.adaptive.width == 3
    for _ in range(20):
        machine.answer()

    assert machine.widths == [2, 3, 4]
    assert machine.adaptive.least == 2


def test_other_failures_say_nothing_about_the_number():
    machine = Machine()

    machine.refuse(kind="crash")
    machine.refuse(kind="rate_limited_by_nobody")

    assert machine.widths == []


def test_kinds_below_are_refusals_too():
    machine = Machine()

    machine.refuse(kind="rate_limited.tokens")

    assert machine.widths == [8]


def test_answers_that_get_slow_take_a_fifth_off():
    machine = Machine(most=10, measured={"a": 1.0})

    for _ in range(20):
        machine.answer(1.0)
    for _ in range(8):
        machine.answer(5.0)

    assert machine.widths[0] == 8


def test_tasks_that_ask_nobody_may_take_as_long_as_they_like():
    machine = Machine(most=10, measured={"a": 1.0})

    for at in range(40):
        machine.answer(1.0 + at, path="b")

    assert machine.widths == []
