"""Commands that talk to runs that wait: emit, approve, reject, runs."""

from pathlib import Path

import msgspec
import pytest
from click.shell_completion import ShellComplete

from ciranda.cli.commands import ciranda
from ciranda.cli.history import opened
from ciranda.events import (
    ApprovalGiven,
    RunCompleted,
    RunParked,
    RunStarted,
    StepCompleted,
    StepWaits,
)
from ciranda.runs.journal import StoreJournal
from ciranda.store import RunRow, open_store

FORM = {
    "amount": {"type": "integer", "minimum": 1},
    "colour": {"enum": ["red", "blue"], "default": "red"},
    "code": {"type": "string"},
}
ASK = StepWaits(
    path="ask", what="approval", prompt="Ship it?", form=FORM, who=["ana", "bo"], at=60.0
)
FREE = StepWaits(path="teams/1/sign", what="approval", at=61.0)
PAID = StepWaits(path="get", what="event", event="paid", at=62.0, until=90.0)
NAP = StepWaits(path="nap", what="sleep", at=63.0, until=99.0)
FILL = ("--set", "amount=3", "--set", "code=007")


@pytest.fixture
def waiting(project):
    """Make a parked run of these waits; return its store."""

    def make(*events, run="r1", status="waiting", due=None):
        log = open_store(project)
        log.create_run(RunRow(run, "flow", "flow.yaml", "running", 50.0))
        lease = log.acquire(run, "me", 30)
        journal = StoreJournal(log, run, lease.epoch)
        told = [RunStarted(workflow="flow"), *events, RunParked(due=due, at=70.0)]
        journal.append(
            [msgspec.structs.replace(one, run=run, seq=seq) for seq, one in enumerate(told)]
        )
        if status == "waiting":
            log.park(run, lease.epoch, due, 0)
        else:
            log.set_status(run, lease.epoch, status)
        log.release(lease)
        log.close()

    return make


def inbox(run="r1"):
    with opened(None) as log:
        return [(one.kind, msgspec.msgpack.decode(one.payload)) for one in log.take(run)]


def test_an_approval_is_left_for_the_run_with_its_form_filled_in(cli, waiting):
    waiting(ASK)

    said = cli("approve", "r1", "ask", "--as", "ana", *FILL, "--comment", "fine")

    assert (
        said.err == "`ask` of run r1 is approved by ana\n`ciranda resume r1` goes on with the run\n"
    )
    form = {"comment": "fine", "amount": 3, "colour": "red", "code": "007"}
    assert inbox() == [("answer", {"path": "ask", "approved": True, "by": "ana", "form": form})]


def test_a_rejection_need_not_fill_in_the_form(cli, waiting, monkeypatch):
    monkeypatch.setenv("LOGNAME", "bo")
    waiting(ASK)

    cli("reject", "last")

    ((_, answer),) = inbox()
    assert (answer["approved"], answer["by"], answer["form"]) == (False, "bo", {"colour": "red"})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("ask --as eve", "`eve` may not answer step `ask` of run r1: ana or bo may (`--as NAME`"),
        ("ask --as ana", "the form of step `ask` of run r1 needs `amount`: write `--set amount=.."),
        ("ask --as ana --set amount=0", "the field `amount` of step `ask` of run r1 must be at"),
        ("ask --as ana --set amount=x", "must be a whole number, not `x`"),
        ("ask --as ana --set colur=x", "has no field `colur`; did you mean `colour`?"),
        ("ask --as ana --set colour=pink", "must be one of `red`, `blue`, not `pink`"),
        ("ask --as ana --set nothing", "`--set nothing` is no field: write `--set name=value`"),
        ("ask --comment a --set comment=b", "`--comment` and `--set comment=...` say the same"),
        ("ask --as=", "nobody is named who answers step `ask` of run r1: write `--as NAME`"),
        ("aks --as ana", "no step `aks` of run r1 waits for approval: did you mean `ask`?"),
        ("zzzzz --as ana", "step `zzzzz` of run r1 does not wait for approval: `ciranda show r1`"),
        ("get --as ana", "step `get` of run r1 waits for the event `paid`, not for approval"),
        ("nap --as ana", "step `nap` of run r1 waits for a time, not for approval"),
        ("--as ana", "run r1 waits for approval of ask, teams/1/sign: name one of them"),
    ],
)  # fmt: skip
def test_an_answer_that_does_not_count_is_refused_with_its_reason(cli, waiting, words, sentence):
    waiting(ASK, FREE, PAID, NAP)

    assert sentence in cli("approve", "r1", *words.split(), code=2).err
    assert inbox() == []


