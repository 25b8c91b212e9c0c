"""The loop of a worker, served in a thread over a socket pair."""

from __future__ import annotations

import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ciranda.errors import StepError
from ciranda.executors.pool.worker import frames
from ciranda.executors.pool.worker.job import Job
from ciranda.executors.pool.worker.serve import serve

TABLE: dict[str, Callable[[Any, Job], Any]] = {}


def table(options: Any) -> dict[str, Callable[[Any, Job], Any]]:
    return TABLE


class Object:
    def handle(self, name: str, payload: Any, job: Job) -> Any:
        return [name, payload, job.deadline is None]


def an_object(options: Any) -> Object:
    return Object()


def a_function(options: Any) -> Callable[..., Any]:
    return Object().handle


def neither(options: Any) -> int:
    return 5


def refuse(options: Any) -> None:
    raise PermissionError(f"no {options}")


class Engine:
    """The other end of the line."""

    def __init__(self, start: frames.Start) -> None:
        self._ours, theirs = socket.socketpair()
        self._ours.settimeout(10)
        self._reader = frames.FrameReader[Any](frames.decoder(frames.FromWorker))
        self._came: list[Any] = []
        self.codes: list[int] = []
        self._thread = threading.Thread(target=self._serve, args=(theirs, start), daemon=True)
        self._thread.start()

    def _serve(self, line: socket.socket, start: frames.Start) -> None:
        with line:
            self.codes.append(serve(line, start, None))

    def send(self, frame: Any) -> None:
        self._ours.sendall(frames.encode(frame))

    def next(self) -> Any:
        while not self._came:
            self._came += self._reader.feed(self._ours.recv(1 << 20))
        return self._came.pop(0)

    def call(self, name: str, payload: Any = None) -> Any:
        self.send(frames.Call(1, name, payload, None))
        return self.next()

    def end(self) -> int:
        self._ours.close()
        self._thread.join(10)
        (code,) = self.codes
        return code


Opened = Callable[..., Engine]


@pytest.fixture
def opened() -> Iterator[Opened]:
    made: list[Engine] = []

    def make(
        setup: str = "table", *, options: Any = None, fork: bool = False, confine: str | None = None
    ) -> Engine:
        confined = f"{__name__}:{confine}" if confine else None
        engine = Engine(frames.Start(f"{__name__}:{setup}", options, fork, confined, 0))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        if not engine.codes:
            engine.end()


@pytest.mark.parametrize("setup", ["an_object", "a_function"])
def test_calls_go_to_an_object_or_to_a_function(opened: Opened, setup: str) -> None:
    worker = opened(setup)

    assert isinstance(worker.next(), frames.Ready)
    assert worker.call("any", {"a": 1}) == frames.Result(1, ["any", {"a": 1}, True])
    assert worker.end() == 0


def test_a_name_that_nobody_has_lists_those_that_are_there(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TABLE, "b", lambda payload, job: None)
    monkeypatch.setitem(TABLE, "a", lambda payload, job: None)
    worker = opened()
    worker.next()

    error = worker.call("c")

    assert (error.kind, error.message) == (
        "crash",
        "LookupError: this worker has no 'c'; it has a, b",
    )
    assert error.detail == {"type": "builtins.LookupError"}


def test_a_ping_comes_back_as_it_went(opened: Opened) -> None:
    worker = opened()
    worker.next()

    worker.send(frames.Ping(7))

    assert worker.next() == frames.Ping(7)


def test_one_call_is_served_after_a_fork(opened: Opened) -> None:
    worker = opened("an_object", fork=True)

    assert worker.call("x") == frames.Result(1, ["x", None, True])  # nobody said Ready
    assert worker.end() == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"setup": "neither"},
            r"TypeError: .*:neither returned int; return a mapping of callables",
        ),
        ({"setup": "missing"}, r"AttributeError: .* has no attribute 'missing'"),
        ({"setup": "refuse", "options": "way"}, "PermissionError: no way"),
        ({"confine": "refuse", "options": "way"}, "PermissionError: no way"),
    ],
)
def test_what_cannot_begin_says_so_and_ends(
    opened: Opened, options: dict[str, Any], message: str
) -> None:
    worker = opened(**options)

    error = worker.next()

    assert error.id == 0
    assert re.match(message, error.message)
    assert worker.end() == 1


