"""Waiting for a worker that others hold takes nobody's time away."""

import importlib
import json
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from ciranda_experts import Isolation
from ciranda_experts.commands.answer import line
from ciranda_experts.council.crisis import CrisisSettings
from ciranda_experts.meter import Wait, worked
from ciranda_experts.presolve.problem import Answer
from ciranda_experts.solver.solver import Solver

from .judging import judgement as judgement_of
from .stage import A, U, ask, council, expert, finding, reasons
from .test_solver import EASY, FERMAT

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


class Workers:
    """An expert that needs a worker, of which there are too few."""

    def __init__(self, seconds, count=1):
        self.seconds = seconds
        self.free = anyio.Semaphore(count)
        self.order = []

    async def judge(self, question):
        with Wait() as wait:
            async with self.free:
                wait.end()
                self.order.append(question.intent.id or question.intent.post[0].text)
                await anyio.sleep(self.seconds)
        return finding()


def many(count):
    return [ask({"post": [f"x > {number}"]}, id=str(number)) for number in range(count)]


def timed(**fields):
    return {"clock": anyio.current_time, **fields}


async def judged(opened, requests):
    found = {}

    async def one(request):
        found[request.id] = await opened.judge(request)

    async with anyio.create_task_group() as group:
        for request in requests:
            group.start_soon(one, request)
            await anyio.sleep(1e-9)  # trio starts tasks in any order
    return [found[request.id] for request in requests]


async def test_who_waits_for_a_worker_has_all_of_their_time_left():
    workers = Workers(0.9)
    slow = expert("a", workers.judge, timeout=1.0)
    async with council(slow, mandatory=["a"], budget=1.0, given=timed()) as opened:
        found = await judged(opened, many(5))

    assert [one.verdict for one in found] == [A] * 5
    assert workers.order == [f"x > {number}" for number in range(5)]  # first come, first served
    assert [one.experts[0].latency for one in found] == pytest.approx([0.9] * 5)
    assert [one.waited for one in found] == pytest.approx([0, 0.9, 1.8, 2.7, 3.6])
    assert [one.latency for one in found] == pytest.approx([0.9, 1.8, 2.7, 3.6, 4.5])


async def test_who_has_waited_is_late_after_their_time_all_the_same():
    workers = Workers(2.0)
    slow = expert("a", workers.judge, timeout=1.0)
    async with council(slow, mandatory=["a"], given=timed()) as opened:
        found = await judged(opened, many(3))

    assert [one.verdict for one in found] == [U] * 3
    assert [one.experts[0].latency for one in found] == pytest.approx([1.0] * 3)
    assert [one.latency for one in found] == pytest.approx([1.0, 2.0, 3.0])


async def test_the_budget_of_a_request_begins_with_the_work():
    workers = Workers(0.4)
    async with council(expert("a", workers.judge), mandatory=["a"], given=timed()) as opened:
        first, second = ask(id="1"), ask({"post": ["x > 0"], "budget_ms": 500}, id="2")
        found = await judged(opened, [first, second])

    assert [one.verdict for one in found] == [A, A]
    assert found[1].latency == pytest.approx(0.8)


async def test_a_judgement_that_is_cancelled_gives_its_place_in_the_line_away():
    workers = Workers(1.0)
    async with council(expert("a", workers.judge), mandatory=["a"], given=timed()) as opened:
        first, second, third = many(3)
        async with anyio.create_task_group() as group:
            group.start_soon(opened.judge, first)
            await anyio.sleep(1e-9)
            with anyio.move_on_after(0.5):
                await opened.judge(second)
            judgement = await opened.judge(third)

    assert (judgement.latency, judgement.waited) == pytest.approx((1.5, 0.5))
    assert workers.order == ["x > 0", "x > 2"]


