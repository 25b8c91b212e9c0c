"""What the conservation expert takes: balances, transactions, ledgers; and how its store grows.

Run alone: `python benchmarks/experts_conservation.py [rounds]`. Microseconds, medians and the 95th
percentile. A transaction is reserved and settled; beside it stands a bare SQLite commit.
"""

import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio
import apsw

from ciranda.events.judging import Judgement, Verdict
from ciranda.store import Durability
from ciranda_experts.conservation import Conservation, Reservation, Spent, Tree
from ciranda_experts.conservation.ledger import check
from ciranda_experts.expert import Question
from ciranda_experts.intent.reading import read_intent
from ciranda_experts.presolve.presolve import presolve
from ciranda_experts.presolve.problem import Answer, Decision

APPROVED = Judgement(
    id="", verdict=Verdict.APPROVED, confidence=1.0, reason="proved", message="", enforced=True
)
UNKNOWN = Decision(Answer.UNKNOWN, "none", reason="undecided")
SIZES = (100, 1_000, 10_000, 100_000)


def transfer(*more, **fields):
    pre = ["0 < amount", "amount <= a", "new_a == a - amount", "new_b == b + amount"]
    return {"pre": [*pre, *more], "accounts": ["a", "b"], **fields}


def ring(count):
    pre = [f"new_x{n} == x{n} - t{n} + t{(n - 1) % count}" for n in range(count)]
    pre += [f"0 <= t{n} <= x{n}" for n in range(count)]
    return {"pre": pre, "accounts": [f"x{n}" for n in range(count)]}


CASES = {
    "transfer": transfer(),
    "transfer of reals": transfer(vars=dict.fromkeys(["a", "b", "amount"], "real")),
    "transfer, 64 bits": transfer("b <= 9223372036854775807 - amount", int_bits=64),
    "minted": {"pre": ["a == old_a - 100", "b == old_b + 200"], "accounts": ["a", "b"]},
    "ring of 12": ring(12),
    "irrelevant": {"pre": ["x > 1"], "post": ["x > 0"]},
}


async def decide(problem, budget):
    return presolve(problem) or UNKNOWN


def row(name, times):
    times = sorted(times)
    high = times[min(len(times) - 1, int(len(times) * 0.95))]
    print(f"{name:34} {statistics.median(times) * 1e6:9.1f} {high * 1e6:9.1f}")


async def measure(call, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        await call()
        times.append(time.perf_counter() - start)
    return times


async def balances(expert, rounds):
    for name, given in CASES.items():
        question = Question(intent=read_intent(given), budget=5.0)
        finding = await expert.judge(question)
        row(f"{name}: {finding.reason}", await measure(partial(expert.judge, question), rounds))


async def transactions(rounds):
    for level in (Durability.PROCESS, Durability.POWER):
        with tempfile.TemporaryDirectory(dir=".") as folder:
            spent = Spent(Path(folder), durability=level)
            expert = Conservation(decide, spent)
            numbers = iter(range(1 << 30))

            async def pay(numbers=numbers, expert=expert):
                intent = read_intent({"transaction": next(numbers)})
                question = Question(intent=intent, budget=5.0)
                await expert.judge(question)
                await expert.settle(question, APPROVED)

            row(f"transaction, {level.value}", await measure(pay, rounds))

            async def ten(pay=pay):
                async with anyio.create_task_group() as tasks:
                    for _ in range(10):
                        tasks.start_soon(pay)

            row(f"ten at once, {level.value}", await measure(ten, rounds // 10 + 1))
            spent.close()
            row(f"bare commit, {level.value}", bare_commits(Path(folder), level, rounds))


def bare_commits(folder, level, rounds):
    connection = apsw.Connection(str(folder / "bare.db"))
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    full = "FULL" if level is Durability.POWER else "NORMAL"
    connection.execute(f"PRAGMA synchronous={full}").fetchall()
    connection.execute("CREATE TABLE ids(id BLOB PRIMARY KEY, data BLOB) WITHOUT ROWID")
    times = []
    for number in range(rounds):
        start = time.perf_counter()
        connection.execute("INSERT INTO ids VALUES(?, ?)", (str(number).encode(), bytes(120)))
        times.append(time.perf_counter() - start)
    connection.close()
    return times


def growth(rounds):
    with tempfile.TemporaryDirectory() as folder:
        spent = Spent(Path(folder), durability=Durability.PROCESS)
        known = 0
        for size in SIZES:
            found = [spent.reserve(f"t{number}", "0" * 64) for number in range(known, size)]
            spent.settle((each, True) for each in found if isinstance(each, Reservation))
            known = size
            times = []
            for number in range(rounds):
                name = f"t{number * 7919 % size}"
                start = time.perf_counter()
                spent.reserve(name, "0" * 64)
                times.append(time.perf_counter() - start)
            row(f"double spend among {size:,}", times)
        spent.close()


def ledgers(rounds):
    for size in (100, 100_000):
        start = time.perf_counter()
        tree = Tree((f"account{number}", number) for number in range(size))
        built = time.perf_counter() - start
        ledger = tree.ledger("account1", f"account{size // 2}")
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            check(ledger)
            times.append(time.perf_counter() - start)
        row(f"two entries of {size:,} (built {built:.2f} s)", times)


async def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"{'':34} {'median':>9} {'95 %':>9}  microseconds")
    with tempfile.TemporaryDirectory() as folder:
        await balances(Conservation(decide, Spent(Path(folder))), rounds)
    await transactions(rounds)
    growth(rounds)
    ledgers(rounds)


if __name__ == "__main__":
    anyio.run(main)
