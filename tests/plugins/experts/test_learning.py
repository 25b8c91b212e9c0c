"""Learning in an engine: what is judged is recorded, what is said to be right has effect."""

import re
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

import ciranda_experts
from ciranda.events.judging import Judge, Verdict
from ciranda.settings import Configuration
from ciranda.store import Database
from ciranda.testing import harness
from ciranda_experts.learning.learning import Learning
from ciranda_experts.learning.settings import LearningSettings
from ciranda_experts.report.reading import reading
from ciranda_experts.settings import ExpertsSettings
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.store import FILE, MIGRATIONS, Store

from .judging import UNCERTAIN, judgement

SOURCES = Path(ciranda_experts.__file__).parent
INTENT = {"vars": {"x": "int"}, "pre": ["x > 1"], "post": ["x > 0"]}


@pytest.mark.parametrize("settings", [TelemetrySettings, LearningSettings])
def test_every_setting_is_read(settings):
    """Of the replaced system most were written in documents and read by nothing."""
    texts = "\n".join(
        path.read_text("utf-8") for path in SOURCES.rglob("*.py") if path.name != "settings.py"
    )

    for field in settings.__struct_fields__:
        assert re.search(rf"settings\.(telemetry\.|learning\.)?{field}\b", texts), field


def test_settings_come_from_the_project():
    tables = {
        "experts": {
            "telemetry": {"days": 7.0, "queue": 50},
            "learning": {"calibration": "platt", "false_approvals": 0.02},
        }
    }

    read = Configuration(Path(), tables=tables).read(ExpertsSettings)

    assert (read.telemetry.days, read.telemetry.queue) == (7.0, 50)
    assert (read.learning.calibration, read.learning.false_approvals) == ("platt", 0.02)


@pytest.mark.anyio
async def test_an_engine_records_what_it_judges_and_what_was_right_has_effect(tmp_path):
    learning = {"threshold_minimum": 4, "calibration": "shipped"}
    settings = {"experts": {"learning": learning, "threshold": 0.9, "shadow": 0.0}}
    async with harness(store="disk", folder=tmp_path, settings=settings) as h:
        h.engine.plugins.require("experts")
        await h.engine.plugins.start()
        folder = h.engine.folder
        for number in range(4):
            answer = await h.engine.bus.ask(Judge(intent={"id": f"a{number}", **INTENT}))
            assert answer.verdict is Verdict.APPROVED
    kept = msgspec.convert(learning, LearningSettings)

    with reading(folder, TelemetrySettings(), kept, floor=0.9) as records:
        for number in range(4):
            learned = records.learning.learn(f"a{number}", Verdict.REJECTED, by="ana")
        status, page = records.status(), records.page()

    assert learned.threshold is not None
    assert status.threshold == pytest.approx(0.91)
    assert status.figures.verdicts["approved"] == 4
    (logic,) = [each for each in status.experts if each.name == "logic"]
    assert (logic.accuracy[0].count, logic.accuracy[0].false_approvals) == (4, 4)
    assert "4 of 4" in page


@pytest.mark.anyio
async def test_an_engine_records_nothing_where_that_is_said(tmp_path):
    settings = {"experts": {"telemetry": {"enabled": False}}}
    async with harness(store="disk", folder=tmp_path, settings=settings) as h:
        h.engine.plugins.require("experts")
        await h.engine.plugins.start()
        await h.engine.bus.ask(Judge(intent=INTENT))

        assert not found(h.engine.folder)


def found(folder):
    return list(Path(folder).rglob(f"{FILE}*"))


def test_reading_leaves_no_file_behind(tmp_path):
    with closing(Database(FILE, MIGRATIONS, folder=tmp_path)) as database:
        Store(database).write([])
    opened = Learning(tmp_path, LearningSettings(), floor=0.9, find=lambda *_: None)
    opened.reviews.open(judgement(1, UNCERTAIN), "x")
    opened.close()
    files = sorted((tmp_path / ".ciranda").iterdir())

    with reading(tmp_path, TelemetrySettings(), LearningSettings(), floor=0.9) as records:
        status = records.status()

    assert status.waiting == 1
    assert sorted((tmp_path / ".ciranda").iterdir()) == files
