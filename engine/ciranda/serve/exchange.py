"""A request and its answer, as whoever answers sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ciranda.serve.refusal import RefusedError

__all__ = ["Answer", "Answering", "Request", "refused"]


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request; headers by name in lower case, the path without its query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; a value that is no text goes as JSON."""

    status: int
    value: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The content type."""
        return "text/plain; charset=utf-8" if isinstance(self.value, str) else "application/json"

    @property
    def body(self) -> bytes:
        """The bytes of it."""
        if isinstance(self.value, str):
            return self.value.encode("utf-8", "replace")
        return msgspec.json.encode(self.value)


Answering = Callable[[Request], Awaitable[Answer]]


def refused(refusal: RefusedError) -> Answer:
    """Return the answer that says why a request is not taken."""
    return Answer(refusal.status, {"error": str(refusal)}, refusal.headers)
