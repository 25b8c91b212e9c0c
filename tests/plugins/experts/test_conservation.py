"""The conservation expert: what it proves about balances, and what it finds."""

from contextlib import closing
from fractions import Fraction

import anyio
import pytest
from hypothesis import given, settings, strategies as st

from ciranda.events.judging import Verdict
from ciranda.store import Durability
from ciranda_experts.confidence import PROVEN
from ciranda_experts.conservation import Conservation, Spent
from ciranda_experts.intent.intent import Feature
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.presolve.problem import Answer, Decision

from .conserving import TRANSFER, UNDECIDED, answer, ask, decide, said

pytestmark = pytest.mark.anyio


@pytest.fixture
def spent(tmp_path):
    with closing(Spent(tmp_path, durability=Durability.PROCESS)) as made:
        yield made


@pytest.fixture
def expert(spent):
    return Conservation(decide, spent)


# Balances.


async def test_a_transfer_is_proved(expert):
    finding = await answer(expert, TRANSFER)

    assert said(finding) == ("approved", "proved", True)
    assert finding.confidence == PROVEN
    assert finding.evidence["accounts"]["a"] == {"old": "a", "new": "new_a"}
    shown = [(each["claim"], each["answer"]) for each in finding.evidence["obligations"]]
    assert shown == [
        ("solvent", "satisfiable"),
        ("conserved", "unsatisfiable"),
        ("non-negative", "unsatisfiable"),
    ]
    assert all(each["certificate"] for each in finding.evidence["obligations"][1:])
    assert finding.evidence["derived"]["accounts[2]"] == "new_a + new_b == a + b"


async def test_a_hundred_less_and_two_hundred_more_is_minted_money(expert):
    finding = await answer(
        expert,
        {
            "pre": [
                "sender_balance == old_sender_balance - 100",
                "receiver_balance == old_receiver_balance + 200",
            ],
            "accounts": ["sender_balance", "receiver_balance"],
        },
    )

    assert said(finding) == ("rejected", "minted", True)
    assert finding.message.startswith("100 appears from nowhere: for example `sender_balance` from")
    assert finding.evidence["counterexample"]["difference"] == "100"


async def test_a_fee_that_goes_nowhere_vanishes(expert):
    finding = await answer(
        expert,
        {
            "pre": ["fee == 3", "new_a == a - amount", "new_b == b + amount - fee"],
            "accounts": ["a", "b"],
        },
    )

    assert said(finding) == ("rejected", "vanished", True)
    assert finding.evidence["counterexample"]["difference"] == "-3"


async def test_a_slice_of_a_salami_is_found_exactly(expert):
    finding = await answer(
        expert,
        {
            "vars": {"a": "real", "b": "real"},
            "pre": ["new_a == a - 0.1", "new_b == b + 0.10000000001"],
            "accounts": ["a", "b"],
        },
    )

    assert said(finding) == ("rejected", "minted", True)
    assert finding.evidence["counterexample"]["difference"] == "0.00000000001"


async def test_a_third_is_told_as_a_fraction(expert):
    pre = ["3 * new_a == 3 * a - 1"]
    given = {"vars": {"a": "real"}, "pre": pre, "accounts": ["a"]}

    finding = await answer(expert, given)

    assert finding.evidence["counterexample"]["difference"] == "-1/3"


def ring(leak):
    pre = [f"new_x{n} == x{n} - t{n} + t{(n - 1) % 12}" for n in range(12)]
    pre += [f"0 <= t{n} <= x{n}" for n in range(12)]
    pre[11] += f" - {leak}"
    return {"pre": pre, "accounts": [f"x{n}" for n in range(12)]}


async def test_a_ring_of_twelve_transfers_is_proved_and_its_leak_found(expert):
    assert said(await answer(expert, ring(0))) == ("approved", "proved", True)
    assert said(await answer(expert, ring(1))) == ("rejected", "vanished", True)


async def test_a_transfer_to_oneself_changes_nothing(expert):
    given = {"pre": ["new_a == a - amount + amount"], "accounts": ["a"]}
    doubled = {"pre": ["new_a == a + amount", "amount > 0"], "accounts": ["a"]}

    assert said(await answer(expert, given)) == ("approved", "proved", True)
    assert said(await answer(expert, doubled)) == ("rejected", "minted", True)


async def test_a_negative_amount_takes_from_the_receiver(expert):
    given = TRANSFER | {"pre": TRANSFER["pre"][1:]}

    finding = await answer(expert, given)

    assert said(finding) == ("rejected", "negative-balance", True)
    shown = finding.evidence["counterexample"]
    assert shown["account"] == "b"
    assert int(shown["values"]["amount"]) < 0
    assert int(shown["balance"]) < 0 <= int(shown["values"]["b"])


async def test_more_than_there_is_cannot_be_sent(expert):
    finding = await answer(expert, TRANSFER | {"pre": [TRANSFER["pre"][0], *TRANSFER["pre"][2:]]})

    assert said(finding) == ("rejected", "negative-balance", True)
    assert finding.message.startswith("account `a` can end with -")


async def test_what_post_claims_is_no_premise(expert):
    given = {"pre": ["a >= 5"], "post": ["new_a + new_b == a + b"], "accounts": ["a", "b"]}

    finding = await answer(expert, given)

    assert finding.verdict is Verdict.REJECTED
    assert finding.reason in {"minted", "vanished"}


async def test_contradictions_prove_nothing(expert):
    finding = await answer(expert, TRANSFER | {"pre": [*TRANSFER["pre"], "amount < 0"]})

    assert said(finding) == ("rejected", "vacuous", True)
    core = finding.evidence["obligations"][-1]["core"]
    assert set(core) == {"pre[0]", "pre[4]"}


