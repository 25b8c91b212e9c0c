"""What a file says once for all of its steps: `rate` and `timeout`, at any depth."""

from typing import Any

import anyio
import pytest
from tests.engine.runs.acts import Acts, flow

from ciranda.testing import Harness

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


class Timed(Acts):
    """Notes when each attempt begins, in seconds from the first."""

    def __init__(self) -> None:
        super().__init__()
        self.at: dict[Any, float] = {}

    async def do(self, v: Any = None, s: float = 0, fail: str = "", times: int = 9**9) -> Any:
        self.at[v] = anyio.current_time()
        return await super().do(v, s, fail, times)

    def times(self) -> list[int]:
        first = min(self.at.values())
        return sorted(round(at - first) for at in self.at.values())


async def begun(text: str, inputs: Any = None, **files: str) -> Timed:
    """Run a flow; return when its attempts began."""
    acts = Timed()
    async with acts.harness() as h:
        for name, each in files.items():
            (h.folder / f"{name}.yaml").write_text(each)
        (h.folder / "flow.yaml").write_text(text)
        assert (await h.run(h.folder / "flow.yaml", inputs)).ok
    return acts


async def test_the_rate_of_a_file_counts_all_of_its_steps_together_at_any_depth() -> None:
    acts = await begun(
        flow(
            """
  a: {uses: t.do, with: {v: a}}
  m: {map: [1, 2], uses: t.do, with: {v: "${{ item }}"}}
  g: {steps: {b: {uses: t.do, with: {v: b}}}}
  t: {try: {c: {uses: t.do, with: {v: c, fail: x.y}}}, catch: [{steps: {d: {uses: t.do}}}]}
""",
            "rate: {requests: 2/10s}\nfinally: {z: {uses: t.do, with: {v: z}}}",
        )
    )

    assert acts.times() == [0, 0, 10, 10, 20, 20, 30]
    assert acts.begun[-1] == "z"


async def test_a_step_keeps_its_own_rate_and_that_of_its_file() -> None:
    acts = await begun(
        flow(
            """
  a: {map: [1, 2, 3], uses: t.do, with: {v: "${{ item }}"}, rate: {requests: 1/5s}}
  b: {map: [4, 5, 6], uses: t.do, with: {v: "${{ item }}"}, rate: {requests: 9/1s}}
""",
            "rate: {requests: 3/20s}",
        )
    )

    times = {v: round(at - min(acts.at.values())) for v, at in acts.at.items()}
    assert sorted(times.values()) == [0, 0, 0, 20, 20, 25]
    assert all(abs(times[one] - times[two]) >= 5 for one, two in [(1, 2), (2, 3), (1, 3)])


async def test_the_rates_of_a_sub_workflow_and_of_the_files_around_it_all_hold() -> None:
    inner = flow(
        """
  a: {map: [1, 2], uses: t.do, with: {v: "${{ inputs.who }} ${{ item }}"}}
""",
        "inputs: {who: string}\nrate: {requests: 2/10s, key: 'inner ${{ inputs.who }}'}",
    )
    middle = flow(
        "  call: {uses: ./inner.yaml, with: {who: '${{ inputs.who }}'}}", "inputs: {who: string}"
    )
    outer = flow(
        """
  one: {uses: ./middle.yaml, with: {who: ana}}
  two: {uses: ./middle.yaml, with: {who: bo}}
""",
        "inputs: {to: {default: east}}\nrate: {requests: 3/30s, key: 'to ${{ inputs.to }}'}",
    )
    both = await begun(outer, inner=inner, middle=middle)
    only_inner = await begun(outer.replace("3/30s", "9/30s"), inner=inner, middle=middle)
    slow = inner.replace("2/10s", "1/10s")
    slow_inner = await begun(outer.replace("3/30s", "9/30s"), inner=slow, middle=middle)

    assert both.times() == [0, 0, 0, 30]
    assert only_inner.times() == [0, 0, 0, 0]
    assert slow_inner.times() == [0, 0, 10, 10]


async def test_a_rate_without_a_key_is_shared_by_the_runs_of_a_workflow() -> None:
    acts = Timed()
    text = flow("  a: {uses: t.do, with: {v: '${{ run.id }}'}}", "name: w\nrate: {requests: 1/10s}")
    async with acts.harness() as h:
        await h.run(text)
        await h.run(text)
        await h.run(text.replace("name: w", "name: other"))

    assert acts.times() == [0, 10, 10]


async def timed_out(h: Harness, inner: str, step: str = "") -> dict[str, Any]:
    (h.folder / "inner.yaml").write_text(inner)
    (h.folder / "flow.yaml").write_text(flow(f"  call: {{uses: ./inner.yaml{step}}}"))
    result = await h.run(h.folder / "flow.yaml")
    error: dict[str, Any] = result.steps["call"]["error"]
    return error


@pytest.mark.parametrize(("step", "seconds"), [("", 10), (", timeout: 3s", 3)])
async def test_the_timeout_of_a_sub_workflow_is_that_of_its_step_too(
    step: str, seconds: int
) -> None:
    acts = Timed()
    inner = flow("  a: {uses: t.do, with: {v: a, s: 100}}", "timeout: 10s")
    async with acts.harness() as h:
        began = anyio.current_time()
        error = await timed_out(h, inner, step)
        took = anyio.current_time() - began

    assert error["kind"] == "timeout"
    assert acts.stopped == ["a"]
    assert took == pytest.approx(seconds, abs=1)
