"""What plugins publish in a run: kept in its log, then told to everybody."""

from types import ModuleType

import anyio
import msgspec
import pytest

from ciranda import Context, Engine, action, hookimpl, observer
from ciranda.errors import ActionError
from ciranda.events import Event, ForeignEvent, StepCompleted
from ciranda.runs.journal import decode
from ciranda.testing import harness
from ciranda.workflow.load import loads

pytestmark = pytest.mark.anyio

PASSWORD = "hunter22"


class Told(Event, frozen=True, kw_only=True, tag=True):
    VERSION = 3

    text: str
    more: object = None


@action("tell.async")
async def tell(text: str, *, ctx: Context) -> str:
    await ctx.publish(Told(text=text))
    return text


@action("tell.thread", executor="thread")
def tell_thread(text: str, *, ctx: Context) -> str:
    ctx.publish_sync(Told(text=text))
    return text


@action("tell.odd")
async def tell_odd(kind: str, *, ctx: Context) -> None:
    await ctx.publish(
        StepCompleted(path="other") if kind == "fake" else Told(text="x", more=object())
    )


def plugin(*more):
    module = ModuleType("telling")
    from ciranda import hookimpl

    vars(module)["actions"] = hookimpl(lambda: [tell, tell_thread, tell_odd], specname="actions")
    for number, one in enumerate(more):
        setattr(module, f"more{number}", one)
    return module


def hearing():
    heard = []

    @observer(Told)
    def hear(event):
        heard.append(event)

    return heard, hear


WORKFLOW = loads(
    b"""\
ciranda: 1
name: tell
secrets: {PASSWORD: {env: PASSWORD}}
steps:
  one: {uses: tell.async, with: {text: a}}
  two: {uses: tell.thread, with: {text: "is ${{ secrets.PASSWORD }}"}, needs: [one]}
  many: {uses: tell.async, map: "${{ range(20) }}", with: {text: "${{ str(item) }}"}}
""",
    file="tell.yaml",
)


ONE = b"ciranda: 1\nname: t\nsteps:\n  one: {uses: tell.async, with: {text: a}}\n"


async def test_events_of_plugins_are_in_the_log_and_then_heard_in_its_order(tmp_path):
    heard, hear = hearing()
    listened: list[Event] = []
    engine = Engine(
        store=tmp_path,
        durability="process",
        plugins=[plugin(hear)],
        environ={"PASSWORD": PASSWORD},
        listener=listened.append,
    )
    async with engine:
        result = await engine.run(WORKFLOW)
        records = list(engine.log.read(result.run_id))

    assert result.ok, result.steps
    kept = [one for one in map(decode, records) if isinstance(one, ForeignEvent)]
    assert [one.seq for one in kept] == [event.seq for event in heard]
    assert {(one.type, one.version) for one in kept} == {("Told", 3)}
    assert {event.text for event in heard} == {"a", f"is {PASSWORD}", *map(str, range(20))}
    assert {event.run for event in heard} == {result.run_id}
    assert [event.seq for event in listened if event.seq >= 0] == list(range(len(records)))
    assert not any(PASSWORD.encode() in one.payload for one in records)
    first = next(one for one in kept if one.seq == heard[0].seq)
    assert msgspec.msgpack.decode(first.raw)["text"] == heard[0].text


@pytest.mark.parametrize("durability", ["off", "process"])
async def test_an_observer_hears_of_what_is_published_without_other_listeners(tmp_path, durability):
    heard, hear = hearing()
    async with Engine(store=tmp_path, durability=durability, plugins=[plugin(hear)]) as engine:
        result = await engine.run(loads(ONE))
        assert await engine.call("tell.async", {"text": "alone"}) == "alone"

    assert [(event.text, event.run == result.run_id) for event in heard] == [
        ("a", True),
        ("alone", False),
    ]
    assert heard[0].seq > 0
    assert heard[1].seq == -1


async def test_a_resumed_run_passes_over_what_was_published(tmp_path):
    heard, hear = hearing()
    (tmp_path / "t.yaml").write_bytes(ONE + b"  two: {run: [test, -e, there], needs: [one]}\n")
    async with Engine(store=tmp_path, durability="process", plugins=[plugin(hear)]) as engine:
        first = await engine.run(tmp_path / "t.yaml")
        assert first.status == "failed"
        assert not (await engine.resume(first.run_id)).ok
        seqs = [record.seq for record in engine.log.read(first.run_id)]

    assert seqs == list(range(len(seqs)))
    assert len(heard) == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("fake", "StepCompleted is for the run itself to publish"),
        ("odd", "Told cannot be kept in the run's log: .*object"),
    ],
)
async def test_what_cannot_be_published_fails_its_step_and_not_the_run(tmp_path, kind, said):
    text = f"ciranda: 1\nname: t\nsteps:\n  one: {{uses: tell.odd, with: {{kind: {kind}}}}}\n"
    async with Engine(store=tmp_path, durability="process", plugins=[plugin()]) as engine:
        result = await engine.run(loads(text.encode()))

        assert result.failures == ("one",)
        with pytest.raises(ActionError, match=said):
            raise ActionError(result.steps["one"]["error"]["message"])
        assert len(list(engine.log.read(result.run_id))) == 4


class Hears:
    """Says when it heard that a step began."""

    def __init__(self):
        self.begun = anyio.Event()

    @hookimpl
    def step_started(self, event):
        self.begun.set()


@pytest.mark.parametrize("store", ["disk", None])
async def test_that_a_step_has_begun_is_heard_while_it_goes_on(store):
    hears = Hears()

    async def waits():
        with anyio.fail_after(30):
            await hears.begun.wait()  # nothing else happens in this run
        return 1

    async with harness([hears], mocks={"t.wait": waits}, store=store) as h:
        result = await h.run("ciranda: 1\nsteps:\n  a: {uses: t.wait}")

    assert result.ok
