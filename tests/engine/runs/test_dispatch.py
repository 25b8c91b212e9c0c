"""A run's ready steps, admitted as its dispatch says: order, slots, resources, limiter."""

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest

from ciranda.actions import action
from ciranda.context import Context
from ciranda.errors import InputError
from ciranda.events import (
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
)
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.window import Window
from ciranda.runs.dispatch import Dispatch
from ciranda.runs.outcome import RunResult
from ciranda.testing import Harness, harness
from ciranda.workflow.builder import Workflow

pytestmark = pytest.mark.anyio

TWO = Limiter([Window(2, 1)], anyio.current_time)


async def nap(s: float = 10, **_: Any) -> float:
    await anyio.sleep(s)
    return s


MOCKS = {"t.nap": nap, "t.ok": 1, "t.fail": ValueError("no")}


def flow_of(steps: Mapping[str, Any]) -> Workflow:
    """Return a flow of naps: seconds, or (seconds, needs)."""
    flow = Workflow("naps")
    for name, what in steps.items():
        seconds, needs = what if isinstance(what, tuple) else (what, [])
        flow.step(name, uses="t.nap", with_={"s": seconds}, needs=[*needs], estimate=f"{seconds}s")
    return flow


def starts(h: Harness, run: str | None = None) -> dict[str, float]:
    """Return when the steps began, in seconds from the first start."""
    events = h.events(StepStarted, run)
    return {event.path: round(event.at - events[0].at, 6) for event in events}


async def began(flow: Workflow | str, dispatch: Dispatch) -> dict[str, float]:
    async with harness(mocks=MOCKS) as h:
        await run(h, flow, dispatch)
        return starts(h)


async def run(h: Harness, flow: Workflow | str, dispatch: Dispatch) -> RunResult:
    checked = h.load(flow) if isinstance(flow, str) else flow
    return await h.engine.run(checked, dispatch=dispatch)


def limiter(*limits: int, per: float = 60, names: Sequence[str] = ()) -> Limiter:
    return Limiter([Window(limit, per) for limit in limits], anyio.current_time, names)


# A pure reference


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


async def test_cheap_steps_do_not_overtake_the_one_that_waits_in_front() -> None:
    flow = flow_of({"first": 1, "large": 1, "small": 1, "free": 1})
    dispatch = Dispatch(
        order={"first": 0, "large": 1, "small": 2, "free": 3},
        limiter=limiter(10, per=60),
        costs={"first": (5,), "large": (8,), "small": (1,)},
    )

    assert await began(flow, dispatch) == {"first": 0, "free": 0, "large": 60, "small": 60}


async def test_a_step_that_waits_for_the_limiter_holds_no_slot() -> None:
    flow = flow_of({"a": 1, "b": 1, "c": 30})
    dispatch = Dispatch(
        most=1,
        order={"a": 0, "b": 1, "c": 2},
        limiter=limiter(1, per=20),
        costs={"a": (1,), "b": (1,)},
    )

    assert await began(flow, dispatch) == {"a": 0, "c": 1, "b": 31}


async def test_a_skipped_front_lets_the_next_go_and_gives_its_grant_back() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.nap, if: run.name == 'x'}\n"
        "  b: {uses: t.nap, if: run.name != 'x'}\n"
        "  c: {uses: t.nap}"
    )
    limit = limiter(2, per=60)
    dispatch = Dispatch(limiter=limit, costs={"a": (2,), "b": (1,), "c": (1,)})
    async with harness(mocks=MOCKS) as h:
        result = await run(h, text, dispatch)

        assert result.ok
        assert [event.path for event in h.events(StepSkipped)] == ["a"]
        assert starts(h) == {"b": 0, "c": 0}


async def test_what_was_used_corrects_the_grant() -> None:
    @action("ask.model")
    async def ask(ctx: Context) -> None:
        await anyio.sleep(1)
        ctx.used(input_tokens=20)

    limit = limiter(10, 100, names=("requests", "input-tokens"))
    dispatch = Dispatch(
        most=1,
        order={"a": 0, "b": 1},
        limiter=limit,
        costs={"a": (1, 80), "b": (1, 80)},
    )
    async with harness() as h:
        flow = Workflow("asking")
        flow.step("a", uses=ask)
        flow.step("b", uses=ask)
        await run(h, flow, dispatch)

        assert starts(h) == {"a": 0, "b": 1}
        assert limit.fill() == pytest.approx((0.2, 0.4))


