"""Experts that crash, hang, lie or answer too much: never an approval, and the others stand."""

import importlib
import math
import threading
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from ciranda.errors import StepError
from ciranda.events.judging import Opinion, Verdict
from ciranda_experts import Expert, Finding, Isolation
from ciranda_experts.council.answer import opinion_of
from ciranda_experts.council.worker import setup

from .stage import A, R, U, ask, council, expert, finding, reasons

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True, kw_only=True)
class Better(Finding):
    """A finding with ideas of its own."""


def raising(error):
    def judge(_):
        raise error

    return judge


async def cancelled(_):
    raise anyio.get_cancelled_exc_class()


GARBAGE = {
    "nothing": None,
    "text": "approved",
    "truth": True,
    "twice": [finding(), finding()],
    "opinion": Opinion(expert="logic", verdict=A, confidence=1.0, reason="proved"),
    "subclass": Better(verdict=A, confidence=0.9, reason="looked"),
    "verdict": finding("approved"),
    "nan": finding(confidence=math.nan),
    "inf": finding(confidence=math.inf),
    "above": finding(confidence=1.01),
    "below": finding(confidence=-0.01),
    "truth-as-number": finding(confidence=True),
    "text-as-number": finding(confidence="0.9"),
    "no-reason": finding(reason=""),
    "long-reason": finding(reason="x" * 1000),
    "reason": finding(reason=7),
    "message": finding(message=b"bytes"),
    "evidence": finding(evidence=["x"]),
    "objects": finding(evidence={"x": object()}),
    "keys": finding(evidence={1: 2}),
    "surrogate": finding(evidence={"x": "\ud800"}),
    "much": finding(evidence={"x": "y" * (2 << 20)}),
    "proven": finding(proven="yes"),
    "generator": (one for one in [finding()]),
}
loop: dict[str, object] = {}
loop["again"] = loop
GARBAGE["loop"] = finding(evidence=loop)


