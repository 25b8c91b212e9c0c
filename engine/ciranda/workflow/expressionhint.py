"""What people write in `${{ }}` who know another system's expressions."""

from __future__ import annotations

from typing import Final

from ciranda.expressions import ExpressionError

__all__ = ["with_hint"]

# What the expression language says of a word, and what to write in a workflow.
_WORDS: Final = {
    "failure": "write `failed()`",
    "success": "write `succeeded()`",
    "canceled": "write `cancelled()`",
    "contains": "write `x in list`",
    "startsWith": "write `text.startswith(...)`",
    "endsWith": "write `text.endswith(...)`",
    "format": "write a text with `${{ }}` in it",
    "join": "write `', '.join(list)`",
    "toJSON": "write `json(value)`",
    "tojson": "write `json(value)`",
    "fromJSON": "a program's JSON is read by `parse: json`",
    "fromJson": "a program's JSON is read by `parse: json`",
    "hashFiles": "declare an input of the type `path`: its content enters the cache key",
    "needs": "write `steps.<id>`",
    "job": "write `run` or `step`",
    "jobs": "write `steps.<id>`",
    "github": "there is no such thing here: write `inputs`, `env` or `run`",
    "vars": "write `inputs` or `env`",
    "strategy": "write `item` and `index`",
    "runner": "write `env` or `run`",
    "parameters": "write `inputs`",
    "params": "write `inputs`",
    "tasks": "write `steps.<id>`",
    "outputs": "write `steps.<id>.output`",
    "item": "a step has items when it has `map`",
    "index": "a step has items when it has `map`",
}


def with_hint(error: ExpressionError) -> tuple[str, str]:
    """Return the message of an error about an expression, and what to do about it."""
    head, _, tail = error.message.partition("; did you mean ")
    quoted = head.split("'")
    name = quoted[1] if len(quoted) > 1 else ""
    about_name = "unknown" in head or "no function" in head
    if about_name and name in _WORDS:
        return head, _WORDS[name]
    if tail:
        return head, f"did you mean `{tail.strip(chr(39) + '?')}`?"
    return error.message, ""
