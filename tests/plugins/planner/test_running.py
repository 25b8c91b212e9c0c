"""Plans in virtual time: how they and their tasks end, and how long it takes."""

import anyio
import pytest

from ciranda import StepError
from ciranda_planner.plan import Cost, RateLimit, Success

from .running import plan_of, run, sleeps, words

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def test_a_plan_whose_tasks_all_succeed_succeeds():
    outcome = await run(plan_of(sleeps("a"), sleeps("b", "a")))

    assert outcome.state == "succeeded"
    assert words(outcome) == {"a": "succeeded", "b": "succeeded"}
    assert outcome.plain()["executed"] == ["a", "b"]
    assert outcome.report.actual.makespan == pytest.approx(2, abs=0.01)


async def test_tasks_that_need_nothing_of_each_other_run_together_up_to_the_workers():
    outcome = await run(plan_of(*(sleeps(f"t{at}") for at in range(20)), workers=15))

    assert outcome.report.actual.makespan == pytest.approx(2, abs=0.01)
    assert outcome.plain()["max_concurrency"] == 15
    assert outcome.plain()["speedup"] == pytest.approx(10, abs=0.1)


async def test_a_hanging_task_is_stopped_at_its_timeout_and_the_others_keep_their_results():
    tasks = [
        sleeps("h", behaviour="hang", timeout=0.3, seconds=60),
        sleeps("a", seconds=0.03),
        sleeps("b", "a", seconds=0.03),
        sleeps("c", "h", seconds=0.03),
    ]

    outcome = await run(plan_of(*tasks, workers=2))

    assert outcome.state == "partial"
    assert words(outcome) == {"h": "timed_out", "a": "succeeded", "b": "succeeded", "c": "skipped"}
    assert outcome.wall == pytest.approx(0.3, abs=0.01)


async def test_tasks_that_time_out_never_let_more_run_than_there_are_workers():
    tasks = [sleeps(f"h{at}", behaviour="hang", timeout=0.1, seconds=0.4) for at in range(6)]

    outcome = await run(plan_of(*tasks, workers=2))

    assert outcome.state == "failed"
    assert set(words(outcome).values()) == {"timed_out"}
    assert outcome.plain()["max_concurrency"] == 2
    assert outcome.wall == pytest.approx(0.3, abs=0.01)


async def test_dependents_of_a_failed_task_never_run():
    outcome = await run(plan_of(sleeps("a", behaviour="fail"), sleeps("b", "a"), sleeps("c", "b")))

    assert outcome.state == "failed"
    assert words(outcome) == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert outcome.plain()["executed"] == ["a"]
    assert outcome.plain()["errors"]["a"]["kind"] == "trial"


async def test_a_task_is_tried_again_as_often_as_the_plan_says():
    tasks = [
        sleeps("a", behaviour="fail_times:2", retries=2),
        sleeps("b", behaviour="fail_times:2", retries=1),
        sleeps("c", behaviour="hang", timeout=1.0, retries=1),
    ]

    outcome = await run(plan_of(*tasks))

    assert words(outcome) == {"a": "succeeded", "b": "failed", "c": "timed_out"}
    assert outcome.plain()["attempts"] == {"a": 3, "b": 2, "c": 2}


async def test_a_back_off_holds_no_worker():
    tasks = [sleeps("a", behaviour="fail_times:1", retries=1), *(sleeps(f"t{n}") for n in range(3))]

    outcome = await run(plan_of(*tasks, workers=1))

    assert outcome.state == "succeeded"
    assert outcome.report.actual.makespan == pytest.approx(5, abs=0.01)


async def test_the_end_of_a_plans_time_stops_the_rest_and_keeps_what_is_done():
    chain = [sleeps("t0"), *(sleeps(f"t{at}", f"t{at - 1}") for at in range(1, 5))]

    outcome = await run(plan_of(*chain, sleeps("x", behaviour="hang"), timeout=2.5))

    assert outcome.state == "timed_out"
    assert words(outcome) == {
        "t0": "succeeded", "t1": "succeeded", "t2": "cancelled", "t3": "skipped", "t4": "skipped",
        "x": "cancelled",
    }  # fmt: skip
    assert outcome.wall == pytest.approx(2.5, abs=0.01)


async def test_without_a_word_about_time_a_plan_has_two_minutes_or_twice_its_prediction():
    short = await run(plan_of(sleeps("a", behaviour="hang", timeout=1e6)))
    long = await run(plan_of(sleeps("a", behaviour="hang", timeout=1e6, seconds=100.0)))

    assert short.state == long.state == "timed_out"
    assert short.wall == pytest.approx(120, abs=0.1)
    assert long.wall == pytest.approx(200, abs=0.1)


