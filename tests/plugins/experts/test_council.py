"""The council: whom it asks, for how long, what it answers and whom it tells."""

import anyio
import pytest

from ciranda.bus import Bus
from ciranda.errors import InputError, StoreError
from ciranda.events import ExpertAnswered, ExpertStarted, IntentJudged
from ciranda.hooks import hookimpl
from ciranda_experts import Isolation
from ciranda_experts.council.crisis import CrisisSettings
from ciranda_experts.council.telling import Telling

from .stage import (
    INTENT,
    A,
    Desk,
    N,
    R,
    Recorder,
    U,
    ask,
    council,
    expert,
    finding,
    reasons,
)

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


async def test_what_all_experts_say_is_in_the_judgement():
    by_hand = expert("a", finding(evidence={"seen": [1]}, message="Looks right."), version="7")
    async with council(by_hand, expert("b", finding(N, 1.0)), mandatory=["a"]) as opened:
        judgement = await opened.judge(ask(id="i1"))

    first, second = judgement.experts
    assert (judgement.id, judgement.verdict, judgement.reason) == ("i1", A, "looked")
    assert judgement.message == "Looks right."
    assert (first.expert, first.version, first.mandatory) == ("a", "7", True)
    assert first.evidence == {"seen": [1]}
    assert (second.verdict, second.mandatory) == (N, False)
    assert len(judgement.key) == 64
    assert judgement.mode == "full"
    assert judgement.enforced


async def test_an_intent_keeps_its_own_id_unless_the_request_has_one():
    async with council(expert("a")) as opened:
        for _ in range(2):
            assert (await opened.judge(ask({**INTENT, "id": "own"}))).id == "own"
            assert (await opened.judge(ask({**INTENT, "id": "own"}, id="asked"))).id == "asked"
            assert (await opened.judge(ask())).id == ""


async def test_experts_are_asked_at_once():
    experts = [expert(name, slow(2.0)) for name in "abc"]
    async with council(*experts, given=timed()) as opened:
        judgement = await opened.judge(ask())

    assert judgement.latency == pytest.approx(2.0, abs=0.1)
    assert {one.latency for one in judgement.experts} == {2.0}


@pytest.mark.parametrize(
    ("settings", "fields", "intent", "seconds"),
    [
        ({}, {"timeout": 3.0}, INTENT, 3.0),
        ({"timeout": 2.0}, {"timeout": 3.0}, INTENT, 2.0),
        ({"budget": 1.0}, {}, INTENT, 1.0),
        ({}, {"timeout": 99.0}, INTENT, 5.0),
        ({}, {"timeout": 99.0}, {**INTENT, "budget_ms": 7_000}, 7.0),
        ({}, {"timeout": 99.0}, {**INTENT, "budget_ms": 60_000}, 30.0),
        ({"default_budget": 9.0}, {"timeout": 99.0}, INTENT, 9.0),
        ({"default_budget": 9.0, "budget": 4.0}, {}, INTENT, 4.0),
        ({}, {}, {**INTENT, "budget_ms": 500}, 0.5),
        ({}, {}, {**INTENT, "policy": {"budget_ms": 250}}, 0.25),
    ],
)
async def test_the_shortest_of_all_limits_counts(settings, fields, intent, seconds):
    hanging = expert("a", slow(3600), **fields)
    async with council(hanging, given=timed(), **settings) as opened:
        judgement = await opened.judge(ask(intent))

        assert judgement.latency == pytest.approx(seconds, abs=0.01)
        assert (judgement.verdict, judgement.reason) == (U, "expert-timeout")
        assert judgement.message == f"Expert 'a' had not answered after {seconds:g} s."
        assert (await opened.judge(ask(intent, budget=0.125))).latency == pytest.approx(0.125)


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan")])
async def test_without_time_nothing_is_approved(budget):
    async with council(expert("a"), expert("b", slow(0.0)), given=timed()) as opened:
        judgement = await opened.judge(ask(budget=budget))

    assert judgement.verdict is U


async def test_a_request_cannot_lengthen_the_budget():
    async with council(expert("a", slow(100)), budget=1.0, given=timed()) as opened:
        assert (await opened.judge(ask(budget=1000.0))).latency == pytest.approx(1.0)


async def test_an_intent_that_cannot_be_read_is_rejected_with_the_reason():
    async with council(expert("a")) as opened:
        for intent, reason in (
            ("", "empty"),
            ({"post": []}, "empty"),
            ({"post": ["x >"]}, "malformed"),
            ({"vars": {"x": "int"}, "post": ["y > 1"]}, "unknown-name"),
            ({"post": ["x > 1"] * 201}, "limit"),
            ({"post": ["x > 1"], "policy": {"rule": "vetto"}}, "malformed"),
            ({"post": ["x > 1"], "id": 7.5}, "malformed"),
        ):
            judgement = await opened.judge(ask(intent))
            assert (judgement.verdict, judgement.reason) == (R, reason)
            assert judgement.message
            assert judgement.experts == ()