@pytest.mark.parametrize("found", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
async def test_an_answer_that_is_none_approves_nothing(found, later):
    async def judge_later(_):
        return found

    judge = judge_later if later else lambda _: found
    async with council(expert("bad", judge), expert("good"), mandatory=["bad"]) as opened:
        judgement = await opened.judge(ask())

    assert judgement.verdict is U
    assert judgement.reason == "expert-garbage"
    assert judgement.message.startswith("Expert 'bad': ")
    assert reasons(judgement)["good"] == "looked"
    assert not any(math.isnan(one.confidence) for one in judgement.experts)


def test_the_sentence_says_what_the_answer_was():
    said = {name: opinion_of(expert("bad"), one, 0.0).message for name, one in GARBAGE.items()}

    assert "it answered 2 times" in said["twice"]
    assert "it returned the opinion of 'logic'" in said["opinion"]
    assert "its verdict is 'approved': one of approved, rejected" in said["verdict"]
    assert "its confidence is nan: a number from 0 to 1" in said["nan"]
    assert "evidence.x is an object" in said["objects"]
    assert "bytes, more than 1048576" in said["much"]
    assert "nests deeper than 64 levels" in said["loop"]


CRASHES = {
    "error": raising(ValueError("no")),
    "exit": raising(SystemExit(0)),
    "interrupt": raising(KeyboardInterrupt()),
    "group": raising(ExceptionGroup("many", [ValueError("no")])),
    "arguments": Finding,  # which takes no Question
}


@pytest.mark.parametrize("judge", CRASHES.values(), ids=CRASHES)
@pytest.mark.parametrize("isolation", [Isolation.INLINE, Isolation.THREAD])
async def test_a_crash_is_an_opinion_that_names_it(judge, isolation):
    bad = expert("bad", judge, isolation=isolation)
    async with council(bad, expert("good"), mandatory=["bad"]) as opened:
        judgement = await opened.judge(ask())

    assert (judgement.verdict, judgement.reason) == (U, "expert-crashed")
    assert judgement.message.startswith("Expert 'bad' raised ")
    assert reasons(judgement)["good"] == "looked"


async def test_an_expert_that_lets_a_foreign_cancellation_through_has_crashed():
    async def judge(_):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep(1)
        raise LookupError("after its own")

    async with council(expert("bad", judge), mandatory=["bad"]) as opened:
        assert (await opened.judge(ask())).reason == "expert-crashed"


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_cancellation_out_of_the_blue_is_a_crash(anyio_backend):
    async with council(expert("bad", cancelled), mandatory=["bad"]) as opened:
        judgement = await opened.judge(ask())

    assert judgement.reason == "expert-crashed"
    assert "what it waited for was cancelled" in judgement.message


async def test_an_expert_that_is_not_mandatory_may_fail_and_the_verdict_of_the_others_stands():
    experts = [
        expert("crash", raising(ValueError("no"))),
        expert("nan", finding(confidence=math.nan)),
        expert("good"),
    ]
    async with council(*experts, mandatory=["good"]) as opened:
        judgement = await opened.judge(ask())

    assert judgement.verdict is A
    assert reasons(judgement) == {
        "crash": "expert-crashed", "nan": "expert-garbage", "good": "looked",
    }  # fmt: skip
    assert judgement.dissent == ()


async def test_when_all_experts_crash_nothing_goes_on():
    bad = raising(RuntimeError("down"))
    async with council(expert("a", bad), expert("b", bad), threshold=0.0) as opened:
        judgement = await opened.judge(ask())

    assert (judgement.verdict, judgement.reason) == (U, "expert-crashed")


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_coroutine_that_will_not_be_cancelled_is_left_behind_and_its_answer_dropped(
    anyio_backend,
):
    go, ended = anyio.Event(), anyio.Event()

    async def stubborn(_):
        with anyio.CancelScope(shield=True):
            await go.wait()
        ended.set()
        return finding()

    async with council(expert("bad", stubborn, timeout=0.02), expert("good")) as opened:
        judgement = await opened.judge(ask(experts=("bad",)))
        assert reasons(judgement) == {"bad": "expert-timeout", "good": "looked"}
        assert judgement.verdict is U
        go.set()
        await ended.wait()
        await anyio.wait_all_tasks_blocked()
        opened.seat([expert("bad"), expert("good")])
        assert (await opened.judge(ask(experts=("bad",)))).verdict is A


async def test_an_inline_function_that_took_too_long_is_late():
    now = [0.0]

    def judge(_):
        now[0] += 9.0
        return finding()

    given = {"clock": lambda: now[0]}
    async with council(expert("bad", judge), given=given, budget=5.0) as opened:
        judgement = await opened.judge(ask())

    assert (judgement.verdict, judgement.reason) == (U, "expert-timeout")


async def test_a_hanging_thread_is_left_behind_and_keeps_its_place():
    go, ended = threading.Event(), threading.Event()

    def hang(_):
        go.wait(10)
        ended.set()
        return finding()

    hanging = expert("bad", hang, isolation=Isolation.THREAD, timeout=0.05, pure=False)
    waiting = expert("good", isolation=Isolation.THREAD, timeout=0.05, pure=False)
    async with council(hanging, expert("fine"), threads=1) as opened:
        judgement = await opened.judge(ask())
        assert reasons(judgement) == {"bad": "expert-timeout", "fine": "looked"}
        assert judgement.verdict is A  # it was not mandatory
        opened.seat([waiting])
        crowded = await opened.judge(ask())
        assert reasons(crowded) == {"good": "expert-timeout"}
        assert opened.busy_threads == 1
        go.set()
        await anyio.to_thread.run_sync(ended.wait, 10)
        await anyio.wait_all_tasks_blocked()
        assert opened.busy_threads == 0
        assert (await opened.judge(ask())).verdict is A


class Blocking:
    """A function that blocks until it is let go, or for ten seconds."""

    def __init__(self):
        self.go, self.begun = threading.Event(), threading.Event()

    def judge(self, _):
        self.begun.set()
        self.go.wait(10)
        return finding()


async def test_a_function_that_blocks_is_late_when_its_time_is_over():
    blocking = Blocking()
    async with council(Expert(name="bad", judge=blocking.judge, timeout=0.05)) as opened:
        judgement = await opened.judge(ask())
        assert not blocking.go.is_set()
        assert reasons(judgement) == {"bad": "expert-timeout"}
        blocking.go.set()


async def test_a_judgement_that_waits_for_a_function_that_blocks_can_be_cancelled():
    blocking = Blocking()
    async with council(Expert(name="bad", judge=blocking.judge)) as opened:
        async with anyio.create_task_group() as group:
            group.start_soon(opened.judge, ask())
            await anyio.to_thread.run_sync(blocking.begun.wait, 10)
            group.cancel_scope.cancel()
        assert not blocking.go.is_set()
        blocking.go.set()


async def test_a_plain_function_may_return_what_is_awaited_in_the_loop():
    async def later():
        await anyio.lowlevel.checkpoint()
        return finding(R)

    async with council(Expert(name="a", judge=lambda _: later())) as opened:
        assert (await opened.judge(ask())).verdict is R


@pytest.fixture
def in_processes(tmp_path, monkeypatch):
    """Return the experts of `in_processes.py` as a module that workers find."""
    source = Path(__file__).with_name("in_processes.py").read_text("utf-8")
    (tmp_path / "ciranda_tried_experts.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("ciranda_tried_experts")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # processes are the same on either loop
async def test_processes_answer_or_are_killed(anyio_backend, in_processes):
    outcomes = {
        in_processes.approve: "looked",
        in_processes.approve_later: "looked",
        in_processes.hang: "expert-timeout",
        in_processes.leave: "expert-crashed",
        in_processes.crash: "expert-crashed",
        in_processes.list_it: "expert-garbage",
        in_processes.lie: "expert-garbage",
        in_processes.overrate: "expert-garbage",
    }
    experts = [
        expert(
            judge.__name__.replace("_", "-"), judge, isolation=Isolation.PROCESS, pure=False,
            timeout=0.3 if judge is in_processes.hang else 20.0,
        )
        for judge in outcomes
    ]  # fmt: skip
    async with council(*experts, processes=1) as opened:
        for one in experts:
            judgement = await opened.judge(ask(key="k"), only=[one.name])
            said = judgement.experts[0]
            assert str(said.reason) == outcomes[one.judge], said.message
            assert (judgement.verdict is Verdict.APPROVED) is (said.reason == "looked")
            if one.name == "approve":
                assert said.evidence["names"] == ["x"]
                assert said.evidence["key"] == "k"


def test_the_side_of_the_process_answers_in_plain_data(in_processes):
    name = in_processes.__name__
    experts = setup({})
    payload = {"source": {"post": ["x > 1"]}, "budget": 1.0, "key": "k"}

    for function in ("approve", "approve", "approve_later"):
        found = experts.handle(f"{name}:{function}", payload, None)
        assert (found["verdict"], found["evidence"]["names"]) == ("approved", ["x"])
    for function, words in (
        ("list_it", "it returned list: an expert returns a Finding"),
        ("lie", "it returned dict"),
        ("promise", "it returned something to await that is no coroutine"),
    ):
        with pytest.raises(StepError, match=words) as raised:
            experts.handle(f"{name}:{function}", payload, None)
        assert raised.value.kind == "garbage"


async def test_a_proven_rejection_stands_whoever_else_fails():
    experts = [
        expert("proof", finding(R, 1.0, "counterexample", proven=True)),
        expert("crash", raising(ValueError("no"))),
        *(expert(f"liar-{n}", finding(A, 1.0, proven=True)) for n in range(5)),
    ]
    for rule in ("veto", "weighted", "quorum", "unanimous"):
        async with council(*experts, rule=rule) as opened:
            assert (await opened.judge(ask())).verdict is R


async def test_no_expert_can_change_what_the_others_are_asked():
    def vandal(question):
        for change in (
            question.intent.sorts.clear,
            lambda: question.intent.source.update(post=[]),
            question.intent.source["post"].clear,
        ):
            with pytest.raises(TypeError, match="cannot be changed"):
                change()
        return finding()

    seen = []

    def look(question):
        seen.append((dict(question.intent.sorts), question.intent.source["post"]))
        return finding()

    async with council(expert("a", vandal), expert("b", look)) as opened:
        assert (await opened.judge(ask())).verdict is A
    assert list(seen[0][0]) == ["x"]
    assert seen[0][1] == ["x > 1"]
