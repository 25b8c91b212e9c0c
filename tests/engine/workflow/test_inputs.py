"""The inputs of a run."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share

from ciranda.errors import InputError, WorkflowError
from ciranda.expressions import Secret
from ciranda.workflow.check import check
from ciranda.workflow.inputs import project_root, resolve_inputs
from ciranda.workflow.load import loads
from ciranda.workflow.model import Workflow


def declaring(inputs: str, file: str = "<string>") -> Workflow:
    return loads(
        f"ciranda: 1\nname: flow\ninputs: {{{inputs}}}\nsteps: {{a: {{run: x}}}}", file=file
    )


def one(declaration: str, given: Any) -> Any:
    return resolve_inputs(declaring(f"v: {declaration}"), {"v": given})["v"]


@pytest.mark.parametrize(
    ("declaration", "given", "value"),
    [
        ("string", "007", "007"),
        ("integer", "42", 42),
        ("integer", " -7 ", -7),
        ("integer", 3, 3),
        ("number", "1.5", 1.5),
        ("number", "2", 2),
        ("number", "1e3", 1000.0),
        ("number", 0.25, 0.25),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", False, False),
        ("array", "[1, 2]", [1, 2]),
        ("array", (1, "x"), [1, "x"]),
        ("object", '{"a": [1]}', {"a": [1]}),
        ("object", {"a": Path("x")}, {"a": "x"}),
        ("duration", "1m30s", 90.0),
        ("duration", 5, 5.0),
        ("duration", timedelta(minutes=2), 120.0),
        ("datetime", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("datetime", datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00+00:00"),
        ("datetime", date(2026, 1, 31), "2026-01-31"),
        ("{enum: [red, green]}", "red", "red"),
        ("{type: integer, enum: [1, 2]}", "2", 2),
        ("{type: array, items: {type: integer}}", "[1, 2]", [1, 2]),
        ("{pattern: '^a+$'}", "aa", "aa"),
    ],
)
def test_a_value_is_read_by_its_declared_type(declaration: str, given: Any, value: Any):
    found = one(declaration, given)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("declaration", "given", "message"),
    [
        ("string", 3, "input `v` must be text, not `3`"),
        ("integer", "3.0", "must be a whole number of 64 bits, not `3.0`"),
        ("integer", True, "must be a whole number of 64 bits, not `true`"),
        ("integer", "99999999999999999999", "must be a whole number of 64 bits"),
        ("integer", 2**63, "must be a whole number of 64 bits"),
        ("number", "many", "must be a finite number, not `many`"),
        ("number", float("inf"), "must be a finite number"),
        ("boolean", "yes", "must be true or false, not `yes`"),
        ("boolean", 1, "must be true or false, not `1`"),
        ("array", "a,b", "must be a JSON array such as `.*`, not `a,b`"),
        ("array", '{"a": 1}', "must be a JSON array"),
        ("array", "[NaN]", "must be a JSON array"),
        ("array", "[" * 100_000, "must be a JSON array"),
        ("array", [object()], "holds what cannot be kept"),
        ("object", "[1]", "must be a JSON object"),
        ("path", "", "must be a path, and this is no name of a file"),
        ("path", "a\0b", "must be a path, and this is no name of a file"),
        ("path", 3, "must be a path, not `3`"),
        ("duration", "5", "cannot be read: `5` is not a duration such as .*; write `5s`"),
        ("duration", -1, "must be a duration such as `30s`, not `-1`"),
        ("datetime", "soon", "must be a date and time such as `2026-01-31T12:00:00Z`, not `soon`"),
        ("{enum: [red, green]}", "blue", "must be one of `red`, `green`, not `blue`"),
        ("{type: integer, minimum: 1}", "0", "must be at least 1, not `0`"),
        ("{type: number, maximum: 1.5}", 2, "must be at most 1.5, not `2`"),
        ("{pattern: '^a+$'}", "b", r"must match `\^a\+\$`, not be `b`"),
        (
            "{type: array, items: {type: integer}}",
            '[1, "x"]',
            r"at `v\[1\]` must be a whole number",
        ),
        ("{type: object, properties: {a: {type: string}}}", {"a": 1}, r"at `v\.a` must be text"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(declaration: str, given: Any, message: str):
    with pytest.raises(InputError, match=message):
        one(declaration, given)


def test_everything_wrong_is_said_at_once():
    workflow = declaring(
        "name: string, count: {type: integer, description: how many}, flag: boolean"
    )

    with pytest.raises(InputError) as caught:
        resolve_inputs(workflow, {"nmae": "x", "flag": "perhaps", "colour": "red"})

    assert str(caught.value).splitlines() == [
        "the workflow `flow` has no input `nmae` (did you mean `name`?)",
        "the workflow `flow` has no input `colour` (it declares `name`, `count`, `flag`)",
        "input `name` is missing: give it with `-i name=...`",
        "input `count` is missing (how many): give it with `-i count=...`",
        "input `flag` must be true or false, not `perhaps`",
    ]


def test_a_workflow_without_inputs_takes_none():
    workflow = loads("ciranda: 1\nname: flow\nsteps: {a: {run: x}}")

    with pytest.raises(InputError, match=r"has no input `a` \(it declares none\)"):
        resolve_inputs(workflow, {"a": 1})


def test_defaults_are_read_by_the_type_and_never_shared():
    workflow = declaring(
        "a: {type: array, default: [1]}, d: {type: duration, default: 1m}, v: {default: 3.10}"
    )

    first = resolve_inputs(workflow, {})
    first["a"].append(2)

    assert resolve_inputs(workflow, {}) == {"a": [1], "d": 60.0, "v": "3.10"}


def test_an_optional_input_is_null():
    assert resolve_inputs(declaring("a: {type: integer, optional: true}"), {}) == {"a": None}


def test_an_optional_input_that_is_null_is_left_out():
    declared = declaring(
        "a: {type: path, optional: true}, b: {type: integer, optional: true, default: 3}"
    )

    assert resolve_inputs(declared, {"a": None, "b": None}) == {"a": None, "b": 3}
    with pytest.raises(InputError, match="input `a` must be a path, not null"):
        resolve_inputs(declaring("a: path"), {"a": None})


def test_a_secret_shows_nothing():
    workflow = declaring("key: secret")

    found = resolve_inputs(workflow, {"key": "hush"})["key"]

    assert isinstance(found, Secret)
    assert found.reveal() == "hush"
    assert found.name == "key"
    with pytest.raises(InputError, match=r"^input `key` must be text$"):
        resolve_inputs(workflow, {"key": 1234})


def test_given_paths_start_at_the_working_directory_and_written_ones_at_the_file(tmp_path: Path):
    (tmp_path / "ciranda.toml").touch()
    folder = tmp_path / "flows"
    folder.mkdir()
    workflow = declaring("a: path, b: {type: path, default: ../data/b.csv}", str(folder / "f.yaml"))

    found = resolve_inputs(workflow, {"a": "x/a.csv"}, base=tmp_path / "elsewhere")

    assert found == {
        "a": str(tmp_path / "elsewhere/x/a.csv"),
        "b": str(tmp_path / "data/b.csv"),
    }


@pytest.mark.parametrize("default", ["../../secret", "/etc/passwd", "link/x", "a/../../../x"])
def test_written_paths_stay_inside_the_project(tmp_path: Path, default: str):
    project = tmp_path / "project"
    project.mkdir()
    (project / "ciranda.toml").touch()
    (project / "link").symlink_to(tmp_path)
    workflow = declaring(f"p: {{type: path, default: {default}}}", str(project / "f.yaml"))

    with pytest.raises(InputError, match="leads out of the project"):
        resolve_inputs(workflow, {})


def test_given_paths_may_lead_anywhere(tmp_path: Path):
    assert resolve_inputs(declaring("p: path"), {"p": "/etc/hosts"}, base=tmp_path) == {
        "p": "/etc/hosts"
    }


def test_a_project_begins_at_its_mark(tmp_path: Path):
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)

    assert project_root(inner) in (inner, *inner.parents)
    (tmp_path / "a/.git").mkdir()
    assert project_root(inner) == tmp_path / "a"


@given(st.integers(-(2**63), 2**63 - 1))
@settings(deadline=None)
def test_every_integer_can_be_given_as_text(number: int):
    assert one("integer", str(number)) == number


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "path",
                     "duration", "datetime", "secret"]),
    json_values,
)  # fmt: skip
@settings(deadline=None, max_examples=share(300))
def test_any_value_is_taken_or_refused(kind: str, value: Any):
    with suppress(InputError):
        one(kind, value)


def test_allowed_texts_are_those_that_are_written():
    workflow = declaring("v: {enum: [1, 2.50, true]}")

    assert resolve_inputs(workflow, {"v": "2.50"}) == {"v": "2.50"}
    with pytest.raises(InputError, match=r"must be one of `1`, `2\.50`, `true`, not `2\.5`"):
        resolve_inputs(workflow, {"v": "2.5"})


def test_a_default_path_that_leads_out_is_known_before_a_run(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    workflow = declaring("v: {type: path, default: ../x}", file=str(tmp_path / "f.yaml"))

    with pytest.raises(WorkflowError, match=r"f.yaml:3:\d+: the default of the input `v` leads"):
        check(workflow, {})
