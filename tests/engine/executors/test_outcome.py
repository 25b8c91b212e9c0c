"""How the end of a call is told: by signal, by code, for memory, or not known at all."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ciranda.errors import StepError
from ciranda.executors.pool.outcome import encode_call, lost, oom_kills
from ciranda.executors.pool.worker import frames


@pytest.mark.parametrize(
    ("status", "oom", "kind", "message", "detail"),
    [
        (None, False, "worker-lost", "worker 'k' was lost during 'c'", {}),
        (None, True, "worker-lost", "worker 'k' was lost during 'c'", {}),
        (
            signal.SIGKILL,
            False,
            "worker-lost",
            "worker 'k' was killed by SIGKILL during 'c'",
            {"signal": "SIGKILL"},
        ),
        (
            signal.SIGKILL,
            True,
            "memory",
            "worker 'k' ran out of memory during 'c'",
            {"signal": "SIGKILL"},
        ),
        (
            signal.SIGTERM,
            True,
            "worker-lost",
            "worker 'k' was killed by SIGTERM during 'c'",
            {"signal": "SIGTERM"},
        ),
        (44, False, "worker-lost", "worker 'k' was killed by 44 during 'c'", {"signal": "44"}),
        (3 << 8, False, "worker-lost", "worker 'k' ended with exit code 3 during 'c'", None),
    ],
)
def test_a_worker_that_ended_says_how(
    status: int | None, oom: bool, kind: str, message: str, detail: dict[str, object] | None
) -> None:
    error = lost("k", "c", status, "", oom=oom)

    assert (error.kind, error.message) == (kind, message)
    assert error.retryable is (kind == "worker-lost")
    assert error.detail == ({"exit_code": 3} if detail is None else detail)


def test_what_it_wrote_last_goes_with_it() -> None:
    assert lost("k", "c", None, "last words\n", oom=False).detail == {"stderr": "last words\n"}


@pytest.mark.parametrize(
    ("text", "kills"),
    [("a 1\noom_kill 42\nb 2\n", 42), ("a 1\n", 0), ("a 1\noom_kill 7", 7), (None, 0)],
)
def test_the_kernel_tells_how_often_it_killed_for_memory(
    tmp_path: Path, text: str | None, kills: int
) -> None:
    file = tmp_path / "vmstat"
    if text is not None:
        file.write_text(text)

    assert oom_kills(file) == kills


@pytest.mark.parametrize(
    ("payload", "kind", "message"),
    [
        (1j, "invalid-input", "the payload of 'c' is not plain data: "),
        (1 << 70, "invalid-input", "the payload of 'c' is not plain data: "),
        (bytes(frames.CAP), "limit", "the payload of 'c' is 16,777,226 bytes, above the cap of "),
    ],
)
def test_a_payload_that_cannot_travel_is_refused_before_it_goes(
    payload: object, kind: str, message: str
) -> None:
    with pytest.raises(StepError) as told:
        encode_call(frames.Call(1, "c", payload, None))

    assert (told.value.kind, told.value.retryable) == (kind, False)
    assert told.value.message.startswith(message)