@pytest.mark.parametrize(
    "intent",
    [
        {"code": "x = '\ud800'"},
        {"post": ["x > 1"], "meta": {"a": "\ud800"}},
        {"post": ["x > 1"], "meta": {"a": 2**70, "b": {"c": {1, 2}}}},
        "verify { x > 1 }\n# \ud800",
        {1: 2},
        {"post": ["x > 1"], "code": b"x"},
    ],
    ids=repr,
)
async def test_whatever_an_intent_holds_there_is_a_verdict(intent):
    async with council(expert("a")) as opened:
        first, again = await opened.judge(ask(intent)), await opened.judge(ask(intent))

    assert first.verdict in {A, R}
    assert again.verdict is first.verdict


async def test_a_policy_can_only_make_it_stricter():
    async with council(expert("a", finding(confidence=0.8))) as opened:
        for policy, verdict in (({"threshold": 0.1}, A), ({"threshold": 0.9}, U)):
            assert (await opened.judge(ask({**INTENT, "policy": policy}))).verdict is verdict
    async with council(expert("a"), expert("b", finding(R, 0.9)), rule="veto") as opened:
        assert (await opened.judge(ask({**INTENT, "policy": {"rule": "weighted"}}))).verdict is R


async def test_only_takes_the_place_of_all_others():
    async with council(expert("a"), expert("b", finding(R)), mandatory=["b", "c"]) as opened:
        judgement = await opened.judge(ask(), only=["a"])

        assert judgement.verdict is A
        assert reasons(judgement) == {"a": "looked"}
        assert (await opened.judge(ask())).verdict is R
        with pytest.raises(
            InputError, match="there is no expert `d` on the council, which has a, b"
        ):
            await opened.judge(ask(), only=["d"])


async def test_a_mandatory_expert_that_is_missing_is_named():
    async with council(expert("a"), mandatory=["logic"]) as opened:
        judgement = await opened.judge(ask())

    assert (judgement.verdict, judgement.reason) == (U, "expert-missing")
    assert judgement.message == "Expert 'logic' is not on the council, which has a."


async def test_an_expert_that_somebody_asks_for_and_is_missing_approves_nothing():
    async with council(expert("a")) as opened:
        assert (await opened.judge(ask(experts=("nobody",)))).reason == "expert-missing"
        policy = {**INTENT, "policy": {"experts": ["nobody"]}}
        assert (await opened.judge(ask(policy))).reason == "expert-missing"


async def test_an_expert_is_told_its_budget_and_the_key_of_the_step():
    asked = []

    def judge(question):
        asked.append(question)
        return finding()

    impure = expert("a", judge, pure=False, timeout=3.0)
    async with council(impure, expert("b", judge)) as opened:
        await opened.judge(ask(key="run:step", budget=20.0))

    assert asked[0].key == "run:step"
    assert asked[0].budget == pytest.approx(2.95)  # so that it can say itself that it is late
    assert asked[1].key == ""  # a pure expert knows nothing that could change its finding


async def test_what_is_uncertain_is_put_before_a_human_where_it_binds():
    desk = Desk()
    async with council(expert("a", finding(U, 0.5)), given={"desk": desk}) as opened:
        judgement = await opened.judge(ask())
    async with council(expert("a", finding(U, 0.5)), mode="shadow", given={"desk": desk}) as opened:
        unbound = await opened.judge(ask())

    assert judgement.review == "r1"
    assert unbound.review == ""
    ((opened_for, source),) = desk.opened
    assert opened_for.key == judgement.key
    assert source == INTENT


async def test_a_desk_that_cannot_be_reached_changes_no_verdict():
    class Broken:
        def open(self, judgement, source):
            raise StoreError("the disk is full")

    async with council(expert("a", finding(U, 0.5)), given={"desk": Broken()}) as opened:
        judgement = await opened.judge(ask())

    assert (judgement.verdict, judgement.review) == (U, "")
    assert "the disk is full" in judgement.message


async def test_every_judgement_is_recorded():
    recorder = Recorder()
    async with council(expert("a"), given={"recorder": recorder}) as opened:
        for _ in range(3):
            await opened.judge(ask())
        await opened.judge(ask(""))

    assert [one.verdict for one, *_ in recorder.seen] == [A, A, A, R]
    assert [one.experts[0].cached for one, *_ in recorder.seen[:3]] == [False, True, True]


