"""A server with plugins that read its files and take the spans of its runs."""

import threading
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from tests.engine.serve.conftest import OPEN, TOKEN, flow

from ciranda import hookimpl
from ciranda.engine import Engine
from ciranda.plugins.readers import Readers
from ciranda.serve import Lines
from ciranda.serve.roster import Roster
from ciranda.workflow.loader import Loader

pytestmark = pytest.mark.anyio


class Dashed(SpanExporter):
    """Reads files whose workflow is behind dashes, and keeps the names of spans."""

    def __init__(self):
        self.names = []
        self.loaded = {".dashed": Loader(self.read)}

    @staticmethod
    def read(data, file):
        before, dashes, text = data.decode().partition("---\n")
        return "\n" * (before + dashes).count("\n") + text if dashes else None

    def export(self, spans):
        self.names += [span.name for span in spans]
        return SpanExportResult.SUCCESS

    @hookimpl
    def loaders(self):
        return self.loaded

    @hookimpl
    def exporters(self):
        return {"dashed.names": self}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def plugin(place, monkeypatch):
    made = Dashed()
    monkeypatch.setattr(
        place,
        "engine",
        lambda: Engine(
            store=place.store, durability="process", environ={"HOOK": TOKEN}, plugins=[made]
        ),
    )
    return made


async def test_a_file_that_a_plugin_reads_is_served_and_its_spans_reach_the_plugin(place, plugin):
    file = place.write(f"About it.\n---\n{flow(OPEN)}", "notes.dashed")

    async with place.serving(file) as client:
        answer = await client.post("/n", json={"n": 3})
        await place.ended(1)

    assert answer.status_code == 202
    assert place.ran() == {"3": 1}
    assert sorted(plugin.names) == ["a", "attempt 1", "workflow.run noting"]


async def test_a_folder_is_looked_through_for_such_files_and_changes_are_seen(place, plugin):
    place.write("No workflow.\n", "readme.dashed")
    file = place.write(f"---\n{flow(OPEN)}", "notes.dashed")
    readers = Readers(plugin.loaded, dict)
    lines = Lines(place.told, json=True)
    roster = Roster([place.folder], place.engine, environ={}, lines=lines, readers=readers)
    async with anyio.create_task_group() as group:
        await roster.open(group)
        place.write(f"---\n{flow(OPEN).replace('/n', '/other')}", "notes.dashed")
        changed = await roster.renew()
        await roster.retire()

    assert changed
    assert list(roster.flows) == [str(file)]
    assert roster.webhook("/other") is not None


async def test_a_file_is_read_again_only_when_it_changed_and_nobody_waits_for_one_that_hangs(place):
    read, hangs, release = [], threading.Event(), threading.Event()

    def reader(data, file):
        read.append(Path(file).name)
        if data.startswith(b"hang"):
            hangs.set()
            release.wait(20)
        return Dashed.read(data, file)

    place.write("No workflow.\n", "readme.dashed")
    place.write(f"---\n{flow(OPEN)}", "notes.dashed")
    readers = Readers({".dashed": Loader(reader)}, dict)
    lines = Lines(place.told, json=True)
    roster = Roster([place.folder], place.engine, environ={}, lines=lines, readers=readers)
    async with anyio.create_task_group() as group:
        await roster.open(group)
        for _ in range(3):
            await roster.renew()
        assert read == ["notes.dashed", "readme.dashed"]
        assert roster.reading == 0

        place.write("hang\n", "readme.dashed")
        async with anyio.create_task_group() as looking:
            looking.start_soon(roster.renew)
            await anyio.to_thread.run_sync(hangs.wait, 20)
            looking.cancel_scope.cancel()
        left = roster.reading
        release.set()
        await roster.retire()

    assert left == 1
    assert read == ["notes.dashed", "readme.dashed", "readme.dashed"]
