"""Servers made with the SDK, as programs and behind a URL; and hostile ones behind a URL."""

import contextlib
import gzip
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anyio
import pytest
import uvicorn

from ciranda.errors import StepError
from ciranda.testing import harness

from .mcp_made import server as made

pytestmark = [
    pytest.mark.anyio,
    # The SDK leaves streams of events half read, which trio remarks on: theirs alone are let pass.
    pytest.mark.filterwarnings(
        r"ignore:Exception ignored in. <async_generator object "
        r"(PoolByteStream|Response|EventSource|AsyncResponseStream)\."
        r":pytest.PytestUnraisableExceptionWarning"
    ),
]


@pytest.fixture
async def call():
    async with harness() as opened:

        async def call(server, tool, arguments=None, within=20.0):
            given = {"server": server, "tool": tool, "timeout": within}
            return await opened.engine.call("mcp.call", given | {"arguments": arguments or {}})

        yield call


class Web:
    """The server made with the SDK, on the web in a thread of its own.

    Attributes:
        headers: Of each request.
        forgotten: Ids of sessions that it knows no more.
    """

    def __init__(self):
        self.headers = []
        self.forgotten = set()
        self._inner = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/mcp"
        config = uvicorn.Config(self, log_config=None, ws="none", timeout_graceful_shutdown=0)
        self._web = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._web.run, args=([self._listener],))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._web.should_exit = True
        self._thread.join()

    @property
    def sessions(self):
        return {each.get(b"mcp-session-id") for each in self.headers} - {None}

    async def __call__(self, scope, receive, send):
        # Made here, so that it belongs to this thread's event loop.
        self._inner = self._inner or made.streamable_http_app()
        headers = dict(scope.get("headers", ()))
        if headers.get(b"mcp-session-id") in self.forgotten:
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        if headers:
            self.headers.append(headers)
        await self._inner(scope, receive, send)


async def test_a_server_behind_a_url_is_used_with_headers(call):
    with Web() as web:
        server = {"url": web.url, "headers": {"authorization": "Bearer secret-of-ours"}}
        first = await call(server, "add", {"a": 1})
        second = await call(server, "add", {"a": 2})
        with pytest.raises(StepError, match="it cannot be done"):
            await call(server, "fail")

    assert [first["structured"], second["structured"]] == [{"result": 3}, {"result": 4}]
    assert {each[b"authorization"] for each in web.headers} == {b"Bearer secret-of-ours"}
    assert len(web.sessions) == 1


async def test_a_server_that_forgot_our_session_is_lost_and_asked_anew(call):
    with Web() as web:
        await call({"url": web.url}, "add", {"a": 1})
        web.forgotten.update(web.sessions)
        with pytest.raises(StepError, match="does not know our session any more") as caught:
            await call({"url": web.url}, "add", {"a": 1})
        again = await call({"url": web.url}, "add", {"a": 1})

    assert (caught.value.kind, caught.value.retryable) == ("mcp.server-lost", True)
    assert again["structured"] == {"result": 3}


LET_GO = threading.Event()


class Hostile(BaseHTTPRequestHandler):
    """Answers each POST in a way that its path names."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        way = self.path.strip("/")
        if way in ("401", "403", "500"):
            self.answer(int(way), b"no")
        elif way == "text":
            self.answer(200, b"<html>", "text/html")
        elif way == "garbage":
            self.answer(200, b"{]")
        elif way == "packed":
            self.answer(200, gzip.compress(b"0" * 1_000_000), packed=True)
        elif way == "away":
            self.answer(307, b"", location="http://localhost:9/")
        elif way == "flood":
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(1 << 40))
            self.end_headers()
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(b" " * 1_000_000)
        elif way == "hang" and asked["method"] == "initialize":
            LET_GO.wait(10)

    def answer(self, status, body, kind="application/json", *, packed=False, location=""):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if packed:
            self.send_header("content-encoding", "gzip")
        if location:
            self.send_header("location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def hostile():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        LET_GO.clear()
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        LET_GO.set()
        server.shutdown()
        thread.join()


BREAKING = [
    ("401", "mcp.refused", "refuses us with status 401"),
    ("403", "mcp.refused", "refuses us with status 403"),
    ("500", "mcp.refused", "Server returned an error response"),
    ("text", "mcp.refused", "Unexpected content type: text/html"),
    ("garbage", "mcp.refused", "Failed to parse JSON response"),
    ("packed", "mcp.protocol", "packs its answers"),
    ("away", "mcp.refused", "localhost:9"),
    ("flood", "mcp.flood", "is larger than 33,554,432 bytes"),
    ("hang", "timeout", "did not answer within 0.3 s"),
]


async def test_a_server_that_breaks_the_rules_of_the_web_is_told(call, hostile):
    for way, kind, text in BREAKING:
        with anyio.fail_after(20), pytest.raises(StepError) as caught:
            await call({"url": f"{hostile}/{way}"}, "x", within=0.3 if way == "hang" else 15.0)

        assert caught.value.kind == kind
        assert text in caught.value.message


async def test_where_nobody_listens_is_told(call):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(StepError, match="cannot be reached") as caught:
        await call({"url": f"http://ana:pass1234@127.0.0.1:{port}/mcp?key=secret"}, "x")

    assert caught.value.kind == "unavailable"
    assert caught.value.retryable
    assert caught.value.message.startswith(f"http://127.0.0.1:{port}/mcp cannot be reached")
