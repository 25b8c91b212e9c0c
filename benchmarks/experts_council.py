"""What the council costs, beside asking the same experts without one.

Run alone: `python benchmarks/experts_council.py [intents]`. Telemetry is on, on disk. Figures:

- gate and merge: microseconds of one call, beside the shortest code that does something like it;
- overhead: what a judgement takes beyond its slowest expert (reading the intent included): of
  three experts that sleep, beside `asyncio.gather` of them over an intent that was read before,
  and of the council's own experts in the mix;
- throughput: judgements a second of a published mix, distinct and 93 % repeated, by 1, 2 and 10
  clients in one process, beside the experts called one after the other without a council.
"""

import asyncio
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec

from benchmarks.rounds import interleaved
from ciranda.engine import Engine
from ciranda.events.judging import Judge, Judgement, Opinion, Verdict
from ciranda.settings import Configuration
from ciranda_experts import Expert, Feature, Finding, Question
from ciranda_experts.answering import Answering
from ciranda_experts.council.gate import Gate
from ciranda_experts.council.merge import Terms, merge
from ciranda_experts.intent.features import features
from ciranda_experts.intent.reading import read_intent

REPEATED = 0.93
SLOW = 0.002  # seconds that an expert of the overhead takes
CLIENTS = (1, 2, 10)
ROUNDS = 10


def mix(number: int) -> dict[str, Any]:
    """Return an intent of the published mix; no two numbers give the same one.

    Of ten: four transfers with accounts, two bounds that follow, one that does not, one set of
    constraints, one piece of code, one product of variables.
    """
    kind = number % 10
    if kind < 4:
        return {
            "accounts": ["alice", "bob"],
            "pre": [f"amount > {number}", "alice >= amount", "bob >= 0"],
            "post": ["new_alice == alice - amount", "new_alice + new_bob == alice + bob"]
            if kind == 3
            else ["amount > 0", "alice - amount >= 0"],
        }
    if kind < 6:
        return {
            "pre": [f"x > {number}", "y > x", "z >= y"],
            "post": [f"z > {number}", "x + y < 2 * z"],
        }
    if kind == 6:
        return {"pre": [f"x > {number}", "y > x"], "post": [f"y > {number + 2}"]}
    if kind == 7:
        return {"constraints": [f"a + b == {number}", "a - b == 4", "a >= 0 or b >= 0"]}
    if kind == 8:
        return {"code": f"total = {number}\nfor item in items:\n    total += item\nprint(total)\n"}
    return {"pre": [f"x > {number}", "y > x"], "post": ["x * y > 0"]}


def repeated(count: int, seed: int, offset: int) -> list[dict[str, Any]]:
    """Return intents of which 93 % were there before, in a random order."""
    chance = random.Random(seed)
    fresh = itertools.count(offset)
    known: list[dict[str, Any]] = []
    for _ in range(count):
        if known and chance.random() < REPEATED:
            known.append(dict(known[chance.randrange(len(known))]))
        else:
            known.append(mix(next(fresh)))
    return known


@asynccontextmanager
async def engine(folder: Path, **settings: Any) -> AsyncIterator[tuple[Engine, Answering]]:
    tables = {"experts": settings}
    async with Engine(store=folder, configuration=Configuration(folder, tables=tables)) as opened:
        opened.plugins.load(["experts"])
        await opened.plugins.start()
        (answering,) = [one for one in opened.bus.hooks.get_plugins() if isinstance(one, Answering)]
        yield opened, answering


def nobody(_: Question) -> Finding:
    return Finding(verdict=Verdict.ABSTAINED, confidence=1.0, reason="irrelevant")


def show_parts() -> None:
    intent = read_intent(mix(0))
    experts = [
        Expert(name=name, judge=nobody, handles=frozenset({feature}))
        for name, feature in (
            ("logic", Feature.CONDITIONS),
            ("security", Feature.CODE),
            ("conservation", Feature.TRANSFER),
        )
    ]
    memo = Gate(experts, ["logic"], features=features)
    fresh = Gate(experts, ["logic"], features=features)
    unknown = read_intent(mix(0))
    keys = itertools.count()
    opinions = [
        Opinion(expert=name, verdict=Verdict.APPROVED, confidence=0.99, reason="proved")
        for name in ("logic", "security", "conservation")
    ]
    terms = Terms()
    found = interleaved(
        {
            "gate, remembered": lambda: memo.route(intent),
            "gate, first time": lambda: fresh.route(
                msgspec.structs.replace(unknown, key=str(next(keys)))
            ),
            "features alone": lambda: features(intent),
            "merge of 3": lambda: merge(opinions, terms, ("logic",)),
            "any() of 3 verdicts": lambda: any(one.verdict is Verdict.REJECTED for one in opinions),
            "read an intent": lambda: read_intent(mix(0)),
        }
    )
    for name, milliseconds in found.items():
        print(f"{name:32} {milliseconds * 1000:9.2f} us")


async def timed(judge: Any, question: Question) -> float:
    begun = time.perf_counter()
    await judge(question)
    return time.perf_counter() - begun


