"""The reducer on random trees of steps: blocks, loops, maps and handlers, in many orders."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests.effort import share
from tests.engine.runs.nested import Nested
from tests.engine.runs.recursion import Recursion
from tests.engine.runs.trees import Planter, Spec, Tree

from ciranda.events import (
    BlockEntered,
    RunCancelled,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepStarted,
)
from ciranda.runs.frame import is_main

SIZES = range(1, 16)


def trees(count: int, **more: Any) -> Iterator[tuple[Tree, random.Random, str]]:
    """Yield small trees before large ones, each with what decides about the order of events."""
    for size in SIZES:
        for seed in range(count // len(SIZES)):
            tree = Planter(random.Random(f"{seed} {size}"), size, **more).tree()
            yield tree, random.Random(f"order {seed} {size}"), f"size {size}, seed {seed}"


def is_clean(driver: Nested) -> bool:
    """Say whether nothing is left of what has ended."""
    state = driver.scheduler
    frames = {id(state.root): state.root}
    for conduct in (state.run, *(one for each in state.conducts.values() for one in each.values())):
        frames |= {id(frame): frame for frame in conduct.frames.values()}
    known = sum(len(frame.graph.nodes) for frame in frames.values())
    return (
        state.over
        and not (state.waits or state.timers or state.undoers)
        and not any(frame.open for frame in frames.values())
        and len(state.numbers) == known
    )


def undone(driver: Nested, since: int = 0) -> list[str]:
    entered = [event for event in driver.log[since:] if isinstance(event, BlockEntered)]
    return sorted(event.path for event in entered if event.block == "compensate")


@pytest.mark.uncounted
def test_every_tree_ends_as_plain_recursion_says():
    ends: set[str] = set()

    for tree, order, name in trees(share(1200)):
        driver = Nested(tree, order)
        driver.run()
        expected = Recursion(tree).run()
        assert driver.final == expected.ends, name
        assert undone(driver) == sorted(expected.undone), name
        assert driver.scheduler.finished == expected.status, name
        assert driver.late == [], name
        assert is_clean(driver), name
        ends.add(expected.status)

    assert ends == {"succeeded", "failed"}


@pytest.mark.uncounted
def test_races_and_cancelled_runs_end_each_step_once_and_begin_nothing_that_was_stopped():
    ends: set[str] = set()

    for tree, order, name in trees(share(1200), races=True):
        driver = Nested(tree, order)
        driver.record(RunStarted(workflow="w"))
        if order.random() < 0.5:
            driver.go_on(order.randrange(40))
            if not driver.scheduler.over:
                driver.record(RunCancelled(reason="enough"))
        ends.add(driver.go_on())
        assert driver.late == [], name
        assert is_clean(driver), name

    assert ends == {"succeeded", "failed", "cancelled"}


@pytest.mark.uncounted
@pytest.mark.parametrize("races", [False, True])
def test_a_log_that_is_cut_anywhere_any_number_of_times_is_gone_on_with_to_the_end(races):
    for tree, order, name in trees(share(900), races=races):
        whole = Nested(tree, order)
        whole.run()
        driver = Nested(tree, order)
        driver.replay(whole.log[: order.randrange(1, len(whole.log) + 1)])
        while order.random() < 0.4:
            driver.record(RunResumed(epoch=2))
            driver.go_on(order.randrange(1, 30))
            driver.crash()
        driver.record(RunResumed(epoch=2))
        driver.go_on()
        again = Nested(tree, order)
        again.replay(driver.log)
        assert is_clean(driver), name
        assert again.scheduler.statuses == driver.scheduler.statuses, name
        assert again.scheduler.finished == driver.scheduler.finished, name
        if not races:
            expected = Recursion(tree).run()
            assert driver.final == expected.ends, name
            assert driver.scheduler.finished == expected.status, name


@pytest.mark.uncounted
def test_an_interrupted_run_repeats_no_step_that_succeeded():
    for tree, order, name in trees(share(900), plain=True, races=True):
        whole = Nested(tree, order)
        whole.run()
        cut = order.randrange(1, len(whole.log) + 1)
        driver = Nested(tree, order)
        driver.replay(whole.log[:cut])
        driver.record(RunResumed(epoch=2))
        driver.go_on()
        done: set[str] = set()
        for event in driver.log:
            if isinstance(event, StepCompleted):
                done.add(event.path)
            elif isinstance(event, StepAttemptFailed):  # its next attempt begins with a clean slate
                done = {path for path in done if not path.startswith(f"{event.path}/")}
            elif isinstance(
                event, StepFailed | StepCancelled
            ):  # it cleans up again at its next end
                done = {path for path in done if not path.startswith(f"{event.path}/@")}
            elif isinstance(event, StepStarted):
                assert event.path not in done, f"{event.path} ran again, {name}"
            elif isinstance(event, BlockEntered) and is_main(event.block):
                assert event.path not in done, f"{event.path} was entered again, {name}"


def drive(*steps: Spec, seed: int = 0) -> Nested:
    driver = Nested(Tree([*steps], {}, seed), random.Random(seed))
    driver.run()
    return driver


def test_the_numbers_of_what_is_over_are_used_again():
    group = Spec("g", body="group", repeat="loop", count=40, tolerated=True)
    group.blocks["steps"] = [Spec(f"a{n}", tolerated=True) for n in range(5)]

    driver = drive(group)

    assert driver.final["g"] == "succeeded"
    assert len(driver.scheduler.nodes) == 1 + 5
    assert driver.scheduler.numbers == {"g": 0}


def test_a_map_of_groups_has_numbers_for_those_under_way_only():
    group = Spec("g", body="group", repeat="map", count=100, width=2, policy="keep", tolerated=True)
    group.blocks["steps"] = [Spec("a", tolerated=True), Spec("b", needs=("a",), tolerated=True)]

    driver = drive(group)

    assert driver.final["g"] == "succeeded"
    assert len(driver.scheduler.nodes) == 1 + 2 * 2
