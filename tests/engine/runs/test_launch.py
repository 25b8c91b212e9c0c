"""What a launch leaves behind when the run cannot begin."""

from pathlib import Path

import pytest

from ciranda import Engine, WorkflowError
from ciranda.errors import ReplayError

pytestmark = pytest.mark.anyio

FLOW = """
ciranda: 1
inputs: {list: {type: array, default: []}}
env: {FIRST: "${{ inputs.list[0] }}"}
steps:
  a: {run: [echo, hi]}
"""


async def test_a_run_that_cannot_begin_gives_its_lease_back(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)

    async with Engine(store=tmp_path, durability="process") as engine:
        with pytest.raises(WorkflowError, match=r"flow.yaml:4:\d+: .*index"):
            await engine.run(tmp_path / "flow.yaml", run_id="r1")

        assert not engine.log.held("r1")
        with pytest.raises(ReplayError, match=r"run r1 never began: run .*flow.yaml again"):
            await engine.resume("r1")
