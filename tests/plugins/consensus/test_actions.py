"""The actions of the plugin, in runs: what a workflow gets, and what goes wrong with which kind."""

import json

import anyio
import pytest

from ciranda import Engine, hookimpl
from ciranda.errors import WorkflowError
from ciranda.events.judging import ProofChecked
from ciranda.testing import SimulatedCrash, harness
from ciranda_consensus.cluster import GENESIS
from ciranda_consensus.commands.founding import found
from ciranda_consensus.hooks import AgreeOn

pytestmark = pytest.mark.anyio

COMMIT = """
ciranda: 1
steps:
  commit:
    uses: consensus.commit
    with: {entries: [{to: bob, amount: 5}, "text", 1.5, null]}
outputs:
  agreed: ${{ steps.commit.output }}
"""


class Experts:
    """Checks proofs: those that say so are good."""

    def __init__(self):
        self.asked = []

    @hookimpl
    async def verify_proof(self, request):
        self.asked.append(request.proof)
        reason = request.proof.get("reason", "not-shown")
        return ProofChecked(valid=request.proof.get("good", False), reason=reason, message="No.")


def flow(entries="[1]", **more):
    lines = "".join(f", {name}: {json.dumps(value)}" for name, value in more.items())
    return (
        "ciranda: 1\nsteps:\n  commit: "
        f"{{uses: consensus.commit, with: {{entries: {entries}{lines}}}}}\n"
        "outputs: {agreed: '${{ steps.commit.output }}'}\n"
    )


def error(result, step="commit"):
    return result.steps[step]["error"]


async def test_a_step_gets_a_block_and_a_receipt_for_each_entry_which_a_step_checks(tmp_path):
    text = """
ciranda: 1
steps:
  commit:
    uses: consensus.commit
    with: {entries: [{to: bob, amount: 5}, "text", 1.5, null], keys: [a, b, c, d], validators: 3}
  prove: {uses: consensus.prove, needs: [commit], with: {key: b, validators: 3}}
  never: {uses: consensus.prove, needs: [commit], with: {key: x, validators: 3}}
  check:
    map: "${{ steps.commit.output.receipts + [steps.prove.output, steps.never.output] }}"
    as: receipt
    uses: consensus.verify
    with: {receipt: "${{ receipt }}", validators: .ciranda/consensus-3/genesis.toml}
outputs:
  agreed: ${{ steps.commit.output }}
  checked: ${{ steps.check.output }}
"""
    async with harness(folder=tmp_path) as h:
        result = await h.run(text)

    assert result.ok, result.failures
    agreed, checked = result.outputs["agreed"], result.outputs["checked"]
    assert (agreed["trust"], agreed["chain"], agreed["height"]) == ("embedded", "embedded-3", 1)
    assert agreed["state_root"] == agreed["header"]["state_root"]
    assert agreed["certificate"]["block"] == agreed["block"]
    assert [one["key"] for one in checked] == ["a", "b", "c", "d", "b", "x"]
    assert [json.loads(one["json"]) for one in checked[:4]] == [
        {"to": "bob", "amount": 5}, "text", 1.5, None,
    ]  # fmt: skip
    assert [one["used"] for one in checked[4:]] == [True, False]


@pytest.mark.parametrize("point", ["before_effect", "after_effect", "before_commit"])
async def test_a_step_that_crashed_does_not_commit_twice(tmp_path, point):
    async with harness(folder=tmp_path) as h:
        h.kill_at(point, "commit")
        with pytest.raises(SimulatedCrash):
            await h.run(COMMIT)
        first = await h.resume()
        second = await h.run(COMMIT)

    assert first.outputs["agreed"]["height"] == 1
    assert len(first.outputs["agreed"]["receipts"]) == 4
    assert second.outputs["agreed"]["height"] == 2


async def test_a_proof_is_checked_again_before_its_entry_is_agreed_on(tmp_path):
    experts = Experts()
    async with harness([experts], folder=tmp_path) as h:
        good = await h.run(flow("[{proof: {good: true}}, {proof: null}, {paid: 1}]"))
        bad = await h.run(flow("[{proof: {good: false}}]"))

    assert good.ok, good.failures
    assert error(bad)["kind"] == "refused"
    assert "its proof does not hold" in error(bad)["message"]
    assert experts.asked == [{"good": True}, {"good": False}]