async def test_without_a_word_about_time_a_task_has_a_minute_or_twice_its_estimate():
    hanging = [sleeps("a", behaviour="hang"), sleeps("b", behaviour="hang", seconds=50.0)]

    outcome = await run(plan_of(*hanging, timeout=1000.0))

    ends = outcome.plain()["ends"]
    assert (ends["a"], ends["b"]) == (
        pytest.approx(60_000, abs=50),
        pytest.approx(100_000, abs=50),
    )


async def test_the_settings_say_how_much_time_there_is_where_the_plan_does_not():
    settings = {"planner": {"timeout": 5, "plan_timeout": 7}}

    outcome = await run(plan_of(sleeps("a", behaviour="hang")), settings=settings)

    assert words(outcome) == {"a": "timed_out"}
    assert outcome.wall == pytest.approx(5, abs=0.01)


async def test_a_deadline_counts_from_the_start_of_the_plan():
    tasks = [sleeps("a"), sleeps("b", "a", deadline=1.5), sleeps("c", "a", deadline=2.5)]

    outcome = await run(plan_of(*tasks))

    assert words(outcome) == {"a": "succeeded", "b": "timed_out", "c": "succeeded"}
    assert outcome.wall == pytest.approx(2, abs=0.01)


async def test_a_plan_has_no_more_time_than_whoever_runs_it():
    outcome = await run(plan_of(sleeps("a", behaviour="hang")), within=3.0)

    assert outcome.state == "timed_out"
    assert outcome.wall == pytest.approx(3, abs=0.01)


async def test_a_contingency_runs_only_when_its_task_fails():
    tasks = [
        sleeps("a", behaviour="fail", contingency="b"),
        sleeps("b"),
        sleeps("c", contingency="d"),
        sleeps("d"),
        sleeps("e", behaviour="hang", timeout=1.0, contingency="f"),
        sleeps("f"),
    ]

    outcome = await run(plan_of(*tasks))

    assert words(outcome) == {
        "a": "failed", "b": "succeeded", "c": "succeeded", "d": "skipped", "e": "timed_out",
        "f": "succeeded",
    }  # fmt: skip
    assert outcome.state == "partial"


async def test_a_contingency_has_waited_for_its_task():
    tasks = [sleeps("a", behaviour="fail", contingency="b", seconds=3.0), sleeps("b")]

    told = (await run(plan_of(*tasks))).plain()

    assert told["chain"]["tasks"] == ["a", "b"]
    assert told["lost"]["dependencies_ms"] == pytest.approx(3000, abs=10)
    assert told["lost"]["engine_ms"] == pytest.approx(0, abs=10)
    assert told["actual"]["critical_path_ms"] == pytest.approx(4000, abs=10)


async def test_a_contingency_that_nobody_needed_does_not_make_a_plan_partial():
    outcome = await run(plan_of(sleeps("a", contingency="b"), sleeps("b")))

    assert outcome.state == "succeeded"
    assert words(outcome) == {"a": "succeeded", "b": "skipped"}


async def test_what_has_succeeded_already_is_not_run_again():
    plan = plan_of(sleeps("a"), sleeps("b", "a"), already_succeeded=frozenset({"a"}))

    outcome = await run(plan)

    assert outcome.plain()["executed"] == ["b"]
    assert words(outcome) == {"a": "succeeded", "b": "succeeded"}


async def test_a_plan_of_which_nothing_is_left_has_succeeded():
    plan = plan_of(
        sleeps("a", behaviour="fail", contingency="help"),
        sleeps("help"),
        already_succeeded=frozenset({"a"}),
    )

    outcome = await run(plan)

    assert outcome.state == "succeeded"
    assert words(outcome) == {"a": "succeeded", "help": "skipped"}
    assert outcome.plain()["executed"] == []
    assert outcome.result.status == "succeeded"


async def test_any_text_is_no_success_where_the_plan_says_what_is():
    answers = {
        "ask.one": "ERROR", "ask.two": "fine", "ask.three": {"n": 3}, "ask.code": {"exit_code": 3}
    }  # fmt: skip
    fine = Success(expression="result == 'fine'")
    tasks = [
        sleeps("a", uses="ask.one", success=fine),
        sleeps("b", uses="ask.two", success=fine),
        sleeps("c", uses="ask.three", success=Success(schema={"type": "string"})),
        sleeps("d", uses="ask.three", success=Success(schema={"required": ["n"]})),
        sleeps("e", uses="ask.two", success=Success(file="report.txt")),
        sleeps("f", uses="ask.two", success=Success(expression="result.n > 1")),
        sleeps("g", "a"),
        sleeps("h", uses="ask.two", success=Success(exit_code=0)),
        sleeps("i", uses="ask.code", success=Success(exit_code=0)),
        sleeps("j", uses="ask.code", success=Success(exit_code=3)),
    ]

    outcome = await run(plan_of(*tasks, workers=9), mocks=answers)

    assert words(outcome) == {
        "a": "failed", "b": "succeeded", "c": "failed", "d": "succeeded", "e": "failed",
        "f": "failed", "g": "skipped", "h": "failed", "i": "failed", "j": "succeeded",
    }  # fmt: skip
    errors = outcome.plain()["errors"]
    assert {each["kind"] for each in errors.values()} == {"unsuccessful"}
    assert errors["e"]["message"] == "'e' ended, but there is no file `report.txt`"
    assert "is not true" in errors["a"]["message"]
    assert "no `exit_code`, which was to be 0" in errors["h"]["message"]
    assert "`exit_code` is 3, not 0" in errors["i"]["message"]