def raised(error: BaseException) -> Callable[[Any, Job], Any]:
    def work(payload: Any, job: Job) -> Any:
        raise error

    return work


@pytest.mark.parametrize(
    ("work", "kind", "message"),
    [
        (raised(ValueError()), "crash", "ValueError"),
        (raised(ValueError("lone \udcff")), "crash", "ValueError: lone \\udcff"),
        (raised(MemoryError("no")), "memory", "MemoryError: no"),
        (raised(StepError("a.b", "told", detail={"n": 1})), "a.b", "told"),
        (raised(StepError("a.b", "told", detail={"n": 1j})), "crash", "StepError: told"),
        (lambda payload, job: 1j, "invalid-output", "'a' returned a complex that is not plain"),
        (lambda payload, job: 1 << 70, "invalid-output", "'a' returned a int that is not plain"),
        (lambda payload, job: bytes(frames.CAP), "limit", "the result of 'a' is 16,777,"),
    ],
)
def test_every_failure_is_an_answer_and_the_worker_lives_on(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, work: Any, kind: str, message: str
) -> None:
    monkeypatch.setitem(TABLE, "a", work)
    monkeypatch.setitem(TABLE, "b", lambda payload, job: payload)
    worker = opened()
    worker.next()

    error = worker.call("a")

    assert error.kind == kind
    assert error.message.startswith(message)
    assert worker.call("b", 2) == frames.Result(1, 2)


@pytest.mark.parametrize(("given", "code"), [(None, 0), (3, 3), (-1, 255), ("enough", 1)])
def test_a_handler_that_exits_ends_the_worker_with_its_code(
    opened: Opened,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: Any,
    code: int,
) -> None:
    monkeypatch.setitem(TABLE, "a", raised(SystemExit(given)))
    worker = opened()
    worker.next()

    worker.send(frames.Call(1, "a", None, None))

    assert worker.end() == code
    assert capsys.readouterr().err == ("enough\n" if given == "enough" else "")


def test_what_a_handler_prints_is_flushed_before_its_answer(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []

    class Stream:
        closed = False

        def flush(self) -> None:
            flushed.append("now")

    monkeypatch.setattr(sys, "stdout", Stream())
    monkeypatch.setitem(TABLE, "a", lambda payload, job: len(flushed))
    worker = opened()
    worker.next()

    before = worker.call("a")

    assert (before.value, flushed) == (0, ["now"])


def test_a_job_reports_while_it_works_and_hears_of_its_own_cancellation(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def work(payload: Any, job: Job) -> Any:
        before = job.cancelled
        job.event("found", {"set": (1, 2)})
        job.log("info", "line")
        job.progress(1, 2, "half")
        job.span({"name": "inner"})
        go.wait(10)
        return [job.name, before, job.cancelled, job.deadline is None]

    monkeypatch.setitem(TABLE, "a", work)
    worker = opened()
    worker.next()

    assert worker.call("a") == frames.Event(1, "found", {"set": [1, 2]})
    assert worker.next() == frames.Log(1, "info", "line")
    assert worker.next() == frames.Progress(1, 1, 2, "half")
    assert worker.next() == frames.Span(1, {"name": "inner"})
    worker.send(frames.Cancel(9))  # of another call
    worker.send(frames.Cancel(1))
    go.set()
    assert worker.next() == frames.Result(1, ["a", False, True, True])


def test_a_handler_whose_engine_has_gone_counts_as_cancelled(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, seen = threading.Event(), []

    def work(payload: Any, job: Job) -> None:
        began.set()
        while not job.cancelled:
            time.sleep(0.005)
        seen.append(job.deadline)

    monkeypatch.setitem(TABLE, "a", work)
    worker = opened()
    worker.next()
    worker.send(frames.Call(1, "a", None, 5.0))
    began.wait(10)

    assert worker.end() == 0  # its answer reached nobody
    assert seen[0] is not None
