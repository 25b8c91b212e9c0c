"""The workflow as data: what a file, or the Python builder, says.

Values that may hold `${{ }}` are kept as written (plain data with text inside); they are
compiled once, by `ciranda.workflow.binding`, when a plan is made. Times are seconds.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Retry(msgspec.Struct, frozen=True):
    """How often and when a failed attempt is followed by another."""

    attempts: int = 3  # counts the first
    backoff: float = 0.2
    factor: float = 2.0
    cap: float = 30.0
    jitter: Literal["full", "none"] = "full"
    on: tuple[str, ...] = ()  # kinds, matched by prefix; empty = the rule of the step
    unless: tuple[str, ...] = ()


class Cache(msgspec.Struct, frozen=True):
    """Whether and how long an answer is kept."""

    ttl: float | None = None
    key: Any = None  # may hold expressions
    scope: Literal["run", "project", "shared"] = "project"
    refresh: bool = False


class Breaker(msgspec.Struct, frozen=True):
    """When calls are refused because the last ones failed (resilience4j's terms)."""

    failures: float = 0.5  # rate from 0 to 1 that opens
    slow: float = 1.0  # rate of slow calls that opens
    slow_after: float | None = None  # seconds after which a call counts as slow
    window: int = 20  # calls; or seconds when `window_seconds`
    window_seconds: bool = False
    minimum: int = 10
    open: float = 30.0
    factor: float = 1.0  # back-off of `open` for each failed probe round
    cap: float = 600.0
    probes: int = 3
    key: Any = None


class Quota(msgspec.Struct, frozen=True):
    """At most `limit` units in any window of `per` seconds."""

    limit: int
    per: float


class Rate(msgspec.Struct, frozen=True):
    """At most `requests` starts in any window of `per` seconds, and at most so many tokens."""

    requests: int = 0  # 0 = starts are not counted
    per: float = 60.0
    key: Any = None  # may hold expressions
    input_tokens: Quota | None = None
    output_tokens: Quota | None = None
    cost: dict[str, Any] = {}  # of one attempt, by dimension; may hold expressions
    shared: Literal["engine", "machine"] = "engine"  # who counts together

    @property
    def dimensions(self) -> tuple[tuple[str, int, float], ...]:
        """What is limited, in the order of the file's words: name, limit, seconds."""
        found = [("requests", self.requests, self.per)] if self.requests else []
        for name, quota in (
            ("input-tokens", self.input_tokens),
            ("output-tokens", self.output_tokens),
        ):
            if quota is not None:
                found.append((name, quota.limit, quota.per))
        return tuple(found)


class Concurrency(msgspec.Struct, frozen=True):
    """At most `max` at once among the steps of a group."""

    group: Any
    max: int = 1
    policy: Literal["queue", "cancel-old", "cancel-new", "fail"] = "queue"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: a body (`uses` + `with`), at most one repeater, modifiers.

    A `run:` body is the action `program.run` with its siblings as inputs.
    """

    id: str
    uses: str
    with_: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    if_: str | None = None
    when: str | None = None
    map: Any = None  # None = no map
    as_: str = "item"
    index_as: str = "index"
    max_parallel: int | None = None
    on_item_failure: Literal["stop", "finish", "keep"] = "stop"
    env: dict[str, Any] = {}
    retry: Retry | None = None
    timeout: float | None = None
    deadline: float | None = None
    cache: Cache | None = None
    breaker: Breaker | None = None
    rate: Rate | None = None
    concurrency: Concurrency | None = None
    continue_on_error: bool | tuple[str, ...] = False
    executor: str | None = None
    idempotent: bool = False
    estimate: float | None = None
    description: str = ""
    modifiers: dict[str, Any] = {}  # options of plugins' layers: `with-middleware`
    line: int = 0
    column: int = 0


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A declared input of a workflow."""

    name: str
    type: str = "string"
    default: Any = msgspec.UNSET
    optional: bool = False
    description: str = ""
    schema: dict[str, Any] = {}  # enum, items, properties, pattern, minimum, maximum


class EnvVar(msgspec.Struct, frozen=True):
    """An environment variable that a workflow gives to its steps."""

    value: str | None = None  # literal text; may hold expressions
    source: str | None = None  # name in the caller's environment (`from`)
    default: str | None = None


class SecretRef(msgspec.Struct, frozen=True):
    """Where a secret is to be found; never the secret."""

    env: str | None = None
    file: str | None = None
    command: tuple[str, ...] | None = None


class Workflow(msgspec.Struct, frozen=True, kw_only=True):
    """A checked workflow: what `ciranda run` runs."""

    name: str
    description: str = ""
    plugins: tuple[str, ...] = ()
    inputs: dict[str, Input] = {}
    env: dict[str, EnvVar] = {}
    secrets: dict[str, SecretRef] = {}
    order: Literal["graph", "sequence"] = "graph"
    steps: dict[str, Step] = {}
    outputs: dict[str, Any] = {}
    file: str = ""
    source: bytes = b""
    document: Any = None  # ciranda.workflow.document.Document: positions, when it came from a file
    functions: dict[str, Any] = {}  # Python functions given to the builder, by action name
