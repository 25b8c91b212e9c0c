"""The reducer alone: no loop, no clock, every order of answers."""

import random

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share
from tests.engine.runs.driver import Driver, graph_of

from ciranda.events import RunCancelled, RunResumed, StepSkipped, StepStarted
from ciranda.runs.graph import upward_ranks
from ciranda.runs.scheduler import Scheduler
from ciranda.runs.status import Status


def words(scheduler):
    return {node.id: scheduler.statuses[node.index].word for node in scheduler.graph.nodes}


def drive(needs, outcomes, seed=0, **options):
    driver = Driver(graph_of(needs, **options), outcomes, random.Random(seed))
    driver.run()
    return driver


def naive(needs, outcomes, lifts):
    """Say by plain recursion how every step must end."""
    ends: dict[str, str] = {}
    for name in needs:  # needs point backwards, so file order is a topological order
        bad = [need for need in needs[name] if ends[need] in ("failed", "cascade")]
        rule = lifts.get(name, False)
        if rule is not True and [need for need in bad if need not in (rule or ())]:
            ends[name] = "cascade"
        else:
            ends[name] = {"fail": "failed", "skip": "skipped", "tolerated": "tolerated"}.get(
                outcomes.get(name, "ok"), "succeeded"
            )
    return {
        name: {"cascade": "skipped", "tolerated": "failed"}.get(end, end)
        for name, end in ends.items()
    }


@st.composite
def cases(draw):
    size = draw(st.integers(1, 9))
    names = [f"s{index}" for index in range(size)]
    needs, outcomes, lifts = {}, {}, {}
    for index, name in enumerate(names):
        needs[name] = tuple(
            draw(st.sets(st.sampled_from(names[:index]), max_size=3)) if index else ()
        )
        outcomes[name] = draw(
            st.sampled_from(["ok", "ok", "ok", "fail", "skip", "tolerated", "retry"])
        )
        lifts[name] = draw(st.sampled_from([False, False, True, frozenset(needs[name])]))
    return needs, outcomes, lifts, draw(st.integers(0, 10**6))


@given(cases())
@settings(max_examples=share(150), deadline=None)
def test_every_order_of_answers_ends_each_step_as_the_rules_say(case):
    needs, outcomes, lifts, seed = case

    driver = drive(needs, outcomes, seed, lifts=lifts)

    expected = naive(needs, outcomes, lifts)
    assert words(driver.scheduler) == expected
    failed = any(expected[name] == "failed" and outcomes[name] != "tolerated" for name in expected)
    assert driver.scheduler.finished == ("failed" if failed else "succeeded")


@given(cases())
@settings(max_examples=share(200), deadline=None)
def test_no_step_starts_before_its_needs_have_ended(case):
    needs, outcomes, lifts, seed = case
    driver = Driver(graph_of(needs, lifts=lifts), outcomes, random.Random(seed))
    broken: list[str] = []

    def watch(event):
        if isinstance(event, StepStarted):
            broken.extend(
                need
                for need in needs[event.path]
                if not driver.scheduler.status(driver.graph.by_id[need]).ended
            )

    driver.on_event = watch
    driver.run()

    assert broken == []


@given(cases(), st.integers(0, 60))
@settings(max_examples=share(150), deadline=None)
def test_a_log_cut_anywhere_resumes_to_the_same_end(case, cut):
    needs, outcomes, lifts, seed = case
    whole = drive(needs, outcomes, seed, lifts=lifts)
    prefix = whole.log[: min(cut, len(whole.log) - 1) or 1]

    again = Driver(graph_of(needs, lifts=lifts), outcomes, random.Random(seed + 1))
    for event in prefix:
        again.scheduler.apply(event)
    again.record(RunResumed(epoch=2))
    again.go_on()

    assert words(again.scheduler) == words(whole.scheduler)
    assert again.scheduler.finished == whole.scheduler.finished


def test_a_skip_names_the_step_whose_failure_caused_it():
    driver = drive({"a": (), "b": ("a",), "c": ("b",)}, {"a": "fail"})

    skips = {e.path: (e.reason, e.because) for e in driver.log if isinstance(e, StepSkipped)}

    assert skips == {
        "b": ("'a' failed", "a"),
        "c": ("'b' was skipped, because 'a' did not succeed", "a"),
    }


