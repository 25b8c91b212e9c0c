"""The open cases: every run of every skill gives what it must."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ciranda_skills.format import read_skill
from ciranda_skills.running import Runner

from .running_fixtures import anyio_backend, runner

__all__ = ["anyio_backend", "runner"]
pytestmark = pytest.mark.anyio
CASES = Path(__file__).parent / "cases"


def runs() -> list[Any]:
    found = []
    for file in sorted(CASES.glob("*/expected.json")):
        for number, run in enumerate(json.loads(file.read_text())["runs"]):
            found.append(pytest.param(file.parent, run, id=f"{file.parent.name}-{number}"))
    return found


@pytest.mark.parametrize("anyio_backend", ["asyncio"], scope="module")  # processes know no loop
@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
@pytest.mark.parametrize(("folder", "run"), runs())
async def test_a_run_gives_what_the_case_says(
    runner: Runner, folder: Path, run: dict[str, Any], warm: bool
) -> None:
    skill = read_skill(folder).skill
    assert skill is not None
    stdin = None if run["stdin"] is None else run["stdin"].encode()

    outcome = await runner.run(
        skill, run["script"], run["args"], stdin, timeout=run["timeout_s"], warm=warm
    )

    expected = dict(run["expect"])
    if "stdout_json" in expected:
        expected["json"] = expected.pop("stdout_json")
    assert {name: getattr(outcome, name) for name in expected} == expected
    assert outcome.sandbox.level in ("L0", "L1", "L2", "L3", "L4")
