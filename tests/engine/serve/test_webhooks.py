"""Webhooks, over real sockets: what begins a run, what is refused, and what is said."""

from typing import Any

import anyio
import pytest
from tests.engine.serve.conftest import HOOK, OPEN, TOKEN, flow

pytestmark = pytest.mark.anyio
AUTH = {"authorization": f"Bearer {TOKEN}"}
both = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


@pytest.fixture
def anyio_backend():
    return "asyncio"  # what differs between loops is tried on both


@both
async def test_an_event_begins_one_run_and_the_caller_is_told_its_id(place):
    place.write(flow(HOOK))

    async with place.serving() as client:
        answer = await client.post("/n", json={"n": 7}, headers=AUTH)
        await place.ended(1)

    assert answer.status_code == 202
    assert place.ran() == {"7": 1}
    with_log = place.log()
    assert with_log.run(answer.json()["run"]).status == "succeeded"
    with_log.close()


REFUSED: dict[str, Any] = {
    "no token": (401, "token is missing", {"json": {"n": 1}}),
    "wrong token": (401, "or wrong", {"json": {"n": 1}, "headers": {"x-ciranda-token": "Bad"}}),
    "unlike type": (415, "application/json", {"content": b"n=1", "headers": AUTH}),
    "form": (415, "x-www-form", {"data": {"n": "1"}, "headers": AUTH}),
    "no JSON": (
        400,
        "not JSON",
        {"content": b"{", "headers": {**AUTH, "content-type": "application/json"}},
    ),
    "no value": (422, "no property 'n'", {"json": {"m": 1}, "headers": AUTH}),
    "other value": (422, "input `n` must be a whole number", {"json": {"n": "x"}, "headers": AUTH}),
    "too large": (413, "larger than 1048576", {"content": b" " * 1_048_577, "headers": AUTH}),
}


async def test_what_does_not_fit_is_refused_in_a_sentence(place):
    place.write(flow(HOOK))

    async with place.serving() as client:
        answers = {name: await client.post("/n", **each[2]) for name, each in REFUSED.items()}
        missing = await client.post("/m", json={})
        method = await client.get("/n")

    for name, (status, said, _) in REFUSED.items():
        assert answers[name].status_code == status
        assert said in answers[name].json()["error"]
    assert missing.status_code == 404
    assert (method.status_code, method.headers["allow"]) == (405, "POST")
    assert place.ran() == {}
    assert TOKEN not in place.told.getvalue()


async def test_a_web_page_begins_nothing_where_no_token_is_asked_for(place):
    place.write(flow(OPEN.replace('"${{ event.data.n }}"', "1")))
    page = {"origin": "https://page.example"}

    async with place.serving() as client:
        answer = await client.post("/n", data={}, headers=page)
        long = await client.get("/" + "a" * 9000)

    assert (answer.status_code, long.status_code) == (403, 404)
    assert "give the webhook a `token`" in answer.json()["error"]
    assert max(len(line["path"]) for line in place.lines("refused")) == 203
    assert place.ran() == {}


async def test_a_token_in_a_path_is_not_in_the_lines(place):
    place.write(flow(HOOK))

    async with place.serving() as client:
        await client.post(f"/n/{TOKEN}", json={})

    assert [line["path"] for line in place.lines("refused")] == ["/n/***"]


async def test_the_same_event_twice_begins_one_run_also_after_a_restart(place):
    place.write(flow(OPEN))
    event = {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order", "data": {"n": 3}}
    structured = {"headers": {"content-type": "application/cloudevents+json"}, "json": event}
    binary = {
        "headers": {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/shop", "ce-type": "o"},
        "json": {"n": 3},
    }

    async with place.serving() as client:
        first = await client.post("/n", **structured)
        second = await client.post("/n", **binary)
        await place.ended(1)
    async with place.serving() as client:
        third = await client.post("/n", **structured)
        other = await client.post("/n", headers={"idempotency-key": "1"}, json={"n": 4})
        await place.ended(2)

    run = first.json()["run"]
    assert second.json() == third.json() == {"run": run, "duplicate": True}
    assert other.json()["run"] != run
    assert place.ran() == {"3": 1, "4": 1}


@pytest.mark.uncounted
async def test_of_a_flood_each_is_taken_and_run_once_or_refused(place):
    place.write(flow(OPEN, pause=0.2))
    answers = {}
    head = b"POST /n HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"

    async with place.serving(backlog=10, runs=2) as client:

        async def post(some):
            async with await anyio.connect_tcp("127.0.0.1", client.port) as stream:
                for n in some:
                    body = b'{"n": %d}' % n
                    await stream.send(head + b"content-length: %d\r\n\r\n" % len(body) + body)
                    answers[n] = await stream.receive()  # one answer, one piece

        async with anyio.create_task_group() as group:
            for first in range(25):
                group.start_soon(post, range(first, 1000, 25))
        taken = {str(n) for n, answer in answers.items() if answer[9:12] == b"202"}
        await place.ended(len(taken))

    refused = [answer for answer in answers.values() if answer[9:12] == b"429"]
    assert len(taken) + len(refused) == 1000
    assert len(taken) >= 10
    assert all(b"retry-after: 1\r\n" in answer for answer in refused)
    assert place.ran() == dict.fromkeys(taken, 1)


async def test_a_server_tells_whether_it_lives_and_what_it_did(place):
    place.write(flow(OPEN))

    async with place.serving() as client:
        await client.post("/n", json={"n": 1})
        await place.ended(1)
        lives, ready = await client.get("/livez"), await client.head("/readyz")
        counts = await client.get("/metrics")
        wrong = await client.post("/livez")

    assert (lives.status_code, ready.status_code, wrong.status_code) == (200, 200, 405)
    assert 'ciranda_serve_runs_total{status="succeeded"} 1' in counts.text
    assert "ciranda_serve_running 0" in counts.text


async def test_while_it_drains_it_takes_nothing_and_lets_runs_end(place):
    place.write(flow(OPEN, pause=0.5))

    async with place.serving() as client:
        await client.post("/n", json={"n": 1})
        await place.until(place.ran)
        client.server.drain()
        refused = await client.post("/n", json={"n": 2})
        ready = await client.get("/readyz")

    assert (refused.status_code, ready.status_code) == (503, 503)
    assert place.ran() == {"1": 1}
    assert len(place.lines("succeeded")) == 1


@both
async def test_what_outlives_the_grace_goes_on_with_the_next_server(place):
    place.write(flow(OPEN, pause=30))

    async with place.serving(grace=0.05) as client:
        run = (await client.post("/n", json={"n": 1})).json()["run"]
        await place.until(place.ran)
    place.write(flow(OPEN, pause=0))
    log = place.log()
    before = log.run(run).status
    async with place.serving(grace=0.05):
        await place.until(lambda: place.ran() == {"1": 2})

    assert place.lines("interrupted")[0]["runs"] == 1
    assert before == "running"  # and nobody holds it
    log.close()
