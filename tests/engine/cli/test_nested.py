"""Commands that look back at runs with steps inside of steps, and pictures of such files."""

import time
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from tests.engine.observe.nested import parked, release, turns
from tests.engine.observe.story import EPOCH, Story, failure

from ciranda.cli.commands import ciranda
from ciranda.cli.review import Review
from ciranda.events import (
    BlockEntered,
    LoopTurned,
    MapCompleted,
    MapExpanded,
    RunResumed,
    RunStarted,
    StepAttemptFailed,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepWaits,
)
from ciranda.runs.journal import StoreJournal
from ciranda.store import Durability, RunRow, open_store

FLOW = """\
ciranda: 1
name: release
inputs: {n: {type: integer, default: 1}}
steps:
  files:
    map: "${{ [1, 2] }}"
    steps:
      read: {run: [echo, "${{ item }}"]}
      rows:
        map: "${{ [1, 2, 3] }}"
        as: row
        needs: [read]
        run: [echo, "${{ row }}"]
  pay:
    needs: [files]
    try:
      charge: {run: [echo, charge]}
    catch:
      - {on: [timeout], as: e, steps: {tell: {run: [echo, "${{ e.kind }}"]}}}
    compensate:
      refund: {run: [echo, back]}
  mirrors:
    join: race
    needs: [pay]
    steps:
      near: {sleep: 1s}
      far: {sleep: 2s}
  poll:
    until: loop.index >= 2
    needs: [mirrors]
    steps: {ask: {run: [echo, ask]}}
  agree: {approve: {prompt: "Release it?", who: [ana, bo]}, needs: [poll]}
  publish:
    needs: [agree]
    switch:
      - if: inputs.n > 2
        steps: {push: {run: [echo, a]}, then: {emit: {event: sent}, needs: [push]}}
      - {run: [echo, small]}
  ping: {until: loop.index >= 1, run: [echo, ping]}
on-failure:
  mail: {run: [echo, mail]}
"""

TEXT = """\
●  files    for each of ${{ [1, 2] }}
│    ●  read
│    ●  rows  for each of ${{ [1, 2, 3] }}
●  pay
│    try:
│      ●  charge
│    catch timeout as e:
│      ●  tell
│    compensate:
│      ●  refund
●  mirrors  the first that succeeds wins
│    ●  near  sleeps 1s
│
│    ●  far   sleeps 2s
●  poll     until loop.index >= 2, at most 1,000 turns
│    ●  ask
│    ↺ until loop.index >= 2
●  agree    asks for approval by ana or bo
●  publish  the first case that holds
     if inputs.n > 2:
       ●  push
       ●  then  emits sent
     otherwise:
       ●  program.run

●  ping     until loop.index >= 1, at most 1,000 turns
on-failure:
  ●  mail
"""


def kept(events, status, source=FLOW):
    """Put a run into the store as if it had been, and return its id."""
    log = open_store(Path(), Durability.PROCESS)
    try:
        name, run = events[0].workflow, events[0].run
        digest = log.put_blob(source.encode())
        log.create_run(RunRow(run, name, "release.yaml", "running", EPOCH, source=digest))
        lease = log.acquire(run, "somebody", 60.0)
        StoreJournal(log, run, lease.epoch).append(events)
        log.append_output(run, "files/1/read", "stdout", b"one\n")
        log.append_output(run, "files/1/rows/2", "stdout", b"row\n")
        log.append_output(run, "pay/@catch0/tell", "stdout", b"told\n")
        log.set_status(run, lease.epoch, status)
        log.release(lease)
    finally:
        log.close()
    return run


@pytest.fixture
def flow(project):
    (project / "release.yaml").write_text(FLOW)
    return project


@pytest.fixture
def released(flow):
    return kept(release(), "failed")


def reviewed(events):
    seen = Review(RunRow("r1", "release", "", "running", EPOCH))
    for event in events:
        seen.apply(event)
    return seen


def test_a_picture_of_a_file_shows_what_is_inside_of_steps(cli, flow):
    assert cli("graph", "release.yaml").out == TEXT


def test_a_mermaid_chart_has_subgraphs_choices_and_back_arrows(cli, flow):
    lines = [
        line.strip()
        for line in cli("graph", "release.yaml", "--format", "mermaid").out.splitlines()
    ]

    for line in (
        'subgraph s0["files<br/>for each of #36;#123;#123; #91;1, 2#93; #125;#125;"]',
        "s1 --> s2",
        "s0 --> s3",
        "s3_0 -.-> s3_1",
        's11 -.->|"until loop.index #62;= 2"| s11',
        'subgraph s13_0["if inputs.n #62; 2"]',
        's13_c{"switch"}',
        's13_c -->|"otherwise"| s13_1',
        's17 -.->|"until loop.index #62;= 1"| s17',
        's12(["agree<br/>asks for approval by ana or bo"])',
        'subgraph s18["on-failure"]',
    ):
        assert line in lines, "\n".join(lines)
    assert sum(line.startswith("subgraph") for line in lines) == lines.count("end")


