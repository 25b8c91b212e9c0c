"""What the layers around a step report."""

from __future__ import annotations

from ciranda.events.envelope import Event


class CacheHit(Event, frozen=True, kw_only=True, tag=True):
    """A step was answered from the cache."""

    path: str
    key: str
    age: float = 0.0  # seconds since the answer was stored


class CacheMissed(Event, frozen=True, kw_only=True, tag=True):
    """A step with a cache had to run."""

    path: str
    key: str


class CircuitOpened(Event, frozen=True, kw_only=True, tag=True):
    """A breaker stopped letting calls through."""

    breaker: str
    failure_rate: float
    slow_rate: float
    wait: float  # seconds until probes are let through


class CircuitHalfOpened(Event, frozen=True, kw_only=True, tag=True):
    """A breaker lets a fixed number of probes through."""

    breaker: str
    probes: int


class CircuitClosed(Event, frozen=True, kw_only=True, tag=True):
    """A breaker lets every call through again."""

    breaker: str


class StepProgressed(Event, frozen=True, kw_only=True, tag=True):
    """A running step says how far it is."""

    path: str
    done: float
    total: float = 0.0
    text: str = ""


class StepLogged(Event, frozen=True, kw_only=True, tag=True):
    """A running step wrote a log line."""

    path: str
    level: str
    text: str
    fields: dict[str, str] = {}
