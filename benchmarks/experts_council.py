"""What the council costs, beside asking the same experts without one.

Run alone: `python benchmarks/experts_council.py [intents]`. Telemetry is on, on disk. Figures:

- gate and merge: microseconds of CPU of one call in the quietest round, beside the shortest code
  that does something like it;
- overhead: what a judgement takes beyond its slowest expert (reading the intent included): of
  three experts that sleep, beside `asyncio.gather` of them over an intent that was read before,
  and of the council's own experts in the mix;
- throughput: judgements a second of the mix of `experts_mix.py`, distinct with nothing
  remembered and 93 % repeated, by 1, 2 and 10 clients in one process, beside the experts called
  one after the other without a council. Every verdict is compared with what it has to be first;
- the same intents as lines of a file, by the command line, its start included.
"""

import asyncio
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio

from benchmarks.experts_mix import PERIOD, expected, kind, mix, mixture
from ciranda.engine import Engine
from ciranda.events.judging import Judge, Judgement, Opinion, Verdict
from ciranda.settings import Configuration
from ciranda_experts import Expert, Feature, Finding, Isolation, Question
from ciranda_experts.answering import Answering
from ciranda_experts.council.gate import Gate
from ciranda_experts.council.merge import Terms, merge
from ciranda_experts.intent.features import features
from ciranda_experts.intent.reading import read_intent

REPEATED = 0.93
SLOW = 0.002  # seconds that an expert of the overhead takes
CLIENTS = (1, 2, 10)
ROUNDS = 10


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


