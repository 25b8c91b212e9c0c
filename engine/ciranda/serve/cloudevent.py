"""From a request to an event: CloudEvents 1.0, structured or binary, and plain JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from ciranda.serve.occurrence import Occurrence
from ciranda.serve.refusal import RefusedError

__all__ = ["event_of_data", "event_of_request"]

_ENVELOPE: Final = "application/cloudevents+json"
_BATCH: Final = "application/cloudevents-batch"
_VERSION: Final = "1.0"
_NEEDED: Final = ("id", "source", "type")
_KNOWN: Final = frozenset(
    {*_NEEDED, "specversion", "subject", "time", "data", "data_base64", "datacontenttype"}
)
_DEEPEST: Final = 64  # levels of nesting, as in workflow files
Headers = Mapping[str, str]


def event_of_request(
    headers: Headers, body: bytes, *, path: str, new_id: Callable[[], str]
) -> Occurrence:
    """Return the event that a request tells of.

    Args:
        headers: By name in lower case.
        body: The whole body.
        path: Of the webhook: the source of an event that names none.
        new_id: Makes ids for events that have none.

    Raises:
        RefusedError: 400 if it is malformed, 415 if it is of another kind.
    """
    kind, charset = _media(headers.get("content-type", ""))
    if charset not in ("", "utf-8", "us-ascii"):
        raise RefusedError(415, f"the body is in {charset}: send UTF-8")
    if kind == _ENVELOPE:
        return _structured(_json(body))
    if kind.startswith((_BATCH, "application/cloudevents")):
        raise RefusedError(
            415, f"`{kind}` is not taken: send each event by itself as `{_ENVELOPE}`"
        )
    if "ce-specversion" in headers:
        return _binary(headers, _content(kind, body))
    if not body:
        data = None
    elif _is_json(kind):
        data = _json(body)
    else:
        said = f"`{kind}`" if kind else "a body without a content type"
        raise RefusedError(415, f"{said} is not taken: send `application/json` or a CloudEvent")
    given = headers.get("idempotency-key", "")
    return Occurrence(
        id=given or new_id(), source=path, type="webhook", data=data, unique=bool(given)
    )


def event_of_data(value: Any, *, new_id: Callable[[], str], source: str) -> Occurrence:
    """Return the event that plain data is: a CloudEvent, or the data of one that a person made.

    Raises:
        RefusedError: It calls itself a CloudEvent and is none.
    """
    if isinstance(value, dict) and "specversion" in value:
        return _structured(value)
    return Occurrence(id=new_id(), source=source, type="webhook", data=value, unique=False)


def _structured(value: Any) -> Occurrence:
    if not isinstance(value, dict):
        raise RefusedError(
            400, "a CloudEvent is a JSON object with `specversion`, `id`, `source`, `type`"
        )
    if "data" in value and "data_base64" in value:
        raise RefusedError(400, "the CloudEvent has both `data` and `data_base64`: leave one out")
    data = value.get("data")
    if "data_base64" in value:
        data = _decoded(value)
    return _event({name: each for name, each in value.items() if each is not None}, data)


def _decoded(value: dict[str, Any]) -> Any:
    try:
        raw = base64.b64decode(str(value["data_base64"]), validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError(400, "`data_base64` of the CloudEvent is not base64") from None
    kind, _ = _media(str(value.get("datacontenttype") or "application/json"))
    return _content(kind, raw)


def _binary(headers: Headers, data: Any) -> Occurrence:
    named = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    return _event(named, data)


def _event(named: dict[str, Any], data: Any) -> Occurrence:
    version = named.get("specversion")
    if version != _VERSION:
        raise RefusedError(
            400, f"CloudEvents {version!r} is not known here: `specversion` is `1.0`"
        )
    for name in _NEEDED:
        value = named.get(name)
        if not isinstance(value, str) or not value:
            raise RefusedError(
                400, f"the CloudEvent has no `{name}`: it is a text that is not empty"
            )
    for name in ("subject", "time"):
        if not isinstance(named.get(name, ""), str):
            raise RefusedError(400, f"`{name}` of the CloudEvent is no text")
    time = named.get("time", "")
    if time:
        try:
            datetime.fromisoformat(time)
        except ValueError:
            raise RefusedError(
                400, "`time` of the CloudEvent is no RFC 3339 date and time"
            ) from None
    return Occurrence(
        id=named["id"],
        source=named["source"],
        type=named["type"],
        subject=named.get("subject", ""),
        time=time,
        data=data,
        extensions={name: value for name, value in named.items() if name not in _KNOWN},
    )


def _content(kind: str, body: bytes) -> Any:
    if not body:
        return None
    if _is_json(kind):
        return _json(body)
    if kind.startswith("text/"):
        try:
            return body.decode()
        except UnicodeDecodeError:
            raise RefusedError(400, "the body is not UTF-8") from None
    raise RefusedError(415, f"data of the type `{kind}` is not taken: send JSON or text")


def _json(body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body)
        if _depth_exceeds(value, _DEEPEST):
            raise RefusedError(400, f"the JSON is nested deeper than {_DEEPEST} levels")
    except msgspec.DecodeError as error:
        raise RefusedError(400, f"the body is not JSON: {error}") from None
    except (UnicodeDecodeError, RecursionError):
        raise RefusedError(400, "the body is not JSON that can be read") from None
    return value


def _depth_exceeds(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return not levels or any(_depth_exceeds(each, levels - 1) for each in inner)


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (
        kind.startswith("application/") and kind.endswith("+json")
    )


def _media(header: str) -> tuple[str, str]:
    """Return the type in lower case, and the charset."""
    kind, *parameters = header.split(";")
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip().lower() == "charset":
            return kind.strip().lower(), value.strip().strip('"').lower()
    return kind.strip().lower(), ""
