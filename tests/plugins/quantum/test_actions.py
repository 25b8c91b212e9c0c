"""`quantum.render` and `quantum.call` in workflows: output, files, errors, caching, limits."""

import os
import sqlite3
from pathlib import Path

import pytest

from ciranda import StepError
from ciranda.events import CacheHit, CacheMissed, StepLogged
from ciranda.testing import check_action, harness
from ciranda_quantum import plugin
from ciranda_quantum.actions import ERRORS, Templates
from ciranda_quantum.error import KINDS
from ciranda_quantum.settings import QuantumSettings, compiler_of
from ciranda_quantum.template import compile_unit

from .stage import component
from .workflows import PAGE, failure, flow, output, put

pytestmark = pytest.mark.anyio


async def test_a_page_without_a_file_is_the_output(h):
    assert await output(h, data={"title": "A & B", "rows": [1, "<"]}) == {
        "html": "<h1>A &amp; B</h1><p>1</p><p>&lt;</p>",
        "return": 2,
    }


async def test_a_page_is_written_beside_the_workflow(h):
    found = await output(h, data={"title": "x"}, to="out/page.html")

    assert found == {"path": str(h.folder / "out" / "page.html"), "return": 0}
    assert (h.folder / "out" / "page.html").read_text() == "<h1>x</h1>"
    assert os.listdir(h.folder / "out") == ["page.html"]


async def test_a_value_keeps_its_type(h):
    put(h.folder, "page.q", component("<q:return value=\"{[a * 2, 'x', null]}\"/>"))

    assert await output(h, "quantum.call", data={"a": 1.5}) == [3.0, "x", None]
    put(h.folder, "page.q", component("nothing"))
    assert await output(h, "quantum.call") is None


async def test_a_failure_leaves_the_old_file_and_no_part_of_a_new_one(h):
    put(h.folder, "out/page.html", "old")
    put(h.folder, "page.q", component("<p>begun</p>{rows[7]}<p>not reached</p>"))

    error = await failure(h, data={"rows": []}, to="out/page.html")

    assert error.kind == "quantum.runtime"
    assert (h.folder / "out" / "page.html").read_text() == "old"
    assert os.listdir(h.folder / "out") == ["page.html"]


async def test_an_error_names_the_place_as_the_workflow_writes_it(h):
    put(h.folder, "parts/page.q", component("\n<p>{nope}</p>"))

    error = await failure(h, template="parts/page.q")

    assert error.kind == "quantum.undefined"
    assert error.message == "parts/page.q:2:5: unknown name 'nope'"
    assert error.detail == {
        "kind": "undefined",
        "message": "unknown name 'nope'",
        "file": "parts/page.q",
        "line": 2,
        "column": 5,
    }
    assert error.retryable is False


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("<q:set/>", "compile"),
        ("{1 / 0}", "runtime"),
        ("{1 + 'x'}", "type"),
        ("{nope}", "undefined"),
        ('<q:throw message="no" type="Mine"/>', "thrown"),
        ("{'x' * 10 ** 9}", "limit"),
        ("{''.__class__}", "security"),
        ('<q:param name="n" required="true"/>', "arguments"),
        ('<q:set name="a" value="x" validate="email"/>', "validation"),
        ('<q:set name="h" value="x"/><q:raw value="{h}"/>', "security"),
        ('<q:invoke name="x" action="data.read"/>', "security"),
    ],
)
async def test_every_kind_of_error_is_a_kind_of_the_step(h, body, kind):
    put(h.folder, "page.q", component(body))

    assert (await failure(h)).kind == f"quantum.{kind}"
    assert f"quantum.{kind}" in ERRORS


def test_every_kind_is_declared():
    assert {f"quantum.{kind}" for kind in KINDS} < set(ERRORS)


async def test_a_template_that_is_not_there_is_named_as_written(h):
    error = await failure(h, template="parts/../no.q")

    assert (error.kind, error.message) == (
        "quantum.not_found",
        "There is no template parts/../no.q.",
    )
    assert "cannot be read: is a directory" in (await failure(h, template=".")).message


async def test_a_file_that_cannot_be_written_is_named(h):
    (h.folder / "taken").mkdir()

    error = await failure(h, data={"title": "x"}, to="taken")

    assert error.kind == "quantum.unwritable"
    assert "taken cannot be written: it is a folder" in error.message


