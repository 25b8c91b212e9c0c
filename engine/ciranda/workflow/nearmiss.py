"""What people write who know another language by heart, and what it is called here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ciranda.workflow.habits import KEYS
from ciranda.workflow.nearest import nearest

__all__ = ["BODY_MISSES", "INPUT_TYPE_MISSES", "hint_for_key", "hint_for_kind"]

# A step with one of these has a body under another name: one fault is enough.
BODY_MISSES: Final = frozenset(
    {
        *("action", "use", "call", "include", "workflow", "extends", "inherits", "template"),
        *("script", "command", "cmd"),
        *("do", "group", "block", "tasks", "jobs", "sequence", "parallel"),
        *("then", "else", "default", "otherwise", "case", "cases", "choose", "choice", "match"),
        *("except", "rescue", "ensure", "raise", "throw", "error"),
        *("pause", "delay", "wait-for", "wait_for", "await", "receive"),
        *("approval", "confirm", "manual", "send", "publish", "notify", "signal"),
        *("return", "exit", "stop", "end"),
    }
)

INPUT_TYPE_MISSES: Final = {
    "int": "integer",
    "str": "string",
    "text": "string",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
    "map": "object",
    "mapping": "object",
    "json": "object",
    "file": "path",
    "date": "datetime",
    "choice": "string",
    "environment": "string",
}

_KINDS: Final = {
    "error": "every failure has a kind; leave the list out to mean all",
    "timed_out": "write `timeout`",
    "rate-limited": "write `rate_limited`",
    "circuit-open": "write `circuit_open`",
}


def hint_for_key(place: str, key: str, known: Iterable[str]) -> str:
    """Return what to write instead of a key that does not exist, or nothing.

    Args:
        place: `file`, `step` or the name of a modifier.
        key: The key as written.
        known: The keys that exist there.
    """
    written = KEYS.get(place, {}).get(key.lower())
    if written:
        return written
    meant = nearest(key, known)
    return f"did you mean `{meant}`?" if meant else ""


def hint_for_kind(kind: str) -> str:
    """Return what to write instead of an error kind that does not exist, or nothing."""
    return _KINDS.get(kind.lower(), "")
