"""Runs that wait: parked, found when they can go on, stopped; nothing that was said is lost."""

import json
import os
import signal
import threading
import time

import pytest

from ciranda.cli.due import resume_due
from ciranda.cli.exits import Exit
from ciranda.cli.history import opened
from ciranda.errors import InputError, LeaseLostError
from ciranda.runs.outcome import RunResult
from ciranda.runs.waits import waits_of

EVENT = """\
ciranda: 1
name: paid
steps:
  first: {run: [echo, once]}
  get: {needs: [first], wait: {event: paid, where: event.data.order == 17}}
outputs: {amount: "${{ steps.get.output.amount }}"}
"""
ASK = """\
ciranda: 1
name: ask
steps:
  ask: {approve: {prompt: Ship it?, form: {version: string}, who: [ana, bo]}}
  ship: {run: [echo, "${{ steps.ask.output.form.version }}"]}
on-cancel:
  undo: {run: [sh, -c, "echo undone > undone"]}
outputs: {by: "${{ steps.ask.output.by }}"}
"""
NAP = """\
ciranda: 1
name: nap
steps:
  nap: {sleep: 50ms}
  tell: {needs: [nap], emit: {event: paid, data: {order: 17, amount: 2}}}
"""


@pytest.fixture
def flows(project):
    for name, text in (("paid", EVENT), ("ask", ASK), ("nap", NAP)):
        (project / f"{name}.yaml").write_text(text)
    return project


def only(cli):
    (row,) = cli("runs", "-o", "json").data
    return row


def test_a_run_that_waits_is_parked_and_says_how_to_go_on(cli, flows):
    said = cli("run", "paid.yaml", "--park", code=5)

    row = only(cli)
    assert row["status"] == "waiting"
    assert [wait["path"] for wait in row["waits"]] == ["get"]
    assert f"ciranda resume {row['run']}" in said.err
    assert "waits for the event paid" in said.err
    assert cli("resume", "--due").err == "no parked run can go on yet\n"


def test_a_parked_run_goes_on_with_the_event_that_it_waits_for(cli, flows):
    cli("run", "paid.yaml", "--park", "-q", code=5)
    cli("emit", "paid", "-d", "order=16", "-d", "amount=1")

    assert ": waits again\n" in cli("resume", "--due").out
    assert cli("resume", "--due").err == "no parked run can go on yet\n"

    cli("emit", "paid", "-d", "order=17", "-d", "amount=2", "--id", "p")
    cli("emit", "paid", "-d", "order=17", "-d", "amount=3", "--id", "p")
    assert ": succeeded after " in cli("resume", "--due").out
    assert cli("show", "last", "-o", "json").data["outputs"] == {"amount": 2}
    assert cli("logs", "last", "first").out == "once\n"


def test_an_event_that_came_before_the_wait_is_kept(cli, flows):
    cli("run", "paid.yaml", "--park", "-q", code=5)
    cli("emit", "paid", "last", "-d", "order=17", "-d", "amount=2")

    assert cli("resume", "last", "--park", "-o", "json").data["outputs"] == {"amount": 2}


def test_an_approval_goes_on_with_the_run(cli, flows):
    cli("run", "ask.yaml", "--park", "-q", code=5)
    cli("approve", "last", "--as", "ana", "--set", "version=1.20")

    said = cli("resume", "last", "-o", "json").data

    assert said["outputs"] == {"by": "ana"}
    assert cli("logs", "last", "ship").out == "1.20\n"


def test_a_rejection_fails_the_step(cli, flows):
    cli("run", "ask.yaml", "--park", "-q", code=5)
    cli("reject", "last", "--as", "bo", "--comment", "too early")

    said = cli("resume", "--due", "-o", "json", code=1)

    assert [row["status"] for row in said.data] == ["failed"]
    error = cli("show", "last", "-o", "json").data["steps"]["ask"]["error"]
    assert (error["kind"], error["message"]) == ("refused", "rejected by bo: too early")


def test_a_parked_run_can_be_cancelled_and_its_handlers_run(cli, flows):
    cli("run", "ask.yaml", "--park", "-q", code=5)

    cli("cancel", "last", "--reason", "changed our mind")

    assert only(cli)["status"] == "cancelled"
    assert (flows / "undone").read_text() == "undone\n"
    assert "changed our mind" in cli("logs", "last").out + cli("trace", "last").out + (
        json.dumps(cli("show", "last", "-o", "json").data)
    )
    assert "already: nothing to cancel" in cli("cancel", "last", code=2).err


def test_the_wish_to_stop_a_parked_run_outlives_the_process_that_read_it(cli, flows):
    cli("run", "ask.yaml", "--park", "-q", code=5)
    with opened(None) as log:
        log.post(log.run("last").id, "cancel", b"enough")

    assert cli("resume", "--due", "-o", "json", code=1).data[0]["status"] == "cancelled"