@pytest.mark.parametrize("word", ["teams/1/sign", "teams", "sign"])
def test_a_step_is_named_by_its_path_the_beginning_of_it_or_its_last_word(cli, waiting, word):
    waiting(ASK, FREE, PAID)

    cli("approve", "r1", word)

    assert inbox()[0][1]["path"] == "teams/1/sign"


def test_a_name_that_fits_several_steps_is_refused(cli, waiting):
    waiting(FREE, msgspec.structs.replace(FREE, path="teams/2/sign"))

    assert "fits several steps of run r1 that wait for approval (teams/1/sign, teams/2/sign" in (
        cli("approve", "r1", "teams", code=2).err
    )
    assert "`sign` fits several steps" in cli("approve", "r1", "sign", code=2).err


def test_the_first_answer_counts_whether_the_run_has_read_it_or_not(cli, waiting):
    waiting(FREE)
    cli("reject", "r1", "--as", "bo")
    again = cli("approve", "r1", "--as", "ana", code=2).err
    assert "step `teams/1/sign` of run r1 was rejected by bo already: the first answer" in again

    given = ApprovalGiven(path=FREE.path, approved=True, by="cy")
    waiting(FREE, given, run="r2")
    assert "was approved by cy already" in cli("reject", "r2", FREE.path, code=2).err
    assert "no step of run r2 waits for approval" in cli("reject", "r2", code=2).err


def test_a_shell_is_offered_the_steps_that_wait_for_approval(cli, waiting):
    shell = ShellComplete(ciranda, {}, "ciranda", "_CIRANDA_COMPLETE")
    assert shell.get_completions(["approve", "last"], "") == []
    waiting(ASK, FREE, PAID)

    found = shell.get_completions(["approve", "last"], "")

    assert [(one.value, one.help) for one in found] == [("ask", "Ship it?"), (FREE.path, None)]


def test_an_unread_answer_that_will_not_count_stands_in_nobodys_way(cli, waiting):
    waiting(ASK)
    wrong = {"path": "ask", "approved": True, "by": "eve", "form": {}}
    with opened(None) as log:
        log.post("r1", "answer", msgspec.msgpack.encode(wrong))
        log.post("r1", "answer", b"nonsense")
        log.post("r1", "cancel", b"")

    cli("approve", "r1", "--as", "ana", *FILL)

    assert "approved by ana already" in cli("approve", "r1", "ask", "--as", "bo", *FILL, code=2).err


def test_nothing_waits_in_a_run_that_has_ended(cli, waiting):
    waiting(ASK, RunCompleted(status="failed"), status="failed")

    assert "run r1 has failed already: nothing in it waits" in cli("approve", "r1", code=2).err
    assert "run r1 has failed already: it takes no event" in cli("emit", "paid", "r1", code=2).err


def test_a_step_that_has_ended_does_not_wait(cli, waiting):
    waiting(ASK, StepCompleted(path="ask", output=None))

    assert "does not wait for approval" in cli("approve", "r1", "ask", *FILL, code=2).err


