"""Attempts: which failures are followed by another, when, and what a time limit ends."""

from typing import Any

import anyio
import pytest

from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.errors import StepError
from ciranda.events import StepAttemptFailed, StepFailed, StepStarted, TimerFired
from ciranda.hooks import hookimpl
from ciranda.testing import SimulatedCrash, harness

pytestmark = pytest.mark.anyio


class Flaky:
    """Fails so many times, then succeeds; notes when it was called."""

    def __init__(self, failures: int, error: BaseException) -> None:
        self.failures, self.error = failures, error
        self.times: list[float] = []

    def __call__(self, **_: Any) -> str:
        self.times.append(anyio.current_time())
        if len(self.times) <= self.failures:
            raise self.error
        return "done"

    def waits(self) -> list[float]:
        pairs = zip(self.times, self.times[1:], strict=False)
        return [round(after - before, 6) for before, after in pairs]


def step(*modifiers: str) -> str:
    lines = ["ciranda: 1", "steps:", "  a:", "    uses: t.flaky"]
    return "\n".join([*lines, *(f"    {one}" for one in modifiers)])


async def test_without_retry_there_is_one_attempt() -> None:
    flaky = Flaky(1, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        assert (await h.run(step())).status == "failed"

    assert len(flaky.times) == 1


async def test_a_crash_is_not_repeated_unless_the_step_says_so() -> None:
    for line, attempts in (("retry: 3", 1), ("retry: {attempts: 3, on: [crash]}", 3)):
        flaky = Flaky(9, ValueError("bug"))
        async with harness(mocks={"t.flaky": flaky}) as h:
            result = await h.run(step(line))

            assert result.steps["a"]["attempts"] == attempts
        assert len(flaky.times) == attempts


async def test_what_never_began_is_repeated() -> None:
    flaky = Flaky(2, StepError("unavailable", "try later"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        result = await h.run(step("retry: 3"))

        assert result.ok
        assert result.steps["a"]["attempts"] == 3
        assert [event.attempt for event in h.events(StepAttemptFailed)] == [1, 2]
        assert len(h.events(TimerFired)) == 2
        assert [event.attempt for event in h.events(StepStarted)] == [1, 2, 3]


async def test_an_idempotent_step_repeats_whatever_is_not_hopeless() -> None:
    for error, attempts in ((ValueError("bug"), 3), (StepError("denied", "no"), 1)):
        flaky = Flaky(9, error)
        async with harness(mocks={"t.flaky": flaky}) as h:
            await h.run(step("retry: 3", "idempotent: true"))
        assert len(flaky.times) == attempts


async def test_unless_wins_over_on() -> None:
    flaky = Flaky(9, StepError("t.busy.now", "busy"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        await h.run(step("retry: {attempts: 3, on: [t.busy], unless: [t.busy.now]}"))

    assert len(flaky.times) == 1


async def test_waits_grow_up_to_the_cap() -> None:
    flaky = Flaky(5, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        rule = "retry: {attempts: 6, backoff: 1s, factor: 3, cap: 10s, jitter: none}"
        assert (await h.run(step(rule))).ok

    assert flaky.waits() == [1, 3, 9, 10, 10]


async def test_full_jitter_waits_at_most_as_long() -> None:
    flaky = Flaky(5, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        await h.run(step("retry: {attempts: 6, backoff: 1s, factor: 3, cap: 10s}"))

    assert all(wait <= most for wait, most in zip(flaky.waits(), [1, 3, 9, 10, 10], strict=True))
    assert sum(flaky.waits()) > 0


async def test_the_other_side_may_ask_for_more_patience_than_the_cap() -> None:
    flaky = Flaky(1, StepError("rate_limited", "slow down", retry_after=300))
    async with harness(mocks={"t.flaky": flaky}) as h:
        await h.run(step("retry: {attempts: 2, cap: 1s}"))

    assert flaky.waits() == [300]


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -5.0])
async def test_a_senseless_retry_after_is_no_wait(asked: float) -> None:
    flaky = Flaky(1, StepError("rate_limited", "slow down", retry_after=asked))
    async with harness(mocks={"t.flaky": flaky}) as h:
        assert (await h.run(step("retry: {attempts: 2, cap: 1s}"))).ok

    assert flaky.waits()[0] <= 1


async def test_a_factor_that_no_number_can_hold_is_the_cap() -> None:
    flaky = Flaky(349, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        rule = "retry: {attempts: 350, backoff: 1s, factor: 10, cap: 2s, jitter: none}"
        assert (await h.run(step(rule))).ok

    assert flaky.waits()[-1] == 2
    # The one exception that was raised each time does not collect the frames of them all.
    assert flaky.error.__traceback__ is None


async def test_attempt_is_a_name_of_expressions() -> None:
    seen: list[Any] = []

    def note(n: int) -> None:
        seen.append(n)
        if len(seen) < 3:
            raise ConnectionError("gone")

    async with harness(mocks={"t.flaky": note}) as h:
        await h.run(step("with: {n: '${{ attempt }}'}", "retry: {attempts: 3, jitter: none}"))

    assert seen == [1, 2, 3]


@pytest.mark.parametrize("store", [None, "disk"])
async def test_attempts_and_their_wait_survive_a_crash(store: Any) -> None:
    flaky = Flaky(3, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}, store=store) as h:
        h.kill_at("before_effect", "a", attempt=3)
        rule = "retry: {attempts: 4, backoff: 10s, factor: 1, cap: 10s, jitter: none}"
        with pytest.raises(SimulatedCrash, match="before_effect of a, attempt 3"):
            await h.run(step(rule))
        result = await h.resume()

        assert result.ok
        assert result.steps["a"]["attempts"] == 4
    assert len(flaky.times) == 4


@pytest.mark.parametrize("store", [None, "disk"])
async def test_a_wait_goes_on_after_a_crash_until_the_time_it_was_set_for(store: Any) -> None:
    flaky = Flaky(1, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}, store=store) as h:
        h.kill_at("after_commit", "a", attempt=1)
        with pytest.raises(SimulatedCrash):
            await h.run(step("retry: {attempts: 2, backoff: 5m, cap: 5m, jitter: none}"))
        await h.clock.advance("2m")
        assert (await h.resume()).ok

    assert flaky.waits() == [300]


async def sleeper(**_: Any) -> str:
    await anyio.sleep(100)
    return "late"


async def test_a_timeout_ends_one_attempt() -> None:
    async with harness(mocks={"t.flaky": sleeper}) as h:
        before = h.clock.now()
        result = await h.run(step("timeout: 3s"))

        assert h.clock.now() - before == pytest.approx(3)
        error = result.steps["a"]["error"]
        assert (error["kind"], error["retryable"]) == ("timeout", True)
        assert error["message"] == "no answer within 3s"


async def test_a_timeout_can_be_tried_again() -> None:
    async with harness(mocks={"t.flaky": sleeper}) as h:
        before = h.clock.now()
        rule = "retry: {attempts: 3, backoff: 1s, factor: 1, jitter: none, on: [timeout]}"
        result = await h.run(step("timeout: 3s", rule))

        assert result.steps["a"]["attempts"] == 3
        assert h.clock.now() - before == pytest.approx(11)


async def test_a_deadline_covers_all_attempts_and_waits() -> None:
    async with harness(mocks={"t.flaky": sleeper}) as h:
        before = h.clock.now()
        rule = "retry: {attempts: 99, backoff: 1s, factor: 1, jitter: none, on: [timeout]}"
        result = await h.run(step("timeout: 3s", "deadline: 10s", rule))

        assert h.clock.now() - before == pytest.approx(10)
        error = result.steps["a"]["error"]
        assert error["kind"] == "timeout"
        assert "deadline of 10s" in error["message"]
        assert result.steps["a"]["attempts"] == 3


async def test_no_wait_begins_that_would_end_after_the_deadline() -> None:
    flaky = Flaky(9, ConnectionError("gone"))
    async with harness(mocks={"t.flaky": flaky}) as h:
        before = h.clock.now()
        rule = "retry: {attempts: 9, backoff: 4s, factor: 1, jitter: none}"
        result = await h.run(step("deadline: 10s", rule))

        assert h.clock.now() - before == pytest.approx(8)
    assert len(flaky.times) == 3
    error = result.steps["a"]["error"]
    assert error["kind"] == "timeout"
    assert error["message"] == (
        "not done within the deadline of 10s; attempt 3 had failed, unavailable: gone"
    )
    assert error["detail"]["error"]["kind"] == "unavailable"
    assert error["detail"]["error"]["attempt"] == error["attempt"] == 3


async def test_a_deadline_that_is_over_during_an_attempt_tells_what_failed_before_it() -> None:
    calls: list[int] = []

    async def slow(**_: Any) -> None:
        calls.append(1)
        if len(calls) > 1:
            await anyio.sleep(60)
        raise ConnectionError("gone")

    rule = "retry: {attempts: 9, backoff: 1s, jitter: none}"
    flow = (
        "ciranda: 1\nsteps:\n  g:\n    deadline: 10s\n    "
        f"{rule}\n    steps: {{a: {{uses: t.slow}}}}\n"
    )
    for text in (step("deadline: 10s", rule).replace("t.flaky", "t.slow"), flow):
        calls.clear()
        async with harness(mocks={"t.slow": slow}) as h:
            result = await h.run(text)
            error = next(iter(result.steps.values()))["error"]

        assert (error["kind"], error["attempt"]) == ("timeout", 2)
        assert error["message"].startswith(
            "not done within the deadline of 10s; attempt 1 had failed, unavailable: "
        )
        assert error["detail"]["error"]["kind"] == "unavailable"


async def test_each_item_of_a_map_has_its_own_deadline_and_attempts() -> None:
    async with harness(mocks={"t.flaky": sleeper}) as h:
        rule = "map: [1, 2, 3]\n    max-parallel: 1\n    on-item-failure: keep"
        before = h.clock.now()
        result = await h.run(step(rule, "deadline: 5s"))

        assert h.clock.now() - before == pytest.approx(15)
        assert result.steps["m" if "m" in result.steps else "a"]["counts"] == {"failed": 3}
        assert {event.path for event in h.events(StepFailed)} == {"a/0", "a/1", "a/2"}


async def test_the_context_knows_its_attempt_key_and_time_left() -> None:
    seen: list[Any] = []

    @action("t.flaky")
    async def look(ctx: Context) -> None:
        seen.append((ctx.attempt, ctx.key.partition(":")[2], ctx.remaining()))
        if len(seen) == 1:
            raise ConnectionError("gone")

    class Plugin:
        @hookimpl
        def actions(self) -> list[Action]:
            return [look]

    async with harness(plugins=[Plugin()]) as h:
        await h.run(step("timeout: 5s", "retry: 2"))

    assert seen == [(1, "a", pytest.approx(5)), (2, "a", pytest.approx(5))]
