"""`http.request` against servers on this machine."""

import gzip
import ipaddress
import json
import re
import socket
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import anyio
import httpx
import pytest

from ciranda.context import Context, RunInfo
from ciranda.errors import StepError
from ciranda.std.guard import GuardedTransport, is_public
from ciranda.std.http import certificates, request

pytestmark = pytest.mark.anyio


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


async def ask(url: str, tls: Any, **options: Any) -> Any:
    return await request(url, tls=tls, **{"allow_private": True, **options})


async def test_an_answer_is_handed_over_by_its_type(url, tls):
    as_json = await ask(f"{url}/json", tls)
    assert (as_json["status"], as_json["json"], as_json["text"]) == (200, {"a": [1]}, None)
    assert as_json["headers"]["content-type"].startswith("application/json")
    assert as_json["url"] == f"{url}/json"
    assert request.finish(as_json) == as_json

    assert (await ask(f"{url}/notjson", tls))["text"] == "{"
    assert (await ask(f"{url}/latin", tls))["text"] == "é"
    assert (await ask(f"{url}/odd", tls))["text"] == "\ufffdx"
    assert (await ask(f"{url}/binary", tls))["body"] == b"\xff\x00"
    empty = await ask(f"{url}/json", tls, method="head")
    assert (empty["json"], empty["text"], empty["body"]) == (None, None, None)


async def test_what_is_given_is_sent(url, tls):
    await ask(
        f"{url}/json?a=1",
        tls,
        method="post",
        headers={"X-Mine": "x"},
        params={"b": [2, 3], "c": "é&"},
        json={"k": [True]},
    )
    await ask(f"{url}/json", tls, method="PUT", body="é")

    first, second = Stub.asked
    assert (first["method"], first["path"]) == ("POST", "/json?a=1&b=2&b=3&c=%C3%A9%26")
    assert json.loads(first["body"]) == {"k": [True]}
    assert first["headers"]["content-type"] == "application/json"
    assert first["headers"]["x-mine"] == "x"
    assert (second["method"], second["body"]) == ("PUT", "é".encode())
    assert second["headers"]["host"] == url.removeprefix("http://")


async def test_the_trace_goes_along(url, tls, tmp_path):
    class Nobody:
        thread = threading.get_ident()

    run = RunInfo("r", dir=tmp_path, base=Path())
    ctx = Context(Nobody(), run, "s", "s", traceparent="00-aa-bb-01")  # type: ignore[arg-type]  # unused

    await ask(f"{url}/json", tls, ctx=ctx)

    assert Stub.asked[0]["headers"]["traceparent"] == "00-aa-bb-01"


@pytest.mark.parametrize(
    ("path", "kind", "retry_after", "retryable"),
    [
        ("status/404", "http.404", 7.0, False),
        ("status/401", "http.401", 7.0, False),
        ("status/429", "rate_limited", 7.0, True),
        ("status/500", "unavailable", 7.0, True),
        ("status/503", "unavailable", 7.0, True),
        ("round", "http.redirects", None, False),
        ("cut", "unavailable", None, True),
    ],
)
async def test_each_way_to_fail_has_a_kind(url, tls, path, kind, retry_after, retryable):
    from ciranda.actions import failure_of

    with pytest.raises(StepError) as caught:
        await ask(f"{url}/{path}?token=hidden", tls)

    failure = failure_of(caught.value, request)
    assert (failure.kind, failure.retry_after, failure.retryable) == (kind, retry_after, retryable)
    assert failure.message.startswith(url)
    assert "hidden" not in failure.message
    if retry_after:
        assert failure.detail["body"] == "why not"


async def test_some_statuses_can_be_fine(url, tls):
    assert (await ask(f"{url}/status/404", tls, ok_status=[404]))["status"] == 404


async def test_a_server_that_hangs_is_left(url, tls):
    with pytest.raises(StepError, match=r"/hang did not answer within 0.1 s") as caught:
        await ask(f"{url}/hang", tls, timeout=0.1)

    assert caught.value.kind == "timeout"