async def test_a_rate_limited_attempt_pauses_everybody() -> None:
    from ciranda.errors import StepError

    calls: list[float] = []

    async def busy(**_: Any) -> None:
        calls.append(anyio.current_time())
        if len(calls) == 1:
            raise StepError("rate_limited", "too many", retry_after=30.0)

    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.busy, retry: {attempts: 2, on: [rate_limited], backoff: 1s}}\n"
        "  b: {uses: t.busy}"
    )
    dispatch = Dispatch(
        most=1, order={"a": 0, "b": 1}, limiter=limiter(9), costs={"b": (1,), "a": (1,)}
    )
    async with harness(mocks={"t.busy": busy}) as h:
        await run(h, text, dispatch)

    assert calls[1] - calls[0] >= 30


# Retries, maps, cancelling


async def test_a_back_off_holds_nothing_and_each_attempt_is_admitted() -> None:
    failed: list[str] = []

    async def once(**_: Any) -> None:
        await anyio.sleep(1)
        if not failed:
            failed.append("once")
            raise ConnectionError("gone")

    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.once, retry: {attempts: 2, backoff: 5s, jitter: none}}\n"
        "  b: {uses: t.nap}"
    )
    dispatch = Dispatch(
        most=1,
        order={"a": 0, "b": 1},
        capacities={"db": 1},
        demands={"a": {"db": 1}, "b": {"db": 1}},
        limiter=limiter(2, per=60),
        costs={"a": (1,), "b": (1,)},
    )
    async with harness(mocks={"t.once": once, **MOCKS}) as h:
        result = await run(h, text, dispatch)

        assert result.ok
        first = h.events(StepStarted)[0].at
        found = [
            (event.path, event.attempt, round(event.at - first)) for event in h.events(StepStarted)
        ]
        assert found == [("a", 1, 0), ("b", 1, 1), ("a", 2, 60)]


async def test_each_item_of_a_map_takes_a_slot_and_its_step_none() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        "  m: {map: [1, 2, 3, 4], uses: t.nap, with: {s: 2}}\n"
        "  after: {uses: t.nap, needs: [m], with: {s: 1}}\n"
        "  other: {uses: t.nap, with: {s: 2}}"
    )
    dispatch = Dispatch(
        most=3,
        order={"m": 0, "after": 1, "other": 2},
        capacities={"cpu": 2},
        demands={"m": {"cpu": 1}},
    )

    assert await began(text, dispatch) == {
        "m/0": 0,
        "m/1": 0,
        "other": 0,
        "m/2": 2,
        "m/3": 2,
        "after": 4,
    }


async def test_what_comes_to_no_attempt_waits_for_nothing() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        "  m: {map: [1, 2, 3], when: item > 2, uses: t.nap}\n"
        "  one: {uses: t.ok}\n"
        "  bad: {map: '${{ steps.one.output }}', uses: t.nap}\n"
        "  z: {uses: t.nap}"
    )
    dispatch = Dispatch(
        most=1, order={"one": 0, "z": 1}, limiter=limiter(1), costs={"m": (1,), "bad": (1,)}
    )
    async with harness(mocks=MOCKS) as h:
        result = await run(h, text, dispatch)

        assert starts(h) == {"one": 0, "z": 0, "m/2": 10}
        assert [event.path for event in h.events(StepSkipped)] == ["m/0", "m/1"]
        assert "map needs a list" in h.events(StepFailed)[0].error.message
        assert result.failures == ("bad",)


async def test_cancelling_ends_those_that_wait_and_those_that_run() -> None:
    limit = limiter(1, per=1000)
    dispatch = Dispatch(most=2, order={"a": 0, "b": 1}, limiter=limit, costs={"a": (1,), "b": (1,)})
    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.nap}\n"
        "  b: {uses: t.nap}\n"
        "  c: {uses: t.nap}\n"
        "  d: {uses: t.nap}\n"
        "  last: {uses: t.nap, needs: [a, b], if: always()}"
    )
    async with harness(mocks=MOCKS) as h:
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, text, dispatch)
            await anyio.sleep(3)
            h.engine.cancel("enough")

        assert sorted(event.path for event in h.events(StepCancelled)) == ["a", "b", "c", "d"]
        assert starts(h) == {"a": 0, "c": 0, "last": 3}
        await run(h, flow_of({"a": 1, "b": 1}), Dispatch(most=1))  # nothing is left of it


