"""The experts that sit on every council, through the questions that others ask."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from ciranda.errors import SettingsError
from ciranda.events import Judge, Verdict, VerifyProof
from ciranda.testing import harness
from ciranda_experts.conservation import Tree
from ciranda_experts.guarding import Guarding
from ciranda_experts.security import security_expert

pytestmark = pytest.mark.anyio

HARD: dict[str, Any] = {
    "vars": {"x": "int", "y": "int", "z": "int"},
    "pre": ["x > 1", "y > 1", "z > 1", "x * y * z == 30", "x < y", "y < z"],
    "post": ["x + y + z == 10"],
}
TRANSFER = {
    **HARD,
    "vars": {},
    "accounts": ["a", "b"],
    "pre": [*HARD["pre"], "a >= 30", "b >= 0", "new_a == a - x * y", "new_b == b + x * y"],
    "post": ["b >= 0"],
}


async def asked(h, intent, **fields):
    h.engine.plugins.load(["experts"])
    await h.engine.plugins.start()
    return await h.engine.bus.ask(Judge(intent=intent, **fields))


def said(judgement):
    return {one.expert: (one.verdict.value, str(one.reason)) for one in judgement.experts}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # workers are the same on either loop
async def test_what_is_not_easy_is_decided_by_z3_which_this_process_never_loads(anyio_backend):
    loaded = "z3" in sys.modules  # by a test of the translation, in this very process
    async with harness(settings={"experts": {"processes": 1}}) as h:
        hard = await asked(h, HARD)
        money = await asked(h, TRANSFER)
        checked = await h.engine.bus.ask(VerifyProof(proof=hard.proof))

    assert (hard.verdict, hard.reason) == (Verdict.APPROVED, "proved"), hard.message
    methods = {step["method"] for step in hard.experts[0].evidence["obligations"]}
    assert "z3" in methods
    assert checked.valid, checked.message
    assert said(money)["conservation"] == ("approved", "proved"), money.message
    assert "z3" in {step["method"] for step in money.experts[1].evidence["obligations"]}
    assert ("z3" in sys.modules) is loaded


@pytest.mark.parametrize(
    ("intent", "verdicts"),
    [
        ({"pre": ["x > 0"], "post": ["x > 1000"]}, {"logic": ("rejected", "counterexample")}),
        ({"post": ["10 / y == 10 / y"]}, {"logic": ("rejected", "undefined")}),
        ({"code": "while 1:\n    pass\n"}, {"security": ("rejected", "attack-pattern")}),
        ({"code": "print(1)\n"}, {"security": ("approved", "clean")}),
        (
            {
                "accounts": ["sender", "receiver"],
                "pre": ["sender >= 100", "receiver >= 0", "new_sender == sender - 100",
                        "new_receiver == receiver + 200"],
                "post": ["new_receiver > receiver"],
            },
            {"logic": ("approved", "proved"), "conservation": ("rejected", "minted")},
        ),
        (
            {"post": ["new_a + new_b == a + b or true"]},
            {"logic": ("approved", "proved"), "conservation": ("abstained", "irrelevant")},
        ),
    ],
)  # fmt: skip
async def test_each_says_what_it_found(intent, verdicts):
    async with harness() as h:
        judgement = await asked(h, intent)

    assert said(judgement) == verdicts
    worst = "rejected" if "rejected" in str(verdicts) else "approved"
    assert judgement.verdict == worst


async def test_a_precondition_alone_is_no_claim_that_anybody_approves():
    pre = ["new_a == old_a + 1000000"]
    async with harness() as h:
        paid = await asked(h, {"pre": pre, "transaction": "q3"})
        again = await asked(h, {"pre": ["a > 1", "a < 1"], "transaction": "q4"})

    assert said(paid) == {
        "logic": ("abstained", "nothing-claimed"),
        "conservation": ("approved", "unspent"),
    }
    assert (paid.verdict, paid.reason) == (Verdict.APPROVED, "unspent")
    assert (again.verdict, again.reason) == (Verdict.REJECTED, "vacuous")


async def test_the_intent_language_is_never_read_as_python():
    async with harness() as h:
        judgement = await asked(
            h, {"pre": ["lambda > 1"], "post": ["lambda > 0", "class == class"]}
        )

    assert (judgement.verdict, list(said(judgement))) == (Verdict.APPROVED, ["logic"])


def test_the_security_expert_is_loaded_when_there_is_code(tmp_path):
    code = (
        "import sys\n"
        "from ciranda_experts.expert import Question\n"
        "from ciranda_experts.guarding import Guarding\n"
        "from ciranda_experts.intent.reading import read_intent\n"
        "import ciranda_experts.opening\n"
        "guarding = Guarding()\n"
        "expert = guarding.expert()\n"
        "print('ciranda_experts.security' in sys.modules, 'tomllib' in sys.modules)\n"
        "question = Question(intent=read_intent({'code': 'eval(x)'}), budget=1.0)\n"
        "print(expert.judge(question).reason, 'ciranda_experts.security' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False", "attack-pattern", "True"]


def test_the_security_expert_is_the_same_before_and_after_it_is_loaded(tmp_path):
    early, late = Guarding().expert(), security_expert()
    ours = tmp_path / "ours.toml"
    ours.write_text("[severity]\nweak-hash = 'off'\n")
    own = Guarding([ours]).expert()

    for field in ("name", "handles", "cost", "timeout", "isolation", "mandatory", "pure"):
        assert getattr(early, field) == getattr(late, field)
    assert early.version == Guarding().expert().version
    assert early.version != own.version


def test_a_broken_file_of_rules_is_refused_before_there_is_any_code(tmp_path):
    (tmp_path / "ours.toml").write_text("[[rule]]\nid = 1\n")

    with pytest.raises(SettingsError, match=r"ours\.toml:2: the rule's id is not a text"):
        Guarding([tmp_path / "ours.toml"])


async def test_a_ledger_that_is_not_trusted_is_not_relied_upon():
    leaf = {"root": "0" * 64, "size": 1, "entries": []}
    async with harness(settings={"experts": {"ledgers": ["f" * 64]}}) as h:
        judgement = await asked(h, {"ledger": leaf, "post": ["x == x"]})

    assert said(judgement)["conservation"] == ("rejected", "bad-ledger")


async def test_only_roots_of_the_settings_may_be_relied_upon():
    ours, forged = Tree({"a": 1, "b": 2}), Tree({"a": 10**9})
    asks = [{"ledger": msgspec.to_builtins(tree.ledger("a"))} for tree in (ours, forged)]
    async with harness(settings={"experts": {"ledgers": [ours.root]}}) as h:
        known, other = [await asked(h, each) for each in asks]
    async with harness() as h:
        alone = await asked(h, asks[1])

    assert (known.verdict, known.reason) == (Verdict.APPROVED, "included")
    assert "nobody vouched" not in known.message
    assert (other.verdict, other.reason) == (Verdict.REJECTED, "bad-ledger")
    assert "add it to `[experts] ledgers`" in other.message
    assert (alone.verdict, alone.reason) == (Verdict.APPROVED, "included")
    assert "nobody vouched for the ledger's root" in alone.message
