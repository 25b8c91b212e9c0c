"""`experts.verify` and `experts.review` in workflows, and the council on an engine's bus."""

from typing import Any

import anyio
import msgspec
import pytest

from ciranda.errors import PluginError
from ciranda.events import (
    ExpertAnswered,
    ExpertStarted,
    IntentJudged,
    Judge,
    Verdict,
    VerifyProof,
)
from ciranda.hooks import hookimpl
from ciranda.testing import SimulatedCrash, harness
from ciranda_experts import Expert, Finding
from ciranda_experts.answering import Answering
from ciranda_experts.hooks import LookUpReview, Reviewed

pytestmark = pytest.mark.anyio

GOOD = {"pre": ["x > 2"], "post": ["x > 1"]}
BAD = {"pre": ["x > 2"], "post": ["x > 3"]}
PAYMENT = {
    "accounts": ["a", "b"],
    "pre": ["a >= m", "m > 0", "b >= 0", "new_a == a - m", "new_b == b + m"],
    "post": ["new_a >= 0"],
}


def unsure(_):
    return Finding(verdict=Verdict.UNCERTAIN, confidence=0.5, reason="unsure", message="Who knows.")


class Unsure:
    """A plugin with an expert that never knows."""

    @hookimpl
    def experts(self):
        return [Expert(name="unsure", judge=unsure, mandatory=True)]


def flow(uses="experts.verify", **given):
    return (
        f"ciranda: 1\nsteps:\n  a: {{uses: {uses}, with: {msgspec.json.encode(given).decode()}}}\n"
    )


async def step(h, uses="experts.verify", **given):
    return (await h.run(flow(uses, **given))).steps["a"]


@pytest.fixture
def settings():
    return {}


@pytest.fixture
async def h(settings):
    async with harness(settings={"experts": settings}) as made:
        yield made


async def test_what_is_approved_succeeds_with_its_judgement(h):
    output = (await step(h, intent={**GOOD, "id": "i7"}))["output"]

    assert (output["id"], output["verdict"], output["reason"]) == ("i7", "approved", "proved")
    assert [one["expert"] for one in output["experts"]] == ["logic"]
    assert output["proof"]["parts"][0]["expert"] == "logic"
    assert output["enforced"] is True


async def test_text_is_an_intent_too(h):
    text = "guard { x > 2 }\nverify { x > 3 }"

    assert (await step(h, intent=text))["error"]["kind"] == "rejected"


async def test_what_is_rejected_fails_with_the_reason_and_is_not_tried_again(h):
    error = (await step(h, intent=BAD))["error"]

    assert (error["kind"], error["retryable"]) == ("rejected", False)
    assert "`x > 3` is false when x = 3" in error["message"]
    assert error["detail"]["experts"][0]["evidence"]["counterexample"] == {"x": "3"}


async def test_a_step_that_requires_nothing_goes_on_with_the_verdict(h):
    output = (await step(h, intent=BAD, require="nothing"))["output"]

    assert output["verdict"] == "rejected"


async def test_a_list_of_intents_is_judged_in_its_order(h):
    output = (await step(h, intents=[BAD, GOOD, "", {"post": ["x >"]}], require="nothing"))[
        "output"
    ]

    assert [one["verdict"] for one in output["judgements"]] == [
        "rejected", "approved", "rejected", "rejected",
    ]  # fmt: skip
    assert [one["reason"] for one in output["judgements"]][2:] == ["empty", "malformed"]
    assert (output["approved"], output["rejected"], output["uncertain"]) == (1, 3, 0)


async def test_a_list_fails_with_what_is_not_approved(h):
    error = (await step(h, intents=[GOOD, {**BAD, "id": "i2"}, ""]))["error"]

    assert error["kind"] == "rejected"
    assert error["message"].startswith("Intent i2: post[0]")
    assert error["message"].endswith("(and 1 more of 3 are not approved)")
    rows = error["detail"]["not_approved"]
    assert [(row["index"], row["id"], row["reason"]) for row in rows] == [
        (1, "i2", "counterexample"), (2, "", "empty"),
    ]  # fmt: skip
    assert (await step(h, intents=[]))["output"]["approved"] == 0


