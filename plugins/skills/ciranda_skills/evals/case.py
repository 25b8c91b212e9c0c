"""Cases of a skill's evals: what to run, and what is to come of it."""

from __future__ import annotations

from typing import Any

import msgspec

from ..running import Status

__all__ = ["Case", "Evals", "Expect", "Text"]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """What a text must be.

    Attributes:
        equals: The whole text, to the last line's end; None is any.
        contains: What it must hold, each of them.
        lacks: What it must not hold, any of them.
    """

    equals: str | None = None
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """What is to come of a run.

    Attributes:
        status: The verdict; None is any, where an exit code says enough.
        exit_code: None is any.
        stdout: What it writes.
        stderr: The same.
        json: The value that its stdout is; msgspec.UNSET is any.
        json_schema: What that value must fit; None is anything.
    """

    status: Status | None = Status.OK
    exit_code: int | None = None
    stdout: Text = Text()
    stderr: Text = Text()
    json: Any = msgspec.UNSET
    json_schema: dict[str, Any] | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case.

    Attributes:
        name: Its `id`, or `name`.
        script: Which script, from the skill's folder; None where the case asks a model.
        args: What follows it on the command line.
        stdin: What it reads; None is nothing.
        params: Of its function.
        env: Variables for it.
        files: Contents laid over a copy of the skill, by path; then that copy runs.
        timeout: Seconds.
        expect: What is to come of it.
        model: Whether it asks a model to do something and is not run here.
    """

    name: str
    script: str | None = None
    args: tuple[str, ...] = ()
    stdin: bytes | None = None
    params: dict[str, Any] | None = None
    env: dict[str, str] = {}
    files: dict[str, bytes] = {}
    timeout: float = 30.0
    expect: Expect = Expect()
    model: bool = False


class Evals(msgspec.Struct, frozen=True):
    """All cases of a skill, as they are written."""

    cases: tuple[Case, ...]
