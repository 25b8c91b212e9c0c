"""Failures: the one error model, what is tolerated, and errors that no log could keep."""

import asyncio
from typing import Any

import pytest
import sniffio

from ciranda.errors import StepError
from ciranda.events import RunCompleted, StepFailed
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

ONE = "ciranda: 1\nsteps:\n  a: {uses: t.a}\n"


async def failure(mock: Any, text: str = ONE, **mocks: Any) -> dict[str, Any]:
    async with harness(mocks={"t.a": mock, **mocks}) as h:
        result = await h.run(text)
        assert result.status == "failed"
        error: dict[str, Any] = result.steps["a"]["error"]
        return error


async def test_an_error_has_every_field_of_the_model() -> None:
    error = await failure(
        StepError("t.gone", "it left", retryable=True, retry_after=2.5, detail={"who": [1]})
    )

    assert error == {
        "kind": "t.gone",
        "message": "it left",
        "detail": {"who": [1]},
        "step": "a",
        "path": "a",
        "attempt": 1,
        "retryable": True,
        "retry_after": 2.5,
    }


async def test_the_event_also_has_place_and_traceback() -> None:
    def broken() -> None:
        raise KeyError("colour")

    async with harness(mocks={"t.a": broken}) as h:
        await h.run(ONE)
        (event,) = h.events(StepFailed)

        assert event.error.place.endswith("workflow.yaml:3")
        assert "in broken" in event.error.traceback
        assert event.error.kind == "crash"
        assert "KeyError: 'colour'" in event.error.message


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError("slow"), "timeout"),
        (ConnectionRefusedError("no"), "unavailable"),
        (MemoryError(), "memory"),
        (ZeroDivisionError("x"), "crash"),
        (ExceptionGroup("g", [ConnectionError("a"), ConnectionError("b")]), "unavailable"),
        (SystemExit(3), "crash"),
        (KeyboardInterrupt(), "crash"),
        (BaseExceptionGroup("g", [KeyboardInterrupt()]), "crash"),
    ],
)
async def test_exceptions_become_kinds(error: BaseException, kind: str) -> None:
    assert (await failure(error))["kind"] == kind


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text either")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ValueError("bad \ud800 name"), "bad ? name"),
        (StepError("t.x", "odd", detail={"o": object()}), "odd"),
        (StepError("t.x", "big", detail={"n": 1 << 90}), "big"),
        (StepError("t.x", "list", detail=[1, 2]), "list"),  # type: ignore[arg-type]  # on purpose
        (StepError("t.x", ValueError("inner")), "inner"),  # type: ignore[arg-type]  # on purpose
        (StepError(5, "number"), "StepError"),  # type: ignore[arg-type]  # on purpose
        (MuteError(), "MuteError"),
    ],
)
@pytest.mark.parametrize("store", [None, "disk"])
async def test_an_error_that_no_log_can_keep_fails_its_step_and_nothing_else(
    error: BaseException, shown: str, store: Any
) -> None:
    async with harness(mocks={"t.a": error, "t.b": 1}, store=store) as h:
        result = await h.run(ONE + "  b: {uses: t.b}\n")

        assert shown in result.steps["a"]["error"]["message"]
        assert result.steps["b"]["status"] == "succeeded"
        assert len(h.events(RunCompleted)) == 1


async def test_a_cancellation_from_inside_an_action_is_a_failure_like_any_other() -> None:
    if sniffio.current_async_library() == "trio":
        return  # trio gives nobody the means

    async def confused() -> None:
        task = asyncio.get_running_loop().create_task(asyncio.sleep(10))
        task.cancel()
        await task

    error = await failure(confused)

    assert error["kind"] == "cancelled"


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (object(), "is an object"),
        (1 << 80, "beyond 64 bits"),
        (float("nan"), "only finite numbers"),
        ({"a": {1: 2}}, "keys must be text"),
        ("\udcff", "lone surrogate"),
    ],
)
async def test_an_output_that_is_no_plain_data_is_invalid(output: Any, problem: str) -> None:
    error = await failure(lambda: output)

    assert error["kind"] == "invalid-output"
    assert problem in error["message"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("with: {v: '${{ inputs.list[9] }}'}", "inputs.list[9]"),
        ("with: {v: '${{ 1 / inputs.zero }}'}", "1 / inputs.zero"),
        ("if: inputs.list[9] > 1", "inputs.list[9]"),
        ("map: '${{ inputs.list[9] }}'", "inputs.list[9]"),
        ("env: {X: '${{ inputs.list[9] }}'}", "inputs.list[9]"),
    ],
)
async def test_an_expression_that_fails_is_an_invalid_input_with_its_place(
    text: str, named: str
) -> None:
    flow = (
        "ciranda: 1\n"
        "inputs: {list: {type: array, default: [1]}, zero: {type: integer, default: 0}}\n"
        f"steps:\n  a:\n    uses: t.a\n    {text}\n"
    )
    async with harness(mocks={"t.a": 1}) as h:
        result = await h.run(flow)
        (event,) = h.events(StepFailed)

        assert result.steps["a"]["error"]["kind"] == "invalid-input"
        assert named in event.error.message
        assert event.error.place.endswith("workflow.yaml:4")


COE = "ciranda: 1\nsteps:\n  a:\n    uses: t.a\n    continue-on-error: {rule}\n"


@pytest.mark.parametrize(
    ("rule", "status", "warnings"),
    [
        ("true", "succeeded", 1),
        ("false", "failed", 0),
        ("[t.gone]", "succeeded", 1),
        ("[t.gone.long]", "succeeded", 1),
        ("[timeout]", "failed", 0),
    ],
)
async def test_continue_on_error_turns_failures_into_warnings(
    rule: str, status: str, warnings: int
) -> None:
    text = COE.format(rule=rule) + "  b: {uses: t.b, needs: [a]}\n"
    async with harness(mocks={"t.a": StepError("t.gone.long", "x"), "t.b": 1}) as h:
        result = await h.run(text)

        assert (result.status, result.warnings) == (status, warnings)
        assert result.steps["a"]["status"] == "failed"
        assert result.steps["b"]["status"] == ("succeeded" if warnings else "skipped")


async def test_an_item_that_fails_on_its_input_fails_alone() -> None:
    text = (
        "ciranda: 1\nsteps:\n  a:\n    uses: t.a\n    map: [1, 0, 2]\n"
        "    on-item-failure: keep\n    with: {v: '${{ 2 // item }}'}\n"
    )
    async with harness(mocks={"t.a": lambda v: v}) as h:
        result = await h.run(text)

        assert result.steps["a"]["output"] == [2, None, 1]


async def test_a_message_that_would_fill_the_log_is_kept_in_part() -> None:
    error = await failure(ValueError("x" * 1_000_000))

    assert len(error["message"]) < 70_000
    assert error["message"].endswith("more characters)")