async def test_either_one_intent_or_several(h):
    assert (await step(h))["error"]["message"] == "Give either `intent` or `intents`."
    assert (await step(h, intent=GOOD, intents=[GOOD]))["error"]["kind"] == "invalid-input"
    assert (await step(h, "experts.review"))["error"]["message"] == (
        "Give either `review` or `intent`."
    )


async def test_experts_that_a_step_names_are_added_and_take_nobodys_place(h):
    error = (await step(h, intent=GOOD, experts=["fraud"]))["error"]

    assert error["kind"] == "uncertain"
    assert (
        "'fraud' is not on the council, which has conservation, logic, security" in error["message"]
    )


async def test_the_log_of_the_run_has_what_was_said(h):
    await step(h, intents=[GOOD, BAD], require="nothing")

    answered, judged = h.events(ExpertAnswered), h.events(IntentJudged)
    assert [one.expert for one in answered] == ["logic", "logic"]
    assert sorted(one.verdict.value for one in judged) == ["approved", "rejected"]
    assert all(one.run and one.path == "a" and one.seq > 0 for one in (*answered, *judged))
    assert [one.path for one in h.events(ExpertStarted)] == ["a", "a"]


async def test_without_a_run_the_bus_alone_is_told(h):
    h.engine.plugins.load(["experts"])
    await h.engine.plugins.start()
    await h.engine.bus.ask(Judge(intent=GOOD, id="loose"))

    assert [(one.id, one.seq) for one in h.events(IntentJudged)] == [("loose", -1)]
    output = await h.engine.call("experts.verify", {"intent": GOOD})
    assert output["verdict"] == "approved"


async def test_a_payment_is_approved_once(h):
    payment = {**PAYMENT, "transaction": "t1"}

    assert (await step(h, intent=payment))["output"]["verdict"] == "approved"
    error = (await step(h, intent=payment))["error"]
    assert (error["kind"], error["detail"]["reason"]) == ("rejected", "double-spend")


async def test_a_payment_twice_in_one_list_is_a_double_spend(h):
    output = (await step(h, intents=[{**PAYMENT, "transaction": "t2"}] * 2, require="nothing"))[
        "output"
    ]

    assert (output["approved"], output["rejected"]) == (1, 1)


async def test_a_step_that_is_done_again_after_a_crash_spends_the_same_transaction(h):
    h.kill_at("before_commit", "a")
    with pytest.raises(SimulatedCrash):
        await h.run(flow(intent={**PAYMENT, "transaction": "t3"}))

    result = await h.resume()

    assert result.steps["a"]["output"]["verdict"] == "approved"


async def test_a_proof_is_checked_again_and_a_forged_one_is_not_believed(h):
    h.engine.plugins.load(["experts"])
    await h.engine.plugins.start()
    ask = h.engine.bus.ask
    for intent in (GOOD, BAD, PAYMENT, {"accounts": ["a"], "post": ["new_a == a + 1"]}):
        judgement = await ask(Judge(intent=intent))
        assert (await ask(VerifyProof(proof=judgement.proof))).valid

        plain = msgspec.to_builtins(judgement.proof)
        own = plain["parts"][0]
        verdict = "rejected" if plain["verdict"] == "approved" else "approved"
        other = {**own.get("proof", {}), "key": "0"}
        for forged, reason in (
            ({**plain, "verdict": verdict}, "not-shown"),
            ({**plain, "parts": []}, "not-shown"),
            ({**plain, "intent": {"post": ["y > 1"]}}, "other-intent"),
            ({**plain, "intent": {}}, "other-intent"),
            ({**plain, "format": 99}, "malformed"),
            ({**plain, "more": 1}, "malformed"),
            ({}, "malformed"),
            ({**plain, "parts": [{**own, "reason": "because", "proof": None}]}, "not-shown"),
            ({**plain, "parts": [{**own, "expert": "nobody", "proof": None}]}, "expert-missing"),
            ({**plain, "parts": [{**own, "proof": other}]}, "other-intent"),
        ):
            checked = await ask(VerifyProof(proof=forged))
            assert (checked.valid, checked.reason) == (False, reason), forged
            assert checked.message
    assert (
        await ask(VerifyProof(proof=(await ask(Judge(intent=GOOD))).proof["parts"][0]["proof"]))
    ).valid


