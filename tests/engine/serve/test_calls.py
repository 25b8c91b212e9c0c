"""Schedules, files and announced events: what they begin, over restarts too."""

import os
from functools import partial

import anyio
import msgspec
import pytest
from tests.engine.serve.conftest import flow

from ciranda.bus import Bus
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.serve import Lines, flow_of
from ciranda.serve.backlog import Backlog
from ciranda.serve.book import open_book
from ciranda.serve.calls import Calls
from ciranda.serve.cursors import Cursors
from ciranda.serve.health import Health
from ciranda.settings import read_configuration
from ciranda.store import Durability
from ciranda.workflow.load import load

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"  # what is looked at is looked at in threads


class Served:
    """The triggers of one file, looked at when a test says so, at the time that it says."""

    def __init__(self, place, *, limit=9):
        self.now = 1_767_225_600.0  # 2026-01-01T00:00Z
        self.place = place
        plugins = Plugins(read_configuration(place.folder), bus=Bus())
        self.flow = flow_of(load(place.folder / "flow.yaml"), Checker(plugins), None)
        self.log = place.log()
        self.book = open_book(place.store, Durability.PROCESS)
        self.backlog = Backlog(self.book, limit=limit)
        self.lines = Lines(place.told, json=True)
        counter = iter(range(10_000))
        self.calls = Calls(
            self.of_kind,
            Cursors(self.book, self.backlog),
            self.log,
            health=Health(self.backlog.waiting),
            lines=self.lines,
            wake=lambda: None,
            wall=lambda: self.now,
            new_id=lambda: f"{place.folder.name}{id(self)}{next(counter)}",
        )

    def of_kind(self, kind):
        return [(self.flow, each) for each in self.flow.triggers if each.kind == kind]

    def taken(self):
        """Return the inputs of what was accepted since the last time."""
        take = partial(self.backlog.take, [self.flow.file])
        found = list(iter(take, None))
        for work in found:
            self.backlog.done(work)
        return [work.inputs["n"] for work in found]

    def close(self):
        self.backlog.leave()
        self.book.close()


@pytest.fixture
def serve(place):
    opened = []

    def make(on, kind="string", **given):
        place.write(flow(on, kind=kind))
        opened.append(Served(place, **given))
        return opened[-1]

    yield make
    for each in opened:
        each.log.close()
        each.book.close()


TIMES = '{schedule: [{cron: "*/10 * * * *", missed: all, inputs: {n: "${{ event.time }}"}}]}'


async def test_a_schedule_begins_runs_at_its_times_and_makes_up_for_a_pause(serve):
    served = serve(TIMES)
    await served.calls.schedules()
    first = served.taken()
    served.now += 601
    await served.calls.schedules()
    await served.calls.schedules()
    second = served.taken()
    served.close()

    later = serve(TIMES)
    later.now = served.now + 1200
    await later.calls.schedules()

    assert (first, second) == ([], ["2026-01-01T00:10:00Z"])
    assert later.taken() == ["2026-01-01T00:20:00Z", "2026-01-01T00:30:00Z"]


async def test_two_servers_begin_a_time_once(serve):
    both = [serve(TIMES), serve(TIMES)]
    for served in both:
        await served.calls.schedules()
        served.now += 600
    async with anyio.create_task_group() as group:
        for served in both:
            group.start_soon(served.calls.schedules)

    assert both[0].taken() + both[1].taken() == ["2026-01-01T00:10:00Z"]


async def test_a_time_that_finds_no_room_comes_when_there_is_some(serve):
    served = serve(TIMES, limit=2)
    await served.calls.schedules()
    served.now += 3000
    await served.calls.schedules()
    first = served.taken()
    await served.calls.schedules()
    await served.calls.schedules()

    assert [text[14:16] for text in first + served.taken()] == ["10", "20", "30", "40"]


FILES = '{files: {paths: ["in/*.csv"], inputs: {n: "${{ event.data.name }}"}}}'


