"""The page on status: what becomes of steps and runs, as the engine says when it is asked."""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import Any

from tests.engine.runs.acts import Acts, cancelled, flow

from ciranda.errors import WorkflowError

NEEDS = {
    "succeeded": "  a: {uses: t.do}",
    "failed": "  a: {uses: t.do, with: {v: a, fail: t.x}}",
    "failed, tolerated": "  a: {uses: t.do, with: {v: a, fail: t.x}, continue-on-error: true}",
    "skipped by its own `if`": "  a: {uses: t.do, if: inputs.no}",
    "skipped because of a need": (
        "  x: {uses: t.do, with: {v: x, fail: t.x}}\n  a: {uses: t.do, needs: x}"
    ),
    "cancelled with the run": "  a: {uses: t.do, with: {v: a, s: 100}}",
}
CONDITIONS = {
    "none": "",
    "true": "inputs.yes",
    "false": "inputs.no",
    "`always()`": "always()",
    "`succeeded()`": "succeeded()",
    "`failed()`": "failed()",
    "reads `steps.a.status`": "steps.a.status != 'pending'",
}
ENDS = {
    "succeeded": "{uses: t.do}",
    "failed": "{uses: t.do, with: {v: a, fail: t.x}}",
    "failed, tolerated": "{uses: t.do, with: {v: a, fail: t.x}, continue-on-error: true}",
    "skipped": "{uses: t.do, if: inputs.no}",
}
TOLERANCES = {"none": "", "`true`": "true", "`[t.x]`": "[t.x]", "`[t.y]`": "[t.y]"}
JOINS = ("all", "any", "race", "{at-least: 2}")
TOP = "inputs: {yes: {type: boolean, default: true}, no: {type: boolean, default: false}}"


async def come_to(steps: str, *, stop: bool = False) -> Any:
    """Run steps; return the result, or None when the file is refused."""
    async with Acts().harness() as h:
        try:
            text = flow(steps, TOP)
            return await (cancelled(h, text, 1) if stop else h.run(text))
        except WorkflowError:
            return None


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


async def dependents() -> str:
    rows = []
    for need, a in NEEDS.items():
        row, runs = [need], set()
        for condition in CONDITIONS.values():
            own = f', if: "{condition}"' if condition else ""
            steps = f"{a}\n  b: {{uses: t.do, needs: a{own}}}"
            result = await come_to(steps, stop=need.startswith("cancelled"))
            row.append("refused" if result is None else result.steps["b"]["status"])
            runs |= {result.status} if result is not None else set()
        rows.append([*row, " or ".join(sorted(runs))])
    return table(["the need", *(f"`if`: {name}" for name in CONDITIONS), "the run"], rows)


async def tolerances() -> str:
    rows = []
    for name, rule in TOLERANCES.items():
        own = f", continue-on-error: {rule}" if rule else ""
        result = await come_to(f"  a: {{uses: t.do, with: {{v: a, fail: t.x}}{own}}}")
        rows.append([name, result.status, str(result.warnings)])
    return table(["`continue-on-error`", "the run", "warnings"], rows)


async def early() -> str:
    """Return how a run ends that is ended early after a failure."""
    failing = "a: {uses: t.do, with: {v: a, fail: t.x}}"
    result = await come_to(
        f"  {failing}\n  b: {{uses: t.do, with: {{s: 1}}}}\n"
        "  c: {needs: b, succeed: {outputs: {n: 1}}}"
    )
    handled = await come_to(
        f"  {failing[:-1]}, on-failure: {{h: {{fail: {{message: no}}}}}}}}\n"
        "  b: {uses: t.do, with: {s: 1}}\n  c: {needs: b, succeed: {}}"
    )
    assert handled.status == "failed"
    assert result.failures == ("a",)
    return str(result.status)


async def joins() -> str:
    rows = []
    for x, y in combinations_with_replacement(ENDS, 2):
        row = [x, y]
        for join in JOINS:
            steps = f"  g:\n    join: {join}\n    steps:\n      x: {ENDS[x]}\n      y: {ENDS[y]}"
            result = await come_to(steps)
            row.append("refused" if result is None else result.steps["g"]["status"])
        rows.append(row)
    return table(["one branch", "the other", *(f"`join: {join}`" for join in JOINS)], rows)


async def page() -> str:
    """Return the text of `docs/status-rules.md`."""
    return f"""# What becomes of a step, and of the run

A test runs each combination and writes this page. *Refused* is what `ciranda validate` does not
let pass: it asks whether the step is to run when its need was skipped.

## After a need has ended

A step `b` with `needs: a`, which does not read the output of `a`. The last column is the run when
`b` itself does not fail.

{await dependents()}

In a cancelled run only steps whose `if` speaks of status in general still run.

## After a step has failed

The step fails with the kind `t.x`.

{await tolerances()}

`succeed` says how the run ends, whatever else there was: a run with a step that has failed already,
and that nobody tolerates, then {await early()}, and its result still names that step among its
failures. A handler that failed fails the run all the same.

## A group whose branches have ended

A branch is a step of the group that no other of its steps needs. A failure that is tolerated is no
success: it fails no group that needs all, and counts for none that needs a number.

{await joins()}
"""
