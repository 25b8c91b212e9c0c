"""Workflows as steps of others: what is read, what they take and give, and what they may not do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ciranda.actions import Action, action
from ciranda.errors import WorkflowError
from ciranda.workflow.check import Checked, check
from ciranda.workflow.load import load, loads
from ciranda.workflow.model import Step, Workflow
from ciranda.workflow.parts import attach, parts_of, steps_of

ADD = """ciranda: 1
inputs: {n: integer, by: {type: integer, default: 1}, note: {type: string, optional: true}}
steps: {add: {uses: math.add, with: {x: "${{ inputs.n }}", y: "${{ inputs.by }}"}}}
outputs: {total: "${{ steps.add.output }}"}
"""
KEYED = """ciranda: 1
inputs: {plain: {type: string, optional: true}, kept: {type: secret, optional: true}}
secrets: {KEY: {env: KEY}}
steps: {say: {run: echo, env: {K: "${{ secrets.KEY }}"}}}
"""


def reader(files: dict[str, str]) -> Callable[[Path], bytes]:
    def read(path: Path) -> bytes:
        return files[str(path)].encode()

    return read


def loaded(steps: str, **files: str) -> Workflow:
    text = f"ciranda: 1\nsecrets: {{S: {{env: S}}}}\nsteps:\n{steps}\n"
    named = {f"{name}.yaml": content for name, content in files.items()}
    return loads(text, file="f.yaml", read=reader(named))


def checked(actions: dict[str, Action], steps: str, **files: str) -> Checked:
    return check(loaded(steps, **files), actions)


def faults(actions: dict[str, Action], steps: str, **files: str) -> list[str]:
    with pytest.raises(WorkflowError) as caught:
        checked(actions, steps, **files)
    return [str(fault) for fault in caught.value.faults]


def test_a_workflow_as_a_step_is_a_block_of_it(actions: dict[str, Action]):
    result = checked(
        actions,
        """
  a: {uses: math.add, with: {x: 1}}
  b: {uses: ./add.yaml, with: {n: "${{ steps.a.output }}"}}
  c: {uses: math.add, with: {x: "${{ steps.b.output.total }}"}}""",
        add=ADD,
    )

    block = result.workflow.steps["b"].blocks["workflow"]
    assert result.edges == {"a": (), "b": ("a",), "c": ("b",)}
    assert block.workflow is not None
    assert block.workflow.file == "add.yaml"
    assert block.workflow.source == ADD.encode()
    assert list(block.steps) == ["add"]
    assert result.inner["b", "workflow"].edges == {"add": ()}
    assert result.inner["b", "workflow"].reads == frozenset()


def test_each_file_is_read_once_however_often_it_is_used(actions: dict[str, Action]):
    asked = []
    outer = "ciranda: 1\nsteps: {x: {uses: ./add.yaml, with: {n: 1}}}"

    def read(path: Path) -> bytes:
        asked.append(str(path))
        return {"add.yaml": ADD, "outer.yaml": outer}[str(path)].encode()

    workflow = loads(
        """ciranda: 1
steps:
  a: {uses: ./add.yaml, with: {n: 1}}
  b: {uses: ./outer.yaml}
  g: {steps: {c: {uses: ./sub/../add.yaml, with: {n: 2}}}}
