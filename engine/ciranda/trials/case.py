"""One case of a test file, as read."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from ciranda.workflow.places import Places

__all__ = ["Answer", "Attempt", "Case", "Expectation", "Mock", "Sent", "TestFile"]


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What a stand-in does for one attempt; `duration` is in seconds."""

    output: Any = None  # may hold expressions over `given` and `attempt`
    error: dict[str, Any] | None = None
    duration: float = 0.0


class Mock(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in for a step or an action.

    Attributes:
        attempts: One for each attempt; the last one is for all that follow.
        real: The action itself is performed.
        at: Where it stands in the file.
    """

    attempts: tuple[Attempt, ...] = ()
    real: bool = False
    at: tuple[str | int, ...] = ()


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that reaches the run, `at` seconds after its start."""

    event: str
    data: Any = None
    source: str = "test"
    id: str = ""
    at: float = 0.0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says to a step that asks for approval, `after` seconds."""

    approved: bool = True
    by: str = "test"
    form: dict[str, Any] = {}
    after: float = 0.0


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a run has to come to; what is left out is not looked at.

    Values may hold expressions: one that reads `it` has to hold for the value that came, any other
    one gives the value.
    """

    status: str = "succeeded"
    outputs: dict[str, Any] = {}
    error: dict[str, Any] = {}
    steps: dict[str, dict[str, Any]] = {}
    order: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    duration: Any = None  # a duration, or an expression
    holds: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One run and what it has to come to.

    Attributes:
        name: What it is called.
        workflow: The workflow's file.
        inputs: Of the run.
        env: All that `env` and `secrets` see.
        mocks: By step id, path or action.
        events: What reaches the run from outside.
        approvals: By step id or path.
        real: Actions without a stand-in are performed.
        time: Whether waiting takes time.
        expect: What it has to come to.
        at: Where it stands in the file.
        line: Its line.
        column: Its column.
    """

    name: str
    workflow: str
    inputs: dict[str, Any] = {}
    env: dict[str, str] = {}
    mocks: dict[str, Mock] = {}
    events: tuple[Sent, ...] = ()
    approvals: dict[str, Answer] = {}
    real: bool = False
    time: Literal["virtual", "real"] = "virtual"
    expect: Expectation = Expectation()
    at: tuple[str | int, ...] = ()
    line: int = 0
    column: int = 0


class TestFile(msgspec.Struct, frozen=True, kw_only=True):
    """A test file; `places` tells where in it a fault is."""

    __test__ = False  # pytest collects what is called so

    file: str
    cases: tuple[Case, ...]
    places: Places
