"""Runs that an earlier version of the engine recorded are shown and gone on with by this one."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from ciranda.cli.entry import outcome
from ciranda.engine import Engine
from ciranda.runs.launch import Launch
from ciranda.testing import virtual_backend

STORE = Path(__file__).with_name("recorded") / "ciranda.db.gz"
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> Any:
    return virtual_backend("asyncio")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / ".ciranda"
    folder.mkdir()
    (folder / "ciranda.db").write_bytes(gzip.decompress(STORE.read_bytes()))
    return folder


STATES = {
    "map": {
        "a": "succeeded", "m": "succeeded", "k": "succeeded", "s": "skipped", "t": "succeeded",
        "m/0": "succeeded", "m/1": "skipped", "m/2": "succeeded", "k/0": "failed", "k/1": "failed",
    },
    "retries": {"r": "succeeded", "c": "failed", "t": "succeeded"},
    "failed": {
        "a": "succeeded", "m": "succeeded", "b": "failed", "t": "skipped", "report": "succeeded",
        "m/0": "succeeded", "m/1": "succeeded", "m/2": "succeeded",
    },
    "cancelled": {
        "a": "succeeded", "slow": "cancelled", "m": "cancelled", "t": "skipped",
        "m/0": "cancelled", "m/1": "cancelled", "m/2": "cancelled",
    },
    "killed": {
        "a": "succeeded", "m": "running", "back": "waiting", "t": "pending",
        "m/0": "succeeded", "m/1": "succeeded", "m/2": "running", "m/3": "running",
    },
}  # fmt: skip


@pytest.mark.parametrize("run", STATES)
async def test_a_recorded_log_is_folded_to_the_state_that_it_was_in(store, run):
    async with Engine(store=store, durability="process") as engine:
        launch = Launch.again(engine, engine.log.run(run), None)
        launch.resume({})
        state = launch._runner.scheduler
        found = {node.id: state.statuses[node.index].word for node in state.graph.nodes}
        for index, items in state.items.items():
            for item in range(len(items.statuses)):
                found[state.path(index, item)] = state.status(index, item).word
        assert launch._lease is not None
        engine.log.release(launch._lease)

    assert found == STATES[run]
    ends = {"failed": "failed", "cancelled": "cancelled", "killed": ""}
    assert state.finished == ends.get(run, "succeeded")


@pytest.mark.parametrize(
    ("run", "again", "output"),
    [
        ("failed", ["b", "t", "report"], 5),
        ("cancelled", ["m/0", "m/1", "m/2", "slow", "t"], 2),
        ("killed", ["back", "m/2", "m/3", "t"], 9),
    ],
)
async def test_a_recorded_run_is_gone_on_with(store, monkeypatch, run, again, output):
    monkeypatch.setenv("HEALED", "1")
    async with Engine(store=store, durability="process") as engine:
        seen = len([*engine.log.read(run)])
        result = await engine.resume(run)
        records = [*engine.log.read(run)][seen:]

    begun = [record for record in records if record.type == "StepStarted"]
    assert result.status == "succeeded"
    assert result.outputs == {"t": output}
    assert len(begun) == len(again)
    assert all(any(path.encode() in each.payload for each in begun) for path in again)


@pytest.mark.parametrize("run", STATES)
def test_a_recorded_run_is_shown(store, capsys, run):
    code = outcome(["show", run, "--store", str(store)])

    shown = capsys.readouterr().out
    assert code == 0
    for path in STATES[run]:
        if "/" not in path:
            assert path in shown
