"""What an action is given and how it fails does not depend on where it runs."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ciranda.events import StepFailed
from ciranda.testing import harness

pytestmark = pytest.mark.anyio

ACTS = """
    from dataclasses import dataclass
    from datetime import date
    from ciranda import Context, StepError, action, hookimpl

    @dataclass
    class Day:
        on: date
        hours: float = 8.0

    def act(name, **options):
        return action(f"t.{name}", executor="EXECUTOR", **options)

    @act("typed")
    def typed(day: Day, *, ctx: Context) -> list[Day]:
        ctx.log.info("typed", kind=type(day).__name__)
        return [day, Day(date(2024, 2, 29), day.hours / 2)]

    @act("odd")
    def odd() -> object:
        return {"on": "2024-02-30"}

    @act("unfit")
    def unfit() -> list[int]:
        return [1, "two"]

    @act("own", errors={"t.busy": True})
    def own() -> None:
        raise StepError("t.busy", "come back", detail={"n": 1})

    @act("mapped", raises={LookupError: "t.missing"})
    def mapped() -> None:
        raise KeyError("which")

    @act("wrapped")
    def wrapped() -> None:
        raise ExceptionGroup("both", [ConnectionError("no route"), ConnectionError("nor this")])

    @act("crash")
    def crash() -> None:
        raise RuntimeError("by surprise")

    @hookimpl
    def actions():
        return [crash, mapped, odd, own, typed, unfit, wrapped]
"""
FILE = """
    ciranda: 1
    name: w
    plugins: [./acts.py]
    defaults: {continue-on-error: true}
    steps:
      odd: {uses: t.odd, continue-on-error: false}
      typed: {uses: t.typed, with: {day: {on: 2024-02-28}}}
      bad: {uses: t.typed, with: {day: '${{ steps.odd.output }}'}}
      unfit: {uses: t.unfit}
      own: {uses: t.own}
      mapped: {uses: t.mapped}
      wrapped: {uses: t.wrapped}
      crash: {uses: t.crash}
"""


def told(step: dict[str, Any]) -> tuple[str, str, bool | None]:
    error = step["error"]
    return error["kind"], error["message"].partition(" (/")[0], error.get("retryable")


@pytest.mark.parametrize("executor", ["inline", "thread", "process"])
async def test_one_file_gives_one_result(tmp_path: Path, executor: str) -> None:
    (tmp_path / "acts.py").write_text(dedent(ACTS).replace("EXECUTOR", executor))

    async with harness(folder=tmp_path) as h:
        steps = (await h.run(dedent(FILE))).steps
        tracebacks = {one.path: one.error.traceback for one in h.events(StepFailed)}

    assert steps["typed"]["output"] == [
        {"on": "2024-02-28", "hours": 8.0},
        {"on": "2024-02-29", "hours": 4.0},
    ]
    assert told(steps["bad"]) == (
        "invalid-input",
        'Input "day.on" of t.typed: invalid RFC3339 encoded date.',
        False,
    )
    assert told(steps["unfit"]) == (
        "invalid-output",
        "output[1] does not fit what t.unfit declares: expected int, got str.",
        False,
    )
    assert told(steps["own"]) == ("t.busy", "come back", True)
    assert told(steps["mapped"]) == ("t.missing", "'which'", None)
    assert told(steps["wrapped"]) == ("unavailable", "no route (and 1 more)", None)
    assert told(steps["crash"]) == ("crash", "RuntimeError: by surprise", None)
    assert f"{tmp_path}" in steps["crash"]["error"]["detail"]["at"]
    for step, line in {"crash": 'RuntimeError("by', "mapped": 'KeyError("which'}.items():
        assert f"    raise {line}" in tracebacks[step]
