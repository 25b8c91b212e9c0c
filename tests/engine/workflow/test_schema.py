"""The one JSON Schema: what editors get."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from ciranda.actions import Action, action
from ciranda.workflow.load import parse
from ciranda.workflow.schema import workflow_schema

DATA = Path(__file__).parent / "data"


def says(schema: dict[str, Any], text: str) -> list[str]:
    validator = Draft202012Validator(schema)
    return ["/".join(map(str, error.instance_path)) for error in validator.iter_errors(parse(text))]


def step(text: str) -> str:
    return f"ciranda: 1\nsteps: {{a: {{{text}}}}}"


def test_it_is_a_schema_and_plain_json(actions: dict[str, Action]):
    for schema in (workflow_schema(), workflow_schema(actions)):
        assert meta.is_valid(schema)
        assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("name", ["settlement.yaml", "everything.yaml", "language.yaml"])
def test_the_examples_fit_with_and_without_actions(name: str, actions: dict[str, Action]):
    text = (DATA / name).read_text(encoding="utf-8")

    assert says(workflow_schema(), text) == []
    # An editor sees numbers where only we see what was written: text inputs are checked later.
    assert [at for at in says(workflow_schema(actions), text) if "maybe/with" not in at] == []


def test_an_editor_knows_the_inputs_of_an_action(actions: dict[str, Action]):
    schema = workflow_schema(actions)

    assert says(schema, step("uses: math.add, with: {x: 1}")) == []
    assert says(schema, step('uses: math.add, with: {x: "${{ inputs.n }}"}')) == []
    assert says(schema, step("uses: math.add, with: {x: one}")) == ["steps/a/with/x"]
    assert says(schema, step("uses: math.add, with: {x: 1, z: 1}")) == ["steps/a/with"]
    assert says(schema, step("uses: math.add, with: {}")) == ["steps/a/with"]
    assert says(schema, step("uses: math.add")) == ["steps/a"]


def test_an_expression_fits_deep_within_an_input(actions: dict[str, Action]):
    schema = workflow_schema(actions)

    assert says(schema, step('uses: text.say, with: {text: a, tags: ["${{ x }}", b]}')) == []
    assert says(schema, step('uses: text.say, with: {text: a, tags: "${{ x }}"}')) == []
    assert says(schema, step("uses: text.say, with: {text: a, tags: [[b]]}")) == [
        "steps/a/with/tags/0"
    ]
    assert (
        says(schema, step('uses: experts.verify, with: {intent: {id: a, amount: "${{ x }}"}}'))
        == []
    )


def test_an_action_that_is_not_installed_fits_any_inputs(actions: dict[str, Action]):
    assert says(workflow_schema(actions), step("uses: who.knows, with: {a: 1}")) == []


def test_an_editor_completes_and_explains(actions: dict[str, Action]):
    schema = workflow_schema(actions)
    properties = schema["$defs"]["step"]["properties"]

    assert properties["uses"]["anyOf"][0]["enum"] == sorted(actions)
    assert schema["$defs"]["with:math.add"]["description"] == "Add two numbers."
    assert schema["$defs"]["with:math.add"]["properties"]["x"]["description"] == "The first."
    undescribed = [name for name, each in properties.items() if "description" not in each]
    assert not undescribed


def test_definitions_inside_an_action_stay_reachable():
    def tree(node: dict[str, Any]) -> None:
        """Take a tree."""

    made = action("deep.tree")(tree)
    made.input_schema["properties"]["node"] = {"$ref": "#/$defs/Node"}
    made.input_schema["$defs"] = {
        "Node": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/Node"}},
            "required": ["name"],
        }
    }
    schema = workflow_schema({"deep.tree": made})

    assert says(schema, step("uses: deep.tree, with: {node: {name: a, next: {name: b}}}")) == []
    assert says(schema, step("uses: deep.tree, with: {node: {name: a, next: {name: 1}}}")) == [
        "steps/a/with/node/next/name"
    ]
