"""Triggers of plugins: who listens, what is heard, what becomes of it."""

from contextlib import asynccontextmanager
from typing import Literal

import anyio
import msgspec
import pytest
from tests.engine.serve.conftest import TOKEN, Place, flow
from tests.engine.serve.radio import News, Radio, blocks, returns, swallows, tells

from ciranda.bus import Bus
from ciranda.engine import Engine
from ciranda.errors import InputError, StoreError, WorkflowError
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.serve import Backlog, Lines, flow_of
from ciranda.serve.book import open_book
from ciranda.serve.ears import Ears
from ciranda.serve.flow import Flow
from ciranda.serve.health import Health
from ciranda.settings import Configuration
from ciranda.store import Durability
from ciranda.trigger import Heard, trigger
from ciranda.workflow.load import load

pytestmark = pytest.mark.anyio

SETTINGS = {"aerial": "mast", "code": "canary-of-the-section"}
NEWS = '{radio.news: {name: one, where: event.data.n > 0, inputs: {n: "${{ event.data.n }}"}}}'


class Ear:
    """The ears of a server, its backlog, and nothing else of it."""

    def __init__(self, place: Place, radio: Radio, *, limit: int = 9) -> None:
        self.place, self.radio, self.now = place, radio, 0.0
        self.flows: list[Flow] = []
        self.book = open_book(place.store, Durability.PROCESS)
        self.backlog = Backlog(self.book, limit=limit)
        self.health = Health(self.backlog.waiting)
        self.lines = Lines(place.told, json=True)
        self.lines.hide(lambda text: self.flows[0].vault.mask(text) if self.flows else text)
        self.refusals: list[Exception] = []  # what the store raises before it takes anything

    def read(self, on: str = NEWS, secret: str = "{HOOK: {env: HOOK}}") -> None:
        file = self.place.write(flow(on).replace("{HOOK: {env: HOOK}}", secret))
        configuration = Configuration(self.place.folder, tables={"radio": SETTINGS})
        plugins = Plugins(configuration, bus=Bus(), entries=[])
        plugins.register(self.radio, "radio")
        self.flows = [flow_of(load(file), Checker(plugins), {"HOOK": TOKEN})]

    def keep(self, order):
        if self.refusals:
            raise self.refusals.pop()
        return self.backlog.accept([order])[0]

    def taken(self) -> list[int]:
        found: list[int] = []
        while work := self.backlog.take([self.flows[0].file]):
            self.backlog.done(work)
            found.append(work.inputs["n"])
        return found

    @asynccontextmanager
    async def open(self, on: str = NEWS):
        self.read(on)
        counter = iter(range(10_000))
        async with anyio.create_task_group() as group:
            self.ears = Ears(
                lambda: self.flows,
                group,
                self.keep,
                health=self.health,
                lines=self.lines,
                wake=lambda: None,
                new_id=lambda: f"{id(self)}-{next(counter)}",
                steady=lambda: self.now,
                pause=0.01,
            )
            await self.ears.match()
            yield self
            self.ears.stop()
            await self.ears.finish(5.0)
        self.backlog.leave()
        self.book.close()

    async def until(self, true) -> None:
        await self.place.until(true)


async def test_what_is_heard_begins_runs_and_the_listener_is_told_what_became_of_it(place):
    radio = Radio(
        tells(
            (News(1), {"id": "a"}),
            ({"n": 1}, {"id": "a"}),
            (News(0), {"id": "b"}),
            (News(2), {}),
            (News(2), {"source": "elsewhere", "time": "2026-01-01T00:00:00Z"}),
        )
    )
    async with Ear(place, radio).open() as ear:
        await ear.until(lambda: len(radio.heard) == 5)

        assert ear.taken() == [1, 2, 2]
        assert "ciranda_serve_listening 1" in ear.health._metrics(0)

    assert radio.heard == [
        Heard.ACCEPTED, Heard.KNOWN, Heard.DROPPED, Heard.ACCEPTED, Heard.ACCEPTED
    ]  # fmt: skip
    ((options, settings),) = radio.calls
    assert (options.name, options.loud, settings.aerial) == ("one", 1, "mast")
    assert radio.threads == {"trigger radio.news"}
    assert radio.cancelled == 1


async def test_what_the_file_can_do_nothing_with_is_refused_and_told_of(place):
    radio = Radio(tells((News(1), {})))
    on = NEWS.replace("event.data.n > 0", "1 / (event.data.n - 1) > 0")
    async with Ear(place, radio).open(on) as ear:
        await ear.until(lambda: radio.heard)
        ear.radio.scripts.append(tells((News(1, "x"), {})))
        ear.read(NEWS.replace("event.data.n }", "event.data.text }"))
        await ear.ears.match()
        await ear.until(lambda: len(radio.heard) == 2)

    assert radio.heard == [Heard.REFUSED, Heard.REFUSED]
    first, second = place.lines("not begun")
    assert first["trigger"] == "radio.news"
    assert "`n`" in second["why"]