def test_a_dot_graph_has_clusters_and_edges_between_them(cli, flow):
    text = cli("graph", "release.yaml", "--format", "dot").out

    for line in (
        '"files" -> "pay" [ltail="cluster_files", lhead="cluster_pay"];',
        '"publish" [shape=diamond, label="switch"];',
        '"publish" -> "publish/case1/body" [label="otherwise", lhead="cluster_publish/case1/',
        '"poll/ask" -> "poll/ask" [label="until loop.index >= 2", style=dashed, constraint=false];',
        '"ping" -> "ping" [label="until loop.index >= 1", style=dashed, constraint=false];',
    ):
        assert line in text
    assert text.count("subgraph") + 1 + text.count("${{") * 2 == text.count("{")


def test_a_picture_of_a_run_marks_each_step_inside(cli, released):
    text = cli("graph", "last").out
    mermaid = cli("graph", "last", "--format", "mermaid").out

    assert "✗  charge  failed" in text
    assert "✓  tell  succeeded" in text
    assert "■  far   cancelled; sleeps 2s" in text
    assert "●  push" in text  # its case was not entered
    assert "style s4 fill:#fed7d7" in mermaid


def test_show_tells_of_what_is_inside(cli, released):
    text = cli("show", "last").out

    rows = [line.split()[:2] for line in text.splitlines() if line]
    assert ["charge", "failed"] in rows
    assert ["@catch0/tell", "succeeded"] in rows
    assert ["far", "cancelled"] in rows
    assert ["@on-failure/mail", "succeeded"] in rows
    assert "    rows" in text
    assert "approved by ana" in text
    assert "3 turns" in text


def test_show_as_json_has_the_shape_of_the_paths(cli, released):
    steps = cli("show", "last", "-o", "json").data["steps"]

    assert steps["files"]["items"][1]["steps"]["rows"]["items"][2]["status"] == "succeeded"
    assert steps["pay"]["steps"]["@catch0/tell"]["status"] == "succeeded"
    assert steps["publish"]["attempts"] == 2
    assert steps["agree"]["answer"] == {
        "approved": True,
        "by": "ana",
        "form": {"why": "hidden-form"},
    }
    assert len(steps["poll"]["items"]) == steps["poll"]["turns"] == 3


def test_show_of_a_parked_run_says_how_to_answer(cli, flow):
    run = kept(parked()[:8], "waiting")

    text = cli("show", run, "--store", ".").out

    assert "run r1 of settlement: waiting" in text
    assert "  agree: approval: Ship?, until 20" in text
    assert f"    ciranda approve {run} agree --store ." in text
    assert "  orders/1/paid: the event order.paid\n    ciranda emit order.paid --store ." in text
    waits = cli("show", run, "-o", "json").data["steps"]["agree"]["waits"]
    assert (waits["for"], waits["prompt"], waits["until"]) == ("approval", "Ship?", EPOCH + 500)


def test_logs_of_what_holds_others_are_those_of_all_within(cli, released):
    assert cli("logs", "last", "files").out == "files/1/read | one\nfiles/1/rows/2 | row\n"
    assert cli("logs", "last", "files/1/rows").out == "files/1/rows/2 | row\n"
    assert cli("logs", "last", "files/1/rows/2").out == "row\n"
    assert cli("logs", "last", "pay/@catch0/tell").out == "told\n"
    assert cli("logs", "last", "pay").out == "pay/@catch0/tell | told\n"
    assert cli("logs", "last", "files/0").err == "files/0 printed nothing\n"
    assert "has no step `files/raed`; did you mean `files/read`?" in (
        cli("logs", "last", "files/1/raed", code=2).err
    )
    assert "has no step ``" in cli("logs", "last", "7", code=2).err


def test_trace_draws_and_writes_what_is_inside(cli, released):
    assert "@compensate/refund" in cli("trace", "last").out
    assert "uses program.run" in cli("trace", "last", "--html", "-").out


def test_paths_are_completed_level_by_level(cli, released):
    def offered(word):
        shell = ShellComplete(ciranda, {}, "ciranda", "_CIRANDA_COMPLETE")
        return [one.value for one in shell.get_completions(["logs", "last"], word)]

    assert offered("p") == ["pay", "poll", "publish", "ping"]
    assert offered("files/") == ["files/0", "files/1"]
    assert offered("files/1/r") == ["files/1/read", "files/1/rows"]
    assert offered("files/1/rows/") == ["files/1/rows/0", "files/1/rows/1", "files/1/rows/2"]
    assert offered("poll/") == ["poll/0", "poll/1", "poll/2"]
    assert offered("pay/@") == ["pay/@catch0/tell", "pay/@compensate/refund"]
    assert offered("@") == ["@on-failure/mail"]
    assert offered("nope/") == []