async def test_nobody_listening_is_unavailable(tls):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

        with pytest.raises(StepError, match="cannot be reached") as caught:
            await ask(f"http://127.0.0.1:{port}/", tls)

    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("packing", ["gzip", "deflate", "raw", "twice"])
async def test_packed_answers_are_unpacked(url, tls, packing):
    assert (await ask(f"{url}/packed/{packing}", tls))["text"] == "é" * 10
    assert Stub.asked[0]["headers"]["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    ("packing", "sentence"),
    [("br", 'packed as "br"'), ("cut", "ends too early"), ("damaged", "answer is damaged")],
)
async def test_answers_that_cannot_be_unpacked_are_unavailable(url, tls, packing, sentence):
    with pytest.raises(StepError, match=sentence) as caught:
        await ask(f"{url}/packed/{packing}", tls)

    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("path", ["large", "bomb"])
async def test_an_answer_that_is_too_large_is_not_kept(url, tls, path):
    with pytest.raises(StepError, match="is larger than 50000 bytes") as caught:
        await ask(f"{url}/{path}", tls, max_bytes=50_000)

    assert caught.value.kind == "limit"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"url": "http://[::1"}, "cannot be asked"),
        ({"url": "http://a\nb/"}, "cannot be asked"),
        ({"url": "http://x/", "headers": {"a": "b\r\nc: d"}}, "cannot be asked"),
        ({"url": "http://x/", "method": "GET / HTTP/1.1\r\nx: y"}, "cannot be asked"),
        ({"url": "http://x/", "json": 1, "body": "x"}, "Give either `json` or `body`"),
    ],
)
async def test_a_request_that_cannot_be_made_is_an_invalid_input(url, tls, options, sentence):
    named = dict(options)
    target = named.pop("url")

    with pytest.raises(StepError, match=sentence) as caught:
        await ask(url if target == "http://x/" else target, tls, **named)

    assert caught.value.kind == "invalid-input"


async def test_redirects_are_followed_as_browsers_do(url, tls):
    assert (await ask(f"{url}/to/302", tls, method="POST", body="x"))["json"] == {"a": [1]}
    assert [seen["method"] for seen in Stub.asked] == ["POST", "GET"]
    await ask(f"{url}/to/307", tls, method="POST", body="x")
    assert [seen["method"] for seen in Stub.asked[2:]] == ["POST", "POST"]
    assert Stub.asked[-1]["body"] == b"x"
    assert (await ask(f"{url}/to/302", tls, follow_redirects=False))["status"] == 302


