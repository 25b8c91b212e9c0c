"""Runs that crash anywhere, any number of times, end as the run that nobody disturbed."""

from collections import Counter
from typing import Any

import anyio
import pytest
from hypothesis import example, given, settings, strategies as st

from ciranda.context import Context
from ciranda.errors import RunNotFoundError, StepError
from ciranda.events import RunResumed, StepCompleted, StepStarted
from ciranda.testing import Harness, SimulatedCrash, harness, virtual_backend

FLOW = """
ciranda: 1
inputs: {list: {type: array, default: [3, 1, 2, 0]}}
steps:
  a: {uses: t.echo, with: {v: 1}}
  b: {uses: t.echo, with: {v: '${{ steps.a.output + 1 }}'}}
  flaky:
    uses: t.flaky
    with: {v: '${{ steps.b.output }}', attempt: '${{ attempt }}'}
    retry: {attempts: 3, backoff: 1s, jitter: none}
  m:
    map: ${{ inputs.list }}
    uses: t.nap
    max-parallel: 2
    with: {v: '${{ item + steps.a.output }}'}
  kept:
    map: ${{ inputs.list }}
    uses: t.picky
    on-item-failure: keep
    when: item > 0
    with: {v: '${{ item }}'}
  broken: {uses: t.broken, continue-on-error: true}
  skipped: {uses: t.echo, if: steps.b.output > 5, with: {v: 1}}
  total:
    uses: t.echo
    needs: [broken]
    with: {v: '${{ sum(steps.m.output ?? []) + (steps.flaky.output ?? 0) }}'}
    if: always()
outputs:
  total: ${{ steps.total.output ?? 0 }}
  m: ${{ steps.m.output }}
  kept: ${{ steps.kept.output }}
"""
PATHS = ["a", "b", "flaky", *(f"m/{i}" for i in range(4)), *(f"kept/{i}" for i in range(4))]
PATHS += ["broken", "skipped", "total"]


async def nap(v: int) -> int:
    await anyio.sleep(v)
    return v * 10


def flaky(v: int, attempt: int) -> int:
    if attempt < 3:
        raise StepError("unavailable", "not yet")
    return v


def picky(v: int) -> int:
    if v == 2:
        raise ValueError("two")
    return v


MOCKS = {
    "t.echo": lambda v: v,
    "t.nap": nap,
    "t.flaky": flaky,
    "t.picky": picky,
    "t.broken": ValueError("broken"),
}


def view(result: Any) -> dict[str, Any]:
    """Return what must not depend on crashes."""
    seen = {
        name: (step["status"], step["output"], step.get("counts"), step["attempts"])
        for name, step in result.steps.items()
    }
    return {"status": result.status, "outputs": result.outputs, "warnings": result.warnings, **seen}


async def finished(h: Harness) -> Any:
    """Run to the end through whatever crashes are set."""
    try:
        return await h.run(FLOW)
    except SimulatedCrash:
        pass
    while True:
        try:
            return await h.resume()
        except SimulatedCrash:
            continue


async def calm() -> dict[str, Any]:
    async with harness(mocks=MOCKS) as h:
        return view(await h.run(FLOW))


crashes = st.tuples(
    st.sampled_from(["before_effect", "after_effect", "before_commit", "after_commit"]),
    st.sampled_from(PATHS),
    st.integers(1, 3),
)


@settings(max_examples=40, deadline=None)
@given(
    plan=st.lists(crashes, max_size=6, unique=True),
    backend=st.sampled_from(["asyncio", "trio"]),
    store=st.sampled_from([None, None, None, "disk"]),
    seed=st.integers(0, 1000),
)
@example(plan=[("after_commit", "total", 1)], backend="asyncio", store="disk", seed=0)
def test_any_crashes_end_as_none(
    plan: list[tuple[Any, str, int]], backend: str, store: Any, seed: int
) -> None:
    async def main() -> None:
        async with harness(mocks=MOCKS, store=store) as h:
            for point, path, attempt in plan:
                h.kill_at(point, path, attempt)
            assert view(await finished(h)) == await calm()
            resumes = h.events(RunResumed)
            assert len(resumes) <= len(plan)
            done = Counter(event.path for event in h.events(StepCompleted))
            assert not done or max(done.values()) == 1, "a finished step ran again"
            begun = Counter((event.path, event.attempt) for event in h.events(StepStarted))
            assert max(begun.values()) <= len(resumes) + 1

    name, options = virtual_backend(backend, seed if backend == "asyncio" else None)
    anyio.run(main, backend=name, backend_options=options)


@pytest.mark.anyio
async def test_a_failed_run_repeats_what_failed_and_what_followed() -> None:
    fixed: list[bool] = []

    def fragile(**_: Any) -> str:
        if not fixed:
            raise ValueError("not fixed yet")
        return "fine"

    flow = (
        "ciranda: 1\nsteps:\n  a: {uses: t.a}\n  b: {uses: t.b, needs: [a]}\n"
        "  c: {uses: t.c, needs: [b]}\n  d: {uses: t.c, needs: [a]}\n"
    )
    async with harness(mocks={"t.a": 1, "t.b": fragile, "t.c": 2}) as h:
        assert (await h.run(flow)).status == "failed"
        fixed.append(True)
        result = await h.resume()

        assert result.ok
        assert sorted(event.path for event in h.events(StepCompleted)) == ["a", "b", "c", "d"]


@pytest.mark.anyio
async def test_the_key_of_a_step_is_the_same_in_every_attempt_and_after_a_crash() -> None:
    from ciranda.actions import action
    from ciranda.hooks import hookimpl

    keys: list[str] = []

    @action("t.keyed")
    async def keyed(ctx: Context) -> None:
        keys.append(ctx.key)
        if len(keys) < 3:
            raise ConnectionError("gone")

    class Plugin:
        @hookimpl
        def actions(self) -> list[object]:
            return [keyed]

    async with harness(plugins=[Plugin()]) as h:
        h.kill_at("before_commit", "a", attempt=2)
        with pytest.raises(SimulatedCrash):
            await h.run("ciranda: 1\nsteps:\n  a: {uses: t.keyed, retry: 3}\n")
        assert (await h.resume()).ok

    assert len(keys) == 3
    assert len(set(keys)) == 1


@pytest.mark.anyio
async def test_a_run_that_succeeded_is_not_resumed() -> None:
    async with harness(mocks={"t.a": 1}) as h:
        result = await h.run("ciranda: 1\nsteps:\n  a: {uses: t.a}\n")

        with pytest.raises(RunNotFoundError, match=f"run {result.run_id} has succeeded: there is"):
            await h.resume()
