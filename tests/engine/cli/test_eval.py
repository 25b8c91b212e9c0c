"""`ciranda eval` shows what a step would be given, or why it could not be."""

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
