"""`ciranda eval` shows what a step would be given, or why it could not be."""

import os
import threading

import pytest


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("range(3)", "[0,1,2]"),
        ("{2, 1}", "[1,2]"),
        ("(1, (2,))", "[1,[2]]"),
        ("2 ** 62 > 1", "true"),
    ],
)
def test_a_value_is_shown_as_plain_data(cli, expression, text):
    assert cli("eval", expression).out == f"{text}\n"


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("1e308 * 10", "the result is inf, and only finite numbers can be kept\n    1e308 * 10"),
        ("2 ** 63", "the result is an integer beyond 64 bits"),
        ("{1: 2}", "the result has the key 1, and keys must be text"),
        ("range(10 ** 12)", "a range of more than 1,000,000 numbers is too long"),
    ],
)
def test_a_value_that_no_step_could_be_given_is_a_mistake(cli, expression, sentence):
    said = cli("eval", expression, code=2)

    assert sentence in said.err


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(cli, project):
    os.mkfifo(project / "pipe")

    said = cli("eval", "inputs.x", "-i", "x=@pipe", code=2).err
    assert said == "Error: input `x` cannot be read: pipe: nobody writes to this pipe\n"
    assert "nobody writes to" in cli("run", "ok.yaml", "--inputs-file", "pipe", code=2).err


def test_a_pipe_is_read_to_its_end_as_shells_hand_over_what_a_command_prints(cli):
    read, write = os.pipe()
    said = threading.Event()

    def late():
        said.wait(0.05)
        os.write(write, b"to")
        os.write(write, b"day\n")
        os.close(write)

    thread = threading.Thread(target=late)
    thread.start()
    try:
        assert cli("eval", "inputs.x", "-i", f"x=@/dev/fd/{read}").out == "today\n"
    finally:
        thread.join()
        os.close(read)
