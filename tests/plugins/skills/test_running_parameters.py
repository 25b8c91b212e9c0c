"""Parameters: where their schema comes from, what fits, and defaults."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ciranda_skills.format import Skill
from ciranda_skills.running import ParameterError, Parameters, Runner, Status, parameters_of

from .running_fixtures import on_asyncio as anyio_backend, runner, skill
from .running_stage import make_skill

__all__ = ["anyio_backend", "runner", "skill"]


ENUMS = """
import enum
from enum import Enum
class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"
    _ignore_ = []
    def shown(self): return 1
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
class Size(enum.StrEnum):
    SMALL = enum.auto()
    LARGE = enum.auto()
class Open(Enum):
    A = object()
"""


def of(tmp_path: Path, files: dict[str, str | bytes], metadata: str = "") -> Parameters:
    found = parameters_of(make_skill(tmp_path, files, metadata=metadata), "scripts/a.py")
    assert found is not None
    return found


def test_a_signature_says_names_types_and_defaults(tmp_path: Path) -> None:
    source = """
        def execute(path: str, n: int = 3, ratio: "float" = 0.5, *, flag: bool = False,
                    tags: list[str] = [], more: dict | None = None, odd=object(), any_one=1):
            pass
    """

    found = of(tmp_path, {"scripts/a.py": source}).schema

    assert found == {
        "type": "object",
        "properties": {
            "path": {"type": "string"},
            "n": {"type": "integer", "default": 3},
            "ratio": {"type": "number", "default": 0.5},
            "odd": {},
            "any_one": {"default": 1},
            "flag": {"type": "boolean", "default": False},
            "tags": {"type": "array", "default": []},
            "more": {"type": ["null", "object"], "default": None},
        },
        "required": ["path"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("x: int = None", {"type": ["integer", "null"], "default": None}),
        ("x: Path", {}),
        ("x: int | str", {"type": ["integer", "string"]}),
        ("x: list[int] = [1]", {"type": "array", "default": [1]}),
        ("x: Optional[int]", {"type": ["integer", "null"]}),
        ("x: 't.Optional[int]' = 3", {"type": ["integer", "null"], "default": 3}),
        ("x: Union[int, None, 'str']", {"type": ["integer", "null", "string"]}),
        ("x: Annotated[int, 'how many']", {"type": "integer"}),
        ("x: Literal['a', 'b'] = 'a'", {"enum": ["a", "b"], "default": "a"}),
        ("x: typing.Literal[1, True, 1]", {"enum": [1, True]}),
        ("x: Literal['a'] | None", {"enum": ["a", None]}),
        ("x: Literal['a'] = None", {"enum": ["a", None], "default": None}),
        ("x: Literal['a'] | int", {"type": ["integer", "string"]}),
        ("x: Literal[b'a']", {}),
        ("x: Literal[B.b]", {}),
        ("x: Colour", {"enum": ["red", "blue"]}),
        ("x: Optional[Colour] = None", {"enum": ["red", "blue", None], "default": None}),
        ("x: Level = Level.LOW", {"enum": [1, 2]}),
        ("x: Size", {"enum": ["small", "large"]}),
        ("x: list[Colour]", {"type": "array"}),
        ("x: Open", {}),
        ("x: '('", {}),
        ("x={1, 2}", {}),
        ("x=1 + 1", {}),
        ("*, x: bool", {"type": "boolean"}),
    ],
)
def test_one_argument_becomes_one_property(
    tmp_path: Path, argument: str, expected: dict[str, Any]
) -> None:
    found = of(tmp_path, {"scripts/a.py": f"{ENUMS}def main({argument}): pass\n"}).schema

    assert found["properties"] == {"x": expected}
    assert json.loads(json.dumps(found)) == found


async def test_values_that_a_hint_names_are_the_only_ones(runner: Runner, tmp_path: Path) -> None:
    skill = make_skill(
        tmp_path,
        {"scripts/a.py": f"{ENUMS}def execute(x: Colour = None): return [x, x == 'red']\n"},
    )

    good = await runner.run(skill, params={"x": "red"})
    wrong = await runner.run(skill, params={"x": "green"})

    assert good.json == ["red", True]  # as JSON has it, whatever class the hint names
    assert wrong.status is Status.REFUSED
    assert 'x: "green" is not one of "red", "blue"' in wrong.message


def test_a_file_beside_the_script_comes_before_metadata_and_signature(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "def execute(z): pass"}
    metadata = 'metadata:\n  parameters: \'{"required": ["y"]}\'\n'

    assert of(tmp_path, files).schema["required"] == ["z"]
    assert of(tmp_path, files, metadata).schema == {"required": ["y"]}
    files["scripts/a.schema.json"] = '{"required": ["x"]}'
    assert of(tmp_path, files, metadata).schema == {"required": ["x"]}


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x.json", "file:///etc/hostname"])
def test_a_schema_has_nothing_fetched_for_it(tmp_path: Path, address: str) -> None:
    schema = json.dumps({"$ref": address})

    with pytest.raises(ParameterError, match=r"is not a JSON Schema: .*is not fetched"):
        of(tmp_path, {"scripts/a.py": "x = 1", "scripts/a.schema.json": schema})


def test_a_script_without_any_takes_anything(tmp_path: Path) -> None:
    skill = make_skill(tmp_path, {"scripts/a.py": "print(1)", "scripts/b.sh": ""})

    assert parameters_of(skill, "scripts/a.py") is None
    assert parameters_of(skill, "scripts/b.sh") is None


@pytest.mark.parametrize("text", ["{", "[]", '"x"', '{"type": 3}', "[" * 100_000])
def test_what_is_no_schema_is_told_by_its_file(tmp_path: Path, text: str) -> None:
    files: dict[str, str | bytes] = {"scripts/a.py": "", "scripts/a.schema.json": text}

    with pytest.raises(ParameterError, match=r"^`scripts/a.schema.json` is not a JSON Schema"):
        of(tmp_path, files)


def test_defaults_are_filled_in_within_objects_too() -> None:
    inner = {"type": "object", "properties": {"deep": {"default": [1]}}, "default": {}}
    taken = Parameters({"properties": {"n": {"default": None}, "inner": inner, "x": True}})
    given: dict[str, Any] = {"x": 1}

    filled = taken.fill(given, "a.py")
    filled["inner"]["deep"].append(2)

    assert filled == {"x": 1, "n": None, "inner": {"deep": [1, 2]}}
    assert given == {"x": 1}
    assert taken.fill({}, "a.py") == {"n": None, "inner": {"deep": [1]}}


def test_each_parameter_that_does_not_fit_is_named() -> None:
    taken = Parameters(
        {"properties": {"n": {"type": "integer"}, "s": {"enum": ["a"]}}, "required": ["z"]}
    )

    with pytest.raises(ParameterError) as told:
        taken.fill({"n": "one", "s": "b"}, "a.py")

    said = str(told.value)
    assert said.startswith("`a.py` cannot take these parameters: ")
    assert all(word in said for word in ("n:", '"one"', "s:", '"z" is a required property'))


@pytest.mark.anyio
@pytest.mark.parametrize("warm", [False, True], ids=["fresh", "warm"])
class TestCalling:
    async def test_what_a_function_returns_is_bound_as_what_is_written_is(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill({"scripts/a.py": "def execute(): return 'é' * 100"})

        whole = await runner.run(made, warm=warm, max_output=203)
        cut = await runner.run(made, warm=warm, max_output=10)

        assert (len(whole.stdout), whole.stdout_total_bytes, whole.truncated) == (103, 203, False)
        assert (cut.stdout, cut.stdout_total_bytes, cut.truncated) == ('"éééé', 203, True)
        assert cut.json == whole.json == "é" * 100

    async def test_a_function_is_called_though_its_script_prints_first(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill({"scripts/a.py": "print('{}')\ndef execute(x: int = 4): return x"})

        found = await runner.run(made, warm=warm)

        assert (found.json, found.stdout) == (4, "{}\n")

    async def test_a_function_gets_its_parameters_and_answers(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill(
            {"scripts/a.py": "def execute(x: int, y: int = 3):\n    return {'sum': x + y}"}
        )

        given = await runner.run(made, params={"x": 1}, warm=warm)
        refused = await runner.run(made, params={"x": "one"}, warm=warm)
        missing = await runner.run(made, warm=warm)

        assert (given.json, given.stdout, given.status) == ({"sum": 4}, '{"sum": 4}\n', Status.OK)
        assert (refused.status, refused.kind) == (Status.REFUSED, "skills.parameters")
        assert '"x" is a required property' in missing.message

    async def test_what_it_prints_stays_apart_from_its_answer(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill({"scripts/a.py": "def main(x=1):\n    print('{\"x\": 9}')\n    return x"})

        outcome = await runner.run(made, params={"x": [1, None]}, warm=warm)

        assert (outcome.stdout, outcome.json) == ('{"x": 9}\n', [1, None])

    async def test_parameters_may_come_on_stdin(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill({"scripts/a.py": "async def execute(x: int = 1):\n    return x + 1"})

        assert (await runner.run(made, stdin=b'{"x": 5}', warm=warm)).json == 6
        assert (await runner.run(made, stdin=b"no json", warm=warm)).json == 2
        assert (await runner.run(made, stdin=b"[1]", warm=warm)).json == 2

    async def test_an_answer_that_is_not_plain_is_told(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill({"scripts/a.py": "def execute():\n    return object()"})

        outcome = await runner.run(made, warm=warm)

        assert (outcome.status, outcome.exit_code, outcome.json) == (Status.FAILED, 1, None)
        assert "TypeError" in outcome.stderr

    async def test_a_function_that_fails_tells_where(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        made = skill({"scripts/a.py": "def execute():\n    print('on')\n    return 1 / 0\n"})

        outcome = await runner.run(made, warm=warm)

        assert (outcome.status, outcome.stdout) == (Status.FAILED, "on\n")
        assert outcome.stderr.startswith("Traceback (most recent call last):\n  File ")
        assert outcome.stderr.count("File ") == 1

    async def test_a_script_without_a_function_reads_them_on_stdin(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        schema = {"properties": {"n": {"default": 3}}}
        made = skill(
            {
                "scripts/a.py": "import json, sys\njson.dump(json.load(sys.stdin), sys.stdout)",
                "scripts/a.schema.json": json.dumps(schema),
                "scripts/b.sh": "cat\n",
            }
        )

        assert (await runner.run(made, "a", params={"x": 1}, warm=warm)).json == {"x": 1, "n": 3}
        assert (await runner.run(made, "b", params={"x": 1}, warm=warm)).json == {"x": 1}
        assert (await runner.run(made, "b", stdin=b"7", params={}, warm=warm)).json == 7

    async def test_a_main_for_the_command_line_runs_as_a_file(
        self, runner: Runner, skill: Callable[..., Skill], warm: bool
    ) -> None:
        source = """
            import json, sys
            def main(argv=None):
                print(json.dumps([sys.argv[1:], sys.stdin.read()]))
            if __name__ == "__main__":
                main()
        """
        made = skill({"scripts/a.py": source})

        outcome = await runner.run(made, args=["x"], params={"n": 1}, warm=warm)

        assert outcome.json == [["x"], '{"n": 1}']
