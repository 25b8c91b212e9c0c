"""Trace and span ids, computed from what they name.

The same run always gets the same ids, so a live export and one made later from the log agree, and
a step in another process knows its parent without asking.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec

__all__ = ["Identity", "parse_traceparent"]

_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def parse_traceparent(text: str) -> tuple[int, int] | None:
    """Return trace id and span id of a W3C `traceparent`, or None when it is not one."""
    found = _TRACEPARENT.fullmatch(text.strip().lower())
    if found is None:
        return None
    trace, span = int(found[1], 16), int(found[2], 16)
    return (trace, span) if trace and span else None


class Identity(msgspec.Struct, frozen=True):
    """The ids of one segment of a run: from its start, or a resume, to the next stop.

    Args:
        run: The run's id.
        segment: 0 for the start, then one more for each resume; each is a trace of its own.
        parent: The caller's `traceparent`; its trace is continued by segment 0.
    """

    run: str
    segment: int = 0
    parent: str = ""

    @property
    def trace(self) -> int:
        """The 128-bit trace id."""
        caller = parse_traceparent(self.parent) if self.segment == 0 else None
        return caller[0] if caller else _number(16, self.run, str(self.segment))

    @property
    def caller(self) -> int | None:
        """The caller's span, for the root span of segment 0."""
        caller = parse_traceparent(self.parent) if self.segment == 0 else None
        return caller[1] if caller else None

    def span(self, path: str = "", attempt: int = 0, round_: str = "") -> int:
        """Return the 64-bit id of a span.

        Args:
            path: The step's path; empty for the run itself.
            attempt: 0 for the step as a whole.
            round_: Which attempts of the steps around it this is in, when not the first: `.0-2`.
        """
        more = (round_,) if round_ else ()
        return _number(8, self.run, str(self.segment), path, str(attempt), *more)

    def wait(self, path: str, number: int, round_: str = "") -> int:
        """Return the 64-bit id of the span of a wait: the first of its step is 1."""
        return _number(8, self.run, str(self.segment), path, f"wait {number}", round_)

    def traceparent(self, path: str = "", attempt: int = 0, round_: str = "") -> str:
        """Return the W3C header that makes a span the parent of whatever follows."""
        return f"00-{self.trace:032x}-{self.span(path, attempt, round_):016x}-01"


def _number(size: int, *parts: str) -> int:
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=size).digest()
    return int.from_bytes(digest, "big") or 1  # zero means "no id" to every reader
