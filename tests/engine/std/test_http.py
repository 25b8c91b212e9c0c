"""`http.request` against a server on this machine."""

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from ciranda.actions import failure_of
from ciranda.context import Context, RunInfo
from ciranda.errors import StepError
from ciranda.std.http import certificates, request

pytestmark = pytest.mark.anyio


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


async def test_what_is_given_is_sent(url, tls, stub):
    await ask(
        f"{url}/json?a=1",
        tls,
        method="post",
        headers={"X-Mine": "x"},
        params={"b": [2, 3], "c": "é&"},
        json={"k": [True]},
    )
    await ask(f"{url}/json", tls, method="PUT", body="é")

    first, second = stub.asked
    assert (first["method"], first["path"]) == ("POST", "/json?a=1&b=2&b=3&c=%C3%A9%26")
    assert json.loads(first["body"]) == {"k": [True]}
    assert first["headers"]["content-type"] == "application/json"
    assert first["headers"]["x-mine"] == "x"
    assert (second["method"], second["body"]) == ("PUT", "é".encode())
    assert second["headers"]["host"] == url.removeprefix("http://")


async def test_the_trace_goes_along(url, tls, tmp_path, stub):
    class Nobody:
        thread = threading.get_ident()

    run = RunInfo("r", dir=tmp_path, base=Path())
    ctx = Context(Nobody(), run, "s", "s", traceparent="00-aa-bb-01")  # type: ignore[arg-type]  # unused

    await ask(f"{url}/json", tls, ctx=ctx)

    assert stub.asked[0]["headers"]["traceparent"] == "00-aa-bb-01"


async def test_the_key_of_the_step_goes_along_unless_there_is_one(url, tls, tmp_path, stub):
    class Nobody:
        thread = threading.get_ident()

    run = RunInfo("r", dir=tmp_path, base=Path())
    plain = Context(Nobody(), run, "s", "s")  # type: ignore[arg-type]  # unused
    keyed = Context(Nobody(), run, "s", "s", key="pay-7")  # type: ignore[arg-type]  # unused

    await ask(f"{url}/json", tls, ctx=plain)
    await ask(f"{url}/json", tls, ctx=keyed, headers={"X-A": "1"})
    await ask(f"{url}/json", tls, ctx=keyed, headers={"idempotency-key": "mine"})

    sent = [seen["headers"].get("idempotency-key") for seen in stub.asked]
    assert sent == [None, "pay-7", "mine"]
    assert stub.asked[1]["headers"]["x-a"] == "1"


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
async def test_packed_answers_are_unpacked(url, tls, packing, stub):
    assert (await ask(f"{url}/packed/{packing}", tls))["text"] == "é" * 10
    assert stub.asked[0]["headers"]["accept-encoding"] == "gzip, deflate"


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


async def test_redirects_are_followed_as_browsers_do(url, tls, stub):
    assert (await ask(f"{url}/to/302", tls, method="POST", body="x"))["json"] == {"a": [1]}
    assert [seen["method"] for seen in stub.asked] == ["POST", "GET"]
    await ask(f"{url}/to/307", tls, method="POST", body="x")
    assert [seen["method"] for seen in stub.asked[2:]] == ["POST", "POST"]
    assert stub.asked[-1]["body"] == b"x"
    assert (await ask(f"{url}/to/302", tls, follow_redirects=False))["status"] == 302


async def test_headers_are_not_handed_to_another_server(url, other_url, tls, monkeypatch, stub):
    monkeypatch.setattr(stub, "elsewhere", f"{other_url}/json")
    headers = {"Authorization": "Bearer x", "X-Api-Key": "y", "Cookie": "z", "Accept": "*/*"}

    await ask(f"{url}/away", tls, headers=headers)
    await ask(f"{url}/to/302", tls, headers=headers)

    secret = {"authorization", "x-api-key", "cookie"}
    assert [len(secret & set(seen["headers"])) for seen in stub.asked[:2]] == [3, 0]
    assert stub.asked[1]["headers"]["accept"] == "*/*"
    assert {"authorization", "x-api-key"} <= set(stub.asked[3]["headers"])


async def test_a_name_that_nobody_knows_is_unavailable(tls):
    with pytest.raises(StepError, match=r'The name "nope.invalid" is not known') as caught:
        await request("http://nope.invalid/", tls=tls)

    assert caught.value.kind == "unavailable"


async def test_certificates_are_read_once_for_an_engine():
    async with certificates.open() as context:
        assert context.check_hostname
    assert list(request.resources) == ["tls"]
    assert "tls" not in request.input_schema["properties"]
