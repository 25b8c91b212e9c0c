"""Exporters of plugins get the spans of every run, and harm none."""

import threading

import pytest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from tests.engine.observe.story import settlement

import ciranda
from ciranda import hookimpl
from ciranda.engine import Engine
from ciranda.errors import PluginError, TraceError
from ciranda.observe.export import hand_over_run
from ciranda.runs import exporting

pytestmark = pytest.mark.anyio


class Kept(SpanExporter):
    """Keeps spans, or does what an exporter should not."""

    def __init__(self, wrong=None, end=None):
        self.wrong, self.end = wrong, end
        self.spans, self.threads, self.ended = [], set(), 0

    def export(self, spans):
        self.threads.add(threading.current_thread().name)
        self.spans += spans
        return SpanExportResult.SUCCESS if self.wrong is None else self.wrong()

    def shutdown(self):
        self.ended += 1
        if self.end is not None:
            self.end()


class Offering:
    def __init__(self, **exporters):
        self.exporters_ = {f"mine.{name}": one for name, one in exporters.items()}

    @hookimpl
    def exporters(self):
        return self.exporters_


def small():
    @ciranda.action("my.double")
    async def double(n: int) -> int:
        return 2 * n

    flow = ciranda.Workflow("small")
    flow.step("a", uses=double, with_={"n": 21})
    return flow


async def perform(plugin, said=None, **options):
    async with Engine(durability="off", plugins=[plugin], **options) as engine:
        if said is not None:
            engine.exporting.warn = said.append
        return await engine.run(small())


def names(exporter):
    return sorted(span.name for span in exporter.spans)


def raising(error):
    def act():
        raise error

    return act


async def test_spans_of_a_run_reach_every_exporter_without_a_variable():
    one, two = Kept(), Kept()

    result = await perform(Offering(one=one, two=two), environ={})

    assert result.ok
    assert names(one) == names(two) == ["a", "attempt 1", "workflow.run small"]
    assert (one.ended, two.ended) == (1, 1)
    assert one.threads == {"ciranda-spans"}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (raising(ValueError("no room")), "the exporter 'mine.bad' raised ValueError: no room"),
        (raising(SystemExit(3)), "the exporter 'mine.bad' raised SystemExit: 3"),
        (lambda: SpanExportResult.FAILURE, "the exporter 'mine.bad' answered FAILURE"),
        (lambda: None, "the exporter 'mine.bad' answered None"),
    ],
)
async def test_an_exporter_that_fails_costs_one_sentence_and_no_other_exporter(wrong, reason):
    said: list[str] = []
    bad, good = Kept(wrong), Kept()

    result = await perform(Offering(bad=bad, good=good), said)

    assert result.ok
    assert len(good.spans) == 3
    assert bad.ended == 1
    assert said == [
        f"traces are incomplete: {reason}; `ciranda trace {result.run_id} --exporter mine.bad` "
        "sends them later"
    ]


async def test_an_exporter_that_hangs_is_left_behind(monkeypatch):
    said: list[str] = []
    release, good = threading.Event(), Kept()
    hanging = Kept(lambda: release.wait(30) and SpanExportResult.SUCCESS)
    close = exporting.Exporting.close
    monkeypatch.setattr(exporting.Exporting, "close", lambda self: close(self, 0.1))

    result = await perform(Offering(slow=hanging, good=good), said)
    release.set()

    assert result.ok
    assert len(good.spans) == 3
    assert [line.partition(";")[0] for line in said] == [
        "traces are incomplete: the exporter 'mine.slow' does not take them in time"
    ]


async def test_an_exporter_that_cannot_end_is_told_of():
    said: list[str] = []

    await perform(Offering(bad=Kept(end=raising(OSError("disk full")))), said)

    assert "the exporter 'mine.bad' raised OSError: disk full" in said[0]


async def test_the_log_of_the_engine_hears_of_it_otherwise(capsys):
    await perform(Offering(bad=Kept(raising(ValueError("no room")))))

    assert "traces are incomplete: the exporter 'mine.bad'" in capsys.readouterr().err


async def test_nothing_is_exported_where_opentelemetry_is_switched_off():
    kept = Kept()

    result = await perform(Offering(one=kept), environ={"OTEL_SDK_DISABLED": "true"})

    assert result.ok
    assert kept.spans == []


async def test_a_variable_that_is_no_number_costs_a_sentence():
    said: list[str] = []
    kept = Kept()

    await perform(Offering(one=kept), said, environ={"OTEL_BSP_MAX_QUEUE_SIZE": "many"})

    assert len(kept.spans) == 3
    assert said == [
        "the queue of spans is as long as usual: OTEL_BSP_MAX_QUEUE_SIZE=many is not a number "
        "above 0: correct or unset it"
    ]


