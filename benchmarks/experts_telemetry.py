"""What it costs to remember a judgement, beside a list and beside a commit for each one.

Run alone: `python benchmarks/experts_telemetry.py [judgements]`. Microseconds a judgement, of
three experts, best and median of interleaved rounds. The replaced system made a commit for each.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ciranda.events.judging import Judgement, Opinion, Verdict
from ciranda.store import Database, Durability
from ciranda_experts.telemetry.sample import Seen
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.store import MIGRATIONS, Store
from ciranda_experts.telemetry.telemetry import Telemetry

ROUNDS = 9
COMMITS = 100  # a round of commits is slow enough


def judgements(count: int) -> list[Judgement]:
    experts = tuple(
        Opinion(expert=name, verdict=Verdict.APPROVED, confidence=0.99, reason="proved")
        for name in ("logic", "security", "conservation")
    )
    return [
        Judgement(
            id=f"j{number}",
            key=f"{number:064x}",
            verdict=Verdict.APPROVED,
            confidence=0.99,
            reason="proved",
            message="",
            experts=experts,
            latency=0.0003,
        )
        for number in range(count)
    ]


def timed(call: Callable[[], object], count: int) -> float:
    """Return microseconds a judgement."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) / count * 1e6


def committing(folder: Path, durability: Durability, made: list[Judgement]) -> Callable[[], None]:
    """Return what writes each judgement in a commit of its own."""
    database = Database(
        f"each-{durability.value}", MIGRATIONS, folder=folder, durability=durability
    )
    store = Store(database)

    def write() -> None:
        for each in made:
            store.write([Seen(time.time(), each, each.experts, (), (), ())])

    return write


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    made = judgements(count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = TelemetrySettings(queue=count, batch=min(512, count), delay=3600.0)
        telemetry = Telemetry(folder, settings, warn=print)
        quiet = Telemetry(
            folder,
            TelemetrySettings(queue=count * ROUNDS, batch=count * ROUNDS, delay=3600.0),
            warn=print,
        )
        kept: list[Judgement] = []

        def append() -> None:
            for each in made:
                kept.append(each)  # noqa: PERF402  (the call is what is measured)

        def record(into: Telemetry) -> None:
            for each in made:
                into.record(each, each.experts)

        def write() -> None:
            record(telemetry)
            telemetry.flush()

        calls: dict[str, tuple[Callable[[], object], int]] = {
            "append to a list": (append, count),
            "record, the writer asleep": (lambda: record(quiet), count),
            "record, the writer at work": (lambda: record(telemetry), count),
            "record and write all of it": (write, count),
            "a commit each, survives kill -9": (
                committing(folder, Durability.PROCESS, made[:COMMITS]),
                COMMITS,
            ),
            "a commit each, survives power": (
                committing(folder, Durability.POWER, made[:COMMITS]),
                COMMITS,
            ),
        }
        times: dict[str, list[float]] = {each: [] for each in calls}
        for _ in range(ROUNDS):
            for what, (call, size) in calls.items():
                times[what].append(timed(call, size))
                telemetry.flush()
        for what, taken in times.items():
            best, middle = min(taken), statistics.median(taken)
            print(f"{what:34} {best:10.2f} best {middle:10.2f} median, us a judgement")
        tally = telemetry.tally
        print(f"written {tally.written:,}, dropped {tally.dropped:,}, failed {tally.failed:,}")
        telemetry.close()
        quiet.close()


if __name__ == "__main__":
    main()
