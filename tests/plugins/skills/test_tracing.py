"""A run as a span."""

from typing import Any

from ciranda.observe.carried import unpack
from ciranda.observe.identity import Identity
from ciranda.observe.spans import resource
from ciranda_skills.running import Outcome, Sandbox, Status
from ciranda_skills.tracing import span_of

AROUND = Identity("r1").traceparent("step", 1)


def test_a_run_is_a_span_below_its_step_with_what_its_process_was():
    outcome = Outcome(
        status=Status.FAILED,
        exit_code=3,
        wall_s=0.5,
        sandbox=Sandbox("L3", ("cgroup",)),
        message="it ended with exit code 3",
    )

    span = unpack(span_of(AROUND, "tried", "main", outcome, now=lambda: 2 * 10**9), resource())

    _, trace, parent, _ = AROUND.split("-")
    assert span.parent is not None
    said: dict[str, Any] = dict(span.attributes or {})
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (trace, parent)
    assert (span.start_time, span.end_time) == (1_500_000_000, 2_000_000_000)
    assert span.status.description == "it ended with exit code 3"
    assert said["process.exit.code"] == 3
    assert said["ciranda.sandbox.level"] == "L3"
    assert list(said["ciranda.sandbox.missing"]) == ["cgroup"]
    assert "ciranda.skill.signal" not in said
