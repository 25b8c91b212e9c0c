"""What a template asks of others while it runs: actions, requests, events."""

import json

import anyio
import pytest

from ciranda import observer
from ciranda.testing import harness
from ciranda_quantum.hooks import TemplateEvent

from .stage import component
from .workflows import failure, output, put

pytestmark = pytest.mark.anyio


async def test_a_template_calls_the_actions_that_the_step_lets_it(h):
    put(h.folder, "a.json", '{"n": 7}')
    ask = '<q:invoke name="x" action="data.read"><q:param name="path" value="{file}"/></q:invoke>'
    put(h.folder, "page.q", component(ask + "<p>{x.n}</p>"))
    given = {"data": {"file": str(h.folder / "a.json")}}

    assert (await output(h, invoke=["data.read"], **given))["html"] == "<p>7</p>"
    for allowed in (["data.write"], []):
        refused = await failure(h, invoke=allowed, **given)
        assert refused.kind == "quantum.security"
        assert "no template call 'data.read': list it below `invoke`" in refused.message


async def test_what_an_action_raises_is_an_error_of_the_template(h):
    ask = (
        '<q:try><q:invoke name="x" action="data.read"><q:param name="path" value="/no/file.txt"/>'
        '</q:invoke><q:catch var="e">{e.message}</q:catch></q:try>'
    )
    put(h.folder, "page.q", component(ask))

    html = (await output(h, invoke=["data.read"]))["html"]

    assert html.startswith("&#39;data.read&#39; failed: There is no file /no/file")


async def test_a_template_calls_no_template(h):
    ask = '<q:invoke action="quantum.render"><q:param name="template" value="page.q"/></q:invoke>'
    put(h.folder, "page.q", component(ask))

    error = await failure(h, invoke=["quantum.render"])

    assert "a template calls no template: import a component" in error.message


async def test_more_templates_may_ask_at_once_than_there_are_threads(h):
    put(h.folder, "a.txt", "x")
    ask = '<q:invoke name="x" action="data.read"><q:param name="path" value="{f}"/></q:invoke>'
    put(h.folder, "page.q", component(ask + '<q:return value="{x}"/>'))
    given = {
        "template": "page.q",
        "invoke": ["data.read"],
        "data": {"f": str(h.folder / "a.txt")},
    }
    text = (
        "ciranda: 1\nname: t\nsteps:\n  a:\n    map: ${{ range(60) }}\n    max-parallel: 60\n"
        f"    uses: quantum.call\n    with: {json.dumps(given)}\n"
        'outputs: {a: "${{ steps.a.output }}"}\n'
    )

    with anyio.fail_after(20):
        assert (await h.run(text)).outputs == {"a": ["x"] * 60}


async def test_a_fetch_is_a_request_of_http():
    asked = []

    def answer(**inputs):
        asked.append(inputs)
        return {"status": 200, "json": {"n": 5}}

    async with harness(mocks={"http.request": answer}) as h:
        fetch = '<q:fetch name="r" url="https://a.example/{n}" method="POST"/>{r.json.n}'
        put(h.folder, "page.q", component(fetch))
        found = await output(h, data={"n": 1}, invoke=["http.request"])

    assert found["html"] == "5"
    assert asked == [{"url": "https://a.example/1", "method": "POST"}]


async def test_events_are_heard_by_plugins():
    heard = []

    class Ear:
        @observer(TemplateEvent)
        def hear(self, event):
            heard.append((event.path, event.name, event.data))

    async with harness(plugins=[Ear()]) as h:
        put(h.folder, "page.q", component('<q:dispatchEvent event="sold" data="{[1, n]}"/>'))
        await output(h, data={"n": 2})

    assert heard == [("a", "sold", [1, 2])]


async def test_a_worker_process_has_no_bus(h):
    more = "    executor: process\n"
    put(h.folder, "page.q", component('<q:dispatchEvent event="sold"/>'))
    assert "the event 'sold' reaches nobody" in (await failure(h, more=more)).message
    put(h.folder, "page.q", component('<q:invoke action="data.read"/>'))
    error = await failure(h, more=more, invoke=["data.read"])
    assert "'data.read' failed: ctx.ask_sync works in a thread only" in error.message