async def test_an_account_in_debt_does_not_hide_others_that_go_there(expert):
    pre = ["d == -1", "new_d == d", "new_a == a - 5", "new_b == b + 5"]

    finding = await answer(expert, {"pre": pre, "accounts": ["a", "b", "d"]})

    assert said(finding) == ("rejected", "negative-balance", True)
    assert "less than nothing to begin with" in finding.message


@pytest.mark.parametrize(
    ("pre", "reason"),
    [(["a == 5"], "missing-balance"), (["a == old_a"], "proved")],
)
async def test_accounts_need_two_balances(expert, pre, reason):
    finding = await answer(expert, {"pre": pre, "accounts": ["a"]})

    assert finding.reason == reason


async def test_machine_integers_are_added_up_by_mathematics(expert):
    given = {
        "int_bits": 8,
        "pre": ["new_a == a", "new_b == b", "a >= 100", "b >= 100"],
        "accounts": ["a", "b"],
    }
    minting = given | {"pre": ["new_a == a", "a >= 0", "new_b == b + 1", "0 <= b", "b < 127"]}

    assert said(await answer(expert, given)) == ("approved", "proved", True)
    assert said(await answer(expert, minting)) == ("rejected", "minted", True)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.fractions(0, 100, max_denominator=1000)),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([Fraction(0), Fraction(0), Fraction(1, 10**12), Fraction(-7, 20)]),
)
def test_transfers_are_conserved_unless_something_leaks(tmp_path_factory, transfers, leak):
    changes = [Fraction(0)] * 4
    for source, target, amount in transfers:
        changes[source] -= amount
        changes[target] += amount
    changes[0] += leak
    pre = [
        f"{c.denominator} * new_x{n} == {c.denominator} * x{n} + {c.numerator}"
        for n, c in enumerate(changes)
    ]
    pre += [f"x{n} >= 1000" for n in range(4)]
    accounts = [f"x{n}" for n in range(4)]
    given = {"vars": dict.fromkeys(accounts, "real"), "pre": pre, "accounts": accounts}

    expert = Conservation(decide, Spent(tmp_path_factory.getbasetemp()))
    finding = anyio.run(expert.judge, ask(given))

    if leak:
        assert finding.reason == ("minted" if leak > 0 else "vanished")
        shown = finding.evidence["counterexample"]
        assert Fraction(shown["difference"]) == leak
        assert Fraction(shown["new_sum"]) - Fraction(shown["old_sum"]) == leak
    else:
        assert said(finding) == ("approved", "proved", True)


# What cannot be decided.


async def test_what_nobody_decides_is_uncertain(spent):
    async def give_up(problem, budget):
        return UNDECIDED

    finding = await answer(Conservation(give_up, spent), TRANSFER)

    assert said(finding) == ("uncertain", "undecided", False)


async def test_a_counterexample_counts_though_something_else_is_undecided(spent):
    async def decide_half(problem, budget):
        return UNDECIDED if problem.violate is None else await decide(problem, budget)

    given = {"pre": ["new_a == a + 1"], "accounts": ["a"]}

    assert said(await answer(Conservation(decide_half, spent), given)) == (
        "rejected",
        "minted",
        True,
    )


async def test_the_budget_is_shared_by_all_problems(spent):
    now = [0.0]
    budgets = []

    async def slow(problem, budget):
        budgets.append(budget)
        now[0] += 2.0
        return await decide(problem, budget)

    expert = Conservation(slow, spent, clock=lambda: now[0])
    finding = await expert.judge(ask(TRANSFER, budget=3.0))

    assert budgets == [3.0, 1.0]
    assert said(finding) == ("uncertain", "timeout", False)


@pytest.mark.parametrize(
    "model",
    [
        None,
        {},
        {"a": 0, "b": 0, "amount": 0, "new_a": 0, "new_b": 0},  # not under `pre`
        {"a": 5, "b": 0, "amount": 5, "new_a": 0, "new_b": 5},  # conserved
        {"a": Fraction(5, 2), "b": 0, "amount": 1, "new_a": Fraction(3, 2), "new_b": 2},
        {"a": 5, "b": False, "amount": 1, "new_a": 4, "new_b": 2},
    ],
)
async def test_a_counterexample_that_is_none_proves_nothing(spent, model):
    async def lie(problem, budget):
        if problem.violate is None:
            return await decide(problem, budget)
        return Decision(Answer.SATISFIABLE, "lie", model=model)

    finding = await answer(Conservation(lie, spent), TRANSFER)

    assert said(finding) == ("uncertain", "undecided", False)


# What is not its business.


async def test_nothing_relevant_is_nothing_to_say(expert):
    finding = await answer(expert, {"pre": ["x > 0"], "post": ["x > -1"]})

    assert said(finding) == ("abstained", "irrelevant", False)
    assert finding.evidence == {}


async def test_pairs_that_were_not_declared_are_noted_and_never_rejected(expert):
    given = {"pre": ["a == old_a - 100", "b == old_b + 200"], "post": ["b > a"]}

    finding = await answer(expert, given)
    paid = await answer(expert, given | {"transaction": "t1"})

    assert said(finding) == ("abstained", "irrelevant", False)
    assert "declare `accounts: [a, b]`" in finding.evidence["note"]
    assert said(paid) == ("approved", "unspent", False)
    assert "declare `accounts: [a, b]`" in paid.evidence["note"]


def test_what_a_council_gets_to_know(expert):
    made = expert.expert()

    assert (made.name, made.mandatory, made.pure) == ("conservation", True, False)
    assert made.handles == {Feature.TRANSFER, Feature.LEDGER, Feature.TRANSACTION}
    assert expert.is_pure(read_intent(TRANSFER))
    assert not expert.is_pure(read_intent(TRANSFER | {"transaction": "t"}))