async def test_a_result_that_does_not_do_is_tried_again():
    given = iter(["ERROR", "ERROR", "fine"])
    task = sleeps("a", uses="ask.it", retries=2, success=Success(expression="result == 'fine'"))

    outcome = await run(plan_of(task), mocks={"ask.it": lambda: next(given)})

    assert outcome.state == "succeeded"
    assert outcome.plain()["attempts"] == {"a": 3}


async def test_a_task_reads_what_another_has_found():
    def double(n: int) -> int:
        return 2 * n

    tasks = [
        sleeps("first-part", uses="sum.two"),
        sleeps("b", "first-part", uses="sum.double", with_={"n": "${{ steps.first_part.output }}"}),
    ]

    outcome = await run(plan_of(*tasks), mocks={"sum.two": 2, "sum.double": double})

    assert outcome.result.steps["b"]["output"] == 4


async def test_tasks_of_one_resource_take_turns_and_the_others_do_not_wait():
    tasks = [
        sleeps("a", resources={"browser": 1}),
        sleeps("b", resources={"browser": 1}),
        sleeps("c"),
        sleeps("d", resources={"cpu": 2}),
    ]

    outcome = await run(plan_of(*tasks, workers=4, resources={"cpu": 2}))

    assert outcome.report.actual.makespan == pytest.approx(2, abs=0.01)
    lost = outcome.report.total
    assert lost.resources == pytest.approx(1, abs=0.01)


async def test_what_waits_for_the_rate_limit_is_told_and_the_limit_is_kept():
    tasks = [sleeps(f"t{at}", seconds=0.1, cost=Cost(requests=1)) for at in range(5)]

    outcome = await run(plan_of(*tasks, rate_limit=RateLimit(10.0, requests=2)))

    starts = sorted(outcome.plain()["starts"].values())
    assert starts == pytest.approx([0, 0, 10_000, 10_000, 20_000], abs=20)
    assert outcome.report.total.limit == pytest.approx(40, abs=0.1)
    assert outcome.report.actual.makespan == pytest.approx(outcome.report.predicted.makespan, 0.01)


async def test_a_wave_waits_for_the_one_before_if_that_is_what_somebody_wants():
    tasks = [sleeps("a", seconds=3.0), sleeps("b"), sleeps("c", "b"), sleeps("d", "c")]

    eager = await run(plan_of(*tasks))
    strict = await run(plan_of(*tasks), waves=True)

    assert eager.report.actual.makespan == pytest.approx(3, abs=0.01)
    assert strict.report.actual.makespan == pytest.approx(5, abs=0.01)
    assert strict.report.predicted.makespan == 5
    assert words(strict) == dict.fromkeys("abcd", "succeeded")


async def test_a_failure_in_a_wave_skips_what_needs_it_and_not_the_next_wave():
    tasks = [sleeps("a", behaviour="fail"), sleeps("b"), sleeps("c", "a"), sleeps("d", "b")]

    outcome = await run(plan_of(*tasks), waves=True)

    assert words(outcome) == {"a": "failed", "b": "succeeded", "c": "skipped", "d": "succeeded"}


async def test_a_storm_of_refusals_is_weathered_with_fewer_at_once():
    refused = 0
    under_way = 0

    async def ask() -> str:
        nonlocal refused, under_way
        under_way += 1
        try:
            await anyio.sleep(0.2)
            if under_way > 4:
                refused += 1
                raise StepError("rate_limited", "too many")
            return "fine"
        finally:
            under_way -= 1

    tasks = [sleeps(f"t{at}", uses="ask.it", seconds=0.2) for at in range(40)]

    outcome = await run(plan_of(*tasks, workers=16, timeout=600.0), mocks={"ask.it": ask})

    assert outcome.state == "succeeded"
    assert outcome.least < 16
    assert refused < 40


async def test_a_plan_that_is_stopped_says_so_and_keeps_what_is_done():
    from .running import engine, run_in

    async with engine() as h, anyio.create_task_group() as group:

        async def stop():
            await anyio.sleep(1.5)
            h.engine.cancel("interrupted")

        group.start_soon(stop)
        outcome = await run_in(h, plan_of(sleeps("a"), sleeps("b", "a"), sleeps("c", "b")))

    assert outcome.state == "cancelled"
    assert words(outcome) == {"a": "succeeded", "b": "cancelled", "c": "skipped"}
