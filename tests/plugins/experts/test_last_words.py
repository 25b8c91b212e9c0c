"""Experts that want to know what came of a question, and versions of experts on trial."""

import anyio
import pytest

from ciranda.errors import StoreError
from ciranda_experts import Finding

from .stage import INTENT, A, R, Recorder, U, ask, council, expert, finding, reasons

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


def slow(seconds, found=None):
    async def judge(_):
        await anyio.sleep(seconds)
        return found or finding()

    return judge


def timed(**fields):
    return {"clock": anyio.current_time, **fields}


class Ledger:
    """An expert with the last word."""

    def __init__(self, last=None):
        self.last = last
        self.told = []
        self.asked = []

    def judge(self, question):
        self.asked.append(question)
        return finding()

    async def settle(self, question, judgement):
        self.told.append((question, None if judgement is None else judgement.verdict))
        if isinstance(self.last, Exception):
            raise self.last
        return self.last

    def is_pure(self, intent):
        return not intent.transaction


PAYMENT = {**INTENT, "transaction": "t1"}


async def test_an_expert_that_settles_is_told_with_the_question_it_was_asked():
    ledger = Ledger()
    async with council(expert("a", ledger.judge, pure=False)) as opened:
        judgement = await opened.judge(ask(PAYMENT, key="k"))

    assert judgement.verdict is A
    ((question, verdict),) = ledger.told
    assert question is ledger.asked[0]
    assert verdict is A


async def test_the_last_word_turns_an_approval_into_a_rejection():
    ledger = Ledger(Finding(verdict=R, confidence=1.0, reason="double-spend", proven=True))
    async with council(expert("a", ledger.judge), expert("b")) as opened:
        judgement = await opened.judge(ask(PAYMENT))

    assert (judgement.verdict, judgement.reason) == (R, "double-spend")
    assert reasons(judgement) == {"a": "double-spend", "b": "looked"}


async def test_what_could_not_be_settled_is_not_approved():
    ledger = Ledger(StoreError("the disk is full"))
    async with council(expert("a", ledger.judge), expert("b"), mandatory=["a"]) as opened:
        judgement = await opened.judge(ask(PAYMENT))

    assert (judgement.verdict, judgement.reason) == (U, "expert-crashed")


async def test_a_question_that_is_given_up_is_settled_without_a_judgement():
    ledger = Ledger()
    async with council(expert("a", ledger.judge), expert("b", slow(100)), given=timed()) as opened:
        with anyio.move_on_after(1):
            await opened.judge(ask(PAYMENT))

    assert [verdict for _, verdict in ledger.told] == [None]


async def test_nobody_is_asked_any_more_when_the_asker_is_cancelled():
    ended = []

    async def judge(_):
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    async with council(expert("a", judge), given=timed()) as opened:
        with anyio.move_on_after(1):
            await opened.judge(ask())
        await anyio.sleep(0.1)
        assert ended == [True]


class Versions:
    """An adviser that has a version of every expert on trial."""

    revision = 0

    def __init__(self, current=None, candidate="2"):
        self.chosen, self.candidate = current, candidate

    @property
    def versions(self):
        return self

    def current(self, expert):
        return self.chosen

    def beside(self, expert, key):
        return self.candidate

    def calibrated(self, opinion):
        return opinion.confidence

    def threshold(self, usual):
        return usual


async def test_a_version_on_trial_is_asked_recorded_and_never_counted():
    recorder = Recorder()
    versions = expert("a", version="1"), expert("a", finding(R, proven=True), version="2")
    given = {"recorder": recorder, "adviser": Versions()}
    async with council(*versions, given=given) as opened:
        judgement = await opened.judge(ask())
        assert recorder.seen == []  # it is recorded with what the candidate says
        await anyio.wait_all_tasks_blocked()

    assert judgement.verdict is A
    ((recorded, opinions, _, candidates),) = recorder.seen
    assert recorded.verdict is A
    assert [one.version for one in opinions] == ["1"]
    assert [(one.version, one.verdict) for one in candidates] == [("2", R)]


async def test_the_version_that_was_promoted_counts_and_a_judgement_is_recorded_at_closing():
    recorder = Recorder()
    versions = expert("a", slow(100), version="1"), expert("a", finding(R), version="2")
    given = timed(recorder=recorder, adviser=Versions("2", "1"))
    async with council(*versions, given=given) as opened:
        judgement = await opened.judge(ask())

    assert judgement.verdict is R
    assert judgement.experts[0].version == "2"
    assert len(recorder.seen) == 1
