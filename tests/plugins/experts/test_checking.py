"""A proof is a proof of its judgement alone, and of nobody's silence."""

import json
from typing import Any

import msgspec
import pytest

from ciranda.events import Judge, VerifyProof
from ciranda.testing import harness

from .intents import GOOD, WRONG, lines

pytestmark = pytest.mark.anyio

MINTING: dict[str, Any] = {  # conserves, though what it claims besides is false
    "accounts": ["a", "b"],
    "pre": ["new_a == a - 1", "new_b == b + 1", "a >= 1", "b >= 0"],
    "post": ["new_a > a"],
}
CODE = {"code": 'import os\nos.system("rm -rf /")', "post": ["x == x"]}


async def opened(h):
    h.engine.plugins.load(["experts"])
    await h.engine.plugins.start()
    return h.engine.bus.ask


async def test_an_expert_that_rejects_cannot_be_left_out_of_a_proof():
    async with harness() as h:
        ask = await opened(h)
        money = await ask(Judge(intent={**MINTING, "post": ["new_a < a"]}))
        harmless = await ask(Judge(intent={"post": ["x == x"]}))
        for honest, intent, who in ((money, MINTING, "logic"), (harmless, CODE, "security")):
            other = await ask(Judge(intent=intent))
            assert other.verdict != "approved"
            joint = msgspec.to_builtins(honest.proof)
            about = {"intent": intent, "key": other.key}
            kept = [
                {**part, "proof": {**part["proof"], **about}} if "proof" in part else part
                for part in joint["parts"]
                if part["expert"] != who
            ]
            forged = {**joint, **about, "parts": kept}

            checked = await ask(VerifyProof(proof=forged))

            assert (checked.valid, checked.reason) == (False, "incomplete"), checked
            assert f"The proof has no part of expert '{who}', which says: " in checked.message


async def test_the_proof_of_the_logic_expert_does_not_stand_for_a_council():
    async with harness() as h:
        ask = await opened(h)
        own = msgspec.to_builtins((await ask(Judge(intent={"post": ["x == x"]}))).proof)
        alone = own["parts"][0]["proof"]
        key = (await ask(Judge(intent=CODE))).key

        assert (await ask(VerifyProof(proof=alone))).valid
        checked = await ask(VerifyProof(proof={**alone, "intent": CODE, "key": key}))

    assert (checked.valid, checked.reason) == (False, "incomplete")


async def test_one_expert_has_one_part():
    async with harness() as h:
        ask = await opened(h)
        joint = msgspec.to_builtins((await ask(Judge(intent={"post": ["x == x"]}))).proof)

        checked = await ask(VerifyProof(proof={**joint, "parts": joint["parts"] * 2}))

    assert (checked.reason, checked.message) == (
        "malformed",
        "The proof has two parts of one expert.",
    )


def test_a_judgement_that_says_more_than_its_proof_does_not_hold(cli, folder):
    answers = cli("verify", lines(folder, GOOD, WRONG), "-o", "json", code=1).out
    good, wrong = map(json.loads, answers.splitlines())
    for forged, told in (
        ({**wrong, "verdict": "approved"}, "about another verdict"),
        ({**wrong, "verdict": "approved", "proof": good["proof"]}, "about another intent"),
    ):
        (folder / "forged.json").write_text(json.dumps(forged))

        out = cli("explain", "forged.json", "--check", code=1).out

        assert f"does NOT hold, not-shown: The proof is right, but {told}" in out
