"""Which steps run, in which order, and why others do not: the language, performed."""

from typing import Any

import pytest

from ciranda.events import StepSkipped, StepStarted
from ciranda.testing import Harness, harness

pytestmark = pytest.mark.anyio

ECHO = {"t.echo": lambda **inputs: inputs.get("v", "done"), "t.fail": ValueError("no")}


def text(steps: str, **top: str) -> str:
    lines = [f"{key.replace('_', '-')}: {value}" for key, value in top.items()]
    return "\n".join(["ciranda: 1", *lines, "steps:", steps])


def statuses(steps: Any) -> dict[str, str]:
    return {name: view["status"] for name, view in steps.items()}


def reasons(h: Harness) -> dict[str, str]:
    return {event.path: event.reason for event in h.events(StepSkipped)}


async def test_a_step_waits_for_what_it_needs_and_for_what_it_reads() -> None:
    flow = text(
        "  c: {uses: t.echo, needs: [b]}\n"
        '  b: {uses: t.echo, with: {v: "${{ steps.a.output }}"}}\n'
        "  a: {uses: t.echo, with: {v: 1}}"
    )
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert result.steps["b"]["output"] == 1
        assert [event.path for event in h.events(StepStarted)] == ["a", "b", "c"]


async def test_steps_without_edges_run_side_by_side() -> None:
    async with harness(mocks={"t.nap": _nap}) as h:
        before = h.clock.now()
        steps = "\n".join(f"  s{i}: {{uses: t.nap}}" for i in range(200))
        result = await h.run(text(steps))

        assert result.ok
        assert h.clock.now() - before == pytest.approx(10.0)


async def test_a_sequence_runs_one_step_after_the_other() -> None:
    flow = text("  z: {uses: t.nap}\n  y: {uses: t.nap}\n  x: {uses: t.nap}", order="sequence")
    async with harness(mocks={"t.nap": _nap}) as h:
        before = h.clock.now()
        await h.run(flow)

        assert [event.path for event in h.events(StepStarted)] == ["z", "y", "x"]
        assert h.clock.now() - before == pytest.approx(30.0)


async def test_a_failure_in_a_sequence_skips_what_follows() -> None:
    flow = text("  a: {uses: t.fail}\n  b: {uses: t.echo}\n  c: {uses: t.echo}", order="sequence")
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert statuses(result.steps) == {"a": "failed", "b": "skipped", "c": "skipped"}
        assert result.failures == ("a",)


async def test_a_failed_step_stops_nothing_independent() -> None:
    async with harness(mocks=ECHO) as h:
        result = await h.run(text("  a: {uses: t.fail}\n  b: {uses: t.echo}"))

        assert result.status == "failed"
        assert statuses(result.steps) == {"a": "failed", "b": "succeeded"}
        assert result.outputs is None


async def test_a_false_condition_skips_and_says_so() -> None:
    async with harness(mocks=ECHO) as h:
        result = await h.run(text("  a: {uses: t.echo, if: run.name == 'x'}"), {})

        assert result.ok
        assert reasons(h) == {"a": "if: run.name == 'x' is false"}


async def test_a_true_condition_runs() -> None:
    flow = text("  a: {uses: t.echo, if: inputs.n > 2}", inputs="{n: integer}")
    async with harness(mocks=ECHO) as h:
        assert statuses((await h.run(flow, {"n": 3})).steps) == {"a": "succeeded"}
        assert statuses((await h.run(flow, {"n": 2})).steps) == {"a": "skipped"}


async def test_a_skip_by_a_failed_need_goes_down_the_whole_chain_with_its_reason() -> None:
    flow = text(
        "  a: {uses: t.fail}\n  b: {uses: t.echo, needs: [a]}\n  c: {uses: t.echo, needs: [b]}"
    )
    async with harness(mocks=ECHO) as h:
        await h.run(flow)

        assert reasons(h) == {
            "b": "'a' failed",
            "c": "'b' was skipped, because 'a' did not succeed",
        }
        assert {event.because for event in h.events(StepSkipped)} == {"a"}