BAD = {
    "an object": ({"n": object()}, {}, r"event\.data\.n .*object"),
    "another type": ({"n": "many"}, {}, r"the data of `radio\.news` is not of its type: .*`int`"),
    "no id": (News(1), {"id": 7}, "`id` of an event is a text, not int"),
    "half an id": (News(1), {"id": "a\udc80"}, "`id` of an event has half of a character"),
    "no time": (News(1), {"time": "soon"}, "`time` of an event is an RFC 3339"),
}


async def test_what_is_no_event_is_the_fault_of_the_listener_and_nothing_is_accepted(place):
    caught = []

    def bad(data, named, said):
        async def script(radio, hear):
            with pytest.raises(InputError, match=said):
                await hear(data, **named)
            caught.append(said)

        return script

    async def all_of_them(radio, hear):
        for case in BAD.values():
            await bad(*case)(radio, hear)

    async with Ear(place, Radio(all_of_them)).open() as ear:
        await ear.until(lambda: len(caught) == len(BAD))

        assert ear.taken() == []


class MuteError(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise KeyError("no words")


async def test_a_listener_that_fails_is_called_again_after_pauses_that_grow(place):
    on = NEWS.replace("name: one", 'name: one, code: "${{ secrets.HOOK }}"')
    radio = Radio(
        tells(then=ValueError(f"no entry with {TOKEN}")),
        tells(then=InputError(f"nothing behind {SETTINGS['code']}")),
        tells(then=ExceptionGroup("two", [OSError("gone"), OSError("away")])),
        tells(then=SystemExit(3)),
        tells(then=OSError("no file \udc80")),
        tells(then=MuteError()),
        tells((News(4), {})),
    )
    async with Ear(place, radio).open(on) as ear:
        await ear.until(lambda: radio.heard)

        assert ear.taken() == [4]
        assert 'ciranda_serve_failures_total{trigger="radio.news"} 6' in ear.health._metrics(0)

    told = place.lines("not listening")
    assert [each["why"] for each in told] == [
        "ValueError: no entry with ***", "nothing behind ***", "OSError: gone", "SystemExit: 3",
        "OSError: no file \\udc80", "MuteError (its text raises KeyError)",
    ]  # fmt: skip
    assert [each["again"] for each in told] == [0.01, 0.02, 0.04, 0.08, 0.16, 0.32]
    assert {options.code for options, _ in radio.calls} == {TOKEN}
    assert TOKEN not in place.told.getvalue()


async def test_a_listener_that_lasted_is_called_again_soon(place):
    async def lasts(radio, hear):
        ear.now += 61
        raise OSError("gone")

    radio = Radio(tells(then=OSError("gone")), lasts, tells((News(1), {})))
    async with Ear(place, radio).open() as ear:
        await ear.until(lambda: radio.heard)

    assert [each["again"] for each in place.lines("not listening")] == [0.01, 0.01]


async def test_a_listener_that_returns_is_called_no_more(place):
    radio = Radio(returns)
    async with Ear(place, radio).open() as ear:
        await ear.until(lambda: place.lines("heard out"))
        await ear.ears.match()

    assert len(radio.calls) == 1
    assert not place.lines("not listening")


async def test_what_finds_no_room_waits_until_there_is_some(place):
    radio = Radio(tells(*((News(n), {}) for n in (1, 2, 3))))
    async with Ear(place, radio, limit=1).open() as ear:
        ear.refusals.append(StoreError("the disk is full"))
        await ear.until(lambda: place.lines("waits"))
        found: list[int] = []
        while len(found) < 3:
            found += ear.taken()
            await anyio.sleep(0.01)

    assert found == [1, 2, 3]
    assert radio.heard == [Heard.ACCEPTED] * 3
    assert {each["why"] for each in place.lines("waits")} <= {
        "the disk is full", "too many runs wait to begin"
    }  # fmt: skip


async def test_an_event_is_known_after_a_restart_and_to_another_server(place):
    event = (News(1), {"id": "a", "source": "london"})
    first, second, later = Radio(tells(event)), Radio(tells(event)), Radio(tells(event))
    async with Ear(place, first).open() as ear, Ear(place, second).open() as other:
        await ear.until(lambda: first.heard and second.heard)
        taken = ear.taken() + other.taken()
    async with Ear(place, later).open() as ear:
        await ear.until(lambda: later.heard)

        assert ear.taken() == []

    assert sorted(first.heard + second.heard) == [Heard.ACCEPTED, Heard.KNOWN]
    assert taken == [1]
    assert later.heard == [Heard.KNOWN]


async def test_a_file_that_is_read_again_is_listened_for_anew(place):
    radio = Radio()
    two = "{radio.news: [{name: two, inputs: {n: 1}}, {name: three, inputs: {n: 1}}]}"
    async with Ear(place, radio).open() as ear:
        await ear.until(lambda: radio.calls)
        await ear.ears.match()
        same = len(radio.calls)
        ear.read(two)
        await ear.ears.match()
        ended = radio.cancelled
        await ear.until(lambda: len(radio.calls) == 3)
        ear.flows = []
        await ear.ears.match()

    assert (same, ended, radio.cancelled) == (1, 1, 3)
    assert {options.name for options, _ in radio.calls} == {"one", "two", "three"}
    assert {each["trigger"] for each in place.lines("listens")} == {
        "radio.news", "radio.news.1", "radio.news.2"
    }  # fmt: skip


async def test_one_that_waits_to_be_called_again_ends_with_its_file(place):
    radio = Radio(tells(then=OSError("gone")))
    ear = Ear(place, radio)
    async with ear.open():
        vars(ear.ears)["_pause"] = 60.0
        await ear.until(lambda: place.lines("not listening"))

    assert len(radio.calls) == 1
    assert not place.lines("left behind")


@pytest.mark.parametrize("how", [swallows, blocks])
async def test_who_does_not_end_is_left_behind_deaf(place, how):
    radio = Radio(how)
    late = []

    async def afterwards(radio, hear):
        await how(radio, hear)
        with anyio.move_on_after(0.02) as scope:
            await hear(News(1))
        late.append(scope.cancelled_caught)

    radio.scripts = type(radio.scripts)([afterwards])
    async with Ear(place, radio).open() as ear:
        await ear.until(lambda: radio.calls)
        ear.ears.stop()
        await ear.ears.finish(0.0)
        left = [each["trigger"] for each in place.lines("left behind")]
        radio.let_go.set()
        await ear.ears.finish(5.0)

        assert ear.taken() == []

    assert left == ["radio.news"]
    assert late == []


async def test_a_secret_that_does_not_fit_or_is_not_there_keeps_a_file_from_being_served(place):
    ear = Ear(place, Radio())
    on = "{radio.news: {name: one, code: 'Bearer ${{ secrets.HOOK }}', inputs: {n: 1}}}"

    with pytest.raises(WorkflowError, match=r"the options of `radio\.news` do not fit: .*length"):
        ear.read(on)
    with pytest.raises(InputError, match="NOWHERE"):
        ear.read(on, secret="{NOWHERE: {env: NOWHERE}, HOOK: {env: NOWHERE}}")
    ear.read(NEWS, secret="{HOOK: {env: NOWHERE}}")  # nothing reads it
    ear.book.close()


class Pole(msgspec.Struct, frozen=True):
    """Where to listen, which looks at itself."""

    url: str
    wave: Literal["fm", "am"] = "fm"

    def __post_init__(self) -> None:
        if not self.url.startswith("radio:"):
            raise ValueError(f"{self.url} is no radio")
        if self.url.endswith("/"):
            raise LookupError(f"nothing at {self.url}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("url: '${{ secrets.HOOK }}'", r"\*\*\* is no radio"),
        ("url: 'radio:${{ secrets.HOOK }}/'", r"LookupError: .*nothing at radio:\*\*\*/"),
        ("url: 'radio:a', wave: '${{ secrets.HOOK }}'", "Invalid enum value '\\*\\*\\*'"),
        ("url: 'a'", "a is no radio"),
        ("url: 'radio:/'", "LookupError: .*nothing at radio:/"),
    ],
)
def test_options_that_look_at_themselves_take_secrets_and_tell_none(place, options, said):
    ear = Ear(place, Radio())
    ear.radio.news = trigger("radio.news", options=Pole)(ear.radio.news.function)

    ear.read("{radio.news: {url: 'radio:${{ secrets.HOOK }}', inputs: {n: 1}}}")
    with pytest.raises(WorkflowError, match=said) as caught:
        ear.read(f"{{radio.news: {{{options}, inputs: {{n: 1}}}}}}")
    ear.book.close()

    assert TOKEN not in str(caught.value)


class Tuned(Place):
    """A project whose engines have the radio."""

    def __init__(self, folder, radio):
        super().__init__(folder)
        self.radio = radio

    def engine(self) -> Engine:
        return Engine(
            store=self.store, durability="process", environ={"HOOK": TOKEN}, plugins=[self.radio]
        )


async def test_a_server_listens_and_ends_although_a_listener_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    radio = Radio(tells((News(5), {"id": "a"})), swallows)
    place = Tuned(tmp_path, radio)
    place.write(flow(NEWS))
    place.write(flow(NEWS), "other.yaml")
    both = [place.folder / "flow.yaml", place.folder / "other.yaml"]

    with anyio.fail_after(10):
        async with place.serving(*both, grace=0.1) as client:
            await place.ended(1)
            await place.until(lambda: len(radio.calls) == 2)
            counts = (await client.get("/metrics")).text
    radio.let_go.set()

    assert place.ran() == {"5": 1}
    assert "ciranda_serve_listening 2" in counts
    assert 'ciranda_serve_accepted_total{trigger="radio.news"} 1' in counts
    assert len(place.lines("left behind")) == 1
    assert place.lines()[-1]["event"] == "ended"