async def test_a_review_is_waited_for_until_a_human_has_said_something(h):
    h.engine.plugins.register(Unsure(), "unsure")
    error = (await step(h, intent=GOOD))["error"]
    number = error["detail"]["review"]

    assert (error["kind"], error["retryable"], error["message"]) == (
        "uncertain",
        True,
        "Who knows.",
    )
    waiting = (await step(h, "experts.review", review=number))["error"]
    assert (waiting["kind"], waiting["retryable"]) == ("waiting-for-review", True)
    assert f"`ciranda experts review resolve {number}`. Who knows." in waiting["message"]

    (answering,) = [one for one in h.engine.bus.hooks.get_plugins() if isinstance(one, Answering)]
    reviews: Any = answering._reviews
    reviews.resolve(number, Verdict.APPROVED, by="ada", note="seen it")
    assert (await step(h, "experts.review", review=number))["output"] == {
        "verdict": "approved", "by": "ada", "note": "seen it", "review": number,
    }  # fmt: skip


async def test_what_a_human_rejects_fails(h):
    class Elsewhere:
        @hookimpl
        def look_up_review(self, request):
            return Reviewed(
                review=request.review, verdict=Verdict.REJECTED, by="bob", note="too much"
            )

    h.engine.plugins.load(["experts"])
    h.engine.plugins.register(Elsewhere(), "elsewhere")

    error = (await step(h, "experts.review", review="r1"))["error"]
    assert (error["kind"], error["message"]) == ("rejected", "bob rejected review r1: too much")
    output = (await step(h, "experts.review", review="r1", require="nothing"))["output"]
    assert output["verdict"] == "rejected"


async def test_a_review_of_what_the_council_is_sure_of_needs_no_human(h):
    output = (await step(h, "experts.review", intent=GOOD))["output"]

    assert (output["verdict"], output["by"]) == ("approved", "council")
    assert (await step(h, "experts.review", intent=BAD))["error"]["kind"] == "rejected"


async def test_a_review_that_there_is_not_is_named(h):
    error = (await step(h, "experts.review", review="r0"))["error"]

    assert error["kind"] == "not-found"
    assert "r0" in error["message"]


class TestModes:
    @pytest.fixture(params=["shadow", "off"])
    def settings(self, request):
        return {"mode": request.param}

    async def test_where_no_verdict_binds_the_step_goes_on(self, h, settings):
        output = (await step(h, intent=BAD))["output"]

        assert output["enforced"] is False
        assert output["verdict"] == ("rejected" if settings["mode"] == "shadow" else "uncertain")
        assert (await step(h, intents=[BAD]))["status"] == "succeeded"
        assert (await step(h, "experts.review", intent=BAD))["status"] == "succeeded"
        assert len(h.events(IntentJudged)) == (3 if settings["mode"] == "shadow" else 0)


class TestAnEngineThatKeepsNothing:
    async def test_it_judges_and_knows_no_review(self, tmp_path, monkeypatch):
        from ciranda import Engine

        monkeypatch.chdir(tmp_path)
        async with Engine(durability="off") as engine:
            payment = {"intent": {**PAYMENT, "transaction": "t"}, "require": "nothing"}
            verdicts = [(await engine.call("experts.verify", payment))["verdict"] for _ in "ab"]
            with pytest.raises(Exception, match="this engine keeps nothing"):
                await engine.bus.ask(LookUpReview(review="r1"))

        assert verdicts == ["approved", "rejected"]
        assert list(tmp_path.iterdir()) == []


async def test_an_expert_that_cannot_be_is_told_at_once(h):
    class Odd:
        @hookimpl
        def experts(self):
            return [print]

    h.engine.plugins.register(Odd(), "odd")
    with pytest.raises(PluginError, match="plugin 'odd': the hook 'experts' lists print"):
        await step(h, intent=GOOD)


async def test_the_time_of_a_step_is_the_budget_of_its_intent(h):
    class Slow:
        @hookimpl
        def experts(self):
            async def judge(question):
                assert question.budget <= 1.0
                await anyio.sleep(60)

            return [Expert(name="slow", judge=judge)]

    h.engine.plugins.register(Slow(), "slow")
    text = flow(intent=GOOD, experts=["slow"], budget=0.05).replace("{uses", "{timeout: 1s, uses")

    error = (await h.run(text)).steps["a"]["error"]

    assert (error["kind"], error["detail"]["reason"]) == ("uncertain", "expert-timeout")
