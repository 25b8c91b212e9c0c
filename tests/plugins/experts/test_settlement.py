"""The settlement of examples/: what is settled, what is not, and what a second run means."""

import csv
import json
import shutil
from pathlib import Path

import pytest

import ciranda
from ciranda_consensus.node import read_genesis
from ciranda_consensus.receipts import check_receipt, read_receipt

EXAMPLE = Path(__file__).parents[3] / "examples" / "settlement"
EXPECTED = [
    ("p-01", "approved", "proved"),
    ("p-02", "approved", "proved"),
    ("p-03", "rejected", "minted"),
    ("p-04", "rejected", "vanished"),
    ("p-05", "rejected", "negative-balance"),
    ("p-06", "rejected", "undefined"),
    ("p-01", "rejected", "double-spend"),
    ("p-07", "approved", "proved"),
    ("p-08", "rejected", "attack-pattern"),
    ("p-09", "approved", "proved"),
    ("p-10", "not judged", "invalid-input"),
]


@pytest.fixture
def settle(tmp_path, monkeypatch):
    """Run the example in a copy of its folder; return the run's outputs."""
    folder = tmp_path / "settlement"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("settlement-report", "_*", ".*"))
    (folder / "ciranda.toml").write_text("")
    monkeypatch.chdir(folder)

    def call(backend="asyncio", **inputs):
        result = ciranda.run(
            folder / "settlement.yaml", inputs=inputs, backend=backend, durability="process"
        )
        assert result.ok, result.failures
        return result.outputs

    return call


def verdicts(outputs):
    return [
        (line["payment"].split()[0], line["verdict"], line["reason"])
        for line in outputs["payments"]
    ]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_what_mints_loses_overdraws_overflows_repeats_or_attacks_is_not_settled(settle, backend):
    outputs = settle(backend)

    assert verdicts(outputs) == EXPECTED
    assert outputs["counts"] == {"approved": 4, "rejected": 6, "not judged": 1}
    assert "10 appears from nowhere" in outputs["payments"][2]["why"]


@pytest.mark.uncounted
def test_each_run_is_a_batch_of_its_own_unless_it_is_named(settle):
    assert verdicts(settle()) == verdicts(settle()) == EXPECTED

    first, second = settle(batch="monday"), settle(batch="monday")

    assert verdicts(first) == EXPECTED
    settled = {name for name, verdict, _ in EXPECTED if verdict == "approved"}
    assert {name for name, _, reason in verdicts(second) if reason == "double-spend"} == settled
    assert "approved" not in second["counts"]


def test_what_is_settled_has_receipts_that_hold_with_the_validator_set_alone(settle, tmp_path):
    outputs = settle(batch="monday")

    genesis = read_genesis(tmp_path / "settlement/.ciranda/consensus-4/genesis.toml")
    found = {
        Path(file).name: check_receipt(read_receipt(Path(file).read_bytes()), genesis)
        for file in outputs["receipts"]
    }
    assert {one.block for one in found.values() if one.valid} == {outputs["block"]}
    assert {name: one.key for name, one in found.items() if name != "batch.json"} == {
        "1.json": "monday/p-01",
        "2.json": "monday/p-02",
        "8.json": "monday/p-07",
        "10.json": "monday/p-09",
    }
    assert json.loads(found["batch.json"].json or "")["counts"] == outputs["counts"]
    assert json.loads(found["1.json"].json or "")["proof"]["verdict"] == "approved"


def test_the_report_shows_hostile_text_as_text(settle, tmp_path):
    outputs = settle()
    page = Path(outputs["report"]).read_text("utf-8")

    with (tmp_path / "settlement" / "payments.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert page.startswith("<!doctype html><html")
    assert page.count("<tr>") == 1 + len(rows)
    assert "1 or true/1" in page
    assert "p-01  ann &gt; bob" in page


@pytest.mark.anyio
async def test_a_file_without_a_column_is_refused_in_a_sentence(tmp_path):
    folder = tmp_path / "settlement"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".ciranda", "__pycache__"))
    file = folder / "payments.csv"
    head, rest = file.read_text().split("\n", 1)
    file.write_text(head.replace(",payee,", ",payeee,") + "\n" + rest)

    async with ciranda.Engine(store=tmp_path) as engine:
        result = await engine.run(folder / "settlement.yaml")

    assert "has no column `payee`: name it" in result.steps["table"]["error"]["message"]
