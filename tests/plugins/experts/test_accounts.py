"""Which variables are the balances of an account, and what has to be proved about them."""

from fractions import Fraction

import msgspec
import pytest

from ciranda_experts.conservation import (
    AccountError,
    Claim,
    LedgerError,
    Tree,
    balances,
    conservation_problems,
    likely_accounts,
    obligations_of,
)
from ciranda_experts.conservation.amounts import amount_text, briefly
from ciranda_experts.intent.evaluate import evaluate
from ciranda_experts.intent.intent import Section
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.intent.tree import Sort
from ciranda_experts.presolve.problem import Answer


def read(*pre, **fields):
    return read_intent({"pre": list(pre), **fields})


def names(intent):
    return [(pair.account, pair.old.name, pair.new.name) for pair in balances(intent)]


@pytest.mark.parametrize(
    ("pre", "old", "new"),
    [
        ("new_a == a - 1", "a", "new_a"),
        ("a == old_a - 1", "old_a", "a"),
        ("new_a == old_a - 1", "old_a", "new_a"),
        ("new_a == old_a - 1 and a == 0", "old_a", "new_a"),
        ("new_a == 7", "a", "new_a"),
        ("old_a == 7", "old_a", "a"),
    ],
)
def test_balances_are_found_by_their_names(pre, old, new):
    assert names(read(pre, accounts=["a"])) == [("a", old, new)]


def test_a_name_counts_wherever_it_stands():
    intent = read_intent({"accounts": ["a"], "post": ["a == 1 => ite(a > 0, new_a, 0) >= 0"]})

    assert names(intent) == [("a", "a", "new_a")]


@pytest.mark.parametrize(
    ("pre", "said"),
    [("a == 5", "only what it is before"), ("b == new_b", "nothing")],
)
def test_an_account_without_a_new_balance_is_an_error(pre, said):
    with pytest.raises(AccountError, match=f"`a` has no new balance, the conditions say {said}"):
        balances(read(pre, accounts=["a"]))


def test_a_bool_is_no_balance():
    intent = read("new_a or a == 1", vars={"a": "int", "new_a": "bool"}, accounts=["a"])

    with pytest.raises(AccountError, match="`new_a` of account `a` is a bool") as caught:
        balances(intent)
    assert (caught.value.reason, caught.value.account) == ("missing-balance", "a")


def test_two_accounts_cannot_share_a_variable():
    intent = read("new_a == a", "new_new_a == new_a", accounts=["a", "new_a"])

    with pytest.raises(
        AccountError, match="`new_a` is a balance of both `a` and `new_a`"
    ) as caught:
        balances(intent)
    assert caught.value.reason == "ambiguous-balance"


def test_an_account_is_declared_once():
    intent = msgspec.structs.replace(read("new_a == a", accounts=["a"]), accounts=("a", "a"))

    with pytest.raises(AccountError, match="`a` is declared twice"):
        balances(intent)


def test_a_balance_that_no_condition_names_has_the_sort_of_its_account():
    intent = read("new_a == 0.5", vars={"a": "real"}, accounts=["a"])

    (pair,) = balances(intent)

    assert (pair.old.sort, pair.new.sort) == (Sort.REAL, Sort.REAL)


def test_pairs_that_were_not_declared_are_seen():
    intent = read(
        "new_a == a",
        "b == old_b",
        "new_c == old_c",
        "new_d == 1",
        "old_e == 2",
        post=["new_ == 3"],
    )

    found = likely_accounts(intent)

    assert [(pair.account, pair.old.name, pair.new.name) for pair in found] == [
        ("a", "a", "new_a"),
        ("b", "old_b", "b"),
        ("c", "old_c", "new_c"),
    ]


def test_declared_accounts_and_bools_are_no_likely_ones():
    intent = read("new_a == a", "new_p or p", vars={"a": "int", "p": "bool"}, accounts=["a"])

    assert likely_accounts(intent) == ()


def test_an_intent_without_accounts_has_no_duties():
    assert conservation_problems(read("new_a == a", post=["a > 0"])) == ()