def test_what_is_begun_again_is_looked_back_on_as_it_was_last():
    story = Story().tell(RunStarted, 0.0)
    story.tell(BlockEntered, 0.0, path="g", block="steps")
    story.tell(StepStarted, 0.0, path="g/a").tell(StepCompleted, 0.0, path="g/a", output=1)
    again = {"error": failure(), "retry_at": EPOCH}
    story.tell(StepAttemptFailed, 0.0, path="g", attempt=1, **again)
    story.tell(BlockEntered, 1.0, path="g", block="steps", attempt=2)
    for turn in (0, 1, 0):
        story.tell(LoopTurned, 1.0, path="g/loop", turn=turn)

    seen = reviewed(story.events)

    assert list(seen.steps["g"]["steps"]) == ["loop"]
    assert len(seen.steps["g"]["steps"]["loop"]["items"]) == 1


def test_what_was_skipped_and_then_begun_has_no_reason_any_more():
    story = Story().tell(RunStarted, 0.0)
    story.tell(StepSkipped, 0.0, path="g", reason="'a' failed").tell(RunResumed, 1.0)
    story.tell(BlockEntered, 1.0, path="g", block="steps").tell(StepCompleted, 1.0, path="g")

    assert reviewed(story.events).steps["g"]["reason"] == ""


def test_the_gravest_of_the_items_is_how_a_step_stands():
    story = Story().tell(RunStarted, 0.0)
    for turn in range(3):
        story.tell(LoopTurned, 0.0, path="poll", turn=turn)
        if turn == 1:
            story.tell(StepFailed, 0.0, path=f"poll/{turn}/ask", error=failure())
        else:
            story.tell(StepCompleted, 0.0, path=f"poll/{turn}/ask")

    assert reviewed(story.events).statuses() == {"poll": "running", "poll/ask": "failed"}


def test_a_resume_takes_back_what_ran_and_not_what_waits():
    story = Story().tell(RunStarted, 0.0)
    story.tell(BlockEntered, 0.0, path="g", block="steps")
    story.tell(StepStarted, 0.0, path="g/a")
    story.tell(StepWaits, 0.0, path="g/b", what="sleep", until=EPOCH + 5)
    story.tell(RunResumed, 1.0, epoch=2)

    inner = reviewed(story.events).steps["g"]["steps"]

    assert (inner["a"]["status"], inner["b"]["status"]) == ("pending", "waiting")
    assert reviewed(story.events).steps["g"]["status"] == "running"


def test_what_a_resume_goes_on_inside_of_runs_and_what_is_only_undone_does_not():
    story = Story().tell(RunStarted, 0.0)
    story.tell(BlockEntered, 0.0, path="g", block="steps")
    story.tell(StepStarted, 0.0, path="g/a").tell(StepCompleted, 0.0, path="g/a")
    story.tell(StepFailed, 1.0, path="g/b", error=failure())
    story.tell(StepFailed, 1.0, path="g", error=failure())
    story.tell(BlockEntered, 1.0, path="g/a", block="compensate")
    story.tell(StepCompleted, 1.0, path="g/a/@compensate/undo")

    assert reviewed(story.events).steps["g"]["status"] == "failed"

    story.tell(RunResumed, 1.0, epoch=2).tell(StepStarted, 1.0, path="g/b")
    again = reviewed(story.events).steps["g"]

    assert (again["status"], again["error"]) == ("running", None)


def test_what_undid_a_step_when_its_process_was_lost_is_over_after_a_resume():
    story = Story().tell(RunStarted, 0.0)
    story.tell(MapExpanded, 0.0, path="m", count=1).tell(StepCompleted, 0.0, path="m/0")
    story.tell(MapCompleted, 0.0, path="m", status="succeeded", counts={"succeeded": 1})
    story.tell(StepCompleted, 0.0, path="pay")
    for path in ("m/0", "pay"):
        story.tell(BlockEntered, 1.0, path=path, block="compensate")
        story.tell(StepStarted, 1.0, path=f"{path}/@compensate/undo")
    story.tell(BlockEntered, 0.0, path="", block="on-failure")
    story.tell(StepStarted, 0.0, path="@on-failure/mail")
    story.tell(RunResumed, 1.0, epoch=2)

    steps = reviewed(story.events).steps
    assert steps["@on-failure/mail"]["status"] == "cancelled"

    for one in (steps["pay"], steps["m"]["items"][0]):
        assert one["status"] == "succeeded"
        assert one["steps"]["@compensate/undo"]["status"] == "cancelled"


def test_who_lost_a_race_stays_cancelled_when_the_run_is_resumed():
    seen = reviewed([*release()[:-1], RunResumed(run="r1", at=EPOCH + 20)])

    assert seen.statuses()["mirrors/far"] == "cancelled"


def test_what_holds_others_took_as_long_as_all_of_it():
    seen = reviewed(release())

    assert [seen.steps[name]["duration"] for name in ("pay", "poll", "publish")] == [1.5, 2.5, 1.5]


def test_looking_back_on_thousands_of_turns_takes_no_time():
    began = time.thread_time()

    seen = reviewed(turns(3000))

    assert (seen.steps["poll"]["turns"], len(seen.steps["poll"]["items"])) == (3000, 3000)
    assert time.thread_time() - began < 2.0