async def test_headers_are_not_handed_to_another_server(url, tls, monkeypatch):
    with Server(("127.0.0.1", 0), Stub) as other:
        threading.Thread(target=other.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(Stub, "elsewhere", f"http://127.0.0.1:{other.server_port}/json")
        headers = {"Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z", "Accept": "*/*"}
        await ask(f"{url}/away", tls, headers=headers)
        await ask(f"{url}/to/302", tls, headers=headers)
        other.shutdown()

    secret = {"authorization", "x-api-key", "cookie"}
    assert [len(secret & set(seen["headers"])) for seen in Stub.asked[:2]] == [3, 0]
    assert Stub.asked[1]["headers"]["accept"] == "*/*"
    assert {"authorization", "x-api-key"} <= set(Stub.asked[3]["headers"])


# Addresses that a workflow must not reach, however they are written; PORT is the stub's.
REFUSED = [
    "http://127.0.0.1:PORT/json",
    "http://127.0.0.2:PORT/json",
    "http://127.255.255.254:PORT/json",
    "http://localhost:PORT/json",
    "http://LOCALHOST:PORT/json",
    "http://0.0.0.0:PORT/json",
    "http://0:PORT/json",
    "http://2130706433:PORT/json",
    "http://017700000001:PORT/json",
    "http://0x7f000001:PORT/json",
    "http://0x7f.1:PORT/json",
    "http://0177.0.0.1:PORT/json",
    "http://0177.0.0.01:PORT/json",
    "http://127.1:PORT/json",
    "http://127.0.1:PORT/json",
    "http://[::1]:PORT/json",
    "http://[::]:PORT/json",
    "http://[0:0:0:0:0:0:0:1]:PORT/json",
    "http://[::ffff:127.0.0.1]:PORT/json",
    "http://[::ffff:7f00:1]:PORT/json",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/json",
    "http://[::127.0.0.1]:PORT/json",
    "http://[::ffff:0:127.0.0.1]:PORT/json",
    "http://[64:ff9b::127.0.0.1]:PORT/json",
    "http://[64:ff9b::7f00:1]:PORT/json",
    "http://[64:ff9b:1::7f00:1]:PORT/json",
    "http://[2002:7f00:1::]:PORT/json",
    "http://[2001:0:7f00:1::]:PORT/json",
    "http://[fe80::1]:PORT/json",
    "http://[fec0::1]:PORT/json",
    "http://[fc00::1]:PORT/json",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[ff02::1]:PORT/json",
    "http://[100::1]:PORT/json",
    "http://[2001:db8::1]:PORT/json",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://0251.0376.0251.0376/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/latest/meta-data/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://example.com@127.0.0.1:PORT/json",
    "http://127.0.0.1:PORT@example.com/",
    "http://ana:hunter22@127.0.0.1:PORT/json",
    "http://127.0.0.1:PORT#@example.com/",
    "http://127.0.0.1:PORT?@example.com/",
    "https://127.0.0.1:PORT/json",
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "gopher://127.0.0.1:PORT/_GET%20/json",
    "ftp://127.0.0.1:PORT/json",
    "unix:///var/run/docker.sock",
    "http+unix://%2Fvar%2Frun%2Fdocker.sock/info",
    "dict://127.0.0.1:PORT/stat",
    "data:text/plain,x",
    "//127.0.0.1:PORT/json",
    "127.0.0.1:PORT/json",
    "",
]
# Written so that readers of URLs disagree: refused, or not a URL at all.
CONFUSING = [
    "http://127.0.0.1.:PORT/json",
    "http://localhost.:PORT/json",
    "http://127.0.0.1:PORT\\@example.com/",
    "http://①②⑦.⓪.⓪.①:PORT/json",
    "http://127。0。0。1:PORT/json",
    "http://127.0.0.1%2f@example.com:PORT/",
    "http://127.0.0.1%00.example.com:PORT/",
    "http://[::1%25lo]:PORT/json",
    "http:/127.0.0.1:PORT/json",
    "http:127.0.0.1:PORT/json",
    " http://127.0.0.1:PORT/json",
    "http://127.0.0.1:PORT\t/json",
    "http://256.256.256.256/",
]


class Connections:
    """Every address that this process asks the system to connect to, refused while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[Any] = []
        sys.addaudithook(self.hear)

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and event in ("socket.connect", "socket.sendto"):
            self.seen.append(arguments[1])
            raise ConnectionRefusedError(arguments[1])  # a hole must not reach anybody


@pytest.fixture(scope="module")
def connections() -> Connections:
    return Connections()


@pytest.fixture
def listening(connections: Connections) -> Iterator[Connections]:
    connections.seen.clear()
    connections.on = True
    yield connections
    connections.on = False


def test_the_table_is_long_enough():
    assert len(REFUSED) + len(CONFUSING) >= 60


async def test_no_address_that_is_not_public_is_ever_connected_to(url, server, tls, listening):
    for template in REFUSED + CONFUSING:
        with pytest.raises(StepError) as caught:
            await request(template.replace("PORT", str(server.server_port)), tls=tls, timeout=5)
        kinds = {"denied", "invalid-input"}
        if template in CONFUSING:
            kinds.add("unavailable")  # a name that nobody knows
        assert caught.value.kind in kinds, template

    assert [seen for seen in listening.seen if not name_server(seen)] == []
    assert Stub.asked == []


def name_server(address: Any) -> bool:
    return isinstance(address, tuple) and address[1] == 53


async def test_a_redirect_is_checked_like_any_request(url, tls, listening, server):
    for template in REFUSED[:30]:
        target = template.replace("PORT", str(server.server_port))
        with pytest.raises((StepError, httpx.RemoteProtocolError)) as caught:
            await redirected(target, tls)
        assert re.search("is refused|Invalid URL in location", str(caught.value)), template

    assert listening.seen == []


async def redirected(target: str, tls: Any) -> Any:
    """Ask a public server that redirects to `target`."""

    def answer(asked: httpx.Request) -> httpx.Response:
        assert asked.url.host == "93.184.215.14"
        return httpx.Response(302, headers={"location": target})

    guard = GuardedTransport(httpx.MockTransport(answer), resolve=by_table)
    async with httpx.AsyncClient(transport=guard, follow_redirects=True) as client:
        return await client.get("http://example.com/")


async def by_table(host: str, port: int) -> list[str]:
    if host == "example.com":
        return ["93.184.215.14"]
    found = await anyio.getaddrinfo(host, port)
    return [str(address[0]) for *_, address in found]


async def test_a_redirect_to_another_scheme_is_refused(url, tls, monkeypatch):
    for target in ["file:///etc/passwd", "gopher://x/", "ftp://x/"]:
        monkeypatch.setattr(Stub, "elsewhere", target)
        with pytest.raises(StepError) as caught:
            await ask(f"{url}/away", tls)
        assert caught.value.kind == "denied"


async def test_a_name_that_changes_its_address_is_looked_up_once():
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    connected: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    def answer(asked: httpx.Request) -> httpx.Response:
        connected.append(asked.url.host)
        assert asked.headers["host"] == "rebind.example"
        assert asked.extensions["sni_hostname"] == "rebind.example"
        return httpx.Response(200)

    guard = GuardedTransport(httpx.MockTransport(answer), resolve=rebinding)
    async with httpx.AsyncClient(transport=guard) as client:
        await client.get("https://rebind.example/")
        with pytest.raises(StepError, match=r'"rebind.example" is 127.0.0.1, which is not on'):
            await client.get("https://rebind.example/")

    assert connected == ["93.184.215.14"]


async def test_one_private_address_among_public_ones_is_enough_to_refuse():
    async def mixed(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    guard = GuardedTransport(httpx.MockTransport(lambda _: httpx.Response(200)), resolve=mixed)
    async with httpx.AsyncClient(transport=guard) as client:
        with pytest.raises(StepError, match=r"is 10.0.0.1, which is not on the public internet"):
            await client.get("http://mixed.example/")


async def test_the_next_address_is_tried_when_one_does_not_answer():
    tried: list[str] = []

    async def two(host: str, port: int) -> list[str]:
        return ["2606:2800:21f:cb07::1", "93.184.215.14"]

    def answer(asked: httpx.Request) -> httpx.Response:
        tried.append(asked.url.host)
        if ":" in asked.url.host:
            raise httpx.ConnectError("unreachable")
        return httpx.Response(200)

    guard = GuardedTransport(httpx.MockTransport(answer), resolve=two)
    async with httpx.AsyncClient(transport=guard) as client:
        assert (await client.get("http://two.example/")).status_code == 200

    assert tried == ["2606:2800:21f:cb07::1", "93.184.215.14"]


async def test_a_name_that_nobody_knows_is_unavailable(tls):
    with pytest.raises(StepError, match=r'The name "nope.invalid" is not known') as caught:
        await request("http://nope.invalid/", tls=tls)

    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"],
)
def test_public_addresses_are_public(address):
    assert is_public(address)


def test_every_special_block_is_refused_to_its_edges():
    for block in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
        "192.0.0.0/24",
        "2001::/23",
        "2002::/16",
        "64:ff9b:1::/48",
    ]:
        network = ipaddress.ip_network(block)
        for ip in (network[0], network[-1], network[network.num_addresses // 2]):
            assert not is_public(str(ip)), ip


async def test_certificates_are_read_once_for_an_engine():
    async with certificates.open() as context:
        assert context.check_hostname
    assert list(request.resources) == ["tls"]
    assert "tls" not in request.input_schema["properties"]
