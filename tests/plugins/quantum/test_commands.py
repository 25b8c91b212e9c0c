"""`ciranda quantum`: the contract of its output, its faults and its exit codes."""

import io
import json
import sys
from xml.etree import ElementTree

import pytest

from ciranda.cli.entry import outcome
from ciranda.expressions import Secret
from ciranda_quantum import Trusted, tags
from ciranda_quantum.editors import NAMESPACE
from ciranda_quantum.plain import as_json

from .stage import component

XS = "{http://www.w3.org/2001/XMLSchema}"
PAGE = component(
    '<q:param name="title" required="true"/><q:set name="n" value="{2 * 3}"/>'
    '<q:log message="made {title}" level="warn"/><h1>{title}</h1><q:return value="{[n, 1.5]}"/>'
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "ciranda.toml").write_text("")
    (tmp_path / "page.q").write_text(PAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(folder, capsys):
    """Call a command: `cli("check", "page.q", code=2)` returns what it wrote to both streams."""

    def call(*arguments, code=0):
        capsys.readouterr()
        ended = int(outcome(["quantum", *map(str, arguments)]))
        said = capsys.readouterr()
        assert ended == code, said
        assert "Traceback" not in said.err
        return said

    return call


def test_render_prints_the_page_and_nothing_else(cli):
    said = cli("render", "page.q", "--data", '{"title": "A & B"}')

    assert said.out == "<h1>A &amp; B</h1>\n"
    assert said.err == "warn: made A & B\n"


def test_render_as_json_keeps_the_contract(cli):
    said = cli("render", "page.q", "--data", '{"title": "x", "more": [1]}', "-o", "json")

    assert json.loads(said.out) == {
        "html": "<h1>x</h1>",
        "return": [6, 1.5],
        "vars": {"title": "x", "more": [1], "n": 6},
    }


def test_an_error_as_json_has_kind_sentence_and_place(cli, folder):
    (folder / "bad.q").write_text(component("\n  <p>{1 / 0}</p>"))

    said = cli("render", "bad.q", "-o", "json", code=2)

    error = json.loads(said.out)["error"]
    assert sorted(error) == ["column", "file", "kind", "line", "message"]
    assert (error["kind"], error["file"], error["line"]) == ("runtime", "bad.q", 2)
    assert "division by zero" in error["message"]


def test_an_error_as_text_points_into_the_file(cli, folder):
    (folder / "bad.q").write_text(component("\n  <p>{nope + 1}</p>\n"))

    said = cli("render", "bad.q", code=2)

    assert said.out == ""
    assert said.err.startswith("Error: bad.q:2:7: ")
    assert "\n      <p>{nope + 1}</p>\n          ^" in said.err


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "--data is no JSON"),
        ("[1]", '--data must be a JSON object such as {"title": "x"}'),
        ("@nope.json", "nope.json cannot be read: no such file or directory"),
        ("@", "cannot be read"),
        ("@page.q", "page.q is no JSON"),
        ("@latin.json", "latin.json is not UTF-8 text"),
        ("[" * 200_000, "--data is no JSON"),
    ],
)
def test_data_that_cannot_be_used_is_one_sentence(cli, folder, data, message):
    (folder / "latin.json").write_bytes(b'{"title": "\xe9"}')

    assert message in cli("render", "page.q", "--data", data, code=2).err
    said = cli("render", "page.q", "--data", data, "-o", "json", code=2)
    assert json.loads(said.out)["error"]["kind"] == "arguments"


def test_data_may_stand_in_a_file_or_come_in(cli, folder, monkeypatch):
    (folder / "data.json").write_bytes(b'\xef\xbb\xbf{"title": "file"}')
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"title": "in"}')))

    assert cli("render", "page.q", "--data", "@data.json").out == "<h1>file</h1>\n"
    assert cli("render", "page.q", "--data", "@-").out == "<h1>in</h1>\n"


def test_what_json_does_not_have_is_written_as_text(cli, folder):
    (folder / "odd.q").write_text(
        component(
            '<q:set name="day" type="date" value="2024-05-06"/><q:set name="big" value="{2 ** 200}"/>'
            '<q:set name="inf" value="{1e308 * 10}"/><q:set name="set" value="{set([2, 1])}"/>'
            '<q:set name="ids" value="{dict([[1, (2, 3)]])}"/>'
        )
    )

    found = json.loads(cli("render", "odd.q", "-o", "json").out)["vars"]

    assert found["day"] == "2024-05-06"
    assert found["big"] == 2**200
    assert found["inf"] is None
    assert found["set"] == [1, 2]
    assert found["ids"] == {"1": [2, 3]}


def test_secrets_and_half_characters_are_not_written():
    value = {"a": Secret("token", "hunter22"), "b": "\ud800", None: Trusted("<b>")}

    assert json.loads(as_json(value)) == {"a": "***", "b": "?", "null": "<b>"}


