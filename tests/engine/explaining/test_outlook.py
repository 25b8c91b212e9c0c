"""What a run would do, from the model alone: blocks at any depth, items, the longest way."""

import pytest

from ciranda.explaining import outlook
from ciranda.explaining.caching import changed_parts
from ciranda.explaining.sizes import combinations, items_of
from ciranda.explaining.wiring import levels, needs_within, paths_of
from ciranda.workflow.model import Block, Loop, Matrix, Step, Workflow
from ciranda.workflow.statuses import CONTEXT_FUNCTIONS


def action(name, **more):
    return Step(id=name, uses="data.read", **more)


def block(*steps, **more):
    return Block(steps={each.id: each for each in steps}, **more)


def foresee(*steps, handlers=None, known=None, took=None):
    workflow = Workflow(name="w", steps={each.id: each for each in steps}, handlers=handlers or {})
    edges = {name: step.needs for name, step in workflow.steps.items()}
    scope = {"inputs": known or {}, "env": {}}
    return outlook(workflow, edges, scope, took=took or {})


def test_steps_inside_of_steps_have_paths_and_numbers_of_their_own():
    inner = block(action("a"), action("b", with_={"path": "${{ steps.a.output }}"}))
    tried = Step(
        id="pay",
        body="try",
        blocks={"try": block(action("x")), "catch0": block(action("tell")),
                "finally": block(action("close"))},
        catches=(("timeout",),),
    )  # fmt: skip

    seen = foresee(
        Step(id="files", body="group", blocks={"steps": inner}, needs=("pay",)), tried,
        handlers={"on-failure": block(action("mail"))},
    )  # fmt: skip

    found = {each.path: (each.number, each.needs) for each in seen.steps()}
    assert found == {
        "pay": ("1", ()),
        "pay/x": ("1.1", ()),
        "pay/@catch0/tell": ("1.1", ()),
        "pay/@finally/close": ("1.1", ()),
        "files": ("2", ("pay",)),
        "files/a": ("2.1", ()),
        "files/b": ("2.2", ("a",)),
        "@on-failure/mail": ("1", ()),
    }
    assert set(paths_of(seen.workflow.steps)) | {"@on-failure/mail"} == set(found)
    assert [(part.title, part.when) for part in seen.main.steps[0].parts] == [
        ("", ""),
        ("catch", "timeout"),
        ("finally", "at the end, whatever became of it"),
    ]


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (1, ["if inputs.n > 5 (it is false)", "if steps.a.status == 'failed'", "otherwise"]),
        (9, ["if inputs.n > 5 (it holds)"] + ["never: an earlier case holds"] * 2),
    ],
)
def test_a_switch_tells_which_case_would_hold(n, told):
    cases = {f"case{number}": block(action("body"), result="body") for number in range(3)}
    texts = ("inputs.n > 5", "steps.a.status == 'failed'", None)

    seen = foresee(Step(id="pick", body="switch", blocks=cases, cases=texts), known={"n": n})

    assert [part.when for part in seen.main.steps[0].parts] == told


def test_the_critical_path_goes_through_the_slowest():
    seen = foresee(
        action("a"), action("b", estimate=5.0), action("c", needs=("a", "b")),
        Step(id="g", body="group", blocks={"steps": block(action("i"))}),
        took={"a": 1.0, "c": 2.0, "g/i": 0.5},
    )  # fmt: skip

    assert [each.path for each in seen.critical] == ["b", "c"]
    assert (seen.main.seconds, seen.main.whole) == (7.0, True)
    basis = {each.path: (each.seconds, each.basis) for each in seen.steps()}
    assert basis["g"] == (0.5, "inside")
    assert basis["b"] == (5.0, "estimate")


def test_what_would_be_skipped_takes_no_time():
    seen = foresee(action("a", if_="inputs.n > 1"), known={"n": 0}, took={"a": 9.0})

    assert seen.main.seconds == 0.0
    assert seen.critical == []


def test_a_condition_that_cannot_be_evaluated_says_so():
    (step,) = foresee(action("a", if_="inputs.n > 'x'"), known={"n": 1}).main.steps

    assert step.would == "depends"
    assert step.why.startswith("it cannot be evaluated: cannot compare")
    (step,) = foresee(action("a", if_="failed()")).main.steps
    assert step.why == "failed()"


def test_a_matrix_is_counted_as_github_does():
    axes = {"os": ["linux", "mac"], "n": [1, 2]}

    assert len(combinations(Matrix(axes))) == 4
    found = combinations(
        Matrix(axes, include=[{"os": "linux", "x": 1}, {"os": "bsd"}], exclude=[{"n": 2}])
    )
    assert found == [{"os": "linux", "n": 1, "x": 1}, {"os": "mac", "n": 1}, {"os": "bsd"}]
    assert combinations(Matrix(include=[{"a": 1}])) == [{"a": 1}]


def test_the_number_of_items_is_known_when_the_list_is():
    scope = {"inputs": {"rows": [1, 2, 3]}, "env": {}}

    def count(**more):
        return items_of(action("a", **more), scope, CONTEXT_FUNCTIONS)

    assert count(map="${{ inputs.rows }}") == 3
    assert count(map="${{ steps.b.output }}") is None
    assert count(map="${{ 5 }}") is None
    assert count(matrix=Matrix({"n": "${{ inputs.rows }}"})) == 3
    assert count(matrix=Matrix({"n": 7})) is None
    assert count() is None


def test_needs_come_from_what_is_read_at_any_depth():
    owner = Step(
        id="g", body="group", loop=Loop("steps.c.output < 3"),
        blocks={"steps": block(action("in", with_={"path": "${{ steps.a.output }}"}))},
    )  # fmt: skip

    assert needs_within(block(action("a"), action("c"), owner)) == {
        "a": (), "c": (), "g": ("c", "a"),
    }  # fmt: skip
    assert needs_within(block(action("a"), action("b"), order="sequence"))["b"] == ("a",)


def test_levels_do_not_recurse():
    chain = {str(n): (str(n - 1),) if n else () for n in range(3000)}

    assert len(levels(dict(reversed(chain.items())))) == 3000


def test_keys_of_another_version_tell_nothing():
    assert changed_parts(b"\xc1", b"\xc1") == []
    assert changed_parts(b"\x80", b"\x80") == []
