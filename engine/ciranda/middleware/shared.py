"""What the layers of one engine share between steps and between runs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from ciranda.middleware.answers import Answers
from ciranda.middleware.breaker import Breakers
from ciranda.middleware.fingerprint import Fingerprints
from ciranda.middleware.flight import Flights
from ciranda.middleware.groups import Groups
from ciranda.middleware.limits import Limiters
from ciranda.store.successes import Success, Successes, SuccessesInMemory
from ciranda.workflow.binding import bind

__all__ = ["Bind", "Shared"]

Bind = Callable[[Any], Callable[[Mapping[str, Any]], Any]]


def _in_memory() -> Callable[[], Successes]:
    found = SuccessesInMemory(time.time)
    return lambda: found


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """The state behind the built-in layers, owned by one engine.

    Args:
        bind: Turns an option that may hold expressions into a function of a call's scope.
        key: Seals secrets in cache keys; the one of the store, so that later processes hit.
        clock: Monotonic seconds, for breakers.
        successes: Returns what was done under which idempotency key, the same each time.
    """

    bind: Bind = bind
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    clock: Callable[[], float] = anyio.current_time
    answers: Answers = field(default_factory=Answers)
    flights: Flights[tuple[Any, bytes | None]] = field(default_factory=Flights)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    breakers: Breakers = field(default_factory=Breakers)
    limiters: Limiters = field(default_factory=Limiters)
    groups: Groups = field(default_factory=Groups)
    once: Flights[tuple[Any, Success]] = field(default_factory=Flights)
    successes: Callable[[], Successes] = field(default_factory=_in_memory)