async def test_the_bus_is_told_who_begins_who_answers_and_what_came_of_it():
    heard: list[tuple[object, ...]] = []

    class Hearing:
        @hookimpl
        def expert_started(self, event: ExpertStarted):
            heard.append(("started", event.expert))

        @hookimpl
        def expert_answered(self, event: ExpertAnswered):
            heard.append(("answered", event.expert, event.reason, event.cached))

        @hookimpl
        def intent_judged(self, event: IntentJudged):
            heard.append(("judged", event.id, event.verdict.value, event.experts))

    bus = Bus()
    telling = {"telling": Telling(bus, wall=lambda: 5.0)}
    async with council(expert("a"), expert("b", slow(1)), given=timed(**telling)) as opened:
        await opened.judge(ask(id="unheard"))
        bus.register(Hearing(), "hearing")
        await opened.judge(ask({"post": ["x > 7"]}, id="i"))
        await opened.judge(ask({"post": ["x > 7"]}, id="j"))
        await opened.judge(ask({"post": ["x > 8"]}, run="r", path="p"))

    assert heard == [
        ("started", "a"),
        ("answered", "a", "looked", False),
        ("started", "b"),
        ("answered", "b", "looked", False),
        ("judged", "i", "approved", ("a", "b")),
        ("answered", "a", "looked", True),
        ("answered", "b", "looked", True),
        ("judged", "j", "approved", ("a", "b")),
        ("started", "a"),  # a step tells of answers itself
        ("started", "b"),
    ]


async def test_modes_are_read_and_say_whether_a_verdict_binds():
    async with council(expert("a", finding(R)), mode="off") as opened:
        judgement = await opened.judge(ask(id="x"))
        assert (judgement.verdict, judgement.reason, judgement.enforced) == (U, "off", False)
        assert (judgement.id, judgement.mode) == ("x", "off")
    async with council(expert("a", finding(R)), mode="shadow") as opened:
        judgement = await opened.judge(ask())
        assert (judgement.verdict, judgement.enforced, judgement.mode) == (R, False, "shadow")
        assert not (await opened.judge(ask(""))).enforced
    async with council(expert("a", finding(R)), mode="soft", percent=40.0) as opened:
        bound = [(await opened.judge(ask({"post": [f"x > {n}"]}))).enforced for n in range(200)]
        again = [(await opened.judge(ask({"post": [f"x > {n}"]}))).enforced for n in range(200)]
        assert 50 < sum(bound) < 110
        assert again == bound


async def test_a_crisis_shortens_budgets_and_raises_the_threshold_until_it_is_over():
    crisis = CrisisSettings(
        anomalies=0.5, minimum=2, calm=10, recovery=10, timeout=2, threshold=0.9
    )
    crashing = expert("b", lambda _: 1 / 0, timeout=9.0)
    recorder = Recorder()
    async with council(
        expert("a", finding(confidence=0.8), pure=False), crashing,
        expert("c", slow(3600), timeout=8.0), crisis=crisis, mandatory=["b"],
        given=timed(recorder=recorder),
    ) as opened:  # fmt: skip
        first = await opened.judge(ask(), only=["a"])
        for number in range(3):
            await opened.judge(ask({"post": [f"x > {number}"]}), only=["b"])
        assert opened.crisis.cause == "anomalies"
        strict = await opened.judge(ask(), only=["a"])
        begun = anyio.current_time()
        await opened.judge(ask(), only=["c"])
        took = anyio.current_time() - begun
        await anyio.sleep(40)
        calm = await opened.judge(ask(), only=["a"])

    assert (first.verdict, strict.verdict, calm.verdict) == (A, U, A)
    assert took == pytest.approx(2.0)
    assert recorder.crises == [(True, "anomalies"), (False, "")]


async def test_a_crisis_that_goes_on_ends_in_the_records_with_the_council():
    crisis = CrisisSettings(anomalies=0.5, minimum=2)
    recorder = Recorder()
    crashing = expert("b", lambda _: 1 / 0)
    async with council(crashing, crisis=crisis, given=timed(recorder=recorder)) as opened:
        for number in range(3):
            await opened.judge(ask({"post": [f"x > {number}"]}))
        assert recorder.crises == [(True, "anomalies")]

    assert recorder.crises == [(True, "anomalies"), (False, "")]


async def test_weights_of_settings_go_before_those_of_experts():
    experts = [expert("a", finding(A, 0.9), weight=0.1), expert("b", finding(R, 0.8))]
    async with council(*experts, rule="weighted") as opened:
        assert (await opened.judge(ask())).verdict is R
    async with council(*experts, rule="weighted", weights={"a": 5.0}) as opened:
        assert (await opened.judge(ask())).verdict is A


async def test_quorum_and_threshold_are_read():
    experts = [expert("a"), expert("b"), expert("c", finding(R, 0.6))]
    async with council(*experts, rule="quorum", quorum=0.6) as opened:
        assert (await opened.judge(ask())).verdict is A
    async with council(*experts, rule="quorum", quorum=0.7) as opened:
        assert (await opened.judge(ask())).reason == "no-quorum"
    async with council(expert("a"), threshold=0.99) as opened:
        assert (await opened.judge(ask())).reason == "low-confidence"


@pytest.mark.parametrize("isolation", [Isolation.INLINE, Isolation.THREAD])
async def test_an_expert_may_run_in_the_loop_or_in_a_thread(isolation):
    async with council(expert("a", isolation=isolation)) as opened:
        assert (await opened.judge(ask())).verdict is A
