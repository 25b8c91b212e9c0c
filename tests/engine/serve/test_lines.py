"""What a server tells of itself, to people, machines and whoever asks."""

import io

import pytest

from ciranda.errors import StoreError
from ciranda.serve import Lines, Triggering
from ciranda.serve.exchange import Request
from ciranda.serve.health import Health
from ciranda.serve.webhook import Webhooks
from ciranda.serve.work import Accepted
from ciranda.workflow.model import Trigger, Workflow


def test_lines_for_people_are_one_line_each_whatever_they_hold():
    out = io.StringIO()
    lines = Lines(out, wall=lambda: 0.0)
    lines.hide(lambda text: text.replace("hush", "***"))

    lines.warning("refused", path="/a\n\x1b[2Jhush", status=404)

    assert out.getvalue().count("\n") == 1
    assert 'warning refused        path="/a \\x1b[2J***" status=404' in out.getvalue()


def test_without_a_stream_nothing_is_written():
    Lines(None).error("not run", why="nobody listens")


def broken():
    raise StoreError("the disk is full")


def request(path, method="GET", **given):
    return Request(method, path, **given)


def test_a_broken_store_is_not_ready_and_lives():
    health = Health(broken)

    answers = [health.answer(request(path)) for path in ("/livez", "/readyz", "/other")]

    assert [answer and answer.status for answer in answers] == [200, 503, None]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_the_store_cannot_keep_is_not_accepted():
    workflow = Workflow(name="noting")
    written = Trigger(kind="webhook", options={"path": "/n"})
    trigger = Triggering(written, "webhook", workflow, functions={}, secrets=None)

    full = [True]

    async def accept(order):
        return broken() if full else Accepted(order.run)

    out = io.StringIO()
    health = Health(lambda: 0)
    webhooks = Webhooks(
        lambda path: ("flow.yaml", trigger),
        accept,
        pause=lambda: 1,
        health=health,
        lines=Lines(out, json=True),
        new_id=lambda: "r1",
    )

    answer = await webhooks(request("/n", "POST"))
    ready = [await webhooks(request("/readyz"))]
    full.clear()
    await webhooks(request("/n", "POST"))
    ready.append(await webhooks(request("/readyz")))

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert [each.status for each in ready] == [503, 200]
    assert '"why":"the disk is full"' in out.getvalue()
