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


Body = Literal[
    "action",
    "group",
    "switch",
    "try",
    "workflow",
    "wait",
    "approve",
    "sleep",
    "emit",
    "succeed",
    "fail",
]


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Steps inside of a step: a graph of its own, which may read what its surroundings know.

    A body that stands by itself, as a case of a `switch` may have it, is a block of one step whose
    output is the block's.
    """

    steps: dict[str, Step]
    outputs: dict[str, Any] = {}  # may hold expressions over its steps
    result: str = ""  # the step whose output is the block's
    binds: str = ""  # name of the error that a `catch` or a handler reads
    order: Literal["graph", "sequence"] = "graph"
    workflow: Workflow | None = None  # of a sub-workflow: names, inputs, secrets of its own
    again: str = ""  # of a sub-workflow without steps here: the file around it that begins again
    at: tuple[str | int, ...] = ()  # where its mapping of steps stands in the file


class Matrix(msgspec.Struct, frozen=True):
    """One item for each combination of the axes."""

    axes: dict[str, Any] = {}  # lists, or expressions that give them
    include: Any = None  # a list of mappings, or an expression
    exclude: Any = None


class Loop(msgspec.Struct, frozen=True):
    """A body that is repeated while (or until) something holds, one turn after the other."""

    condition: str
    until: bool = False  # asked after each turn, not before
    max: int = 1000
    every: float = 0.0  # seconds between the starts of two turns
    on_max: Literal["fail", "stop"] = "fail"


class Join(msgspec.Struct, frozen=True):
    """How many of the branches of a group, or the items of a map, have to succeed.

    The branches of a group are its steps that no other of its steps needs.
    """

    need: int | None = None  # None = all of them
    rest: Literal["finish", "cancel"] = "finish"  # what becomes of the others then
    race: bool = False  # the output is `{winner, value}`


class Declared(msgspec.Struct, frozen=True):
    """An output that a step says it has: a value of a type, or a file that is kept."""

    schema: dict[str, Any] = {}
    file: Any = None  # a path that begins at the workflow file; may hold expressions


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: a body, at most one repeater, modifiers.

    A `run:` body is the action `program.run` with its siblings as inputs. Whatever holds steps has
    them in `blocks`, by name: `steps` (a group), `case0`... (a `switch`), `try`, `catch0`...,
    `finally`, `workflow` (a sub-workflow), `on-failure`, `on-cancel`, `compensate`.
    """

    id: str
    uses: str = ""  # the action; the path as written for a sub-workflow; else empty
    body: Body = "action"
    blocks: dict[str, Block] = {}
    cases: tuple[str | None, ...] = ()  # of `case0`...; None = otherwise
    catches: tuple[tuple[str, ...], ...] = ()  # kinds of `catch0`..., by prefix; empty = all
    options: dict[str, Any] = {}  # of wait, approve, sleep, emit, succeed, fail, as written
    matrix: Matrix | None = None
    loop: Loop | None = None
    join: Join = Join()
    declares: dict[str, Declared] = {}  # `outputs` of an action
    idempotency_key: Any = None  # may hold expressions
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
    at: tuple[str | int, ...] = ()  # where it stands in the file: `("steps", id)` at the top
    line: int = 0
    column: int = 0

    @property
    def repeats(self) -> bool:
        """Whether it has items or turns of its own."""
        return self.map is not None or self.matrix is not None or self.loop is not None


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


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What makes `ciranda serve` begin a run."""

    kind: str  # `webhook`, `schedule`, `event`, `files`, or a plugin's, such as `slack.message`
    options: dict[str, Any] = {}  # as written
    inputs: dict[str, Any] = {}  # of the run, by name; may hold expressions over `event`
    at: tuple[str | int, ...] = ()


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
    handlers: dict[str, Block] = {}  # `on-failure`, `on-success`, `on-cancel`, `finally`
    triggers: tuple[Trigger, ...] = ()
    concurrency: Concurrency | None = None  # among the runs of a group
    rate: Rate | None = None  # for every attempt of the run
    timeout: float | None = None
    fail_fast: bool = False
    file: str = ""
    source: bytes = b""
    document: Any = None  # ciranda.workflow.document.Document: positions, when it came from a file
    functions: dict[str, Any] = {}  # Python functions given to the builder, by action name