def test_what_is_due_goes_on_one_after_the_other_and_may_wake_the_next(cli, flows):
    cli("run", "paid.yaml", "--park", "-q", code=5)
    cli("run", "nap.yaml", "--park", "-q", code=5)
    cli("run", "ask.yaml", "--park", "-q", code=5)
    time.sleep(0.06)

    data = cli("resume", "--due", "-o", "json").data

    assert [row["status"] for row in data] == ["succeeded", "succeeded"]
    assert [row["status"] for row in cli("runs", "-o", "json").data] == [
        "waiting", "succeeded", "succeeded",
    ]  # fmt: skip


def test_messages_that_make_no_sense_are_told_of_and_left(cli, flows):
    cli("run", "paid.yaml", "--park", "-q", code=5)
    with opened(None) as log:
        run = log.run("last").id
        log.post(run, "event", b"\xc1")
        log.post(run, "shout", b"")

    said = cli("resume", "--due")
    assert ": waits again\n" in said.out
    assert "message 1 to run" in said.err
    assert "of the unknown kind 'shout'" in said.err
    assert cli("resume", "--due").err == "no parked run can go on yet\n"


def test_a_run_whose_source_is_gone_is_told_of_and_the_others_go_on(cli, flows):
    import apsw

    cli("run", "nap.yaml", "--park", "-q", code=5)
    cli("run", "nap.yaml", "--park", "-q", code=5)
    time.sleep(0.06)
    with opened(None) as log:
        path = log.path  # type: ignore[attr-defined]  # it is the one in SQLite
        first = log.due(time.time())[0]
    file = apsw.Connection(str(path))
    file.execute("UPDATE records SET payload = x'00' WHERE id >> 32 = 1")
    file.close()

    said = cli("resume", "--due", code=2)

    assert f"run {first}: cannot go on: record 0 (RunStarted) of run {first} is damaged" in said.out
    assert ": succeeded after " in said.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("resume", "name the RUN to go on with, or write `--due`: one of the two"),
        ("resume last --due", "name the RUN to go on with, or write `--due`: one of the two"),
        ("resume --due -i a=1", "`--due` takes no inputs: name the run that needs them"),
        ("run nap.yaml --park --durability off", "`--park` needs a store: leave out `--durability"),
    ],
)
def test_what_cannot_be_meant_is_refused(cli, flows, words, sentence):
    assert sentence in cli(*words.split(), code=2).err


@pytest.mark.parametrize(("flow", "code"), [("paid", 5), ("busy", 130)])
def test_ctrl_c_parks_a_run_that_only_waits_and_stops_one_that_works(cli, flows, flow, code):
    (flows / "busy.yaml").write_text(
        "ciranda: 1\nsteps:\n  get: {wait: {event: paid}}\n  work: {run: [sleep, '20']}\n"
    )

    def when_it_waits() -> None:
        for _ in range(200):
            time.sleep(0.05)
            if (flows / ".ciranda" / "ciranda.db").exists():
                with opened(None) as log:
                    rows = log.runs()
                    waits = rows and waits_of(log, rows[0].id).open
                if waits:
                    time.sleep(0.1)
                    os.kill(os.getpid(), signal.SIGINT)
                    return

    interrupt = threading.Thread(target=when_it_waits)
    interrupt.start()
    said = cli("run", f"{flow}.yaml", code=code)
    interrupt.join()

    assert only(cli)["status"] == ("waiting" if code == 5 else "cancelled")
    assert "ciranda resume" in said.err


def test_runs_that_are_due_are_gone_on_with_until_a_signal_says_stop(cli, flows, capsys):
    runs = []
    for _ in range(5):
        cli("run", "paid.yaml", "--park", "-q", code=5)
        runs.append(cli("runs", "-n", "1", "-o", "json").data[0]["run"])
    cli("emit", "paid", "-d", "order=17", "-d", "amount=2")
    ends = iter(
        [
            LeaseLostError("somebody has it"),
            InputError("give the secret"),
            (RunResult("r", "failed", duration=1.0), Exit.FAILED),
            (None, Exit.INTERRUPTED),
        ]
    )

    def perform(run):
        assert run == runs.pop(0)
        end = next(ends)
        if isinstance(end, Exception):
            raise end
        return end

    capsys.readouterr()
    code = resume_due(None, perform, form="text")

    assert code == Exit.INTERRUPTED
    assert [line.partition(": ")[2] for line in capsys.readouterr().out.splitlines()] == [
        "somebody has it", "cannot go on: give the secret", "failed after 1.00 s",
        "interrupted before it went on",
    ]  # fmt: skip
    assert len(runs) == 1