""",
        file="f.yaml",
        read=read,
    )

    assert asked == ["add.yaml", "outer.yaml"]
    assert [part.file for part in parts_of(workflow)] == ["add.yaml", "outer.yaml", "f.yaml"]
    assert sorted(step.id for step in steps_of(workflow)) == ["a", "add", "b", "c", "g", "x"]
    assert set(check(workflow, actions).inner) == {
        ("a", "workflow"), ("b", "workflow"), ("b", "workflow", "x", "workflow"), ("g", "steps"),
        ("g", "steps", "c", "workflow"),
    }  # fmt: skip


def test_paths_lead_on_from_the_file_that_names_them(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "add.yaml").write_text(ADD)
    inner = "ciranda: 1\nsteps: {x: {uses: ../add.yaml, with: {n: 1}}}"
    (tmp_path / "sub" / "inner.yaml").write_text(inner)
    (tmp_path / "f.yaml").write_text("ciranda: 1\nsteps: {a: {uses: ./sub/inner.yaml}}")

    files = [part.file for part in parts_of(load(tmp_path / "f.yaml"))]

    assert [str(Path(file).relative_to(tmp_path)) for file in files] == [
        "add.yaml", "sub/inner.yaml", "f.yaml",
    ]  # fmt: skip


def test_a_file_outside_of_the_project_is_not_read(tmp_path: Path):
    (tmp_path / "add.yaml").write_text(ADD)
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "f.yaml").write_text("ciranda: 1\nsteps: {a: {uses: ../add.yaml, with: {n: 1}}}")

    with pytest.raises(WorkflowError) as caught:
        load(project / "f.yaml")

    assert str(caught.value) == (
        f"{project}/f.yaml:2:19: the workflow of step `a` leads out of the project {project}: "
        "`../add.yaml`"
    )


def test_a_file_that_is_not_there_is_missed_where_it_is_named(tmp_path: Path):
    (tmp_path / "add.yaml").write_text(ADD)
    (tmp_path / "f.yaml").write_text(
        "ciranda: 1\nsteps: {a: {uses: ./ad.yaml}, b: {uses: ./ad.yaml}}"
    )

    with pytest.raises(WorkflowError) as caught:
        load(tmp_path / "f.yaml")

    assert str(caught.value) == (
        f"{tmp_path}/f.yaml:2:19: `./ad.yaml` cannot be used: there is no such file "
        f"(did you mean `{tmp_path}/add.yaml`?)"
    )


def test_faults_of_all_files_come_at_once_each_with_its_own_place():
    with pytest.raises(WorkflowError) as caught:
        loaded(
            "  a: {uses: ./one.yaml}\n  b: {uses: ./two.yaml}\n  c: {uses: ../out.yaml}",
            one="ciranda: 1\nsteps: {a: {uses: math.add, wiht: {}}}",
            two="ciranda: 1\nsteps: {a: [",
        )

    places = [(each.file, each.line, each.column) for each in caught.value.faults]
    assert places == [("f.yaml", 6, 13), ("one.yaml", 2, 29), ("two.yaml", 2, 12)]


def test_what_is_wrong_inside_is_said_of_the_inner_file(actions: dict[str, Action]):
    inner = 'ciranda: 1\nsteps:\n  x: {run: [echo, "${{ steps.a.output }}", "${{ inputs.n }}"]}'

    assert faults(actions, "  a: {run: echo}\n  b: {uses: ./in.yaml}", **{"in": inner}) == [
        "in.yaml:3:30: there is no step `a`",
        "in.yaml:3:56: there is no input `n` (declare it: `inputs: {n: string}`)",
    ]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("{}", "4:18: `./add.yaml` needs the input `n`"),
        ("{n: x}", "4:37: input `n` of `./add.yaml` must be a whole number of 64 bits, not `x`"),
        ("{n: 1, bi: 2}", "4:40: `./add.yaml` has no input `bi` (did you mean `by`?)"),
        (
            "{n: 1, colour: 2}",
            "4:40: `./add.yaml` has no input `colour` (it takes `n`, `by`, `note`)",
        ),
        (
            '{n: "${{ run.name }}"}',
            "4:42: input `n` of `./add.yaml` must be a whole number, and this gives text",
        ),
    ],
)
def test_inputs_are_checked_as_those_of_an_action_are(
    actions: dict[str, Action], inputs: str, message: str
):
    found = faults(actions, f"  a: {{uses: ./add.yaml, with: {inputs}}}", add=ADD)

    assert len(found) == 1
    assert found[0].partition(": ")[2] == message.partition(": ")[2]
    assert found[0].startswith("f.yaml:4:")


def test_text_inputs_take_what_was_written(actions: dict[str, Action]):
    result = checked(
        actions, "  a: {uses: ./add.yaml, with: {n: 1, note: 3.10}}", add=ADD
    )  # fmt: skip

    assert result.workflow.steps["a"].with_ == {"n": 1, "note": "3.10"}


def test_an_output_that_it_does_not_have_is_a_fault(actions: dict[str, Action]):
    steps = """
  a: {uses: ./add.yaml, with: {n: 1}}
  b: {run: [echo, "${{ steps.a.output.totl }}"]}
  c: {uses: text.say, with: {text: "${{ steps.a.output.total }}"}}"""

    assert faults(actions, steps, add=ADD) == [
        "f.yaml:6:39: there is no property 'totl' (did you mean `total`?)",
        "f.yaml:7:41: input `text` of `text.say` must be text, and this gives a whole number",
    ]


def test_a_secret_that_is_not_passed_is_a_fault_where_it_is_read(actions: dict[str, Action]):
    assert faults(actions, "  a: {uses: ./keyed.yaml}", keyed=KEYED) == [
        "keyed.yaml:4:48: the secret `KEY` is not passed to this workflow by step `a` of f.yaml "
        "(write `secrets: {KEY: ${{ secrets.KEY }}}` there)"
    ]


def test_secrets_are_passed_by_name_and_as_secrets(actions: dict[str, Action]):
    steps = """
  a: {uses: ./keyed.yaml, secrets: {KEY: "${{ secrets.S }}"}, with: {kept: "${{ secrets.S }}"}}"""
    wrong = """
  a: {uses: ./keyed.yaml, secrets: {KEY: abc, KEI: "${{ secrets.S }}"}}
  b: {uses: ./keyed.yaml, secrets: {KEY: "${{ secrets.T }}"}, with: {plain: "${{ secrets.S }}"}}"""

    checked(actions, steps, keyed=KEYED)
    assert faults(actions, wrong, keyed=KEYED) == [
        "f.yaml:5:42: the secret `KEY` is written out: a file is no place for it "
        "(write `KEY: ${{ secrets.KEY }}`)",
        "f.yaml:5:47: `./keyed.yaml` has no secret `KEI` (did you mean `KEY`?)",
        "f.yaml:6:55: there is no secret `T` (declare it: `secrets: {T: {env: T}}`)",
        "f.yaml:6:90: the secret `S` would be no secret any more: `plain` of `./keyed.yaml` is an "
        "ordinary input (pass it on: `secrets: {S: ${{ secrets.S }}}`)",
    ]


def test_a_workflow_that_uses_itself_is_a_fault_that_names_the_way():
    one = "ciranda: 1\nsteps: {x: {uses: ./two.yaml}}"
    two = "ciranda: 1\nsteps: {g: {steps: {y: {uses: ./one.yaml}}}}"

    with pytest.raises(WorkflowError) as caught:
        loaded("  a: {uses: ./one.yaml}", one=one, two=two)

    assert [str(fault) for fault in caught.value.faults] == [
        "one.yaml:2:19: this workflow uses itself without end: `one.yaml` → `two.yaml` → "
        "`one.yaml` (give the step an `if` that ends it, or repeat with `while` or `map` instead)"
    ]


def test_a_workflow_that_names_itself_is_a_fault(tmp_path: Path):
    (tmp_path / "f.yaml").write_text("ciranda: 1\nsteps: {a: {uses: ./f.yaml}}")

    with pytest.raises(WorkflowError, match=r"uses itself without end: `.*f.yaml` → `.*f.yaml`"):
        load(tmp_path / "f.yaml")


def tower(height: int) -> dict[str, str]:
    files = {
        f"t{at}.yaml": f"ciranda: 1\nsteps: {{x: {{uses: ./t{at + 1}.yaml}}}}"
        for at in range(height)
    }
    return {**files, f"t{height}.yaml": "ciranda: 1\nsteps: {x: {run: echo}}"}


def test_workflows_are_nested_as_deep_as_is_allowed_and_no_deeper(actions: dict[str, Action]):
    high, higher = tower(64), tower(65)

    assert (
        len(check(loads(high["t0.yaml"], file="t0.yaml", read=reader(high)), actions).inner) == 64
    )
    with pytest.raises(WorkflowError, match=r"t0\.yaml:2:19: workflows are nested deeper than 64"):
        loads(higher["t0.yaml"], file="t0.yaml", read=reader(higher))


def test_files_that_double_each_other_are_refused():
    files = {
        f"t{at}.yaml": f"ciranda: 1\nsteps: {{x: {{uses: ./t{at + 1}.yaml}}, "
        f"y: {{uses: ./t{at + 1}.yaml}}}}"
        for at in range(40)
    }
    files["t40.yaml"] = "ciranda: 1\nsteps: {x: {run: echo}}"

    with pytest.raises(WorkflowError, match="have more than 100,000 steps"):
        loads(files["t0.yaml"], file="t0.yaml", read=reader(files))


def test_a_workflow_that_was_not_read_is_a_fault(actions: dict[str, Action]):
    step = Step(id="a", body="workflow", uses="./add.yaml")
    built = Workflow(name="w", steps={"a": step})

    with pytest.raises(WorkflowError, match=r"`\./add\.yaml` was not read"):
        check(built, actions)
    with_it = attach(built, reader({"add.yaml": ADD}))
    with pytest.raises(WorkflowError, match=r"`\./add\.yaml` needs the input `n`"):
        check(with_it, actions)


def test_kinds_of_an_inner_file_can_be_caught_outside(actions: dict[str, Action]):
    inner = "ciranda: 1\nsteps: {x: {fail: {kind: sold.out, message: none left}}}"
    steps = "  t: {try: {a: {uses: ./in.yaml}}, catch: [{on: sold, steps: {b: {run: echo}}}]}"

    checked(actions, steps, **{"in": inner})
    assert (
        "no failure has the kind `sold`"
        in faults(
            actions,
            steps,
            **{"in": ADD.replace("n: integer, ", "").replace("inputs.n", "inputs.by")},
        )[0]
    )


def test_what_an_early_end_gives_is_an_output_too(actions: dict[str, Action]):
    inner = """ciranda: 1
inputs: {n: integer}
steps: {x: {if: inputs.n > 1, succeed: {outputs: {early: 1}}}}
outputs: {late: 2}
"""
    steps = """
  a: {uses: ./in.yaml, with: {n: 1}}
  b: {run: [echo, "${{ steps.a.output.early ?? steps.a.output.late }}"]}
  c: {run: [echo, "${{ steps.a.output.erly }}"]}"""

    assert faults(actions, steps, **{"in": inner}) == [
        "f.yaml:7:39: there is no property 'erly' (did you mean `early`?)"
    ]


def test_kinds_that_actions_declare_and_joins_fail_with_are_known(actions: dict[str, Action]):
    @action("shop.buy", errors={"till.shut": True}, raises={KeyError: "stock.gone"})
    def buy() -> None: ...

    step = "  s: {uses: shop.buy, retry: {on: [till, stock.gone]}, continue-on-error: [join]}"
    checked(actions | {"shop.buy": buy}, step)
    found = faults(actions, step.replace("shop.buy", "text.say"))
    assert any("no failure has the kind `till`" in fault for fault in found)