def test_duties_are_sums_and_signs_under_pre():
    intent = read("new_a == a - 1", "b == old_b + 1", accounts=["a", "b"], post=["a > 5"])

    duties = conservation_problems(intent)

    said = [
        (
            duty.claim,
            duty.wanted,
            [each.text for each in duty.problem.assume[2:]],
            duty.problem.violate and duty.problem.violate.text,
        )
        for duty in duties
    ]
    olds = ["a >= 0", "old_b >= 0"]
    sat, unsat = Answer.SATISFIABLE, Answer.UNSATISFIABLE
    assert said == [
        (Claim.SOLVENT, sat, olds, None),
        (Claim.CONSERVED, unsat, [], "new_a + b == a + old_b"),
        (Claim.NON_NEGATIVE, unsat, olds, "new_a >= 0 and b >= 0"),
    ]
    assert all(duty.problem.assume[:2] == intent.pre for duty in duties)
    assert set(duties[0].problem.sorts) == {"a", "new_a", "b", "old_b"}


def test_every_condition_of_a_problem_has_a_place_of_its_own():
    accounts = ["a", "b", "c"]
    tree = Tree(dict.fromkeys(accounts, 5))
    ledger = msgspec.to_builtins(tree.ledger(*accounts))
    pre = [f"new_{name} == {name}" for name in accounts]

    for duty in conservation_problems(read(*pre, accounts=accounts, ledger=ledger)):
        conditions = [*duty.problem.assume]
        if duty.problem.violate:
            conditions.append(duty.problem.violate)
        places = [condition.where for condition in conditions]
        assert len(set(places)) == len(places)


def test_sums_are_those_of_mathematics_whatever_the_width_of_integers():
    intent = read("new_a == a", "new_b == b", int_bits=8, accounts=["a", "b"])
    conserved = conservation_problems(intent)[1].problem.violate
    assert conserved
    values = {"a": 127, "b": 127, "new_a": 127, "new_b": 127}

    assert evaluate(conserved.term, values, 8) is True
    assert evaluate(conserved.term, values | {"new_b": 126}, 8) is False


@pytest.mark.parametrize("bits", [None, 8])
def test_one_account_alone_must_keep_what_it_has(bits):
    fields = {} if bits is None else {"int_bits": bits}
    intent = read("new_a == a - 5 + 5", accounts=["a"], **fields)
    conserved = conservation_problems(intent)[1].problem.violate
    assert conserved

    assert evaluate(conserved.term, {"a": 100, "new_a": 100}, bits) is True
    assert evaluate(conserved.term, {"a": 100, "new_a": 101}, bits) is False


def test_entries_of_a_ledger_are_facts_about_old_balances():
    ledger = msgspec.to_builtins(Tree({"a": 5, "b": 7, "c": 9}).ledger("b", "a", "c"))
    intent = read("new_a == a", "b == old_b", "c == 9", accounts=["a", "b"], ledger=ledger)

    facts = conservation_problems(intent)[1].problem.assume[3:]

    assert [(each.where, each.text) for each in facts] == [
        ("ledger[0]", "old_b == ledger.entries[0].balance"),
        ("ledger[1]", "a == ledger.entries[1].balance"),
        ("ledger[2]", "c == ledger.entries[2].balance"),
    ]
    assert [evaluate(each.term, {"a": 5, "old_b": 7, "c": 8}) for each in facts] == [
        True,
        True,
        False,
    ]
    weaker = obligations_of(intent).weaker
    assert [duty.claim for duty in weaker] == [Claim.CONSISTENT, Claim.LEDGER]


@pytest.mark.parametrize(
    ("pre", "fields"),
    [
        ("new_a == a", {"accounts": ["a"]}),
        ("x == 1", {}),
        ("B or not B", {"vars": {"B": "bool"}}),
    ],
)
def test_an_entry_about_no_balance_is_an_error(pre, fields):
    ledger = msgspec.to_builtins(Tree({"B": 5}).ledger("B"))

    with pytest.raises(LedgerError, match="the ledger's account 'B' is no balance in this intent"):
        conservation_problems(read(pre, ledger=ledger, **fields))


def test_no_other_section_may_be_written():
    assert {Section.ACCOUNTS, Section.LEDGER} == set(Section) - {"pre", "post", "constraints"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-12, "-12"),
        (10**12, "1000000000000"),
        (Fraction(3, 1), "3"),
        (Fraction(-1, 10**11), "-0.00000000001"),
        (Fraction(5, 4), "1.25"),
        (Fraction(-1, 3), "-1/3"),
        pytest.param(-(10**5000), "-1" + "0" * 5000, id="long"),
    ],
)
def test_amounts_are_written_exactly(value, text):
    assert amount_text(value) == text


def test_a_long_amount_is_told_by_its_beginning():
    assert briefly("1" * 100) == f"{'1' * 60}... (100 characters)"
    assert briefly("-0.5") == "-0.5"