@pytest.mark.parametrize(
    ("given", "data"),
    [
        ([], None),
        (["-d", '{"order": 17}'], {"order": 17}),
        (["-d", "order=17", "-d", "w=a=b", "-d", 'l=["x"]'], {"order": 17, "w": "a=b", "l": ["x"]}),
        (["-d", "[1, 2]"], [1, 2]),
        (["-d", '"x=1"'], "x=1"),
        (["-d", "@data.json"], {"a": [1]}),
        (["-d", "all=@data.json"], {"all": {"a": [1]}}),
    ],
)  # fmt: skip
def test_an_event_reaches_every_run_that_has_not_ended(cli, waiting, project, given, data):
    (project / "data.json").write_text('{"a": [1]}\n')
    waiting(PAID)
    waiting(PAID, run="r2", status="failed")
    waiting(run="r3", status="running")

    said = cli("emit", "paid", *given, "--id", "p1", "--source", "shop")

    assert said.err == (
        "event `paid` (p1) is left for 2 runs\n"
        "`ciranda resume --due` goes on with those that are parked\n"
    )
    told = {"id": "p1", "event": "paid", "data": data, "source": "shop"}
    assert [inbox(run) for run in ("r1", "r2", "r3")] == [[("event", told)], [], [("event", told)]]
    with opened(None) as log:
        assert log.due(0.0) == ["r1"]
        assert len(log.announced()) == 1


def test_an_event_for_one_run_reaches_that_alone(cli, waiting):
    waiting(PAID)
    waiting(run="r2", status="running")

    said = cli("emit", "paid", "r2", "-o", "json").data

    assert (said["event"], said["runs"]) == ("paid", ["r2"])
    assert inbox("r1") == []
    assert inbox("r2")[0][1]["id"] == said["id"]


def test_an_event_that_no_run_hears_is_told_of(cli, waiting):
    waiting(status="failed")

    assert cli("emit", "paid", "--id", "x").err == (
        "event `paid` (x) reached no run: none is under way\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-d", "hello"], "`-d hello` is no JSON: write `-d name=value`, `-d @file`, or"),
        (["-d", "a=1", "-d", "[1]"], "`-d` is given several times: only `name=value` can be"),
        (["-d", "@none.json"], "the event's data cannot be read: none.json: no such file"),
        (["-d", "@ok.yaml"], "ok.yaml is no JSON: "),
        (["-d", "a=1", "-d", "a=2"], "value `a` is given twice: leave one out"),
        (['{"a": 1}'], "'{\"a\": 1}' is no run: data is written after `-d`"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_read_is_refused(cli, waiting, words, sentence):
    waiting(PAID)

    assert sentence in cli("emit", "paid", *words, code=2).err


def test_the_list_of_runs_tells_what_the_parked_ones_wait_for(cli, waiting):
    waiting(ASK, PAID, NAP)
    waiting(PAID, run="r2")
    waiting(NAP, run="r3")
    waiting(run="r4", due=80.0)
    waiting(run="r5", status="failed")

    text = cli("runs").out.splitlines()
    assert text[0].split()[-2:] == ["waits", "for"]
    assert text[1].split()[2] == "failed"
    assert "until 19" in text[2]
    assert "a time (nap) until" in text[3]
    assert "the event paid (get) until" in text[4]
    assert "approval of ask, since" in text[5]
    assert text[5].endswith(", and 2 more")
    data = cli("runs", "--status", "waiting", "-o", "json").data
    assert [row["run"] for row in data] == ["r4", "r3", "r2", "r1"]
    assert data[3]["waits"][0] == {
        "path": "ask", "what": "approval", "event": None, "prompt": "Ship it?",
        "who": ["ana", "bo"], "since": 60.0, "until": None,
    }  # fmt: skip
    assert "waits for" not in cli("runs", "--status", "failed").out
    assert cli("runs", "prune", "--older", "0s").out.startswith("removed 0 runs")


def test_a_damaged_log_does_not_hide_the_list(cli, waiting, project):
    import apsw

    waiting(PAID)
    file = apsw.Connection(str(Path(project) / ".ciranda" / "ciranda.db"))
    file.execute("UPDATE records SET payload = x'00'")
    file.close()

    assert "waiting" in cli("runs").out
