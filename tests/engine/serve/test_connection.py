"""HTTP as it comes over the wire: broken, slow, in pieces, one after the other."""

from contextlib import asynccontextmanager

import anyio
import pytest

from ciranda.serve.connection import Bounds, Connection
from ciranda.serve.exchange import Answer

pytestmark = pytest.mark.anyio
BOUNDS = Bounds(body=64, head=1024, request=0.2, idle=0.2)
GET = b"GET /a%20b?c=d HTTP/1.1\r\nhost: x\r\n\r\n"


async def told(request):
    return Answer(200, {"path": request.path, "body": request.body.decode()})


@asynccontextmanager
async def connected(answering=told, bounds=BOUNDS):
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def accepted(stream):
        await Connection(stream, answering, bounds).serve()

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, accepted)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            yield stream
        group.cancel_scope.cancel()


async def said(stream):
    """Return all that comes until the other side hangs up."""
    found = b""
    with anyio.fail_after(5):
        while True:
            try:
                found += await stream.receive()
            except anyio.EndOfStream:
                return found


async def test_requests_are_answered_one_after_the_other_also_when_they_come_at_once():
    async with connected() as stream:
        await stream.send(GET + GET.replace(b"host", b"connection: close\r\nhost"))
        found = await said(stream)

    assert found.count(b"HTTP/1.1 200 OK") == 2
    assert found.count(b'{"path":"/a b","body":""}') == 2


BROKEN = {
    b"nonsense\r\n\r\n": b"400",
    b"GET / HTTP/1.1\r\n\r\n": b"400",  # no host
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ten\r\n\r\n": b"400",
    b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 65\r\n\r\n": b"413",
    b"PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n": b"400",
    b"GET http://other/ HTTP/1.1\r\nhost: x\r\n\r\n": b"400",
    b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"x" * 2000: b"431",
    b"PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    + b"41\r\n" + b"x" * 65 + b"\r\n0\r\n\r\n": b"413",
    b"\x16\x03\x01\x02\x00\x01\x00": b"400",  # somebody speaks TLS
}  # fmt: skip


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_what_breaks_the_rules_is_told_so_and_hung_up_on():
    for sent, status in BROKEN.items():
        async with connected() as stream:
            await stream.send(sent)
            found = await said(stream)

        assert found[:12] == b"HTTP/1.1 " + status
        assert b"connection: close" in found
        assert b'{"error":"' in found


async def test_who_is_slow_is_hung_up_on():
    async with connected() as stream:
        await stream.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n")
        with anyio.move_on_after(5):
            found = await said(stream)
    async with connected() as stream:
        silent = await said(stream)

    assert found.startswith(b"HTTP/1.1 408")
    assert silent == b""


async def test_a_body_is_asked_for_when_the_caller_waits_for_that():
    head = b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    async with connected() as stream:
        await stream.send(head)
        first = await stream.receive()
        await stream.send(b"{}")
        second = await stream.receive()

    assert first.startswith(b"HTTP/1.1 100")
    assert b'"body":"{}"' in second


async def test_who_hangs_up_early_disturbs_nobody():
    async with connected() as stream:
        await stream.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab")

    async with connected() as stream:
        await stream.send(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        found = await said(stream)

    assert found.endswith(b"\r\n\r\n")  # the head of an answer alone
    assert b"content-length: 22" in found