async def test_two_who_ask_the_same_wait_for_the_same_worker():
    workers = Workers(0.9)
    async with council(expert("a", workers.judge, timeout=1.0), given=timed()) as opened:
        busy, *same = [ask({"post": ["y > 1"]}, id="busy"), ask(id="1"), ask(id="2", key="k")]
        found = await judged(opened, [busy, *same])

    assert [one.verdict for one in found] == [A] * 3
    assert [one.waited for one in found] == pytest.approx([0, 0.9, 0.9])
    assert len(workers.order) == 2


async def test_work_before_and_between_the_waiting_counts():
    async def judge(_):
        begun = worked()
        for _ in range(3):
            await anyio.sleep(0.2)
            with Wait():
                await anyio.sleep(5)
        return finding(evidence={"begun": begun})

    one = expert("a", judge, pure=False)
    async with council(one, given=timed(), budget=0.65) as opened:
        found = await opened.judge(ask())
        late = await opened.judge(ask(budget=0.55))

    assert (found.latency, found.experts[0].latency) == pytest.approx((15.6, 0.6))
    assert (late.reason, late.waited) == ("expert-timeout", pytest.approx(10))
    assert late.latency == pytest.approx(10.55)


async def test_waiting_is_no_slowness_that_would_begin_a_crisis():
    workers = Workers(0.9)
    rules = CrisisSettings(minimum=2, latency=1.0)
    async with council(expert("a", workers.judge), crisis=rules, given=timed()) as opened:
        await judged(opened, many(6))
        assert opened.crisis.count == 0
        workers.seconds = 3.0
        await judged(opened, [ask({"post": ["y > 1"]}), ask({"post": ["y > 2"]})])
        assert opened.crisis.cause == "latency"


async def test_without_an_expert_at_work_nobody_measures():
    begun = worked()
    with Wait(1.0) as wait:
        wait.end()
        wait.end()

    assert worked() >= begun


def test_an_answer_tells_of_the_waiting():
    waited = json.loads(line(judgement_of(latency=3.0, waited=2.5)))

    assert (waited["latency_ms"], waited["waited_ms"]) == (3000, 2500)
    assert "waited_ms" not in json.loads(line(judgement_of()))


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # processes are the same on either loop
async def test_an_easy_problem_behind_a_hard_one_is_decided(anyio_backend):
    answers: dict[str, Any] = {}

    async def decide(name, problem, budget):
        answers[name] = await opened.decide(problem, budget=budget)

    async with Solver(workers=1, memory_mb=256) as opened:
        await opened.decide(EASY, budget=20)  # it is warm
        async with anyio.create_task_group() as group:
            group.start_soon(decide, "hard", FERMAT, 0.7)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(decide, "easy", EASY, 0.5)

    assert (answers["hard"].answer, answers["hard"].reason) == (Answer.UNKNOWN, "timeout")
    assert answers["easy"].answer is Answer.SATISFIABLE


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_who_waits_for_a_process_has_all_of_their_time_left(
    anyio_backend, tmp_path, monkeypatch
):
    source = Path(__file__).with_name("in_processes.py").read_text("utf-8")
    (tmp_path / "ciranda_queueing_experts.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("ciranda_queueing_experts")
    fields = {"isolation": Isolation.PROCESS, "pure": False}
    hanging = expert("hanging", module.hang, timeout=0.9, **fields)
    quick = expert("quick", module.approve, timeout=0.8, **fields)
    async with council(hanging, quick, processes=1) as opened:
        found = await opened.judge(ask())

    assert reasons(found) == {"hanging": "expert-timeout", "quick": "looked"}
    assert found.waited >= 0.8
    assert found.experts[1].latency <= 0.8


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_who_waits_for_a_thread_has_all_of_their_time_left(anyio_backend):
    def sleep(_):
        time.sleep(0.3)
        return finding()

    slow = expert("a", sleep, isolation=Isolation.THREAD, timeout=0.55)
    async with council(slow, threads=1, mandatory=["a"]) as opened:
        found = await judged(opened, many(2))

    assert [one.verdict for one in found] == [A, A]
    assert found[1].waited >= 0.2
