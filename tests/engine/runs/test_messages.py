"""What others say to a run: told from nonsense, and how far a run has listened."""

import msgspec
import pytest

from ciranda.errors import InputError
from ciranda.events import (
    ApprovalGiven,
    EventReceived,
    RunCancelled,
    RunCompleted,
    RunParked,
    RunResumed,
    StepWaits,
    TimerFired,
)
from ciranda.runs.answers import accepted
from ciranda.runs.messages import Answered, Emitted, Heard, decode, encode
from ciranda.runs.waits import Waits
from ciranda.store import Message


def message(kind, payload):
    return Message(7, "r1", kind, payload, 1.0)


@pytest.mark.parametrize(
    "said",
    [
        Emitted(id="e1", event="paid", data={"n": [1, None, "x"]}, source="shop"),
        Answered(path="a/0", approved=False, by="ana", form={"n": 1}),
    ],
)
def test_what_is_said_arrives_as_it_was_said(said):
    kind, payload, topic = encode(said)

    assert decode(message(kind, payload)) == said
    assert topic == getattr(said, "event", "")


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("event", b"\xc1", "message 7 to run r1 is no event: "),
        ("event", msgspec.msgpack.encode({"id": "x"}), "missing required field `event`"),
        ("answer", msgspec.msgpack.encode([1]), "message 7 to run r1 is no answer: Expected"),
        ("answer", msgspec.msgpack.encode({"path": 1}), "Expected `str`, got `int`"),
        ("event", b"\x91" * 100_000, "message 7 to run r1 is no event"),
        ("shout", b"", "message 7 to run r1 is of the unknown kind 'shout'"),
    ],
)
def test_nonsense_is_refused_with_its_place(kind, payload, reason):
    with pytest.raises(InputError, match=reason):
        decode(message(kind, payload))


def test_data_that_cannot_be_kept_is_not_sent():
    with pytest.raises(InputError, match="a message holds what cannot be kept: "):
        encode(Emitted(id="x", event="e", data=2**70))


def heard(*events):
    found = Heard()
    for event in events:
        found.apply(event)
    return found


def test_a_run_takes_what_follows_on_the_last_message_its_log_tells_of():
    told = [EventReceived(id="a", event="e", message=3), ApprovalGiven(
        path="p", approved=True, by="b", message=5), TimerFired(path="t")]  # fmt: skip

    assert heard().seen == 0
    assert heard(*told).seen == 5
    assert heard(*told, RunParked(seen=9)).seen == 9


def test_the_wish_to_stop_of_an_earlier_try_is_not_heard_unless_the_run_was_parked():
    parked = RunParked(seen=4)

    assert heard().deaf(6) == 6
    assert heard(parked).deaf(6) == 4
    assert heard(parked, RunResumed()).deaf(6) == 4  # a process that died may not have heard it
    assert heard(parked, RunCancelled(reason="x")).deaf(6) == 6
    assert heard(parked, RunCompleted(status="failed")).deaf(6) == 6


ASK = StepWaits(path="ask", what="approval", form={"n": {"type": "integer"}})


def test_a_step_that_asks_again_can_be_answered_again():
    waits = Waits("r1")
    waits.apply(ASK)
    waits.apply(ApprovalGiven(path="ask", approved=False, by="ana"))
    assert (list(waits.open), list(waits.given)) == ([], ["ask"])

    waits.apply(ASK)
    assert (list(waits.open), list(waits.given)) == (["ask"], [])

    waits.apply(TimerFired(path="ask"))
    assert not waits.open
    waits.apply(ASK)
    waits.apply(RunParked(due=8.0))
    assert waits.due == 8.0
    waits.apply(RunCompleted(status="failed"))
    assert not waits.open


def test_of_two_answers_at_once_the_second_is_refused():
    said = Answered(path="ask", approved=True, by="ana", form={"n": 1})

    assert accepted("r1", ASK, said) == {"n": 1}
    with pytest.raises(InputError, match="step `ask` of run r1 was rejected by bo already: the fi"):
        accepted("r1", ASK, said, ApprovalGiven(path="ask", approved=False, by="bo"))


@pytest.mark.parametrize("schema", [{"type": "nonsense"}, {"pattern": "("}, 3])
def test_a_form_that_is_declared_wrongly_refuses_the_answer(schema):
    asked = StepWaits(path="ask", what="approval", form={"n": schema})

    with pytest.raises(InputError, match="the field `n` of step `ask` of run r1 is declared wrong"):
        accepted("r1", asked, Answered(path="ask", approved=True, by="ana", form={"n": "x"}))