def test_components_stand_beside_the_file_or_where_one_says(cli, folder):
    for place in ("", "parts"):
        (folder / place).mkdir(exist_ok=True)
        (folder / place / "In.q").write_text(component(f"from {place or 'here'}", "In"))
    (folder / "out.q").write_text(component('<q:import component="In"/><In/>'))

    assert cli("render", "out.q").out == "from here\n"
    assert cli("render", "out.q", "--components", "parts").out == "from parts\n"

    (folder / "ciranda.toml").write_text('[quantum]\ncomponents = "parts"\n')
    assert cli("render", "out.q").out == "from parts\n"
    assert "does not exist" in cli("render", "out.q", "--components", "nope", code=2).err


def test_settings_bound_a_run(cli, folder):
    (folder / "ciranda.toml").write_text("[quantum]\niterations = 5\n")
    (folder / "loop.q").write_text(component('<q:loop var="i" from="1" to="9">{i}</q:loop>'))

    said = cli("render", "loop.q", "-o", "json", code=2)

    assert json.loads(said.out)["error"]["kind"] == "limit"


@pytest.mark.parametrize(("name", "why"), [("no.q", "there is no template no.q"), (".", "folder")])
def test_a_template_that_cannot_be_read_is_named(cli, name, why):
    assert (why if why != "folder" else "is a directory") in cli("render", name, code=2).err
    assert json.loads(cli("compile", name, "-o", "json", code=2).out)["error"]["file"] == name


def test_compile_says_what_it_made(cli, folder):
    (folder / "In.q").write_text(component("in", "In"))
    (folder / "out.q").write_text(component('<q:import component="In"/><In/>'))

    assert cli("compile", "out.q").out == "out.q: ok\n"
    assert json.loads(cli("compile", "out.q", "-o", "json").out) == {
        "file": "out.q",
        "components": ["In"],
    }


def test_compile_shows_python(cli):
    shown = cli("compile", "page.q", "--show").out

    compile(shown, "shown", "exec")
    assert shown.startswith("def component(")
    assert json.loads(cli("compile", "page.q", "--show", "-o", "json").out)["python"] in shown


FAULTY = """\
<q:component xmlns:q="https://quantum.lang/ns">
  <q:import component="Absent"/>
  <q:set/>
  <q:loop var="i" from="1" to="3" step="0">{i}</q:loop>
  <p>{1 +}</p>
  <q:nope/>
</q:component>
"""


def test_check_tells_all_faults_of_all_files(cli, folder):
    (folder / "bad.q").write_text(FAULTY)
    (folder / "worse.q").write_text("<p>")

    said = cli("check", "page.q", "bad.q", "worse.q", "absent.q", code=2)

    assert said.out == "page.q: ok\n"
    lines = [line for line in said.err.splitlines() if not line.startswith(" ")]
    assert [line.partition(" ")[0] for line in lines[:-1]] == [
        "bad.q:2:3:", "bad.q:3:3:", "bad.q:4:41:", "bad.q:5:10:", "bad.q:6:3:",
        "worse.q:1:4:", "absent.q:",
    ]  # fmt: skip
    assert lines[-1] == "Error: 7 faults"


def test_check_as_json_lists_each_file(cli, folder):
    (folder / "bad.q").write_text(component('<q:set name="1"/>'))

    found = json.loads(cli("check", "page.q", "bad.q", "-o", "json", code=2).out)

    assert found[0] == {"file": "page.q", "ok": True, "faults": []}
    assert found[1]["ok"] is False
    assert found[1]["faults"][0]["kind"] == "compile"
    assert found[1]["faults"][0]["line"] == 1


def test_check_follows_imports_once_and_names_their_files(cli, folder):
    (folder / "In.q").write_text(component('<q:import component="In"/><q:bad/>', "In"))
    for name in ("one.q", "two.q"):
        (folder / name).write_text(component('<q:import component="In"/><In/>'))

    found = json.loads(cli("check", "one.q", "two.q", "-o", "json", code=2).out)

    assert [each["ok"] for each in found] == [False, True]
    assert [fault["file"] for fault in found[0]["faults"]] == ["In.q"]


def test_check_finds_calls_of_what_does_not_exist(cli, folder):
    (folder / "call.q").write_text(component("{lenn([1])}"))
    (folder / "latin.q").write_bytes(b"<p>\xe9</p>")

    said = cli("check", "call.q", "latin.q", code=2).err

    assert "did you mean 'len'" in said
    assert "latin.q: the file is not UTF-8 text" in said


def test_the_schema_names_every_tag_and_attribute(cli):
    root = ElementTree.fromstring(cli("schema").out)
    found = {
        each.get("name"): {one.get("name") for one in each.iter(f"{XS}attribute")}
        for each in root.findall(f"{XS}element")
    }

    assert root.get("targetNamespace") == NAMESPACE
    assert found == {name: set(shape.attributes) for name, shape in tags.TAGS.items()}
    needed = root.findall(f"{XS}element[@name='set']//{XS}attribute[@use='required']")
    assert [each.get("name") for each in needed] == ["name"]


def test_the_table_of_tags_is_what_the_compiler_reads(cli):
    assert json.loads(cli("schema", "--format", "json").out) == {
        "namespace": NAMESPACE,
        "tags": tags.table(),
    }


def test_every_command_teaches_by_example(cli):
    for words in ([], ["render"], ["compile"], ["check"], ["schema"]):
        assert "Examples:\n    ciranda quantum" in cli(*words, "--help").out
