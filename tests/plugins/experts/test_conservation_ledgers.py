"""The conservation expert and ledgers: what it relies upon, and what it refuses."""

from contextlib import closing

import msgspec
import pytest

from ciranda.store import Durability
from ciranda_experts.conservation import Conservation, Spent, Tree

from .conserving import TRANSFER, answer, decide, said

pytestmark = pytest.mark.anyio


@pytest.fixture
def spent(tmp_path):
    with closing(Spent(tmp_path, durability=Durability.PROCESS)) as made:
        yield made


@pytest.fixture
def expert(spent):
    return Conservation(decide, spent)


LEDGER = Tree({"a": 500, "b": 0, "c": 7})


def relying(tree, *accounts, **changes):
    ledger = msgspec.structs.replace(tree.ledger(*accounts), **changes)
    return {"ledger": msgspec.to_builtins(ledger)}


async def test_balances_of_a_ledger_are_facts(expert):
    pre = ["new_a == a - 400", "new_b == b + 400"]
    given = {"pre": pre, "accounts": ["a", "b"]}

    finding = await answer(expert, given | relying(LEDGER, "a", "b"))

    assert said(await answer(expert, given)) == ("rejected", "negative-balance", True)
    assert said(finding) == ("approved", "proved", True)
    assert finding.evidence["ledger"] == {
        "root": LEDGER.root, "size": 3, "accounts": ["a", "b"], "trusted": False,
    }  # fmt: skip


async def test_a_balance_that_the_ledger_does_not_have_is_refused(expert):
    ledger = relying(LEDGER, "a")
    ledger["ledger"]["entries"][0]["balance"] = 10**9

    finding = await answer(expert, TRANSFER | ledger)

    assert said(finding) == ("rejected", "bad-ledger", True)
    assert "the entry of account 'a' is not in the ledger" in finding.message


async def test_conditions_that_contradict_the_ledger_are_refused(expert):
    given = {"pre": ["a == 501", "new_a == a"], "accounts": ["a"]}

    finding = await answer(expert, given | relying(LEDGER, "a"))

    assert said(finding) == ("rejected", "bad-ledger", True)
    assert finding.evidence["obligations"][-1]["core"] == ["pre[0]", "ledger[0]"]


async def test_entries_alone_are_included(expert):
    finding = await answer(expert, relying(LEDGER, "c"))
    about = await answer(expert, {"pre": ["c > 5"], "post": ["c > 4"]} | relying(LEDGER, "c"))
    against = await answer(expert, {"pre": ["c > 7"], "post": ["c > 4"]} | relying(LEDGER, "c"))

    assert said(finding) == ("approved", "included", True)
    assert said(about) == ("approved", "included", True)
    assert said(against) == ("rejected", "bad-ledger", True)


async def test_an_entry_about_nobody_is_refused(expert):
    assert (await answer(expert, TRANSFER | relying(LEDGER, "c"))).reason == "bad-ledger"


async def test_only_roots_that_are_trusted_may_be_relied_upon(spent):
    forged = Tree({"a": 10**9})
    expert = Conservation(decide, spent, trusted=frozenset({LEDGER.root}))

    assert said(await answer(expert, relying(LEDGER, "a"))) == ("approved", "included", True)
    finding = await answer(expert, relying(forged, "a"))
    assert said(finding) == ("rejected", "bad-ledger", True)
    assert "is none of those that may be relied upon" in finding.message
    assert "add it to `[experts] ledgers`" in finding.message


TRANSFER_ON_IT = {"pre": ["new_a == a - 9", "new_b == b + 9"], "accounts": ["a", "b"]}


@pytest.mark.parametrize("given", [{}, TRANSFER_ON_IT])
async def test_an_approval_says_whether_somebody_vouched_for_the_root(expert, spent, given):
    given |= relying(LEDGER, "a", "b")
    trusting = Conservation(decide, spent, trusted=frozenset({LEDGER.root}))

    alone, vouched = await answer(expert, given), await answer(trusting, given)

    assert said(alone) == said(vouched)
    assert alone.evidence["ledger"] == {**vouched.evidence["ledger"], "trusted": False}
    assert vouched.evidence["ledger"]["trusted"]
    assert alone.message.startswith(vouched.message.removesuffix(". "))
    assert f"But nobody vouched for the ledger's root {LEDGER.root[:12]}" in alone.message
    assert "`ledgers` under `[experts]`" in alone.message
    assert alone.evidence["warning"] in alone.message
    assert "warning" not in vouched.evidence
