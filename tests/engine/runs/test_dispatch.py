"""A run's ready steps, admitted as its dispatch says: order, slots, resources."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from ciranda.events import (
    StepCompleted,
    StepStarted,
)
from ciranda.runs.dispatch import Dispatch
from ciranda.testing import harness

from .naps import MOCKS, began, flow_of, limiter, run, starts

pytestmark = pytest.mark.anyio


@dataclass
class Case:
    """A random problem: whole seconds, so that ends often fall on the same moment."""

    steps: dict[str, tuple[int, list[str]]]
    order: dict[str, int]
    most: int | None = None
    capacities: dict[str, int] = field(default_factory=dict)
    demands: dict[str, dict[str, int]] = field(default_factory=dict)
    limits: tuple[int, ...] = ()
    costs: dict[str, tuple[int, ...]] = field(default_factory=dict)
    per: int = 7

    def dispatch(self) -> Dispatch:
        return Dispatch(
            order=self.order,
            most=self.most,
            capacities=self.capacities,
            demands=self.demands,
            limiter=limiter(*self.limits, per=self.per) if self.limits else None,
            costs=self.costs,
        )


def random_case(seed: int) -> Case:
    rng = random.Random(seed)
    names = [f"s{number}" for number in range(rng.randint(2, 18))]
    steps = {
        name: (rng.randint(1, 5), [need for need in names[:at] if rng.random() < 2 / (at + 1)])
        for at, name in enumerate(names)
    }
    places = list(range(len(names)))
    rng.shuffle(places)
    case = Case(steps, dict(zip(names, places, strict=True)))
    case.most = rng.choice([None, 1, 2, 3])
    if rng.random() < 0.7:
        case.capacities = {"cpu": 2, "file": 1}
        for name in names:
            wanted = {key: rng.randint(0, most) for key, most in case.capacities.items()}
            case.demands[name] = {key: units for key, units in wanted.items() if units}
    if rng.random() < 0.7:
        case.limits = (3, 10)
        for name in names:
            if rng.random() < 0.7:
                case.costs[name] = (1, rng.randint(0, 10))
    return case


def simulate(case: Case) -> dict[str, float]:
    """Return when each step begins, with nothing clever in it.

    Whenever a step ends, or the limiter has room for the one in front, all are looked at anew.
    """
    begun: dict[str, int] = {}
    second = 0

    def fits(name: str, at: int) -> bool:
        spent = [
            case.costs[other]
            for other, start in begun.items()
            if other in case.costs and start > at - case.per
        ]
        sums = [sum(column) for column in zip(case.costs[name], *spent, strict=True)]
        return all(units <= most for units, most in zip(sums, case.limits, strict=True))

    while len(begun) < len(case.steps):
        ended = {name for name, at in begun.items() if at + case.steps[name][0] <= second}
        ready = [name for name, (_, needs) in case.steps.items() if ended.issuperset(needs)]
        front = ""
        for name in sorted(set(ready) - set(begun), key=case.order.__getitem__):
            under_way = set(begun) - ended
            if case.most is not None and len(under_way) >= case.most:
                break
            held = Counter[str]()
            for other in under_way:
                held.update(case.demands.get(other, {}))
            wanted = case.demands.get(name, {})
            if any(held[key] + units > case.capacities[key] for key, units in wanted.items()):
                continue
            if name in case.costs and (front or not fits(name, second)):
                front = front or name
                continue
            begun[name] = second
        ends = [at + case.steps[name][0] for name, at in begun.items() if name not in ended]
        second += 1
        while second not in ends and not (front and fits(front, second)):
            if not ends and not front:
                break
            second += 1
    return {name: float(at) for name, at in begun.items()}


@pytest.mark.uncounted
@pytest.mark.parametrize("block", range(4))
async def test_a_run_is_the_reference_to_the_moment(block: int) -> None:
    async with harness(mocks=MOCKS) as h:
        for seed in range(15 * block, 15 * block + 15):
            case = random_case(seed)
            result = await run(h, flow_of(case.steps), case.dispatch())

            assert result.ok
            assert starts(h, result.run_id) == simulate(case), f"seed {seed}"


# Order and slots


async def test_the_order_wins_over_the_rank_and_who_has_no_place_comes_last() -> None:
    flow = flow_of({"long": 9, "a": 1, "b": 1})

    assert await began(flow, Dispatch(most=1, order={"b": 0, "a": 1})) == {
        "b": 0,
        "a": 1,
        "long": 2,
    }
    assert await began(flow, Dispatch(most=1)) == {"long": 0, "a": 9, "b": 10}


async def test_the_smaller_of_settings_and_dispatch_holds() -> None:
    flow = flow_of({"a": 1, "b": 1, "c": 1})
    async with harness(mocks=MOCKS, settings={"run": {"max_parallel": 2}}) as h:
        await run(h, flow, Dispatch(most=3))

        assert sorted(starts(h).values()) == [0, 0, 1]


async def test_fewer_slots_stop_nobody_and_more_are_used_at_once() -> None:
    dispatch = Dispatch(most=3, order={f"s{number}": number for number in range(8)})
    async with harness(mocks=MOCKS) as h:
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, flow_of({f"s{number}": 10 for number in range(8)}), dispatch)
            await anyio.sleep(5)
            dispatch.resize(1)
            await anyio.sleep(10)
            assert len(h.events(StepCompleted)) == 3
            dispatch.resize(2)

        assert [*starts(h).values()] == [0, 0, 0, 10, 15, 20, 25, 30]
        assert dispatch.most == 2


async def test_equal_places_go_by_age() -> None:
    flow = flow_of({"z": (1, []), "young": (1, ["z"]), "old": (1, []), "last": (1, ["old"])})
    dispatch = Dispatch(most=1, order={"z": 0, "young": 1, "old": 1, "last": 1})

    assert await began(flow, dispatch) == {"z": 0, "old": 1, "young": 2, "last": 3}


# Resources


async def test_a_step_without_its_resource_holds_no_slot() -> None:
    flow = flow_of({"a": 5, "b": 5, "c": 1, "d": 1})
    dispatch = Dispatch(
        most=2,
        order={"a": 0, "b": 1, "c": 2, "d": 3},
        capacities={"file": 1},
        demands={"a": {"file": 1}, "b": {"file": 1}},
    )

    assert await began(flow, dispatch) == {"a": 0, "c": 0, "d": 1, "b": 5}


async def test_what_was_waited_for_is_told() -> None:
    flow = flow_of({"a": 5, "b": 5, "c": 2, "d": 2})
    dispatch = Dispatch(
        most=2,
        order={"a": 0, "b": 1, "c": 2, "d": 3},
        capacities={"file": 1},
        demands={"a": {"file": 1}, "b": {"file": 1}},
        limiter=limiter(1, per=4),
        costs={"c": (1,), "d": (1,)},
    )
    async with harness(mocks=MOCKS) as h:
        await run(h, flow, dispatch)

        told = {event.path: event.waited for event in h.events(StepStarted)}
        assert told == {
            "a": {},
            "c": {},
            "d": {"workers": pytest.approx(2), "limit": pytest.approx(2)},
            "b": {"workers": pytest.approx(3), "resources": pytest.approx(2)},
        }


# The limiter


async def test_kept_on_disk_it_is_the_same(tmp_path: Any) -> None:
    case = random_case(4)
    async with harness(mocks=MOCKS, store="disk", folder=tmp_path) as h:
        await run(h, flow_of(case.steps), case.dispatch())

        assert starts(h) == simulate(case)


# What outlives its step
