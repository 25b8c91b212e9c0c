"""The run of a plan beneath the step that began it: drawn, named, sent, or told of."""

import msgspec
import pytest

from ciranda.cli.parts import Part, inner_runs, parts_of
from ciranda.events import ForeignEvent, PlanBegan, RunResumed, RunStarted, StepStarted
from ciranda.observe.grafting import graft
from ciranda.observe.timeline import Timeline, fold
from ciranda.store import open_store
from tests.engine.observe.conftest import serving

FLOW = """
ciranda: 1
name: outer
steps:
  group:
    steps:
      plan:
        uses: planner.run
        with:
          workers: 2
          tasks:
            - {id: a, command: ["true"]}
            - {id: b, command: ["true"], needs: [a]}
"""


@pytest.fixture
def ran(tmp_path, monkeypatch, capsys):
    from ciranda.cli.entry import outcome

    (tmp_path / "ciranda.toml").write_text('[store]\ndurability = "process"\n')
    (tmp_path / "flow.yaml").write_text(FLOW)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    assert outcome(["run", "flow.yaml", "-q"]) == 0

    def told(*words):
        capsys.readouterr()
        assert outcome([*words]) == 0
        return capsys.readouterr().out

    return told


def began(run):
    event = PlanBegan(path="p", plan_run=run, plan="n", digest="", tasks=1, makespan=1.0)
    raw = msgspec.msgpack.encode(event)
    return ForeignEvent(run="r1", seq=1, at=1.0, type="PlanBegan", raw=raw)


def test_a_plan_is_drawn_beneath_its_step_named_by_show_and_sent_with_its_run(ran, tmp_path):
    log = open_store(tmp_path, reading=True)
    outer = log.run("last").id
    ((path, part),) = inner_runs(log, outer)
    log.close()
    lines = ran("trace", "last").splitlines()
    page = ran("trace", "last", "--html", "-")
    with serving() as receiver:
        ran("trace", "last", "--otlp", receiver.url)
        sent = receiver.spans()
    spans = {span["name"]: span for span in sent}
    around = {span["id"]: span for span in sent}[spans["workflow.run plan"]["parent"]]

    assert (path, part.path, part.status) == ("group/plan", "group/plan", "succeeded")
    rows = [line.split("✓ ")[1][:6].rstrip() for line in lines if "✓ " in line]
    assert rows == ["group", "  plan", "    a", "    b"]
    assert f"run {part.run}" in "".join(lines)
    assert "group/plan/b" in page
    assert f"group/plan: run {part.run} of plan, succeeded" in ran("show", "last")
    assert (around["name"], around["parent"]) == ("attempt 1", spans["group/plan"]["id"])
    assert spans["workflow.run plan"]["trace"] == spans["workflow.run outer"]["trace"]
    assert spans["b"]["parent"] == spans["workflow.run plan"]["id"]


def test_a_plan_that_is_in_the_store_no_more_is_told_as_pruned(ran, tmp_path):
    log = open_store(tmp_path, reading=True)
    other = ForeignEvent(run="r1", seq=2, at=1.0, type="PlanBegan", raw=b"\x01")

    (part,) = parts_of(log, [began("gone"), other, began("gone")])
    log.close()
    timeline = fold([])
    graft(timeline, part.path, Timeline(), part.said)

    assert (part.status, part.said) == ("pruned", "run gone was pruned")
    assert timeline.segments == []


def run_of(run, *pieces, paths=("a",)):
    """Return a run that was resumed, with the start of each of its pieces."""
    timeline = Timeline()
    for number, start in enumerate(pieces):
        kind = RunResumed(run=run, at=start) if number else RunStarted(run=run, workflow=run)
        timeline.apply(msgspec.structs.replace(kind, at=start))
        for path in paths:
            timeline.apply(StepStarted(run=run, path=path, at=start))
    return timeline


def test_what_a_resumed_plan_did_stands_in_the_segment_in_which_it_was_done():
    timeline = run_of("outer", 10.0, 20.0, paths=("plan",))
    part = run_of("inner", 11.0, 12.0, 21.0, paths=("a", "@finally/b"))

    graft(timeline, "plan", part, "run inner goes on")
    graft(timeline, "other", run_of("stranger", 11.0), "")

    first, second = timeline.segments
    assert [*first.tracks] == [*second.tracks] == ["plan", "plan/a", "plan/@finally/b"]
    assert [track.start for track in second.tracks["plan"].beneath] == [21.0, 21.0]
    assert {each.tracks["plan"].reason for each in timeline.segments} == {"run inner goes on"}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("succeeded", "run r2"),
        ("running", "run r2 goes on"),
        ("waiting", "run r2 waits"),
        ("interrupted", "run r2 was interrupted"),
    ],
)
def test_what_a_run_is_doing_is_told_beside_the_step(status, said):
    assert Part("plan", "r2", "plan", status).said == said