async def test_refused_permission_has_the_kind_of_its_name(h, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("ciranda.std.atomic.replace_file", refuse)

    assert (await failure(h, data={"title": "x"}, to="page.html")).kind == "denied"


async def test_components_come_from_their_folder(h):
    put(h.folder, "page.q", component('<q:import component="In"/><In/>'))
    put(h.folder, "In.q", component("beside", "In"))
    put(h.folder, "parts/In.q", component("parts", "In"))

    assert (await output(h))["html"] == "beside"
    assert (await output(h, components="parts"))["html"] == "parts"
    put(h.folder, "parts/In.q", component("edited", "In"))
    assert (await output(h, components="parts"))["html"] == "edited"


async def test_log_lines_are_those_of_the_step(h):
    levels = ("trace", "debug", "info", "warn", "warning", "error", "critical", "fatal")
    lines = "".join(f'<q:log level="{level}" message="{level}"/>' for level in levels)
    put(h.folder, "page.q", component(lines))

    await output(h)

    assert [(line.level, line.text) for line in h.events(StepLogged)] == [
        ("debug", "trace"), ("debug", "debug"), ("info", "info"), ("warning", "warn"),
        ("warning", "warning"), ("error", "error"), ("error", "critical"), ("error", "fatal"),
    ]  # fmt: skip


async def test_html_is_shown_as_it_is_where_the_workflow_vouches_for_it(h):
    put(h.folder, "page.q", component('<q:raw value="{svg}"/>{svg}'))

    found = await output(h, data={"svg": "<svg/>"}, trusted=["svg"])

    assert found["html"] == "<svg/>&lt;svg/&gt;"
    error = await failure(h, data={"svg": 3}, trusted=["svg"])
    assert (error.kind, error.message) == (
        "invalid-input",
        "`trusted` names `svg`, and `data` holds no text of that name.",
    )


async def test_queries_read_the_databases_that_are_named(h):
    with sqlite3.connect(h.folder / "a.db") as connection:
        connection.execute("CREATE TABLE t (n)")
        connection.execute("INSERT INTO t VALUES (1), (2)")
    connection.close()
    sql = "SELECT n FROM t ORDER BY n"
    ask = '<q:query name="r" datasource="main">{}</q:query><q:return value="{{r}}"/>'
    put(h.folder, "page.q", component(ask.format(sql)))

    found = await output(h, "quantum.call", databases={"main": "a.db"})

    assert found == [{"n": 1}, {"n": 2}]
    put(h.folder, "page.q", component(ask.format("DELETE FROM t")))
    refused = await failure(h, "quantum.call", databases={"main": "a.db"})
    assert "readonly database" in refused.message
    missing = await failure(h, "quantum.call", databases={"main": "no.db"})
    assert missing.kind == "quantum.not_found"
    assert "The database `main` cannot be opened: no.db" in missing.message


class TestCache:
    more = "    cache: {ttl: 1h}\n"

    async def test_an_edited_component_is_another_answer(self, h):
        put(h.folder, "page.q", component('<q:import component="In"/><In/>'))
        put(h.folder, "In.q", component("one", "In"))

        assert (await output(h, more=self.more))["html"] == "one"
        assert (await output(h, more=self.more))["html"] == "one"
        assert len(h.events(CacheHit)) == 1
        put(h.folder, "In.q", component("other", "In"))
        assert (await output(h, more=self.more))["html"] == "other"
        assert len(h.events(CacheMissed)) == 2

    async def test_other_data_is_another_answer(self, h):
        for title in ("a", "b", "a"):
            found = await output(h, more=self.more, data={"title": title})
            assert found["html"] == f"<h1>{title}</h1>"
        assert len(h.events(CacheHit)) == 1

    @pytest.mark.parametrize("tag", ['<q:invoke name="x" action="a.b"/>', None])
    async def test_what_has_effects_is_never_cached(self, h, tag):
        if tag is not None:
            guarded = f'<q:if condition="false">{tag}</q:if>ok'
            put(h.folder, "page.q", component(guarded))
        given = {"to": "page.html"} if tag is None else {}

        for _ in range(2):
            await output(h, more=self.more, data={"title": "x"}, **given)

        assert h.events(CacheHit) == []
        why = "q:invoke" if tag is not None else "writes a file"
        assert any(why in str(line) for line in h.events(StepLogged))


class TestSettings:
    @pytest.fixture
    def settings(self):
        return {"iterations": 3, "output": 10, "components": "parts"}

    @pytest.mark.parametrize("executor", ["thread", "process"])
    async def test_limits_hold_on_every_executor(self, h, executor):
        more = f"    executor: {executor}\n"

        error = await failure(h, more=more, data={"title": "x", "rows": [1, 2, 3, 4]})
        assert error.kind == "quantum.limit"
        assert (await output(h, more=more, data={"title": "x"}))["return"] == 0
        error = await failure(h, more=more, data={"title": "long enough"})
        assert (error.kind, error.message) == (
            "quantum.limit",
            "page.q:1:1: a page may have 10 characters",
        )


async def test_a_setting_that_does_not_fit_is_named():
    async with harness(settings={"quantum": {"iterations": 0}}) as h:
        put(h.folder, "page.q", PAGE)
        with pytest.raises(Exception, match=r"\[quantum\] `iterations` does not fit"):
            await h.run(flow(data={"title": "x"}))


def test_the_code_cache_is_off_until_somebody_asks(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert compiler_of(QuantumSettings()) is compile_unit
    compiler_of(QuantumSettings(code_cache=True))(PAGE, "page.q")
    assert len(list((tmp_path / "ciranda" / "quantum").glob("*.qc"))) == 1


def test_actions_are_functions_that_one_can_call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    put(tmp_path, "page.q", PAGE)
    templates = Templates(QuantumSettings())

    assert templates.render(Path("page.q"), {"title": "x"})["html"] == "<h1>x</h1>"
    assert templates.call(Path("page.q"), {"title": "x", "rows": [1]}) == 1
    with pytest.raises(StepError, match=r"There is no template no\.q\."):
        templates.call(Path("no.q"))
    with pytest.raises(StepError, match=r"cannot be written: .*null"):
        templates.render(Path("page.q"), {"title": "x"}, to="a\0b")


def test_only_some_folders_of_components_stay_compiled(tmp_path):
    put(tmp_path, "page.q", PAGE)
    templates = Templates(QuantumSettings())

    for number in range(40):
        templates.call(tmp_path / "page.q", {"title": "x"}, components=tmp_path / str(number))

    assert len(templates._libraries) == 32


def test_the_promises_of_the_actions_hold(tmp_path):
    page = put(tmp_path, "page.q", PAGE)

    for each in plugin.actions(QuantumSettings()):
        check_action(each, {"template": str(page), "data": {"title": "x"}})