async def test_a_cancelled_front_lets_those_behind_it_go() -> None:
    text = (
        "ciranda: 1\nsteps:\n"
        '  m: {map: [1, 2], uses: t.breaks, with: {n: "${{ item }}"}}\n'
        "  z: {uses: t.nap}"
    )

    async def breaks(n: int) -> None:
        await anyio.sleep(4)
        raise ValueError(n)

    dispatch = Dispatch(order={"m": 0, "z": 1}, limiter=limiter(8), costs={"m": (7,), "z": (1,)})
    async with harness(mocks={"t.breaks": breaks, **MOCKS}) as h:
        await run(h, text, dispatch)

        assert starts(h) == {"m/0": 0, "z": 4}
        assert [event.path for event in h.events(StepCancelled)] == ["m/1"]


async def test_a_resumed_run_is_dispatched_like_a_new_one() -> None:
    dispatch = Dispatch(most=1, order={"c": 0, "b": 1, "a": 2})
    async with harness(mocks=MOCKS) as h:
        async with anyio.create_task_group() as group:
            text = "".join(f"  {name}: {{uses: t.nap}}\n" for name in "abc")
            group.start_soon(run, h, f"ciranda: 1\nsteps:\n{text}", dispatch)
            await anyio.sleep(15)
            h.engine.cancel("enough")
        done = len(h.events(StepStarted))
        result = await h.engine.resume("last", dispatch=dispatch)

        assert result.ok
        assert [event.path for event in h.events(StepStarted)[done:]] == ["b", "a"]


async def test_kept_on_disk_it_is_the_same(tmp_path: Any) -> None:
    case = random_case(4)
    async with harness(mocks=MOCKS, store="disk", folder=tmp_path) as h:
        await run(h, flow_of(case.steps), case.dispatch())

        assert starts(h) == simulate(case)


# What outlives its step


async def test_a_thread_that_is_given_up_keeps_what_it_holds_until_it_has_ended() -> None:
    begun, go = threading.Event(), threading.Event()

    @action("t.stuck")
    def stuck() -> None:
        begun.set()
        go.wait(5)

    text = (
        "ciranda: 1\nsteps:\n"
        "  a: {uses: t.stuck, executor: thread}\n"
        "  b: {uses: t.ok, needs: [a], if: always()}\n"
        "  z: {uses: t.ok, needs: [a], if: always()}"
    )
    demands = {"a": {"file": 1}, "b": {"file": 1}}
    dispatch = Dispatch(order={"a": 0, "b": 1}, capacities={"file": 1}, demands=demands)
    async with harness(mocks={"t.stuck": stuck, **MOCKS}) as h:
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, text, dispatch)
            await anyio.to_thread.run_sync(begun.wait)
            h.engine.cancel("enough")
            for _ in range(50):  # time stands still while a thread is at work
                await anyio.lowlevel.checkpoint()
            before = [*starts(h)]
            go.set()

        assert before == ["a", "z"]
        assert [*starts(h)] == ["a", "z", "b"]


# Mistakes


async def test_a_dispatch_is_for_steps_that_are_there_and_for_one_run_at_a_time() -> None:
    flow, dispatch = flow_of({"a": 5}), Dispatch(most=1)
    async with harness(mocks=MOCKS) as h:
        with pytest.raises(InputError, match="`order` names the step 'b', which the workflow does"):
            await run(h, flow, Dispatch(order={"b": 1}))
        async with anyio.create_task_group() as group:
            group.start_soon(run, h, flow, dispatch)
            await anyio.sleep(1)
            with pytest.raises(InputError, match="another run uses it now: make one for each"):
                await run(h, flow, dispatch)
        with pytest.raises(InputError, match="`most` is 0"):
            dispatch.resize(0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"most": 0}, r"`most` is 0: at least one step"),
        ({"demands": {"a": {"cpu": 1}}}, r"'a' demands 'cpu', which has no capacity"),
        (
            {"demands": {"a": {"cpu": 3}}, "capacities": {"cpu": 2}},
            r"'a' demands 3 of 'cpu': from 1 to 2",
        ),
        ({"costs": {"a": (1,)}}, r"'a' has a cost, but there is no limiter"),
        ({"costs": {"a": (1, 2)}, "limiter": TWO}, r"'a' costs 1, 2, but the limiter has 1 "),
        ({"costs": {"a": (9,)}, "limiter": TWO}, r"'a' costs 9, which a limit of 2 can never"),
    ],
)
def test_rules_that_cannot_work_are_refused(words: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Dispatch(**words)