async def test_no_secret_reaches_an_exporter(tmp_path):
    @ciranda.action("my.tell")
    async def tell(token: str) -> None:
        raise ValueError(token)

    (tmp_path / "flow.yaml").write_text(
        "ciranda: 1\nname: flow\nsecrets:\n  TOKEN: {env: TOKEN}\n"
        "steps:\n  a: {uses: my.tell, with: {token: '${{ secrets.TOKEN }}'}}\n"
    )
    said: list[str] = []
    kept = Kept()
    bad = Kept(raising(ValueError("canary-5d1f")))  # what it raises goes to a screen
    async with Engine(
        durability="off",
        plugins=[Offering(one=kept, bad=bad)],
        environ={"TOKEN": "canary-5d1f"},
        replaced={"my.tell": tell},
    ) as engine:
        engine.exporting.warn = said.append
        await engine.run(tmp_path / "flow.yaml")

    texts = "".join(span.to_json() for span in kept.spans)
    assert "***" in texts
    assert "canary" not in texts + "".join(said)


async def test_spans_of_a_worker_process_reach_an_exporter(tmp_path):
    kept = Kept()
    (tmp_path / "mine.py").write_text(
        "from opentelemetry import trace\nfrom ciranda import action, hookimpl\n\n"
        "@action('my.work', executor='process')\ndef work() -> None:\n"
        "    with trace.get_tracer('x').start_as_current_span('inside'): pass\n\n"
        "@hookimpl\ndef actions(): return [work]\n"
    )
    (tmp_path / "flow.yaml").write_text(
        "ciranda: 1\nname: flow\nplugins: [./mine.py]\nsteps: {a: {uses: my.work}}\n"
    )
    async with Engine(durability="off", plugins=[Offering(one=kept)]) as engine:
        assert (await engine.run(tmp_path / "flow.yaml")).ok

    assert names(kept) == ["a", "attempt 1", "inside", "workflow.run flow"]


async def test_what_a_file_brings_along_is_used_for_its_run_alone(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from pathlib import Path\n"
        "from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult\n"
        "from ciranda import hookimpl\n\n"
        "class Lines(SpanExporter):\n"
        "    def export(self, spans):\n"
        "        with Path(__file__).with_name('out.txt').open('a') as file:\n"
        "            file.writelines(f'{span.name}\\n' for span in spans)\n"
        "        return SpanExportResult.SUCCESS\n\n"
        "@hookimpl\ndef exporters(): return {'my.out': Lines()}\n"
    )
    (tmp_path / "flow.yaml").write_text(
        "ciranda: 1\nname: flow\nplugins: [./mine.py]\nsteps: {a: {run: 'true'}}\n"
    )
    async with Engine(store=tmp_path, durability="process") as engine:
        assert (await engine.run(small())).ok
        assert (await engine.run(tmp_path / "flow.yaml")).ok

    assert (tmp_path / "out.txt").read_text().split() == [
        "attempt",
        "1",
        "a",
        "workflow.run",
        "flow",
    ]


@pytest.mark.parametrize(
    ("offered", "wrong"),
    [
        ({"mine.a": object()}, "the exporter 'mine.a' is object, which is no SpanExporter"),
        ({"mine": Kept()}, "'mine' is no name of an exporter: write it as `offering.file`"),
        ([Kept()], "the hook 'exporters' returned list; return a dict"),
    ],
)
async def test_what_is_no_exporter_is_refused(offered, wrong):
    plugin = Offering()
    plugin.exporters_ = offered

    with pytest.raises(PluginError, match=wrong):
        async with Engine(durability="off", plugins=[plugin]):
            pass


async def test_two_exporters_of_one_name_are_refused():
    class Other(Offering):
        pass

    with pytest.raises(PluginError, match=r"'other' offers the exporter 'mine.a', which plugin"):
        async with Engine(durability="off", plugins=[Offering(a=Kept()), Other(a=Kept())]):
            pass


def test_a_run_of_the_log_is_handed_over_later():
    kept = Kept()

    assert hand_over_run(settlement(), "mine.a", kept) == len(kept.spans) > 0
    assert kept.ended == 1


def test_an_exporter_that_fails_then_says_so_and_is_ended():
    bad = Kept(raising(ValueError("no room")))

    with pytest.raises(TraceError, match=r"the exporter 'mine.a' raised ValueError: no room"):
        hand_over_run(settlement(), "mine.a", bad)
    assert bad.ended == 1
