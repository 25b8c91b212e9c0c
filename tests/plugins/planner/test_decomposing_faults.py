"""What makes no sense to the built-in decomposer, and what would take it long."""

import time

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_planner.faults import FaultKind


def faults(made):
    return [(fault.kind.value, fault.line) for fault in made.faults]


def test_everything_that_makes_no_sense_is_told_at_once_with_its_line(decompose):
    made = decompose(
        "- a1 (-2m)\n- b1 (takes soon)\n- c1 after lunch\n- d1 `x | y`\n- e1 `a` and `b`\n- [ ]\n"
        "- f1 each `*.zip`\n- g1 each `../*`\n- h1 `wc *.py`\n- i1 (-1 requests)\n- j1 `echo 'x`\n"
        "- k1 (purple priority)\n- l1 `uses: a.b with: {x: [}`\n- m1 `uses: a.b` `c`\n"
    )

    assert faults(made) == [
        ("invalid_duration", 1), ("invalid_duration", 2), ("unknown_dependency", 3),
        ("invalid_work", 4), ("invalid_work", 5), ("invalid_task", 6), ("no_files", 7),
        ("no_files", 8), ("invalid_work", 9), ("invalid_cost", 10), ("invalid_work", 11),
        ("invalid_field", 12), ("invalid_work", 13), ("invalid_work", 14),
    ]  # fmt: skip
    assert made.faults[2].message == (
        "`c1` names `lunch` as another task, and no item is: name another item of this list"
    )


def test_a_name_that_may_be_several_tasks_is_told_with_them(decompose):
    (fault,) = decompose("- unit tests\n- slow tests\n- ship after tests").faults

    assert fault.kind is FaultKind.AMBIGUOUS_DEPENDENCY
    assert fault.message.startswith("`tests` may be `unit tests`, `slow tests`: write more of")


def test_a_misspelt_name_is_told_with_the_nearest(decompose):
    (fault,) = decompose("- integration\n- ship after integratoin").faults

    assert "did you mean `integration`?" in fault.message


@pytest.mark.parametrize("text", ["", " \n ", "???", "# Title", "---", "```\ncode\n```", "!!!"])
def test_a_goal_without_anything_to_do_is_a_fault(decompose, text):
    assert {fault.kind.value for fault in decompose(text).faults} <= {"empty_plan", "invalid_task"}
    assert decompose(text).faults


def test_a_goal_of_which_everything_is_done_is_a_fault(decompose):
    (fault,) = decompose("- [x] a1\n- [x] b1").faults

    assert (fault.kind, fault.message) == (
        FaultKind.EMPTY_PLAN,
        "every item is ticked: there is nothing left to do",
    )


def test_questions_are_left_out_and_told(decompose):
    made = decompose("Count the lines. How are you?")

    assert len(made.tasks) == 1
    assert made.warnings == ("line 1 asks something and is no task",)


def test_a_long_chain_and_a_deep_nest_are_read(needs):
    steps = 2000
    found = needs("".join(f"1. step{n}\n" for n in range(steps)))
    assert found[f"step{steps - 1}"] == [f"step{steps - 2}"]

    nested = "".join(f"{' ' * 2 * n}- part{n} `x`\n" for n in range(200))
    assert needs(nested)["part0"] == ["part1"]


@pytest.mark.parametrize(
    "line", ["- finally do {}\n", "- do {} after everything else\n", "1. do {} (any time)\n"]
)
def test_needs_have_an_end(decompose, line):
    made = decompose("".join(line.format(n) for n in range(1500)))

    assert [fault.kind.value for fault in made.faults] == ["too_large"] * ("any" not in line)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(
    "line",
    [
        "- a (" + "1" * 3900 + ")\n", "- x " + "after " * 600 + "\n", "- x " + "(1m " * 900 + "\n",
        "- x " + "`" * 3000 + "\n", "- a" + ", then b" * 450 + "\n", "- a (" + "1m" * 1900 + "x)\n",
        "- after " + "a, " * 1200 + "b\n",
    ],
)  # fmt: skip
def test_hostile_lines_are_read_in_a_moment(decompose, line):
    before = time.process_time()

    decompose(line * 3)

    assert time.process_time() - before < 2.0  # a tenth of it on a quiet machine


def test_names_that_mean_nothing_are_told_up_to_an_end(decompose):
    assert 100 <= len(decompose("- do it after lunch\n" * 1000).faults) <= 110


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab -*+1.)(`[]x#\n\t,;:{}>?é\ue000ofter then2m|", max_size=80))
def test_no_text_breaks_the_rules_and_the_same_text_gives_the_same_tasks(decompose, text):
    made = decompose(text)

    assert made == decompose(text)
    assert bool(made.tasks) or bool(made.faults)
    assert len({task["id"] for task in made.tasks}) == len(made.tasks) or made.faults
