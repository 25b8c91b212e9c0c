"""The solver: answers that are confirmed, limits that hold, workers that may die."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from ciranda.errors import PoolError
from ciranda.events.judging import Verdict
from ciranda_experts.intent.reading import read_condition, read_intent
from ciranda_experts.logic import judge
from ciranda_experts.presolve.problem import Answer, Problem
from ciranda_experts.presolve.witness import witnesses
from ciranda_experts.solver.solver import Solver, Why
from tests.effort import THOROUGH

from .hang_prone import HANG_PRONE
from .random_problems import INT, REAL, condition

pytestmark = pytest.mark.anyio
on_asyncio = pytest.mark.parametrize("anyio_backend", ["asyncio"])
HARD = "a ** 3 + b ** 3 == c ** 3"


def problem_of(*texts, violate=None, **sorts):
    assume = tuple(condition(read_condition(text, sorts), at) for at, text in enumerate(texts))
    claim = None if violate is None else condition(read_condition(violate, sorts), len(texts))
    return Problem(sorts, None, assume, claim)


EASY = problem_of("x > 1", x=INT)
FERMAT = problem_of("a > 0 and b > 0 and c > 0", HARD, a=INT, b=INT, c=INT)


@pytest.fixture
async def solver():
    async with Solver(workers=1, memory_mb=256) as made:
        yield made


def worker_of(solver):
    pool = solver._pool
    workers = [*pool._busy, *pool._idle]
    return workers[0]._pid if workers else 0


def alive(pid):
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


async def until(done, seconds=20.0):
    with anyio.fail_after(seconds):
        while not done():  # noqa: ASYNC110  nothing tells of the end of a process
            await anyio.sleep(0.005)


async def kill_when_busy(solver, killed, times):
    while len(killed) < times:
        pool = solver._pool
        pid = next((worker._pid for worker in pool._busy if worker._pid not in killed), 0)
        if pid:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        await anyio.sleep(0.005)


async def test_a_model_is_in_the_names_of_the_user(solver):
    decision = await solver.decide(
        problem_of("let == 2 * forall", "forall > 3", let=INT, forall=INT), budget=20
    )

    assert decision.answer is Answer.SATISFIABLE
    assert decision.model["let"] == 2 * decision.model["forall"] > 6


async def test_a_contradiction_names_its_core_and_who_found_it(solver):
    problem = problem_of("x > 3", "y > 3", "x < 2", x=INT, y=INT)

    decision = await solver.decide(problem, budget=20)

    assert decision.answer is Answer.UNSATISFIABLE
    assert decision.core == ("pre[0]", "pre[2]")
    assert decision.certificate["method"] == "z3"
    assert decision.certificate["strategy"] == "simplex"
    assert decision.certificate["version"].split(".")[0].isdigit()


async def test_problems_of_one_intent_are_decided_in_one_call(solver):
    pre = condition(read_condition("x > 1", {"x": INT}))
    claims = [condition(read_condition(f"x > {n}", {"x": INT}), n + 1) for n in range(4)]
    problems = [Problem({"x": INT}, None, (pre,), claim) for claim in claims]

    decisions = await solver.decide_all(problems, budget=20)

    assert [each.answer for each in decisions] == [
        *[Answer.UNSATISFIABLE] * 2,
        *[Answer.SATISFIABLE] * 2,
    ]
    assert decisions[0].core == ("pre[0]", "pre[1]")
    assert witnesses(problems[2], decisions[2].model)
    assert solver.stats.calls == 1


async def test_another_seed_finds_the_same(solver):
    for problem in (EASY, problem_of("x > 3", "x < 2", x=INT), problem_of("x > y", x=REAL, y=REAL)):
        first = await solver.decide(problem, budget=20)
        again = await solver.decide(problem, budget=20, seed=7)

        assert first.answer is again.answer


async def test_what_cannot_be_decided_is_unknown_in_time(solver):
    await solver.decide(EASY, budget=20)
    start = time.monotonic()

    decision = await solver.decide(FERMAT, budget=0.1)

    assert decision.answer is Answer.UNKNOWN
    assert decision.reason == Why.TIMEOUT
    assert time.monotonic() - start < 15
    assert (await solver.decide(EASY, budget=20)).answer is Answer.SATISFIABLE


@on_asyncio
async def test_what_was_found_before_the_kill_counts(solver):
    surds = problem_of(
        "x ** 9 + y ** 9 + z ** 9 + w ** 9 == x * y * z * w + 7",
        "x ** 8 * y - z * w ** 7 == x + y * z - 3",
        "x * y ** 8 + z ** 7 * w == x * w - y + 1 / 3",
        x=REAL, y=REAL, z=REAL, w=REAL,
    )  # fmt: skip
    await solver.decide(EASY, budget=20)

    easy, hard = await solver.decide_all([EASY, surds], budget=0.6)

    assert easy.answer is Answer.SATISFIABLE
    assert hard.answer is Answer.UNKNOWN
    assert hard.reason == Why.TIMEOUT


@on_asyncio
async def test_a_worker_that_dies_once_is_replaced_within_the_call(solver):
    await solver.decide(EASY, budget=20)
    killed: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill_when_busy, solver, killed, 1)
        decision = await solver.decide(FERMAT, budget=1.0)
        tasks.cancel_scope.cancel()

    assert decision.answer is Answer.UNKNOWN
    assert decision.reason in (Why.TIMEOUT, Why.UNDECIDED, Why.MEMORY)
    assert solver.stats.lost >= 1


@on_asyncio
async def test_a_worker_that_dies_twice_verifies_nothing(solver):
    await solver.decide(EASY, budget=20)
    killed: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(kill_when_busy, solver, killed, 2)
        decision = await solver.decide(FERMAT, budget=30)
        tasks.cancel_scope.cancel()

    assert decision.answer is Answer.UNKNOWN
    # When the kernel kills for memory at that moment, elsewhere, it is taken for the reason.
    assert decision.reason in (Why.CRASHED, Why.MEMORY)
    assert (await solver.decide(EASY, budget=20)).answer is Answer.SATISFIABLE
    assert not any(alive(pid) for pid in killed)


async def test_no_process_is_left():
    async with Solver(workers=1) as solver:
        await solver.decide(EASY, budget=20)
        first = worker_of(solver)
        with anyio.move_on_after(0.05):
            await solver.decide(FERMAT, budget=20)
        await until(lambda: not alive(first))
        await solver.decide(EASY, budget=20)
        second = worker_of(solver)

    assert first != second
    await until(lambda: not alive(second))


@on_asyncio
async def test_memory_is_bounded_and_the_next_call_works():
    names = [f"p{number}" for number in range(40)]
    sorts = dict.fromkeys(names, INT)
    texts = [f"0 < {name} ** 9 < {10**90}" for name in names]
    texts += [f"{one} * {two} != {two} ** 3 + {one} % {two}" for one in names for two in names]
    async with Solver(workers=1, memory_mb=32) as solver:
        first = await solver.decide(problem_of(*texts, **sorts), budget=20)
        second = await solver.decide(EASY, budget=20)

    assert first.answer is Answer.UNKNOWN
    assert first.reason == Why.MEMORY
    assert second.answer is Answer.SATISFIABLE


@pytest.mark.parametrize(
    "answer",
    [
        "(1, 'z3', [5], True, (), '')",  # no model
        "(1, 'z3', [None], True, (), '')",
        "(1, 'z3', ['seven'], True, (), '')",
        "(1, 'z3', [], True, (), '')",
        "(1, 'z3', None, True, (), '')",
        "(1, 'z3', [7, 8], True, (), '')",
        "(-1, 'z3', None, True, (9,), '')",  # no such condition
        "(-1, 'z3', None, True, 3, '')",
        "(0, 'z3', None, True, (), 'timeout')",
        "('yes',)",
        "None",
        "7",
    ],
)
@on_asyncio
async def test_a_worker_is_not_believed(answer, tmp_path, monkeypatch):
    (tmp_path / "lying.py").write_text(
        f"def setup(options):\n    return {{'decide': lambda payload, call: ('5', [{answer}])}}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("ciranda_experts.solver.solver._SETUP", "lying:setup")
    async with Solver(workers=1) as solver:
        decision = await solver.decide(problem_of("x > 6", x=INT), budget=20)

    assert decision.answer is Answer.UNKNOWN


@on_asyncio
async def test_without_z3_nothing_is_verified(tmp_path, monkeypatch):
    (tmp_path / "missing.py").write_text("import no_such_solver\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("ciranda_experts.solver.solver._SETUP", "missing:setup")
    intent = read_intent({"constraints": ["x * x * x == y * y + 7 * x * y + 1", "x > 3"]})
    async with Solver(workers=1) as solver:
        with pytest.raises(PoolError, match="No module named 'no_such_solver'"):
            await solver.decide(EASY, budget=20)
        finding = await judge(intent, solver, 20, effort=0)

    assert finding.verdict is Verdict.UNCERTAIN
    assert finding.reason == "expert-missing"
    assert "no_such_solver" in finding.message


@pytest.mark.uncounted
@on_asyncio
async def test_what_hangs_ends_in_time_and_verifies_nothing():
    limit = 0.05
    late, wrong = [], []
    hang_prone = HANG_PRONE if THOROUGH else HANG_PRONE[::3]

    async with Solver(workers=2, memory_mb=256, warm=2) as solver:

        async def run(first):
            for data in hang_prone[first::2]:
                intent = read_intent(data)
                start = time.monotonic()
                finding = await judge(intent, solver, limit)
                late.append(time.monotonic() - start - limit)
                if finding.verdict is not Verdict.UNCERTAIN and not finding.proven:
                    wrong.append(data)

        async with anyio.create_task_group() as tasks:
            for first in range(2):
                tasks.start_soon(run, first)
        decision = await solver.decide(EASY, budget=20)

    assert len(HANG_PRONE) == 50
    assert len(late) == len(hang_prone)
    assert max(late) < 10  # 0.2 on a machine of its own: see benchmarks/experts_solver.py
    assert wrong == []
    assert decision.answer is Answer.SATISFIABLE
