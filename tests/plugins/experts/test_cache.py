"""What is remembered: findings of pure experts, once for all who ask, and nothing that failed."""

import copy
import json
from fractions import Fraction
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.council.frozen import FrozenDict, freeze, thaw
from ciranda_experts.council.shelf import raw_of

from .stage import INTENT, A, Counting, R, U, ask, council, expert, finding, reasons

pytestmark = pytest.mark.anyio


async def test_the_same_intent_is_judged_once_however_it_is_written():
    counting = Counting()
    async with council(expert("a", counting)) as opened:
        first = await opened.judge(ask({"pre": ["x > 2"], "post": ["x > 1"], "id": "1"}))
        again = await opened.judge(ask({"pre": ["x > 2"], "post": ["x > 1"], "id": "2"}))
        spelt = await opened.judge(ask({"pre": ["(x)  >  2"], "post": ["x>1"]}))
        other = await opened.judge(ask({"pre": ["x > 2"], "post": ["x > 0"]}))

    assert counting.calls == 2
    assert [one.experts[0].cached for one in (first, again, spelt, other)] == [
        False, True, True, False,
    ]  # fmt: skip
    assert (first.id, again.id, spelt.id) == ("1", "2", "")
    assert first.key == again.key == spelt.key != other.key
    assert again.verdict is A


async def test_text_is_remembered_too():
    counting = Counting()
    text = "guard { x > 2 }\nverify { x > 1 }"
    async with council(expert("a", counting)) as opened:
        for intent in (text, text, text + "\n# " + "long " * 500, text + "\n# " + "long " * 500):
            assert (await opened.judge(ask(intent))).verdict is A

    assert counting.calls == 1


async def test_an_intent_that_cannot_be_read_is_refused_again_without_being_read():
    reads = []

    def read(data):
        reads.append(data)
        from ciranda_experts.intent.reading import read_intent

        return read_intent(data)

    async with council(expert("a"), given={"read": read}) as opened:
        for name in "ab":
            judgement = await opened.judge(ask({"post": ["x >"], "id": name}))
            assert (judgement.reason, judgement.id) == ("malformed", name)

    assert len(reads) == 1


@pytest.mark.parametrize(
    "found", [finding(U, 0.5), "garbage", RuntimeError("boom")], ids=["unsure", "garbage", "crash"]
)
async def test_failures_and_doubts_are_never_remembered(found):
    answers = [found, finding()]

    def judge(_):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with council(expert("a", judge)) as opened:
        assert (await opened.judge(ask())).verdict is U
        assert (await opened.judge(ask())).verdict is A
        assert (await opened.judge(ask())).experts[0].cached


async def test_impure_experts_are_asked_every_time_and_pure_ones_beside_them_once():
    impure, pure = Counting(), Counting()
    async with council(expert("a", impure, pure=False), expert("b", pure)) as opened:
        for _ in range(3):
            judgement = await opened.judge(ask())

    assert (impure.calls, pure.calls) == (3, 1)
    assert [one.cached for one in judgement.experts] == [False, True]


async def test_a_replayed_transaction_is_never_approved_from_memory():
    spent = set()

    class Money:
        def judge(self, question):
            again = question.intent.transaction in spent
            return finding(R, 1.0, "double-spend", proven=True) if again else finding()

        async def settle(self, question, judgement):
            spent.add(question.intent.transaction)

    payment = {**INTENT, "transaction": "t1"}
    async with council(expert("money", Money().judge), expert("b")) as opened:
        assert (await opened.judge(ask(payment))).verdict is A
        for _ in range(2):
            judgement = await opened.judge(ask(payment))
            assert (judgement.verdict, judgement.reason) == (R, "double-spend")


