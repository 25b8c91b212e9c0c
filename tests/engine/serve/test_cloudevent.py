"""From requests to events."""

import base64
import itertools
import json

import pytest
from hypothesis import given, settings, strategies as st

from ciranda.serve import RefusedError, event_of_data, event_of_request

ENVELOPE = {"content-type": "application/cloudevents+json; charset=utf-8"}
JSON = {"content-type": "application/json"}
CE = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "order"}


def ids():
    return next(counter)


counter = map(str, itertools.count())


def event(headers, body, path="/n"):
    return event_of_request(headers, body, path=path, new_id=ids)


plain = st.dictionaries(st.text(max_size=3), st.none() | st.integers(-9, 9) | st.text(max_size=9))


@settings(max_examples=15, deadline=None)
@given(data=plain, subject=st.text(min_size=1, max_size=9))
def test_one_event_is_the_same_in_both_forms(data, subject):
    structured = event(ENVELOPE, json.dumps({**CE, "subject": subject, "data": data}).encode())
    quoted = "".join(f"%{byte:02X}" for byte in subject.encode("utf-8", "replace"))
    headers = {f"ce-{name}": value for name, value in CE.items()} | {"ce-subject": quoted}
    binary = event(headers | JSON, json.dumps(data).encode())

    assert structured == binary
    assert structured.data == data


def test_plain_json_is_an_event_that_is_like_no_other():
    first, second = event(JSON, b'{"n": 1}'), event(JSON, b'{"n": 1}')

    assert (first.source, first.type, first.data) == ("/n", "webhook", {"n": 1})
    assert first.id != second.id
    assert not first.unique
    assert event(JSON | {"idempotency-key": "k"}, b"1").unique
    assert event({}, b"").data is None


def test_data_may_be_text_or_base64():
    text = event({f"ce-{k}": v for k, v in CE.items()} | {"content-type": "text/plain"}, b"hi")
    coded = {**CE, "data_base64": base64.b64encode(b"[1]").decode(), "extra": "x"}
    found = event(ENVELOPE, json.dumps(coded).encode())

    assert text.data == "hi"
    assert (found.data, found.extensions) == ([1], {"extra": "x"})


REFUSED = [
    (400, "not JSON", JSON, b"{"),
    (400, "deeper than 64", JSON, b"[" * 66 + b"]" * 66),
    (400, "not JSON", JSON, b"[" * 5000),
    (400, "not JSON", JSON, b'"\xff"'),
    (415, "send UTF-8", {"content-type": "application/json; charset=utf-16"}, b"1"),
    (415, "without a content type", {}, b"1"),
    (415, "each event by itself", {"content-type": "application/cloudevents-batch+json"}, b"[]"),
    (415, "image/png", {"ce-specversion": "1.0", "content-type": "image/png"}, b"1"),
    (400, "not UTF-8", {"ce-specversion": "1.0", "content-type": "text/plain"}, b"\xff"),
    (400, "JSON object", ENVELOPE, b"[]"),
    (400, "has no `id`", ENVELOPE, json.dumps({**CE, "id": ""}).encode()),
    (400, "'0.3' is not known", ENVELOPE, json.dumps({**CE, "specversion": "0.3"}).encode()),
    (400, "leave one out", ENVELOPE, json.dumps({**CE, "data": 1, "data_base64": ""}).encode()),
    (400, "not base64", ENVELOPE, json.dumps({**CE, "data_base64": "*"}).encode()),
    (400, "RFC 3339", ENVELOPE, json.dumps({**CE, "time": "noon"}).encode()),
    (400, "`subject` of the CloudEvent", ENVELOPE, json.dumps({**CE, "subject": 1}).encode()),
]  # fmt: skip


@pytest.mark.parametrize(("status", "said", "headers", "body"), REFUSED)
def test_what_is_no_event_is_refused_in_a_sentence(status, said, headers, body):
    with pytest.raises(RefusedError, match=said.replace("(", r"\(")) as caught:
        event(headers, body)

    assert caught.value.status == status


def test_what_a_person_writes_is_an_event_or_its_data():
    assert event_of_data({**CE, "data": 1}, new_id=ids, source="me").id == "7"
    assert event_of_data({"n": 1}, new_id=ids, source="me").data == {"n": 1}