async def show_overhead(folder: Path, count: int) -> None:
    async def slow(_: Question) -> Finding:
        await asyncio.sleep(SLOW)
        return Finding(verdict=Verdict.APPROVED, confidence=0.99, reason="slept")

    intents = [{"post": [f"x > {number}", "y > x"], "type": "bare"} for number in range(count)]
    async with engine(folder, mandatory=[], cache=1) as (_, answering):
        experts = [Expert(name=name, judge=slow, mandatory=True) for name in ("a", "b", "c")]
        answering.council.seat(experts)
        rounds: dict[str, list[list[float]]] = {"council": [], "gather": []}
        for start in range(0, count, count // ROUNDS):
            council: list[float] = []
            gathered: list[float] = []
            for intent in intents[start : start + count // ROUNDS]:
                judgement = await answering.council.judge(Judge(intent=intent))
                council.append(judgement.latency - max(one.latency for one in judgement.experts))
                question = Question(intent=read_intent(intent), budget=1.0)
                begun = time.perf_counter()
                taken = await asyncio.gather(*(timed(slow, question) for _ in experts))
                gathered.append(time.perf_counter() - begun - max(taken))
            rounds["council"].append(council)
            rounds["gather"].append(gathered)
    for name, figures in rounds.items():
        p95 = [statistics.quantiles(one, n=20)[-1] * 1000 for one in figures]
        middle = statistics.median(statistics.median(one) for one in figures) * 1000
        print(
            f"overhead of {name:19} {middle:9.3f} ms, p95 {statistics.median(p95):.3f} ms "
            f"({min(p95):.3f} in the quietest of {len(p95)} rounds)"
        )


async def throughput(
    opened: Engine, intents: Sequence[dict[str, Any]], clients: int
) -> tuple[float, float, list[Judgement]]:
    """Return judgements a second, microseconds of CPU for each, and the judgements."""
    turns = iter(intents)
    found: list[Judgement] = []

    async def client() -> None:
        for intent in turns:
            judgement = await opened.bus.ask(Judge(intent=intent))
            found.append(judgement)

    begun, used = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(clients):
            group.start_soon(client)
    rate = len(found) / (time.perf_counter() - begun)
    return rate, (time.process_time() - used) / len(found) * 1e6, found


async def bare(answering: Answering, intents: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Return intents a second, and microseconds of CPU for each, without a council."""
    experts = answering.council.experts
    begun, used = time.perf_counter(), time.process_time()
    for plain in intents:
        intent = read_intent(plain)
        had = features(intent)
        for one in experts:
            if one.handles & had:
                found = one.judge(Question(intent=intent, budget=5.0))
                if not isinstance(found, Finding):
                    await found
    rate = len(intents) / (time.perf_counter() - begun)
    return rate, (time.process_time() - used) / len(intents) * 1e6


async def show_throughput(folder: Path, count: int) -> None:
    async with engine(folder) as (opened, answering):
        distinct = [mix(10_000 + number) for number in range(count)]
        await throughput(opened, distinct[:200], 1)  # warm
        said: list[Judgement] = []
        offsets = itertools.count(1_000_000, 100_000)
        for clients in CLIENTS:
            begin = next(offsets)
            rate, used, said = await throughput(
                opened, [mix(begin + number) for number in range(count)], clients
            )
            print(f"distinct, {clients:2} clients            {rate:9.0f} /s {used:7.0f} us of CPU")
            if clients == 1:
                beyond = [one.latency - max(each.latency for each in one.experts) for one in said]
                p95 = statistics.quantiles(beyond, n=20)[-1] * 1000
                middle = statistics.median(beyond) * 1000
                print(f"overhead in the mix              {middle:9.3f} ms, p95 {p95:.3f} ms")
        begin = next(offsets)
        reference = await bare(answering, [mix(begin + number) for number in range(count)])
        print(
            f"distinct, no council             {reference[0]:9.0f} /s {reference[1]:7.0f} us of CPU"
        )
        methods = Counter(
            "z3" if any(step["method"] == "z3" for step in steps) else "pre-solver"
            for one in said
            for opinion in one.experts
            if (steps := opinion.evidence.get("obligations"))
        )
        share = methods["pre-solver"] / max(1, methods.total())
        print(f"share of the pre-solver          {share:9.1%}")
        print(f"verdicts                         {dict(Counter(str(one.verdict) for one in said))}")
        for clients in CLIENTS:
            intents = repeated(count * 10, clients, next(offsets))
            rate, used, said = await throughput(opened, intents, clients)
            print(f"93 % repeated, {clients:2} clients       {rate:9.0f} /s {used:7.0f} us of CPU")
        again = sum(all(each.cached for each in one.experts) for one in said) / len(said)
        print(f"share that was remembered        {again:9.1%}")
        intents = [mix(begin)] * (count * 10)
        lookup: dict[bytes, Judgement] = {json.dumps(intents[0]).encode(): said[0]}
        begun = time.perf_counter()
        for intent in intents:
            lookup.get(json.dumps(intent).encode())
        rate = len(intents) / (time.perf_counter() - begun)
        print(f"a dict by JSON text              {rate:9.0f} /s")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    show_parts()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(show_overhead, Path(folder), min(count, 500))
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(show_throughput, Path(folder), count)


if __name__ == "__main__":
    main()