async def test_a_remembered_judgement_cannot_be_changed_by_who_got_it():
    async with council(expert("a", finding(evidence={"seen": [{"line": 1}]}))) as opened:
        for _ in range(3):
            judgement = await opened.judge(ask())
            evidence = judgement.experts[0].evidence
            assert evidence == {"seen": [{"line": 1}]}
            for change in (
                lambda held: held.update(seen=[]),
                lambda held: held.__setitem__("seen", 1),
                lambda held: held["seen"].append(2),
                lambda held: held["seen"][0].pop("line"),
                lambda held: held["seen"].__setitem__(0, 1),
            ):
                with pytest.raises(TypeError, match="shared by all who ask the same"):
                    change(evidence)
            with pytest.raises(AttributeError):
                judgement.verdict = R


async def test_an_expert_that_changes_its_evidence_later_changes_nothing():
    held: dict[str, Any] = {"seen": [1]}
    async with council(expert("a", finding(evidence=held))) as opened:
        await opened.judge(ask())
        held["seen"].append(2)
        held["more"] = 3

        assert (await opened.judge(ask())).experts[0].evidence == {"seen": [1]}


async def test_many_who_ask_at_once_get_one_answer():
    calls, go = [], anyio.Event()

    async def judge(_):
        calls.append(1)
        await go.wait()
        return finding()

    verdicts = []
    async with council(expert("a", judge)) as opened:

        async def one(number):
            intent = {"pre": [f"{' ' * number}x > 2"], "post": ["x > 1"]}
            verdicts.append((await opened.judge(ask(intent))).verdict)

        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(one, number)
            await anyio.wait_all_tasks_blocked()
            go.set()

    assert len(calls) == 1
    assert verdicts == [A] * 20


async def test_who_gives_up_first_does_not_take_the_answer_from_the_others():
    calls, go = [], anyio.Event()

    async def judge(_):
        calls.append(1)
        await go.wait()
        return finding()

    async with council(expert("a", judge)) as opened:
        first, verdicts = anyio.CancelScope(), []

        async def patient():
            verdicts.append((await opened.judge(ask())).verdict)

        async def hasty():
            with first:
                await opened.judge(ask())

        async with anyio.create_task_group() as group:
            group.start_soon(hasty)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(patient)
            await anyio.wait_all_tasks_blocked()
            first.cancel()
            await anyio.wait_all_tasks_blocked()
            go.set()

    assert (len(calls), verdicts) == (1, [A])


async def test_a_longer_budget_does_not_wait_for_a_shorter_one():
    budgets = []

    async def judge(question):
        budgets.append(question.budget)
        if question.budget < 1:
            await anyio.sleep_forever()
        return finding()

    async with council(expert("a", judge)) as opened:
        verdicts = {}

        async def one(budget):
            verdicts[budget] = (await opened.judge(ask(budget=budget))).verdict

        async with anyio.create_task_group() as group:
            group.start_soon(one, 0.05)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(one, 5.0)

    assert verdicts == {0.05: U, 5.0: A}
    assert len(budgets) == 2


async def test_other_experts_make_what_was_found_before_worthless():
    async with council(expert("a")) as opened:
        assert (await opened.judge(ask())).verdict is A
        opened.seat([expert("a", finding(R))])
        assert (await opened.judge(ask())).verdict is R


async def test_an_answer_on_its_way_is_not_remembered_for_the_experts_that_came_meanwhile():
    go = anyio.Event()

    async def old(_):
        await go.wait()
        return finding()

    async with council(expert("a", old)) as opened:
        said = []

        async def one():
            said.append((await opened.judge(ask())).verdict)

        async with anyio.create_task_group() as group:
            group.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            opened.seat([expert("a", finding(R))])
            go.set()
        assert said == [A]
        assert (await opened.judge(ask())).verdict is R


