"""The conservation expert and transactions: each is spent once, by whom it was reserved for."""

import signal
import subprocess
import sys
from contextlib import closing

import anyio
import pytest

from ciranda.errors import StoreError
from ciranda.events.judging import Verdict
from ciranda.store import Durability
from ciranda_experts.conservation import Conservation, Spent

from .conserving import TRANSFER, answer, ask, decide, judged, said

pytestmark = pytest.mark.anyio

PAYMENT = {"transaction": "t1"}


@pytest.fixture
def spent(tmp_path):
    with closing(Spent(tmp_path, durability=Durability.PROCESS)) as made:
        yield made


@pytest.fixture
def expert(spent):
    return Conservation(decide, spent)


async def test_a_transaction_alone_is_unspent_once(expert):
    first = await answer(expert, PAYMENT)
    second = await answer(expert, PAYMENT)

    assert said(first) == ("approved", "unspent", False)
    assert said(second) == ("rejected", "double-spend", True)
    assert second.evidence["transaction"]["same_content"]
    assert second.message.startswith("transaction `t1` was spent on this content at 2")


async def test_the_same_step_gets_the_same_finding_again(expert):
    paid = TRANSFER | PAYMENT

    findings = [await answer(expert, paid, key="step") for _ in range(3)]

    assert said(findings[0]) == ("approved", "proved", True)
    assert findings == findings[:1] * 3


@pytest.mark.parametrize(
    ("given", "key"),
    [(PAYMENT, "step"), (TRANSFER | PAYMENT, "other"), (TRANSFER | PAYMENT, "")],
)
async def test_any_other_content_or_step_is_a_double_spend(expert, given, key):
    await answer(expert, TRANSFER | PAYMENT, key="step")

    assert said(await answer(expert, given, key=key)) == ("rejected", "double-spend", True)


async def test_of_two_at_once_one_is_approved(expert):
    findings = []

    async def pay():
        question = ask(TRANSFER | PAYMENT)
        finding = await expert.judge(question)
        await anyio.lowlevel.checkpoint()  # the other experts
        await expert.settle(question, judged(finding.verdict))
        findings.append(said(finding))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pay)
        tasks.start_soon(pay)

    assert sorted(findings) == [("approved", "proved", True), ("rejected", "double-spend", True)]


async def test_an_intent_that_the_council_does_not_approve_keeps_its_id_free(expert):
    for verdict in (Verdict.REJECTED, Verdict.UNCERTAIN):
        assert said(await answer(expert, PAYMENT, verdict)) == ("approved", "unspent", False)

    assert said(await answer(expert, PAYMENT)) == ("approved", "unspent", False)


async def test_minted_money_burns_no_id(expert):
    minting = {"pre": ["new_a == a + 1"], "accounts": ["a"]} | PAYMENT

    assert (await answer(expert, minting)).reason == "minted"
    assert (await answer(expert, TRANSFER | PAYMENT)).reason == "proved"


async def test_a_double_spend_that_is_settled_frees_nothing(expert):
    first, second = ask(PAYMENT), ask(PAYMENT)
    await expert.judge(first)
    found = await expert.judge(second)
    await expert.settle(second, judged(Verdict.REJECTED))

    assert found.message.startswith("transaction `t1` is reserved for this content since")
    assert (await expert.judge(ask(PAYMENT))).reason == "double-spend"


async def test_a_mode_that_does_not_enforce_spends_what_goes_ahead(expert):
    question = ask(PAYMENT)
    await expert.judge(question)
    await expert.settle(question, judged(Verdict.REJECTED, mode="shadow", enforced=False))

    assert (await expert.judge(ask(PAYMENT))).reason == "double-spend"


async def test_a_question_that_comes_to_no_end_gives_its_id_back(expert):
    question = ask(PAYMENT)
    await expert.judge(question)

    assert await expert.settle(question, None) is None
    assert (await expert.judge(ask(PAYMENT))).reason == "unspent"


async def test_an_approval_falls_where_the_id_went_to_somebody_else_meanwhile(expert):
    slow, quick = ask(PAYMENT, "step"), ask(PAYMENT, "step")
    await expert.judge(slow)
    await expert.judge(quick)
    await expert.settle(quick, judged(Verdict.UNCERTAIN))
    await answer(expert, TRANSFER | PAYMENT, key="other")

    finding = await expert.settle(slow, judged(Verdict.APPROVED))

    assert said(finding) == ("rejected", "double-spend", True)


async def test_what_was_never_judged_settles_nothing(expert):
    question = ask(PAYMENT)

    assert await expert.settle(question, judged(Verdict.APPROVED)) is None
    assert (await expert.judge(question)).reason == "unspent"


async def test_a_restart_forgets_nothing(tmp_path):
    for reason in ("proved", "double-spend"):
        with closing(Spent(tmp_path)) as spent:
            finding = await answer(Conservation(decide, spent), TRANSFER | PAYMENT)
        assert finding.reason == reason


JUDGE_AND_DIE = """
import os, sys
from pathlib import Path
import anyio
from ciranda_experts.conservation import Conservation, Spent
from ciranda_experts.expert import Question
from ciranda_experts.intent.reading import read_intent

async def main():
    expert = Conservation(None, Spent(Path(sys.argv[1])))
    intent = read_intent({"transaction": "t1"})
    finding = await expert.judge(Question(intent=intent, budget=1.0, key="step"))
    print(finding.reason, flush=True)
    os.kill(os.getpid(), 9)

anyio.run(main)
"""


async def test_a_step_that_is_killed_before_the_verdict_may_be_resumed_and_only_it(tmp_path):
    command = [sys.executable, "-c", JUDGE_AND_DIE, str(tmp_path)]
    killed = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: ASYNC221  (nothing else runs)
    assert (killed.stdout, killed.returncode) == ("unspent\n", -signal.SIGKILL)

    with closing(Spent(tmp_path)) as spent:
        expert = Conservation(decide, spent)
        assert (await answer(expert, PAYMENT, key="other")).reason == "double-spend"
        assert (await answer(expert, PAYMENT)).reason == "double-spend"
        assert (await answer(expert, PAYMENT, key="step")).reason == "unspent"
        assert (await answer(expert, PAYMENT, key="step")).reason == "unspent"


async def test_a_store_that_cannot_be_written_approves_nothing(tmp_path, spent):
    question = ask(PAYMENT)
    expert = Conservation(decide, spent)
    await expert.judge(question)
    spent.close()

    with pytest.raises(StoreError, match="is closed"):
        await expert.settle(question, judged(Verdict.APPROVED))
    found = await expert.judge(question)
    assert (found.verdict, found.reason) == (Verdict.UNCERTAIN, "unrecorded")
    assert "is closed" in found.message


@pytest.mark.parametrize("other", [" t1", "t1  ", "\uff54\uff11", "t¹", "\u24e3\u2460"])
async def test_the_same_id_written_otherwise_is_the_same_id(expert, other):
    await answer(expert, PAYMENT)

    assert said(await answer(expert, PAYMENT | {"transaction": other}))[1] == "double-spend"
    assert said(await answer(expert, PAYMENT | {"transaction": "T1"}))[1] == "unspent"