def quietest(runs: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Return microseconds of CPU of one call of each, in the quietest of many rounds."""
    found = dict.fromkeys(runs, float("inf"))
    for _ in range(200):
        for name, run in runs.items():
            begun = time.process_time()
            for _ in range(50):
                run()
            found[name] = min(found[name], (time.process_time() - begun) / 50 * 1e6)
    return found


def show_parts() -> None:
    intent = read_intent(mix(0))
    experts = [
        Expert(name=name, judge=nobody, handles=frozenset({feature}), isolation=Isolation.INLINE)
        for name, feature in (
            ("logic", Feature.CONDITIONS),
            ("security", Feature.CODE),
            ("conservation", Feature.TRANSFER),
        )
    ]
    memo = Gate(experts, ["logic"], features=features)
    fresh = Gate(experts, ["logic"], features=features)
    others = itertools.cycle([read_intent(mix(number)) for number in range(5000)])
    opinions = [
        Opinion(expert=name, verdict=Verdict.APPROVED, confidence=0.99, reason="proved")
        for name in ("logic", "security", "conservation")
    ]
    terms = Terms()
    found = quietest(
        {
            "gate, remembered": lambda: memo.route(intent),
            "gate, first time": lambda: fresh.route(next(others)),
            "features alone": lambda: features(intent),
            "merge of 3": lambda: merge(opinions, terms, ("logic",)),
            "any() of 3 verdicts": lambda: any(one.verdict is Verdict.REJECTED for one in opinions),
            "read an intent": lambda: read_intent(mix(0)),
        }
    )
    for name, taken in found.items():
        print(f"{name:32} {taken:9.2f} us of CPU")


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


async def check(opened: Engine) -> None:
    """Compare verdicts with what they have to be; also warms what is timed after."""
    numbers = range(20 * PERIOD)
    _, _, said = await throughput(opened, [mix(number) for number in numbers], 1)
    for number, one in zip(numbers, said, strict=True):
        if one.verdict.value != expected(number):
            raise SystemExit(f"{kind(number)} {number} is {one.verdict}, not {expected(number)}")
    decided: Counter[str] = Counter()
    solved = 0
    for one in said:
        told = [opinion.evidence.get("obligations", ()) for opinion in one.experts]
        steps = [step["method"] for each in told for step in each]
        solved += "z3" in steps
        decided.update(steps)
    print(f"{len(said)} verdicts are as they have to be; the mix:", *mixture(), sep="\n")
    share = 1 - decided["z3"] / decided.total()
    print(
        f"share of the pre-solver: {share:.1%} of problems, {1 - solved / len(said):.1%} of intents"
    )


async def show_distinct(folder: Path, count: int) -> None:
    async with engine(folder, cache=0) as (opened, answering):
        await check(opened)
        offsets = itertools.count(1_000_000 * PERIOD, 100_000 * PERIOD)
        for clients in CLIENTS:
            rounds = []
            for _ in range(ROUNDS):
                begin = next(offsets)
                intents = [mix(begin + number) for number in range(count // ROUNDS)]
                rounds.append(await throughput(opened, intents, clients))
            show_rounds(f"distinct, {clients:2} clients", rounds)
            if clients == 1:
                p95 = [overhead(said) for _, _, said in rounds]
                print(
                    f"overhead in the mix              p95 {statistics.median(p95):.3f} ms "
                    f"({min(p95):.3f} in the quietest of {ROUNDS} rounds)"
                )
        begin = next(offsets)
        reference = await bare(answering, [mix(begin + number) for number in range(count)])
        print(
            f"distinct, no council             {reference[0]:9.0f} /s {reference[1]:7.0f} us of CPU"
        )


async def show_repeated(folder: Path, count: int) -> None:
    async with engine(folder) as (opened, _):
        await throughput(opened, [mix(number) for number in range(10 * PERIOD)], 1)
        offsets = itertools.count(1_000_000 * PERIOD, 100_000 * PERIOD)
        said: list[Judgement] = []
        for clients in CLIENTS:
            rounds = []
            for number in range(ROUNDS):
                intents = repeated(count, clients * ROUNDS + number, next(offsets))
                rounds.append(await throughput(opened, intents, clients))
            show_rounds(f"93 % repeated, {clients:2} clients", rounds)
            said = rounds[-1][2]
        again = sum(all(each.cached for each in one.experts) for one in said) / len(said)
        print(f"share that was remembered        {again:9.1%}")
        intents = [mix(0)] * (count * 10)
        lookup: dict[bytes, Judgement] = {json.dumps(intents[0]).encode(): said[0]}
        begun = time.perf_counter()
        for intent in intents:
            lookup.get(json.dumps(intent).encode())
        rate = len(intents) / (time.perf_counter() - begun)
        print(f"a dict by JSON text              {rate:9.0f} /s")


def show_rounds(name: str, rounds: Sequence[tuple[float, float, Any]]) -> None:
    rates, used = [one[0] for one in rounds], [one[1] for one in rounds]
    print(
        f"{name:32} {statistics.median(rates):9.0f} /s {statistics.median(used):7.1f} us of CPU "
        f"(quietest round: {max(rates):.0f} /s, {min(used):.1f} us)"
    )


def overhead(said: Sequence[Judgement]) -> float:
    """Return the 95th percentile of what judgements took beyond their slowest expert, in ms."""
    beyond = [one.latency - max(each.latency for each in one.experts) for one in said]
    return statistics.quantiles(beyond, n=20)[-1] * 1000


def show_command(folder: Path, count: int) -> None:
    """Judge the lines of a file by the command line."""
    lines = folder / "mix.jsonl"
    lines.write_text("".join(json.dumps(mix(number)) + "\n" for number in range(count)))
    command = [sys.executable, "-m", "ciranda", "experts", "verify", "-o", "json", str(lines)]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=folder, check=False, text=True)
    rate = count / (time.perf_counter() - begun)
    verdicts = [json.loads(line)["verdict"] for line in done.stdout.splitlines()]
    if verdicts != [expected(number) for number in range(count)]:
        raise SystemExit(f"the command line judged otherwise: {done.stderr[-500:]}")
    print(f"lines of a file, by the command  {rate:9.0f} /s, its start included")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    show_parts()
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(show_overhead, Path(folder), min(count, 500))
    for show in (show_distinct, show_repeated):
        with tempfile.TemporaryDirectory() as folder:
            anyio.run(show, Path(folder), count)
    with tempfile.TemporaryDirectory() as folder:
        show_command(Path(folder), count)


if __name__ == "__main__":
    main()
