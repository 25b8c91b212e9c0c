"""Skills over HTTP: on a real socket, to whom they may be shown, and to nobody else."""

import json
import os
import signal
import socket
from contextlib import asynccontextmanager
from functools import partial

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from ciranda.errors import SettingsError
from ciranda_skills.mcp.server import serve_http

from .mcp_stage import NOBODY, limits_of, offer_of, open_runner, write_skill, write_skills

pytestmark = pytest.mark.anyio
TOKEN = "a-token-of-some-length"
PING = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        },
    }
)


@pytest.fixture
def anyio_backend():
    return "asyncio"  # of uvicorn


@pytest.fixture
def skills(tmp_path):
    return write_skills(tmp_path / "skills")


@asynccontextmanager
async def web(skills, *, runs=True, limits=None, **options):
    """Serve on a free port; yields the URL, and ends the server as a cancellation does."""
    urls, ready = [], anyio.Event()

    def begin(url):
        urls.append(url)
        ready.set()

    async with anyio.create_task_group() as around:
        runner = await open_runner(around) if runs else NOBODY
        options = {"grace": 0.2, "on_ready": begin, **options}
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(serve_http, offer_of(skills), runner, limits, **options))
            with anyio.fail_after(20):
                await ready.wait()
            yield urls[0]
            tasks.cancel_scope.cancel()
        around.cancel_scope.cancel()


@asynccontextmanager
async def client_of(url, *, mode="auto", **headers):
    async with (
        httpx2.AsyncClient(headers=headers, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def post(url, **headers):
    async with httpx2.AsyncClient(timeout=20) as http:
        accept = {"accept": "application/json, text/event-stream"}
        body = {"content-type": "application/json"}
        return await http.post(url, content=PING, headers=accept | body | headers)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_two_clients_list_and_call_at_once(skills, mode):
    async with web(skills) as url:
        assert url.startswith("http://127.0.0.1:")
        async with client_of(url, mode=mode) as one, client_of(url, mode=mode) as other:
            tools = (await one.list_tools()).tools
            results = []

            async def call(client, text):
                result = await client.call_tool("text-tools_count", {"text": text})
                results.append(result.structured_content["text"])

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(call, one, "a")
                tasks.start_soon(call, other, "b")

    assert len(tools) == 5
    assert sorted(results) == ["aa", "bb"]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_cancelled_call_is_killed_and_others_go_on(skills, mode):
    async with (
        web(skills, limits=limits_of(calls=1)) as url,
        client_of(url, mode=mode) as client,
    ):
        with anyio.move_on_after(0.3):
            await client.call_tool("trouble_slow", {})
        with anyio.fail_after(15):
            result = await client.call_tool("text-tools_count", {"text": "x"})

    assert result.structured_content == {"text": "xx"}


async def test_progress_comes_over_http_too(skills):
    heard = []

    async def hear(progress, total, message):
        heard.append(message)

    async with web(skills) as url, client_of(url) as client:
        await client.call_tool("trouble_told", {}, progress_callback=hear)

    assert heard[-1] == "line 2"


async def test_a_call_that_goes_on_may_end_within_the_grace(tmp_path):
    write_skill(tmp_path, "brief", {"a.py": "import time; print(1, flush=True); time.sleep(.3)"})
    results, begun = [], anyio.Event()

    async def hear(progress, total, message):
        begun.set()

    async with anyio.create_task_group() as tasks, web(tmp_path, grace=10.0) as url:

        async def call():
            async with client_of(url) as client:
                await client.list_tools()  # it would ask afterwards
                results.append(await client.call_tool("brief_a", {}, progress_callback=hear))

        tasks.start_soon(call)
        with anyio.fail_after(20):
            await begun.wait()

    assert [result.is_error for result in results] == [False]


async def test_a_signal_ends_the_server_and_frees_the_port(skills):
    ended = anyio.Event()
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:

            async def serve():
                await serve_http(offer_of(skills), NOBODY, on_ready=begin)
                ended.set()

            def begin(url):
                tasks.start_soon(stop, url)

            async def stop(url):
                assert (await post(url)).status_code == 200
                os.kill(os.getpid(), signal.SIGTERM)
                await ended.wait()
                with pytest.raises(httpx2.ConnectError):
                    await post(url)

            tasks.start_soon(serve)


async def test_who_has_no_token_or_another_is_refused(skills):
    async with web(skills, runs=False, token=TOKEN) as url:
        assert (await post(url)).status_code == 401
        assert (await post(url, authorization="Bearer other")).status_code == 401
        assert (await post(url, authorization=f"Basic {TOKEN}")).status_code == 401
        assert (await post(url, authorization=f"Bearer {TOKEN}")).status_code == 200
        async with client_of(url, authorization=f"Bearer {TOKEN}") as client:
            assert (await client.list_tools()).tools


async def test_pages_of_other_origins_and_names_that_are_not_ours_are_refused(skills):
    async with web(skills, runs=False, origins=["http://localhost:6274"]) as url:
        assert (await post(url, origin="http://evil.example")).status_code == 403
        assert (await post(url, origin="null")).status_code == 403
        assert (await post(url, host="evil.example")).status_code == 421
        assert (await post(url, host="127.0.0.1")).status_code == 421
        assert (await post(url, origin="http://localhost:6274")).status_code == 200
        port = url.split(":")[2].split("/")[0]
        assert (await post(url, host=f"LocalHost:{port}")).status_code == 200
        assert (await post(url.replace("/mcp", "/"))).status_code == 404


async def test_a_request_that_is_too_large_is_refused(skills):
    async with web(skills, runs=False) as url, httpx2.AsyncClient(timeout=20) as http:
        answer = await http.post(url, content=b" " * (5 << 20))

    assert answer.status_code == 413


async def test_other_machines_are_listened_to_with_a_token_only(skills):
    with pytest.raises(SettingsError, match=r"0\.0\.0\.0 can be reached from other machines"):
        await serve_http(offer_of(skills), NOBODY, host="0.0.0.0")
    with pytest.raises(SettingsError, match="the token needs 16 ASCII characters or more"):
        await serve_http(offer_of(skills), NOBODY, token="short")


async def test_with_a_token_any_name_is_ours(skills):
    async with web(skills, runs=False, host="0.0.0.0", token=TOKEN) as url:
        allowed = {"authorization": f"Bearer {TOKEN}"}
        near = url.replace("0.0.0.0", "127.0.0.1")

        assert (await post(near, host="server.example", **allowed)).status_code == 200
        assert (await post(near, origin="http://server.example", **allowed)).status_code == 403


async def test_an_address_in_use_is_told(skills):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"127.0.0.1:{port} cannot be listened at: address"):
            await serve_http(offer_of(skills), NOBODY, port=port)


def test_another_event_loop_is_refused(skills):
    with pytest.raises(SettingsError, match="is served on asyncio"):
        anyio.run(partial(serve_http, offer_of(skills), NOBODY), backend="trio")
