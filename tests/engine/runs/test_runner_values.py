"""What runs are given and give: secret inputs, variables of the file, outputs, lists of maps."""

from typing import Any

import pytest

from ciranda.errors import InputError, StepError, WorkflowError
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

SECRET = """
ciranda: 1
inputs: {key: secret}
steps:
  a: {uses: t.a, with: {v: "Bearer ${{ inputs.key }}"}}
  b: {uses: t.b, needs: [a], with: {v: "${{ inputs.key }}"}}
"""


def echo(v: Any) -> Any:
    return v


async def test_a_secret_input_reaches_the_action_and_nobody_else() -> None:
    seen: list[str] = []

    def take(v: str) -> str:
        seen.append(v)
        return v

    async with harness(mocks={"t.a": take, "t.b": take}) as h:
        result = await h.run(SECRET, {"key": "sesame-4711"})

        assert result.status == "succeeded"
        assert seen == ["Bearer sesame-4711", "sesame-4711"]
        assert "sesame" not in repr(result)


async def test_a_short_secret_input_is_refused_by_its_own_length() -> None:
    async with harness(mocks={"t.a": echo, "t.b": echo}) as h:
        with pytest.raises(InputError, match=r"`inputs.key` has 2 characters"):
            await h.run(SECRET, {"key": "ab"})


async def test_a_secret_input_is_asked_for_again_when_a_run_goes_on() -> None:
    tries: list[str] = []

    def flaky(v: str) -> None:
        tries.append(v)
        if len(tries) == 1:
            raise StepError("unavailable", "not yet")

    async with harness(mocks={"t.a": echo, "t.b": flaky}) as h:
        first = await h.run(SECRET, {"key": "sesame-4711"})
        with pytest.raises(InputError, match="`key` must be given once more"):
            await h.resume()
        second = await h.resume(inputs={"key": "sesame-4711"})

        assert (first.status, second.status) == ("failed", "succeeded")
        assert tries == ["sesame-4711", "sesame-4711"]


@pytest.mark.parametrize(
    ("value", "message"),
    [("${{ {1: 2} }}", "has the key 1"), ("${{ [2 ** 70] }}", "beyond 64 bits")],
)
async def test_an_input_that_cannot_be_kept_fails_its_step_only(value: str, message: str) -> None:
    async with harness(mocks={"t.a": echo}) as h:
        result = await h.run(f'ciranda: 1\nsteps:\n  a: {{uses: t.a, with: {{v: "{value}"}}}}')

        assert result.status == "failed"
        assert result.steps["a"]["error"]["kind"] == "invalid-input"
        assert message in result.steps["a"]["error"]["message"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("[{1: 2}]", r"result[0] has the key 1"),
        ("range(10 ** 12)", "more than 1,000,000 numbers"),
        ("{1, 2}", "map needs a list"),
    ],
)
async def test_a_list_that_cannot_be_kept_fails_its_map_only(items: str, message: str) -> None:
    async with harness(mocks={"t.a": echo}) as h:
        result = await h.run(
            f'ciranda: 1\nsteps:\n  a: {{map: "${{{{ {items} }}}}", uses: t.a, with: {{v: 1}}}}'
        )

        assert result.status == "failed"
        assert message in result.steps["a"]["error"]["message"]


async def test_an_output_that_cannot_be_kept_is_named() -> None:
    async with harness(mocks={"t.a": 1}) as h:
        result = await h.run(
            "ciranda: 1\nsteps:\n  a: {uses: t.a}\noutputs:\n  y: 1\n  x: [1, '${{ 1e308 * 10 }}']"
        )

        assert result.status == "failed"
        assert result.error is not None
        assert result.error["message"].startswith("outputs.x.1: the result is inf")
        assert result.error["place"].endswith("workflow.yaml:6")


async def test_a_variable_that_cannot_be_evaluated_is_shown_in_the_file() -> None:
    async with harness(mocks={"t.a": 1}) as h:
        with pytest.raises(WorkflowError, match=r"workflow.yaml:2:\d+: division by zero"):
            await h.run('ciranda: 1\nenv: {A: "x${{ 1/0 }}"}\nsteps:\n  a: {uses: t.a}')
