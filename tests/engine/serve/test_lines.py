"""What a server tells of itself, to people, machines and whoever asks."""

import io
import os
import time

import pytest

from ciranda.errors import StoreError
from ciranda.serve import Lines, Outlet, Triggering
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


def test_nobody_who_reads_slowly_stops_a_server():
    there, here = os.pipe()
    line = "x" * 999 + "\n"
    with Outlet(here, room=10) as outlet:
        lines = Lines(outlet)
        for _ in range(300):  # more than a pipe and ten lines hold
            lines.info(line)
        while not outlet._waiting.empty():
            os.read(there, 65_536)
        lines.info("last")
    rest = os.read(there, 65_536).decode()
    os.close(there)
    os.close(here)

    assert " lines are left out: nobody read them)\n" in rest
    assert "info    last" in rest


def test_a_reader_that_has_gone_stops_no_server():
    there, here = os.pipe()
    os.close(there)
    with Outlet(here, room=1) as outlet:
        for _ in range(9):
            outlet.write("a\n")
            time.sleep(0.001)
        outlet.flush()
    os.close(here)

    assert not outlet._thread.is_alive()


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
