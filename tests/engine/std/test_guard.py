"""Which addresses `http.request` may connect to."""

import ipaddress
import re
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest

from ciranda.errors import StepError
from ciranda.std.guard import GuardedTransport, is_public
from ciranda.std.http import request

pytestmark = pytest.mark.anyio


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


async def test_no_address_that_is_not_public_is_ever_connected_to(
    url, server, tls, listening, stub
):
    for template in REFUSED + CONFUSING:
        with pytest.raises(StepError) as caught:
            await request(template.replace("PORT", str(server.server_port)), tls=tls, timeout=5)
        kinds = {"denied", "invalid-input"}
        if template in CONFUSING:
            kinds.add("unavailable")  # a name that nobody knows
        assert caught.value.kind in kinds, template

    assert [seen for seen in listening.seen if not name_server(seen)] == []
    assert stub.asked == []


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


async def test_a_redirect_to_another_scheme_is_refused(url, tls, monkeypatch, stub):
    for target in ["file:///etc/passwd", "gopher://x/", "ftp://x/"]:
        monkeypatch.setattr(stub, "elsewhere", target)
        with pytest.raises(StepError) as caught:
            await request(f"{url}/away", tls=tls, allow_private=True)
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
