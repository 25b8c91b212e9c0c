"""What is remembered: findings by intent and expert, and whole judgements by raw text."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, final

import msgspec
from cachebox import LRUCache

from ciranda.events.judging import Judgement, Opinion, Verdict

from ..intent.intent import Intent
from .gate import Route

__all__ = ["Entry", "Shelf", "raw_of"]

_SHORT: Final = 1024  # bytes of a key that is kept as it is
_UNIT: Final = 4096  # bytes of text or evidence that count as one place
_pack: Final = msgspec.msgpack.Encoder().encode

Raw = str | bytes


class Entry(msgspec.Struct, frozen=True):
    """An intent that was read, who judges it, and what was said if that holds again.

    `judgement` is None where somebody has to be asked again; `size` is bytes of what was read.
    """

    intent: Intent | None
    route: Route | None
    judgement: Judgement | None
    size: int
    opinions: tuple[Opinion, ...] = ()  # before calibration

    @property
    def places(self) -> int:
        """Places that it takes."""
        return 1 + self.size // _UNIT


@final
class Shelf:
    """Two levels of memory, both bounded; what is large takes more than one place.

    Only approvals, rejections and abstentions of pure experts come here: no failure, nothing
    late, nothing uncertain.

    Args:
        size: Places of each level; 0 remembers nothing.
    """

    def __init__(self, size: int) -> None:
        self.size: Final = size
        self._entries: Final[LRUCache[Any, Entry]] = LRUCache(
            max(size, 1), getsizeof=lambda _, entry: entry.places
        )
        self._opinions: Final[LRUCache[tuple[str, str], tuple[Opinion, int]]] = LRUCache(
            max(size, 1) * 4, getsizeof=lambda _, held: held[1]
        )

    def entry(self, key: object) -> Entry | None:
        """Return what is known of a request."""
        return self._entries.get(key)

    def keep_entry(self, key: object, entry: Entry) -> None:
        """Remember a request."""
        if self.size and entry.places * 16 <= self.size + 15:
            self._entries[key] = entry

    def opinion(self, intent: str, expert: str) -> Opinion | None:
        """Return what an expert said about the intent of this key."""
        held: tuple[Opinion, int] | None = self._opinions.get((intent, expert))
        return None if held is None else held[0]

    def keep_opinion(self, intent: str, opinion: Opinion) -> None:
        """Remember what a pure expert said, marked as `cached`, unless it may not be said again."""
        if not self.size or not intent or opinion.verdict is Verdict.UNCERTAIN:
            return
        places = 1 + len(_pack(opinion.evidence)) // _UNIT
        if places * 16 <= self.size * 4 + 15:
            held = msgspec.structs.replace(opinion, cached=True)
            self._opinions[intent, opinion.expert] = (held, places)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._opinions.clear()


def raw_of(intent: Mapping[str, Any] | str) -> tuple[Raw | None, str, int]:
    """Return what tells an intent as it was given from others, its own id, and its bytes.

    The id of a mapping is no part of the first, so that equal intents under many ids are one.
    None stands for something that cannot be told from others by its bytes.
    """
    if isinstance(intent, str):
        size = len(intent)
        if size <= _SHORT:
            return intent, "", size
        return _digest(intent.encode("utf-8", "surrogatepass")), "", size
    if not isinstance(intent, dict):
        return None, "", 0
    name = intent.get("id", "")
    if type(name) is not str:
        return None, "", 0
    try:
        data = _pack({key: value for key, value in intent.items() if key != "id"})
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return None, name, 0
    return data if len(data) <= _SHORT else _digest(data), name, len(data)


def _digest(data: bytes) -> bytes:
    return b"\0" + blake2b(data, digest_size=32).digest()  # no mapping begins with this byte
