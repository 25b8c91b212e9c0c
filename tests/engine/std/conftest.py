"""A web server on this machine, for whatever asks one."""

import gzip
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import httpx
import pytest


class Stub(BaseHTTPRequestHandler):
    """Answers by path and remembers what it was asked."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[dict[str, Any]]] = []
    elsewhere: ClassVar[str] = ""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked.append(
            {"method": self.command, "path": self.path, "headers": headers, "body": body}
        )
        route, _, rest = self.path.partition("?")[0].lstrip("/").partition("/")
        getattr(self, f"on_{route}", self.on_status)(rest)

    do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815  (named by http.server)

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def on_status(self, rest: str) -> None:
        self.reply(int(rest or 200), b"why not", content_type="text/plain", retry_after="7")

    def on_json(self, rest: str) -> None:
        self.reply(200, b'{"a": [1]}', content_type="application/json; charset=utf-8")

    def on_notjson(self, rest: str) -> None:
        self.reply(200, b"{", content_type="application/json")

    def on_latin(self, rest: str) -> None:
        self.reply(200, b"\xe9", content_type="text/plain; charset=latin-1")

    def on_odd(self, rest: str) -> None:
        self.reply(200, b"\xe9x", content_type="text/plain; charset=nope")

    def on_binary(self, rest: str) -> None:
        self.reply(200, b"\xff\x00", content_type="image/png")

    def on_packed(self, rest: str) -> None:
        text = "é".encode() * 10
        small = zlib.compressobj(wbits=-15)
        packed = {
            "gzip": gzip.compress(text),
            "deflate": zlib.compress(text),
            "raw": small.compress(text) + small.flush(),
            "twice": gzip.compress(zlib.compress(text)),
            "br": b"x",
            "cut": gzip.compress(text)[:-4],
            "damaged": b"x" + gzip.compress(text),
        }[rest]
        name = {"raw": "deflate", "twice": "deflate, gzip", "br": "br", "deflate": "deflate"}
        self.reply(200, packed, content_encoding=name.get(rest, "gzip"), content_type="text/plain")

    def on_large(self, rest: str) -> None:
        self.reply(200, b"x" * 100_000, content_type="text/plain")

    def on_bomb(self, rest: str) -> None:
        self.reply(200, gzip.compress(bytes(20_000_000)), content_encoding="gzip")

    def on_to(self, rest: str) -> None:
        self.reply(int(rest), b"", location="/json")

    def on_away(self, rest: str) -> None:
        self.reply(302, b"", location=self.elsewhere)

    def on_round(self, rest: str) -> None:
        self.reply(302, b"", location="/round")

    def on_hang(self, rest: str) -> None:
        threading.Event().wait(1)
        self.close_connection = True

    def on_cut(self, rest: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx")
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        pass  # clients hang up on purpose here


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Stub) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def url(server: Server) -> str:
    Stub.asked.clear()
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture(scope="module")
def tls() -> Any:
    return httpx.create_ssl_context()


@pytest.fixture
def stub() -> type[Stub]:
    return Stub


@pytest.fixture
def other_url() -> Iterator[str]:
    with Server(("127.0.0.1", 0), Stub) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
