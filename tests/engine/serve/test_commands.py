"""`ciranda serve` and `ciranda event`."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
import httpx
import pytest
from tests.engine.serve.conftest import HOOK, TOKEN, flow

from ciranda.cli import completing
from ciranda.cli.entry import outcome

TWO = HOOK.replace(
    "{webhook", "{event: {name: paid, where: event.data.ok, inputs: {n: 1}}, webhook"
)


@pytest.fixture
def project(place, monkeypatch):
    place.write(flow(HOOK))
    monkeypatch.setenv("HOOK", TOKEN)
    return place


def test_serve_prints_its_address_and_ends_with_a_signal(project, capfd):
    answers = []

    def visit():
        address = ""
        while not address.startswith("http"):
            address += capfd.readouterr().out
        headers = {"authorization": f"bearer {TOKEN}"}
        with httpx.Client(base_url=address.strip(), headers=headers) as client:
            answers.append(client.post("/n", json={"n": 5}))
            while "succeeded" not in client.get("/metrics").text:
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    visitor = threading.Thread(target=visit)
    visitor.start()
    code = outcome(
        ["serve", "flow.yaml", "--port", "0", "--grace", "5s", "--durability", "process"]
    )
    visitor.join()

    assert code == 0
    assert answers[0].status_code == 202
    assert project.ran() == {"5": 1}
    assert '"event":"ended"' in capfd.readouterr().err


DEAF = '''\
import asyncio
import threading

import msgspec

from ciranda import hookimpl
from ciranda.trigger import trigger


class Nothing(msgspec.Struct):
    """No options."""


@trigger("deaf.ear", options=Nothing)
async def ear(options, hear):
    """Wait in a thread that nobody can cancel."""
    await hear({}, id="once")
    await asyncio.to_thread(threading.Event().wait)


@hookimpl
def triggers():
    return [ear]
'''


def test_a_server_ends_although_threads_of_a_listener_do_not(project):
    (project.folder / "deaf.py").write_text(DEAF)
    project.write(flow("{deaf.ear: {inputs: {n: 5}}}").replace("acts.py]", "acts.py, ./deaf.py]"))
    words = ["serve", "flow.yaml", "--port", "0", "--grace", "0s", "--backend", "asyncio"]
    with subprocess.Popen(
        [sys.executable, "-m", "ciranda", *words], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told = iter(process.stderr)
        next(line for line in told if "succeeded" in line)
        process.terminate()
        try:
            code = process.wait(20)
        finally:
            process.kill()
        rest = "".join(told)

    assert code == 0
    assert "left behind" in rest
    assert '"event":"ended"' in rest


def said(capsys, *words):
    code = outcome(list(words))
    found = capsys.readouterr()
    return code, found.out, found.err


def test_serve_says_what_is_wrong_in_a_sentence(project, capsys):
    project.write("ciranda: 1\nname: x\non: {}\nsteps: {a: {run: [true]}}\n", "bad.yaml")

    code, _, told = said(capsys, "serve", "bad.yaml", "--port", "0")
    assert (code, "bad.yaml:3" in told) == (2, True)
    code, _, told = said(capsys, "serve", "flow.yaml", "--grace", "5")
    assert (code, "`5` is not a duration" in told) == (2, True)
    (project.folder / "ciranda.toml").write_text('[store]\ndurability = "off"\n')
    code, _, told = said(capsys, "serve", "flow.yaml")
    assert (code, "`durability` is `off`" in told) == (2, True)


def test_event_names_its_argument_as_it_was_written(project, capsys):
    code, _, told = said(capsys, "event", "flow.yaml", "{")
    assert (code, "`{` is no JSON: write `name=value`, `@file`" in told) == (2, True)
    code, _, told = said(capsys, "event", "flow.yaml", "[" * 5000)
    assert (code, len(told) < 300, "...` is no JSON: " in told) == (2, True, True)


def test_event_shows_what_the_inputs_become_and_runs_it(project, capsys):
    (project.folder / "e.json").write_text('{"n": 4}')

    dry = said(capsys, "event", "flow.yaml", '{"n": 3}', "--dry-run")
    ran = said(capsys, "event", "flow.yaml", "@e.json", "--durability", "process")

    assert (dry[0], dry[1].replace(" ", "").replace("\n", "")) == (0, '{"n":3}')
    assert (ran[0], 'webhook: inputs {"n":4}' in " ".join(ran[2].split())) == (0, True)
    assert project.ran() == {"4": 1}


def test_event_finds_the_trigger_or_asks_which(project, capsys):
    project.write(flow(TWO))
    paid = '{"specversion": "1.0", "id": "1", "source": "s", "type": "paid", "data": {"ok": %s}}'

    chosen = said(capsys, "event", "flow.yaml", '{"ok": 1}', "--trigger", "event", "--dry-run")
    asked = said(capsys, "event", "flow.yaml", paid % "true")
    plain = said(capsys, "event", "flow.yaml", '{"n": 2}', "--dry-run")
    other = said(capsys, "event", "flow.yaml", "{}", "--trigger", "files")
    unfit = said(capsys, "event", "flow.yaml", paid % "false", "--trigger", "event")

    assert chosen[1].split() == ["{", '"n":', "1", "}"]
    assert "choose `--trigger event`, `--trigger webhook`" in asked[2]
    assert plain[1].split() == ["{", '"n":', "2", "}"]
    assert "has no trigger `files`: it has `event`, `webhook`" in other[2]
    assert "`where` does not fit" in " ".join(unfit[2].split())
    assert {asked[0], other[0], unfit[0]} == {2}


def test_the_example_takes_its_events(project, capsys):
    text = (Path(__file__).parents[3] / "examples" / "serve" / "orders.yaml").read_text()
    project.write(text, "orders.yaml")
    (project.folder / "in").mkdir()
    (project.folder / "in" / "x.json").write_text('{"any": 1}')
    dropped = '{"name": "x.json", "path": "in/x.json"}'

    wrong = said(capsys, "event", "orders.yaml", '{"id": "A 17"}', "--trigger", "webhook")
    webhook = said(capsys, "event", "orders.yaml", '{"id": "a"}', "--trigger", "webhook", "-q")
    files = said(capsys, "event", "orders.yaml", dropped, "--trigger", "files", "-q")

    assert (wrong[0], "input `order`" in wrong[2]) == (2, True)
    assert (webhook[0], files[0]) == (0, 0)
    assert '"any": 1' in (project.folder / "kept" / "x.json.json").read_text()


EXAMPLE = Path(__file__).parents[3] / "examples" / "mail"


def test_event_begins_what_a_trigger_of_a_plugin_would_begin_without_its_listener(project, capsys):
    for name in ("mail.yaml", "mails.py"):
        shutil.copy(EXAMPLE / name, project.folder / name)
    mail = '{"number": "7", "sender": "ana", "subject": "%s", "text": ""}'
    chosen = ("--trigger", "mails.received")

    ran = said(capsys, "event", "mail.yaml", mail % "Hello", *chosen, "-q")
    dropped = said(capsys, "event", "mail.yaml", mail % "Out of office", *chosen)
    unfit = said(capsys, "event", "mail.yaml", '{"number": 7}', *chosen)
    typed = '{"specversion": "1.0", "id": "1", "source": "s", "type": "%s", "data": %s}'
    found = said(capsys, "event", "mail.yaml", typed % ("mails.received", mail % "Hi"), "--dry-run")
    other = said(capsys, "event", "mail.yaml", typed % ("mails.sent", mail % "Hi"))

    assert [each[0] for each in (ran, dropped, unfit, found, other)] == [0, 2, 2, 0, 2]
    assert '"from": "ana"' in (project.folder / "kept" / "7.json").read_text()
    assert "does not take this event: its name or `where`" in " ".join(dropped[2].split())
    assert "the data of `mails.received` is not of its type: Expected `str`, got `int` - at " in (
        " ".join(unfit[2].split())
    )
    assert '"subject": "Hi"' in found[1]
    assert not (project.folder / "tray").exists()


def test_the_triggers_of_a_file_are_completed(project):
    project.write(flow(TWO))

    def completed(file, word):
        context = click.Context(click.Command("event"))
        context.params["file"] = file
        return [
            item.value for item in completing.triggers(context, click.Option(["--trigger"]), word)
        ]

    assert completed("flow.yaml", "") == ["event", "webhook"]
    assert completed("flow.yaml", "w") == ["webhook"]
    assert completed("none.yaml", "") == completed(None, "") == []