async def test_a_step_skipped_by_its_own_condition_does_not_skip_who_reads_it_with_a_default() -> (
    None
):
    flow = text(
        "  a: {uses: t.echo, if: run.name == 'x'}\n"
        '  b: {uses: t.echo, with: {v: "${{ steps.a.output ?? 7 }}"}}'
    )
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert result.steps["b"]["output"] == 7


async def test_always_runs_after_a_failure_far_above() -> None:
    flow = text(
        "  a: {uses: t.fail}\n"
        "  b: {uses: t.echo, needs: [a]}\n"
        "  c: {uses: t.echo, needs: [b], if: always()}"
    )
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert statuses(result.steps) == {"a": "failed", "b": "skipped", "c": "succeeded"}


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        ("failed()", "skipped", "succeeded"),
        ("succeeded()", "succeeded", "skipped"),
        ("always()", "succeeded", "succeeded"),
        ("cancelled()", "skipped", "skipped"),
        ("steps.a.status == 'failed'", "skipped", "succeeded"),
        ("not failed()", "succeeded", "skipped"),
    ],
)
async def test_status_functions_see_transitive_needs(
    condition: str, after_success: str, after_failure: str
) -> None:
    for first, expected in (("t.echo", after_success), ("t.fail", after_failure)):
        flow = text(f"  a: {{uses: {first}}}\n  c: {{uses: t.echo, needs: [a], if: {condition}}}")
        async with harness(mocks=ECHO) as h:
            result = await h.run(flow)

            assert result.steps["c"]["status"] == expected


async def test_the_status_of_one_need_lifts_the_rule_for_that_one_only() -> None:
    flow = text(
        "  a: {uses: t.fail}\n"
        "  b: {uses: t.fail}\n"
        "  c: {uses: t.echo, needs: [a, b], if: steps.a.status == 'failed'}"
    )
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert result.steps["c"]["status"] == "skipped"
        assert reasons(h)["c"] == "'b' failed"


async def test_an_error_can_be_read_by_who_asks_for_the_status() -> None:
    flow = text(
        "  a: {uses: t.fail}\n"
        "  b: {uses: t.echo, if: failed(), with: {v: '${{ steps.a.error.kind }}'}}"
    )
    async with harness(mocks=ECHO) as h:
        assert (await h.run(flow)).steps["b"]["output"] == "crash"


async def test_a_run_without_steps_to_do_still_ends() -> None:
    async with harness(mocks=ECHO) as h:
        result = await h.run(text("  a: {uses: t.echo, if: run.name == 'x'}"))

        assert (result.status, result.outputs) == ("succeeded", None)


async def test_outputs_are_those_of_the_file() -> None:
    flow = text(
        "  a: {uses: t.echo, with: {v: {x: [1, 2]}}}",
        outputs="{x: '${{ steps.a.output.x[1] }}', run: '${{ run.name }}'}",
        name="sums",
    )
    async with harness(mocks=ECHO) as h:
        assert (await h.run(flow)).outputs == {"x": 2, "run": "sums"}


async def test_outputs_that_cannot_be_evaluated_fail_the_run() -> None:
    flow = text("  a: {uses: t.echo, with: {v: 1}}", outputs="{x: '${{ steps.a.output.y }}'}")
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert (result.status, result.failures) == ("failed", ())
        assert result.error is not None
        assert result.error["kind"] == "invalid-output"
        assert "outputs" in result.error["message"]


async def test_guarded_outputs_are_evaluated_after_a_failure() -> None:
    flow = text("  a: {uses: t.fail}", outputs="{x: '${{ steps.a.output ?? 0 }}'}")
    async with harness(mocks=ECHO) as h:
        result = await h.run(flow)

        assert (result.status, result.outputs) == ("failed", {"x": 0})


async def _nap(**_: Any) -> None:
    import anyio

    await anyio.sleep(10)
