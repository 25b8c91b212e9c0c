"""What people write who know another language by heart, and what it is called here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ciranda.workflow.nearest import nearest

__all__ = ["BODY_MISSES", "INPUT_TYPE_MISSES", "LATER", "hint_for_key", "hint_for_kind"]

# Keys of the language that this version does not run yet, by where they stand.
LATER: Final[dict[str, frozenset[str]]] = {
    "file": frozenset(
        {
            "templates",
            "on",
            "concurrency",
            "rate",
            "timeout",
            "fail-fast",
            "on-failure",
            "on-success",
            "on-cancel",
            "finally",
        }
    ),
    "step": frozenset(
        {
            "steps",
            "switch",
            "try",
            "catch",
            "finally",
            "wait",
            "approve",
            "emit",
            "sleep",
            "succeed",
            "fail",
            "matrix",
            "while",
            "until",
            "max",
            "every",
            "on-max",
            "join",
            "outputs",
            "on-failure",
            "on-cancel",
            "compensate",
            "idempotency-key",
            "like",
        }
    ),
}

_KEYS: Final[dict[str, dict[str, str]]] = {
    "file": {
        "jobs": "write `steps`: each step is a node of the graph",
        "tasks": "write `steps`",
        "stages": "write `steps`; order comes from `needs`",
        "version": "write `ciranda: 1`",
        "permissions": "there is no such thing here; remove it",
        "runs-on": "steps run here; a step chooses `executor: process`",
        "vars": "write `inputs` or `env`",
        "variables": "write `inputs` or `env`",
        "parameters": "write `inputs`",
        "params": "write `inputs`",
        "output": "write `outputs`",
        "environment": "write `env`",
        "imports": "write `plugins`",
        "timeout-minutes": "write `defaults: {timeout: 10m}`",
    },
    "step": {
        "runs-on": "write `executor: inline`, `thread` or `process`",
        "timeout-minutes": "write `timeout: 10m`",
        "strategy": "write `map: ${{ ... }}` with `as` and `max-parallel`",
        "working-directory": "write `cwd`",
        "name": "the step's id is its name; say more in `description`",
        "id": "the step's key in `steps` is its id",
        "depends-on": "write `needs`",
        "depends_on": "write `needs`",
        "dependencies": "write `needs`",
        "need": "write `needs`",
        "after": "write `needs`",
        "requires": "write `needs`",
        "action": "write `uses`",
        "use": "write `uses`",
        "script": "write `run`",
        "command": "write `run`",
        "cmd": "write `run`",
        "args": "write `with`, or put the words into `run: [...]`",
        "inputs": "write `with`",
        "parameters": "write `with`",
        "params": "write `with`",
        "environment": "write `env`",
        "foreach": "write `map`",
        "for-each": "write `map`",
        "for_each": "write `map`",
        "loop": "write `map`",
        "with-items": "write `map`",
        "with_items": "write `map`",
        "retries": "write `retry: 3`",
        "attempts": "write `retry: {attempts: 3}`",
        "condition": "write `if`",
        "unless": "write `if: not ...`",
        "ignore-errors": "write `continue-on-error: true`",
        "allow-failure": "write `continue-on-error: true`",
        "output": "an action's result is `steps.<id>.output`; remove it",
        "secrets": "declare `secrets` at the top of the file and pass `${{ secrets.X }}`",
        "defaults": "write `defaults` at the top of the file",
        "parallel": "write `max-parallel`",
        "parallelism": "write `max-parallel`",
        "shell": "write `shell: true` beside `run`",
    },
    "retry": {
        "max-attempts": "write `attempts`",
        "max": "write `attempts`",
        "delay": "write `backoff`",
        "wait": "write `backoff`",
        "interval": "write `backoff`",
        "max-delay": "write `cap`",
        "multiplier": "write `factor`",
        "except": "write `unless`",
    },
    "breaker": {
        "threshold": "write `failures: 50%`",
        "failure-rate": "write `failures`",
        "timeout": "write `open`",
        "reset": "write `open`",
    },
    "cache": {"expires": "write `ttl`", "max-age": "write `ttl`", "keys": "write `key`"},
    "input": {
        "required": "an input without `default` is required unless it says `optional: true`",
        "options": "write `enum`",
        "choices": "write `enum`",
        "min": "write `minimum`",
        "max": "write `maximum`",
        "desc": "write `description`",
    },
}

# A step with one of these has a body under another name: one fault is enough.
BODY_MISSES: Final = frozenset({"action", "use", "script", "command", "cmd"})

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
    written = _KEYS.get(place, {}).get(key.lower())
    if written:
        return written
    meant = nearest(key, known)
    return f"did you mean `{meant}`?" if meant else ""


def hint_for_kind(kind: str) -> str:
    """Return what to write instead of an error kind that does not exist, or nothing."""
    return _KINDS.get(kind.lower(), "")