async def test_what_was_learned_makes_what_was_found_before_worthless():
    class Adviser:
        revision = 1
        sure = 0.95

        class versions:  # noqa: N801  (an attribute of the protocol)
            current = staticmethod(lambda expert: None)
            beside = staticmethod(lambda expert, key: None)

        def calibrated(self, opinion):
            return self.sure

        def threshold(self, usual):
            return max(usual, 0.8)

    adviser = Adviser()
    counting = Counting(finding(confidence=0.5))
    async with council(expert("a", counting), given={"adviser": adviser}) as opened:
        assert (await opened.judge(ask())).confidence == pytest.approx(0.95)
        adviser.sure = 0.75
        assert (await opened.judge(ask())).verdict is A
        adviser.revision = 2
        judgement = await opened.judge(ask())

    assert (judgement.verdict, judgement.reason) == (U, "low-confidence")
    assert counting.calls == 2


async def test_memory_is_bounded_and_can_be_turned_off():
    counting = Counting()
    async with council(expert("a", counting), cache=2) as opened:
        for _ in range(2):
            for number in range(20):
                await opened.judge(ask({"post": [f"x > {number}"]}))
    assert counting.calls == 40
    async with council(expert("a", counting), cache=0) as opened:
        for _ in range(2):
            await opened.judge(ask())
    assert counting.calls == 42


async def test_a_large_intent_does_not_push_out_all_others():
    counting = Counting()
    large = {"code": "x = 1\n" * 100_000}
    async with council(expert("a", counting), cache=64) as opened:
        await opened.judge(ask())
        assert (await opened.judge(ask(large))).verdict is A
        assert (await opened.judge(ask())).experts[0].cached


async def test_other_experts_asked_for_are_another_judgement():
    async with council(expert("a"), expert("b", finding(R))) as opened:
        assert (await opened.judge(ask(), only=["a"])).verdict is A
        assert (await opened.judge(ask())).verdict is R
        assert (await opened.judge(ask(experts=("c",)))).verdict is R
        assert reasons(await opened.judge(ask(experts=("c",))))["c"] == "expert-missing"
        assert (await opened.judge(ask(), only=["a"])).verdict is A


def test_what_tells_intents_apart_is_all_of_them_but_the_id():
    different: list[Any] = [
        {"post": ["x"]}, {"post": ["y"]}, {"post": "x"}, {"pre": ["x"]}, {"post": [1]},
        {"post": [1.0]}, {"post": [True]}, {"post": ["1"]}, {"post": [None]}, "post", "x" * 2000,
        "x" * 2001, {"post": ["x" * 2000]}, {"post": ["x" * 2001]}, {},
    ]  # fmt: skip
    raws = [raw_of(one)[0] for one in different]

    assert len(set(raws)) == len(different)
    assert raw_of({"id": "a", "post": ["x"]}) == (raws[0], "a", len(raws[0] or ""))
    assert raw_of({"id": 7, "post": ["x"]})[0] is None
    assert raw_of({"post": [object()]})[0] is None
    nobodys: Any = ["x"]
    assert raw_of(nobodys)[0] is None


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(plain)
def test_frozen_data_is_equal_encodes_alike_and_thaws(value):
    frozen = freeze(value)

    assert frozen == value
    assert json.dumps(frozen) == json.dumps(value)
    assert msgspec.msgpack.encode(frozen) == msgspec.msgpack.encode(value)
    assert thaw(frozen) == value
    assert type(thaw(frozen)) is type(value)


def test_copies_of_frozen_data_can_be_changed():
    frozen = freeze({"a": [1]})

    shallow, deep = copy.copy(frozen), copy.deepcopy(frozen)
    deep["a"].append(2)
    shallow["b"] = copy.copy(frozen["a"])

    assert type(frozen) is FrozenDict
    assert frozen == {"a": [1]}
    assert deep == {"a": [1, 2]}
    assert shallow == {"a": [1], "b": [1]}


def test_numbers_beyond_64_bits_are_written_out():
    assert freeze([2**70, Fraction(1, 3), 2**40000])[:2] == [str(2**70), "1/3"]
    assert freeze([2**40000])[0] == hex(2**40000)
