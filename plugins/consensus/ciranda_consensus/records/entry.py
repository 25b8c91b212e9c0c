"""A record as an entry: a key and JSON, kept as the very text that was agreed on.

JSON has no one form (is it 1.0 or 1?), so nobody who checks a receipt later writes it anew: the
text stands in the receipt as it stands in the block.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ciranda.errors import CirandaError
from ciranda_consensus.fields import WireError
from ciranda_consensus.state import Record, parse, write

__all__ = ["MOST_KEY", "RecordError", "entry_of", "json_of", "key_of", "record_key", "text_of"]

MOST_KEY: Final = 1024  # characters
MOST_TEXT: Final = 256 << 10  # characters
_FIELDS: Final = {"key", "json"}
_PREFIX: Final = b"record/"


class RecordError(CirandaError):
    """Data is no record; the text says why."""


def json_of(value: Any) -> str:
    """Return plain data as JSON: keys in order, no spaces, numbers as short as they are exact.

    Raises:
        RecordError: It is no plain data, or a number is none.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        text.encode()  # half of a surrogate pair is no text
    except UnicodeEncodeError:
        raise RecordError(
            "only plain data can be agreed on: half of a surrogate pair is no text"
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"only plain data can be agreed on: {error}") from None
    return text


def entry_of(key: str, text: str) -> bytes:
    """Return the entry of a record.

    Args:
        key: Names it, in its chain once and for ever.
        text: JSON.

    Raises:
        RecordError: The key or the text is too long, or no text.
    """
    if not 0 < len(key) <= MOST_KEY:
        raise RecordError(f"a key has 1 to {MOST_KEY} characters, not {len(key)}")
    if len(text) > MOST_TEXT:
        raise RecordError(
            f"a record has at most {MOST_TEXT} characters of JSON, not {len(text)}: have the "
            "digest of large data agreed on, and keep the data elsewhere"
        )
    try:
        return write(Record({"key": key, "json": text}))
    except CirandaError as error:
        raise RecordError(f"the record {key[:80]!r} cannot be written: {error}") from None


def parts_of(data: dict[str, Any]) -> tuple[str, str]:
    """Return key and JSON of a record's data.

    Raises:
        WireError: It has other fields, or one that is wrong.
    """
    if data.keys() != _FIELDS:
        raise WireError("a record has a key and JSON, and nothing else")
    key, text = data["key"], data["json"]
    if type(key) is not str or not 0 < len(key) <= MOST_KEY:
        raise WireError(f"the key of a record has 1 to {MOST_KEY} characters")
    if type(text) is not str or len(text) > MOST_TEXT:
        raise WireError(f"the JSON of a record has at most {MOST_TEXT} characters")
    return key, text


def _parts(entry: bytes) -> tuple[str, str]:
    one = parse(entry)
    if not isinstance(one, Record):
        raise WireError("the entry is no record")
    return parts_of(one.data)


def key_of(entry: bytes) -> str:
    """Return the key of a record's entry.

    Raises:
        WireError: It is none.
    """
    return _parts(entry)[0]


def text_of(entry: bytes) -> str:
    """Return the JSON of a record's entry.

    Raises:
        WireError: It is none.
    """
    return _parts(entry)[1]


def record_key(key: str) -> bytes:
    """Return where the state says of a key at which height it was used, and for which entry."""
    return _PREFIX + key.encode()