def test_a_resumed_run_repeats_what_failed_and_what_followed_and_keeps_the_rest():
    outcomes = {"b": "fail"}
    driver = drive(
        {"a": (), "b": ("a",), "c": ("b",), "report": ("b",), "d": ("a",)},
        outcomes,
        lifts={"report": True},
    )
    assert driver.scheduler.finished == "failed"
    before = len(driver.log)

    driver.outcomes = {}
    driver.record(RunResumed(epoch=2))
    driver.go_on()

    started = [e.path for e in driver.log[before:] if isinstance(e, StepStarted)]
    assert sorted(started) == ["b", "c", "report"]
    assert driver.scheduler.finished == "succeeded"


@pytest.mark.parametrize("width", [1, 3, 7])
def test_a_map_never_runs_more_items_at_once_than_its_width(width):
    driver = drive({"m": ()}, {"m": 20}, maps={"m": {"max_parallel": width}})

    assert 1 <= driver.most <= width
    assert driver.scheduler.items[0].counts() == {"succeeded": 20}
    assert driver.scheduler.finished == "succeeded"


@pytest.mark.parametrize(
    ("policy", "end", "begun"),
    [("stop", "failed", False), ("finish", "failed", True), ("keep", "succeeded", True)],
)
def test_a_failed_item_means_what_the_map_says(policy, end, begun):
    driver = drive(
        {"m": (), "after": ("m",)},
        {"m": 30, "m/0": "fail"},
        maps={"m": {"max_parallel": 1, "on_item_failure": policy}},
    )

    assert driver.scheduler.finished == end
    assert words(driver.scheduler)["m"] == end
    paths = {e.path for e in driver.log if isinstance(e, StepStarted)}
    assert ("m/29" in paths) is begun


def test_a_stopped_map_cancels_the_items_that_are_on_their_way():
    driver = drive({"m": ()}, {"m": 9, "m/2": "fail"}, seed=4, maps={"m": {"max_parallel": 4}})

    counts = driver.scheduler.items[0].counts()

    assert counts["failed"] == 1
    assert counts["cancelled"] >= 5
    assert sum(counts.values()) == 9


def test_an_empty_map_and_an_empty_workflow_succeed():
    assert drive({"m": ()}, {"m": 0}, maps={"m": {}}).scheduler.finished == "succeeded"
    assert drive({}, {}).scheduler.finished == "succeeded"


def test_a_back_off_gives_its_place_in_the_map_to_the_next_item():
    driver = drive({"m": ()}, {"m": 6, "m/0": "retry"}, maps={"m": {"max_parallel": 1}})

    order = [e.path for e in driver.log if isinstance(e, StepStarted)]

    assert order.count("m/0") == 3
    assert driver.scheduler.items[0].counts() == {"succeeded": 6}


def test_a_cancelled_run_starts_nothing_but_steps_that_speak_of_status():
    driver = Driver(
        graph_of({"a": (), "b": ("a",), "always": ("b",)}, lifts={"always": True}),
        {},
        random.Random(1),
    )
    driver.record(RunCancelled(reason="interrupted"))
    driver.run()

    assert words(driver.scheduler) == {"a": "cancelled", "b": "skipped", "always": "succeeded"}
    assert driver.scheduler.finished == "cancelled"


@pytest.mark.uncounted
def test_a_chain_of_twenty_thousand_steps_needs_no_recursion():
    names = [f"s{index}" for index in range(20_000)]
    needs = {name: (names[index - 1],) if index else () for index, name in enumerate(names)}

    driver = drive(needs, {names[0]: "fail"})

    assert driver.scheduler.statuses[-1] is Status.SKIPPED
    assert driver.scheduler.finished == "failed"


def test_upward_ranks_measure_the_longest_way_to_the_end():
    ranks = upward_ranks([1.0, 5.0, 2.0, 1.0], [[1, 2], [3], [3], []], [(), (0,), (0,), (1, 2)])

    assert ranks == [7.0, 6.0, 3.0, 1.0]


def test_an_unknown_event_changes_nothing():
    from ciranda.events import StepLogged

    scheduler = Scheduler(graph_of({"a": ()}))

    assert scheduler.apply(StepLogged(path="a", level="info", text="x")) == []
