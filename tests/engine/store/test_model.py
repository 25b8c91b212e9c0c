"""Whatever is done to both logs, they answer alike."""

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings, strategies as st

from ciranda.errors import CirandaError, LeaseLostError
from ciranda.store import Clock, Durability, MemoryLog, Record, RunRow, SqliteLog

RUNS = st.sampled_from(["a1", "a2", "b"])
NAMES = st.sampled_from(["a1", "a", "b", "", "zz", "last", "a1x"])
BYTES = st.sampled_from([b"", b"x", b"y" * 70_000])
TIMES = st.sampled_from([0.0, 5.0, 40.0])
EPOCH = st.integers(-1, 1)  # before, at and after the current one
TOPICS = st.sampled_from(["", "x", 'y"'])
ACTIONS = st.one_of(
    st.tuples(st.just("create"), RUNS),
    st.tuples(st.just("acquire"), RUNS),
    st.tuples(st.just("append"), RUNS, EPOCH, st.integers(-1, 1), st.integers(0, 3), BYTES),
    st.tuples(st.just("append"), RUNS, st.just(0), st.just(0), st.integers(1, 3), BYTES),
    st.tuples(st.just("status"), RUNS, EPOCH, st.sampled_from([None, 3.0, 50.0])),
    st.tuples(st.just("heartbeat"), RUNS, EPOCH),
    st.tuples(st.just("release"), RUNS, EPOCH),
    st.tuples(st.just("read"), RUNS, st.integers(-1, 4), st.sampled_from([None, 0, 2])),
    st.tuples(st.just("run"), NAMES),
    st.tuples(st.just("runs"), st.integers(0, 3), st.sampled_from([None, "running", "done"])),
    st.tuples(st.just("post"), RUNS, BYTES, TOPICS),
    st.tuples(st.just("take"), RUNS, st.integers(0, 3)),
    st.tuples(st.just("forget"), RUNS, st.integers(0, 3), st.integers(0, 3)),
    st.tuples(
        st.just("park"),
        RUNS,
        EPOCH,
        st.none() | TIMES,
        st.integers(0, 3),
        st.none() | st.lists(TOPICS, max_size=2),
    ),
    st.tuples(st.just("due")),
    st.tuples(st.just("heads"), st.integers(0, 3), st.none() | RUNS),
    st.tuples(st.just("announce"), BYTES),
    st.tuples(st.just("output"), RUNS, BYTES),
    st.tuples(st.just("cache"), st.sampled_from("kl"), BYTES, TIMES),
    st.tuples(st.just("durations"), TIMES),
    st.tuples(st.just("prune"), TIMES),
    st.tuples(st.just("wait"), TIMES),
)


class Driver:
    """Performs actions on one log and reports what came back."""

    def __init__(self, log, time):
        self.log, self.time = log, time
        self.epochs: dict[str, int] = {}
        self.leases = {}

    def perform(self, action):
        try:
            return getattr(self, action[0])(*action[1:])
        except LeaseLostError as error:
            return str(error)
        except CirandaError as error:
            return type(error), str(error).split(":")[0]

    def create(self, run):
        self.log.create_run(RunRow(run, "n", "f", "running", self.time[0]))

    def acquire(self, run):
        lease = self.leases[run] = self.log.acquire(run, "me", 30)
        return lease.epoch

    def epoch(self, run, off):
        return (self.leases[run].epoch if run in self.leases else 0) + off

    def append(self, run, epoch_off, seq_off, count, payload):
        first = len(list(self.log.read(run))) + seq_off
        records = [Record(run, first + i, 0.5, "T", 1, payload) for i in range(count)]
        self.log.append(run, self.epoch(run, epoch_off), records)

    def status(self, run, off, finished):
        self.log.set_status(run, self.epoch(run, off), "done", finished)

    def lease(self, run, off):
        held = self.leases.get(run)
        return held and msgspec.structs.replace(held, epoch=held.epoch + off)

    def heartbeat(self, run, off):
        if lease := self.lease(run, off):
            self.log.heartbeat(lease)

    def release(self, run, off):
        if lease := self.lease(run, off):
            self.log.release(lease)

    def read(self, run, after, limit):
        return list(self.log.read(run, after, limit))

    def run(self, named):
        return self.log.run(named)

    def runs(self, limit, status):
        return self.log.runs(limit, status)

    def post(self, run, payload, topic):
        before = self.log.data_version()
        return self.log.post(run, "kind", payload, topic), self.log.data_version() != before

    def park(self, run, off, due, seen, topics):
        due = due and self.time[0] + due
        self.log.park(run, self.epoch(run, off), due, seen, topics=topics)

    def due(self):
        return self.log.due(self.time[0])

    def heads(self, after, run):
        return self.log.heads(after, run)

    def announce(self, payload):
        return self.log.announce("kind", payload), self.log.announced(2)

    def take(self, run, after):
        return self.log.take(run, after)

    def forget(self, run, kept, heard):
        self.log.forget(run, kept, "kind", heard)
        return self.log.take(run, 0)

    def output(self, run, data):
        self.log.append_output(run, "s", "stdout", data)
        return self.log.output(run)

    def cache(self, key, payload, seconds):
        found = self.log.cache_get(key)
        self.log.cache_put(key, payload, self.time[0] + seconds, "label", b"p")
        return found, self.log.cache_get(key), self.log.cache_last("label")

    def durations(self, seconds):
        self.log.add_durations("w", {"s": seconds})
        return self.log.durations("w", ["s", "t"])

    def prune(self, seconds):
        pruned = self.log.prune(seconds)
        return pruned.runs, pruned.records

    def wait(self, seconds):
        return seconds


@given(st.lists(ACTIONS, max_size=40))
@settings(max_examples=80, deadline=None)
def test_both_logs_answer_alike(actions):
    time = [100.0]
    clock = Clock(lambda: time[0], lambda: time[0])
    with tempfile.TemporaryDirectory() as folder:
        sqlite = SqliteLog(Path(folder), Durability.OFF, clock=clock)
        drivers = Driver(MemoryLog(clock=clock), time), Driver(sqlite, time)
        for action in [("create", "a1"), ("acquire", "a1"), *actions]:
            if action[0] == "wait":
                time[0] += action[1]
            expected, found = (driver.perform(action) for driver in drivers)
            assert found == expected, action
        assert sqlite.check() == []
        sqlite.close()
