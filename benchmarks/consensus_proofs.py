"""What checking proofs costs a validator: signature and structure, and z3 once more; by the bus.

Run alone: `python -m benchmarks.consensus_proofs [entries proofs]`. Every entry and every proof
is another one, so that nothing is known already; wall-clock seconds, workers started before.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio

from ciranda import Engine
from ciranda.events.judging import Judge, VerifyProof
from ciranda_consensus.crypto import Signer
from ciranda_consensus.hooks import CheckSignatures
from ciranda_consensus.proving import names_of
from ciranda_consensus.solver import installed_solver
from ciranda_consensus.state import Attest, signed

CHAIN = "bench"
TOGETHER = 32  # questions on their way at the same time


def intent(number: int) -> dict[str, Any]:
    """Return one that only z3 decides: a product of two numbers, with another bound each time."""
    return {
        "vars": {"x": "real", "y": "real"},
        "pre": [f"x > {number}", "y > x"],
        "post": [f"x * y > {number * number}"],
    }


async def signatures(engine: Engine, count: int, proof: str) -> None:
    signers = [Signer(number.to_bytes(32, "big")) for number in range(16)]
    entries = tuple(
        signed(one, CHAIN, Attest(one.public, number, proof, True, 1 + number))
        for number in range(count)
        for one in (signers[number % len(signers)],)
    )
    begun = time.perf_counter()
    alone = names_of(CHAIN, entries[: count // 4])
    took = (time.perf_counter() - begun) * 4
    print(f"signature and structure, one process   {count / took:>10,.0f} /s")
    await engine.bus.ask(CheckSignatures(chain=CHAIN, entries=entries[:600]))  # starts workers
    begun = time.perf_counter()
    found = await engine.bus.ask(CheckSignatures(chain=CHAIN, entries=entries))
    took = time.perf_counter() - begun
    assert all(found)
    assert list(found[: len(alone)]) == alone
    cores = len(os.sched_getaffinity(0))
    print(f"signature and structure, by the bus    {count / took:>10,.0f} /s, {cores} workers")


async def solver(engine: Engine, count: int) -> dict[str, Any]:
    proofs: list[dict[str, Any]] = []
    for number in range(count):
        judged = await engine.bus.ask(Judge(intent=intent(number), experts=("logic",)))
        if judged.proof is not None:
            proofs.append(judged.proof)
    steps = [step for one in proofs for part in one["parts"] for step in part["proof"]["steps"]]
    by_z3 = sum(step["method"] == "z3" for step in steps)
    valid = 0

    async def check(rest: Any) -> None:
        nonlocal valid
        for one in rest:
            found = await engine.bus.ask(VerifyProof(proof=one))
            valid += found.valid

    begun = time.perf_counter()
    shared = iter(proofs)
    async with anyio.create_task_group() as tasks:
        for _ in range(TOGETHER):
            tasks.start_soon(check, shared)
    took = time.perf_counter() - begun
    print(
        f"proofs checked again, by the bus       {len(proofs) / took:>10,.0f} /s, {valid} of "
        f"{len(proofs)} hold, {by_z3} of {len(steps)} steps by {installed_solver()}"
    )
    return proofs[0]


async def run(entries: int, proofs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        (Path(folder) / "ciranda.toml").write_text("")
        async with Engine(durability="off") as engine:
            engine.plugins.load(["consensus", "experts"])
            await engine.plugins.start()
            one = await solver(engine, proofs)
            await signatures(engine, entries, json.dumps(one))


def main() -> None:
    entries, proofs = (int(one) for one in [*sys.argv[1:], "8000", "400"][:2])
    anyio.run(run, entries, proofs)


if __name__ == "__main__":
    main()
