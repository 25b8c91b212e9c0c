"""The gate: who is asked about an intent, who is skipped, and how good that was."""

from pathlib import Path

import anyio
import pytest

from ciranda.errors import SettingsError
from ciranda.settings import Configuration
from ciranda_experts import Feature
from ciranda_experts.council.gate import Gate
from ciranda_experts.council.kind import Kind
from ciranda_experts.intent.features import features
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.settings import ExpertsSettings

from .stage import N, R, Recorder, U, ask, council, expert, finding, reasons

pytestmark = pytest.mark.anyio

LOGIC = expert("logic", handles=frozenset({Feature.CONDITIONS}))
CODE = expert("code", handles=frozenset({Feature.CODE}))
MONEY = expert("money", handles=frozenset({Feature.TRANSFER}), mandatory=True)
ALWAYS = expert("always")


def gate(*experts, mandatory=(), **options):
    return Gate(experts, mandatory, features=features, **options)


def names(route):
    return [one.name for one in route.chosen]


def test_experts_are_chosen_by_what_an_intent_has():
    found = gate(LOGIC, CODE, MONEY, ALWAYS)

    conditions = found.route(read_intent({"post": ["x > 1"]}))
    code = found.route(read_intent({"code": "x = 1"}))

    assert names(conditions) == ["logic", "always"]
    assert conditions.skipped_names == ("code", "money")
    assert names(code) == ["code", "always"]
    assert found.counts.routed == 2
    assert found.counts.skipped == 4


def test_the_money_expert_is_asked_whatever_words_the_intent_uses():
    intent = read_intent(
        {"post": ["new_sender_balance == -100 and sender_balance == 0", "new_b == b + 200"]}
    )

    assert "money" in names(gate(MONEY).route(intent))


def test_a_mandatory_expert_is_required_where_it_is_relevant_and_nowhere_else():
    found = gate(LOGIC, MONEY, mandatory=("logic",))

    assert found.route(read_intent({"post": ["x > 1"]})).required == {"logic"}
    both = read_intent({"accounts": ["a"], "post": ["new_a == a"]})
    assert found.route(both).required == {"logic", "money"}


def test_a_mandatory_expert_that_nobody_offers_is_required_everywhere():
    route = gate(LOGIC, mandatory=("absent",)).route(read_intent({"post": ["x > 1"]}))

    assert route.required == {"absent"}


def test_a_request_and_a_policy_add_experts_and_remove_none():
    found = gate(LOGIC, CODE, MONEY, mandatory=("logic",))
    intent = read_intent({"post": ["x > 1"], "policy": {"experts": ["money"]}})

    route = found.route(intent, ("code",))

    assert names(route) == ["logic", "code", "money"]
    assert route.required == {"logic", "code", "money"}


def test_intents_of_a_kind_get_further_experts():
    found = gate(LOGIC, CODE, kinds={"payment": Kind(experts=("code",))})

    assert names(found.route(read_intent({"post": ["x > 1"], "type": "payment"}))) == [
        "logic",
        "code",
    ]
    assert names(found.route(read_intent({"post": ["x > 1"], "type": "other"}))) == ["logic"]


def test_a_route_is_remembered_by_the_canonical_intent():
    looked = []

    def look(intent):
        looked.append(intent.key)
        return features(intent)

    found = Gate([LOGIC], (), features=look, size=2)
    first = found.route(read_intent({"post": ["x > 1"]}))

    assert found.route(read_intent({"post": ["x  >  1"], "id": "other"})) is first
    assert found.route(read_intent({"post": ["x > 1"]}), ("code",)) is not first
    assert len(looked) == 2


def test_samples_are_drawn_from_the_skipped_ones_alone():
    chances = iter([0.05, 0.5])
    found = gate(LOGIC, CODE, MONEY, share=0.1, chance=lambda: next(chances))
    route = found.route(read_intent({"post": ["x > 1"]}))

    assert found.sample(route) == [CODE]
    assert found.counts.sampled == 1
    assert gate(LOGIC, CODE, share=0.0).sample(route) == []


async def test_what_a_sampled_expert_says_is_recorded_and_never_counted():
    seen = anyio.Event()
    recorder = Recorder()

    def reject(_):
        seen.set()
        return finding(R, 1.0, proven=True)

    code = expert("code", reject, handles=frozenset({Feature.CODE}))
    async with council(LOGIC, code, shadow=1.0, given={"recorder": recorder}) as opened:
        judgement = await opened.judge(ask())
        await seen.wait()
        await anyio.wait_all_tasks_blocked()

        assert opened.gate.counts.missed == {"code": 1}
    assert judgement.verdict == "approved"
    assert reasons(judgement) == {"logic": "looked"}
    ((_, shadow),) = recorder.late
    assert [one.expert for one in shadow] == ["code"]
    assert recorder.seen[0][2] == ("code",)


@pytest.mark.parametrize("found", [finding(), finding(N, 1.0)])
async def test_a_sampled_expert_without_an_objection_shows_the_gate_was_right(found):
    recorder = Recorder()
    code = expert("code", found, handles=frozenset({Feature.CODE}))
    async with council(LOGIC, code, shadow=1.0, given={"recorder": recorder}) as opened:
        await opened.judge(ask())
        await anyio.wait_all_tasks_blocked()

        assert opened.gate.counts.missed == {}
    assert len(recorder.late) == 1


async def test_settings_of_a_kind_make_it_stricter():
    unsure = expert("unsure", finding(confidence=0.8))
    doubtful = expert("doubtful", finding(R, 0.6))
    kinds = {"big": Kind(threshold=0.9), "all": Kind(rule="unanimous")}
    async with council(unsure, kinds=kinds) as opened:
        assert (await opened.judge(ask())).verdict == "approved"
        strict = await opened.judge(ask({"post": ["x > 1"], "pre": ["x > 2"], "type": "big"}))
        assert (strict.verdict, strict.reason) == (U, "low-confidence")
    async with council(unsure, doubtful, rule="weighted", threshold=0.6, kinds=kinds) as opened:
        assert (await opened.judge(ask())).verdict == "approved"
        judgement = await opened.judge(ask({"post": ["x > 1"], "type": "all"}))
        assert judgement.reason == "dissent"


def test_a_kind_with_a_rule_that_there_is_not_is_a_mistake_in_the_settings():
    tables = {"experts": {"kinds": {"big": {"rule": "vetto"}}}}

    with pytest.raises(SettingsError, match=r"`rule` of \[experts.kinds.big\] is 'vetto'"):
        Configuration(root=Path(), tables=tables).read(ExpertsSettings)
