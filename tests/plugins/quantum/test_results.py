"""What a run hands out: plain data, whatever the template made of it."""

import pytest

from ciranda_quantum.plain import as_data, as_json

from .stage import run, value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("range(3)", [0, 1, 2]),
        ("(1, [2, (3, 4)])", [1, [2, [3, 4]]]),
        ("set([3, 1, 2])", [1, 2, 3]),
        ("set(['b', 2, 'a'])", [2, "a", "b"]),
        ("list(zip([1], ['a']))", [[1, "a"]]),
        ("dict(a=range(2), b=1)", {"a": [0, 1], "b": 1}),
        ("range(10 ** 12)", range(10**12)),
    ],
)
def test_a_result_holds_lists_only(expression, expected):
    made = value(f'<q:return value="{{{expression}}}"/>')

    assert made == expected
    assert type(made) is type(expected)


def test_variables_are_plain_and_what_was_handed_in_stays():
    given = (1, 2)
    made = run('<q:set name="a" value="{(t, 3)}"/>{t}', {"t": given}).variables

    assert made["a"] == [[1, 2], 3]
    assert made["t"] is given


def test_what_needs_no_change_stays_the_same_thing():
    rows = [{"a": [1, 2]}, {"a": []}]

    assert as_data(rows) is rows


def test_one_thing_in_many_places_stays_one_thing():
    shared: object = (1,)
    for _ in range(50):
        shared = [shared, shared]

    made = as_data(shared)

    assert made[0] is made[1]


def test_a_thing_within_itself_ends():
    loop: dict[str, object] = {"a": (1,)}
    loop["self"] = loop
    deep: object = (1,)
    for _ in range(5000):
        deep = [deep]

    assert as_data(loop)["a"] == [1]
    assert as_data(deep)


def test_results_are_written_as_json():
    assert as_json({"a": (1, float("nan")), 5: {3, 1}, "c": range(2)}) == (
        '{\n  "a": [\n    1,\n    null\n  ],\n  "5": [\n    1,\n    3\n  ],\n  "c": [\n    0,\n    1\n  ]\n}'
    )