async def test_a_proof_that_cannot_be_checked_here_is_not_called_wrong(tmp_path):
    async with harness([Experts()], folder=tmp_path) as h:
        result = await h.run(flow("[{proof: {reason: solver-missing}}]"))

    assert error(result)["message"] == "a proof could not be checked here: No."


async def test_a_proof_that_nobody_can_check_is_refused_with_what_to_do(tmp_path):
    async with harness(folder=tmp_path) as h:
        result = await h.run(flow("[{proof: {good: true}}]"))

    assert error(result)["kind"] == "refused"
    assert "let the workflow say `plugins: [experts]`" in error(result)["message"]


@pytest.mark.parametrize(
    ("entries", "more", "kind", "text"),
    [
        ("[]", {}, "refused", "there is nothing to agree on"),
        ("[1, 2]", {"keys": ["a"]}, "invalid-input", "There are 2 entries and 1 keys"),
        ("[1, 2]", {"keys": ["a", "a"]}, "refused", "the key 'a' is there twice"),
        ("[1]", {"keys": [""]}, "refused", "a key has 1 to 1024 characters"),
        ("[1]", {"validators": 65}, "refused", "65 validators cannot live in one process"),
        ("[1]", {"validators": "no.toml"}, "refused", "no.toml cannot be read"),
    ],
)
async def test_what_cannot_be_agreed_on_is_told_in_a_sentence(tmp_path, entries, more, kind, text):
    async with harness(folder=tmp_path) as h:
        result = await h.run(flow(entries, **more))

    assert error(result)["kind"] == kind
    assert text in error(result)["message"]


async def test_a_key_that_was_used_for_something_else_is_refused(tmp_path):
    async with harness(folder=tmp_path, settings={"consensus": {"validators": 1}}) as h:
        assert (await h.run(flow("[1]", keys=["k"]))).ok
        assert (await h.run(flow("[1]", keys=["k"]))).outputs["agreed"]["height"] == 1
        result = await h.run(flow("[2]", keys=["k"]))

    assert error(result)["message"] == "the key 'k' was used before."


async def test_validators_that_nobody_reaches_are_told_and_may_be_asked_again(tmp_path):
    found(
        tmp_path / "net", count=1, chain="net", address="127.0.0.1:1", stake=1,
        application="records", reserve=0,
    )  # fmt: skip
    async with harness(folder=tmp_path) as h:
        result = await h.run(flow(validators=f"net/{GENESIS}"))

    assert error(result)["kind"] == "no-agreement"
    assert "none of the 1 validators of 'net' answers (127.0.0.1:1:" in error(result)["message"]


async def test_a_receipt_that_does_not_hold_fails_its_step(tmp_path):
    text = """
ciranda: 1
steps:
  commit: {uses: consensus.commit, with: {entries: [1]}}
  lie: {uses: t.lie, with: {receipt: "${{ steps.commit.output.receipts[0] }}"}}
  check:
    uses: consensus.verify
    with:
      receipt: "${{ steps.lie.output }}"
      validators: .ciranda/consensus-4/genesis.toml
"""
    lie = {"t.lie": lambda receipt: {**receipt, "block": "00" * 32}}
    async with harness(folder=tmp_path, mocks=lie) as h:
        result = await h.run(text)

    assert error(result, "check")["kind"] == "invalid-receipt"
    assert "`block` is not the hash of its header" in error(result, "check")["message"]


async def test_what_a_step_gets_is_known_before_it_runs(tmp_path):
    text = flow().replace("steps.commit.output", "steps.commit.output.blok")
    async with harness(folder=tmp_path) as h:
        with pytest.raises(WorkflowError, match="did you mean `block`"):
            await h.run(text)


async def test_an_engine_that_keeps_nothing_agrees_all_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with Engine(durability="off", settings={"consensus": {"validators": 1}}) as engine:
        engine.plugins.load(["consensus"])
        await engine.plugins.start()
        request = AgreeOn(records=(("k", 1),))
        first = await engine.bus.ask(request)
        await anyio.sleep(0.3)  # it is closed for want of users meanwhile
        second = await engine.bus.ask(request)

    assert first == second
    assert not (tmp_path / ".ciranda").exists()
