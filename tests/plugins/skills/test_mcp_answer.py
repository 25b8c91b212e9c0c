"""What a client is told of a run."""

import pytest

from ciranda_skills.mcp.server.answer import answer_to, refusal
from ciranda_skills.running import Outcome, Status


def test_what_a_function_returned_is_text_too():
    answer = answer_to(Outcome(status=Status.OK, json={"a": [1]}))

    assert (answer.texts, answer.structured) == (('{"a":[1]}',), {"a": [1]})


@pytest.mark.parametrize("value", [0, False, "", [], 1.5])
def test_a_value_that_is_no_object_is_put_into_one(value):
    assert answer_to(Outcome(status=Status.OK, json=value)).structured == {"result": value}


def test_text_is_no_structure():
    assert answer_to(Outcome(status=Status.OK, stdout="x\n")).structured is None


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.OK])
def test_every_other_end_is_a_failure_with_its_status(status):
    answer = answer_to(Outcome(status=status, stderr=" why\n", signal=9))

    assert answer.failed
    assert answer.texts == (f"the script ended as {status}\nwhy",)
    assert answer.structured is not None
    assert (answer.structured["status"], answer.structured["signal"]) == (str(status), 9)


def test_of_long_diagnostics_the_end_is_in_the_text_and_all_in_the_structure():
    outcome = Outcome(status=Status.FAILED, message="it failed", stderr="x" * 9000 + "end")
    answer = answer_to(outcome)

    assert answer.texts[0].startswith("it failed\nxxx")
    assert answer.texts[0].endswith("end")
    assert len(answer.texts[0]) < 4100
    assert answer.structured is not None
    assert len(answer.structured["stderr"]) == 9003


def test_a_refusal_says_why():
    answer = refusal("too many", "skills.crowded")

    assert (answer.failed, answer.texts) == (True, ("too many",))
    assert answer.structured is not None
    assert answer.structured["kind"] == "skills.crowded"