async def test_files_begin_runs_once_they_are_settled_each_state_once(serve, place):
    folder = place.folder / "in"
    folder.mkdir()
    (folder / "old.csv").write_text("1")
    served = serve(FILES)
    found = []

    async def look():
        await served.calls.files()
        found.append(served.taken())

    await look()
    (folder / "new.csv").write_text("1")
    (folder / "new.txt").write_text("1")
    await look()  # it may be growing still
    (folder / "new.csv").write_text("12")
    await look()
    await look()
    await look()
    (folder / "old.csv").write_text("123")
    os.symlink("/etc/hostname", folder / "out.csv")
    await look()
    await look()
    (folder / "new.csv").unlink()
    await look()
    (folder / "new.csv").write_text("12")
    await look()
    await look()

    assert found == [[], [], [], ["new.csv"], [], [], ["old.csv"], [], [], ["new.csv"]]


async def test_a_file_that_came_while_nobody_served_is_found(serve, place):
    (place.folder / "in").mkdir()
    served = serve(FILES)
    await served.calls.files()
    served.close()
    (place.folder / "in" / "a.csv").write_text("1")

    later = serve(FILES)
    await later.calls.files()
    await later.calls.files()

    assert later.taken() == ["a.csv"]


async def test_names_that_are_no_text_and_times_of_other_ages_stop_nothing(serve, place):
    folder = place.folder / "in"
    folder.mkdir()
    served = serve(FILES)
    await served.calls.files()
    (folder / "far.csv").write_text("1")
    (folder / os.fsdecode(b"bad\xff.csv")).write_text("1")
    os.utime(folder / "far.csv", (1e10, 1e10))  # 2286: more nanoseconds than 64 bits hold
    await served.calls.files()
    await served.calls.files()
    await served.calls.files()

    assert served.taken() == ["far.csv"]


EVENTS = '{event: {name: paid, where: "event.data.sum > 9", inputs: {n: "${{ event.data.sum }}"}}}'


async def test_announced_events_begin_runs_where_name_and_condition_fit(serve):
    served = serve(EVENTS, kind="integer")

    def announce(event, data, id_):
        told = {"id": id_, "event": event, "data": data, "source": "s"}
        served.log.announce("event", msgspec.msgpack.encode(told))

    announce("paid", {"sum": 50}, "0")  # before anybody served
    await served.calls.events()
    for number, (event, data) in enumerate(
        [("paid", {"sum": 10}), ("paid", {"sum": 1}), ("sent", {"sum": 99}), ("paid", {"sum": 11})]
    ):
        announce(event, data, f"e{number}")
    announce("paid", {"sum": 11}, "e3")  # once more
    announce("paid", {}, "e9")
    await served.calls.events()
    await served.calls.events()

    assert served.taken() == [10, 11]
    assert ["property 'sum'" in line["why"] for line in served.place.lines("not begun")] == [True]


async def test_a_damaged_announcement_stops_none_after_it(serve):
    served = serve(EVENTS, kind="integer")
    await served.calls.events()
    for sum_ in (10, 11):
        served.log.announce(
            "event", msgspec.msgpack.encode({"event": "paid", "data": {"sum": sum_}})
        )
    served.log._database.execute("UPDATE inbox SET payload = x'00' WHERE id = 1")
    await served.calls.events()

    assert served.taken() == [11]
    assert [line["why"] for line in served.place.lines("not begun")] == [
        "announcement 1 is damaged: send it again"
    ]


async def test_a_path_of_an_event_leads_to_no_file_of_others(serve, place):
    on = '{schedule: [{cron: "* * * * *", inputs: {n: "${{ \'../\' + event.type }}"}}]}'
    served = serve(on, kind="path")
    await served.calls.schedules()
    served.now += 61
    await served.calls.schedules()

    assert served.taken() == []
    assert "leads out of the project" in place.lines("not begun")[0]["why"]


async def test_an_event_whose_inputs_do_not_fit_is_told_of_and_left_behind(serve, place):
    served = serve('{schedule: [{cron: "* * * * *", inputs: {n: "${{ event.data.no }}"}}]}')
    await served.calls.schedules()
    served.now += 61
    await served.calls.schedules()
    await served.calls.schedules()

    assert served.taken() == []
    assert len(place.lines("not begun")) == 1
