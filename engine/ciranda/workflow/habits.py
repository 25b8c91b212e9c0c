"""Words of other languages by the place where people write them, with what to write here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["KEYS"]

_NEEDS: Final = "write `needs`"
_MAP: Final = "write `map`"
_RUN: Final = "write `run`"
_SWITCH: Final = "write `switch: [{if: ..., run: ...}, {run: ...}]`"
_FILE: Final = {
    "jobs": "write `steps`: each step is a node of the graph",
    "tasks": "write `steps`",
    "stages": "write `steps`; order comes from `needs`",
    "version": "write `ciranda: 1`",
    "permissions": "there is no such thing here; remove it",
    "runs-on": "steps run here; a step chooses `executor: process`",
    **dict.fromkeys(("vars", "variables"), "write `inputs` or `env`"),
    **dict.fromkeys(("parameters", "params"), "write `inputs`"),
    "output": "write `outputs`",
    "environment": "write `env`",
    "imports": "write `plugins`",
    "timeout-minutes": "write `timeout: 10m`",
    **dict.fromkeys(("trigger", "triggers", "when"), "write `on`"),
    **dict.fromkeys(("schedule", "cron"), 'write `on: {schedule: [{cron: "0 6 * * *"}]}`'),
    "webhook": "write `on: {webhook: {path: /orders}}`",
    **dict.fromkeys(("on_failure", "on-error", "on_error", "catch"), "write `on-failure`"),
    **dict.fromkeys(("ensure", "always", "after"), "write `finally`"),
    **dict.fromkeys(("anchors", "definitions", "presets"), "write `templates`"),
    **dict.fromkeys(("retry", "cache", "breaker"), "write it in `defaults`"),
    "strategy": "write `matrix` in a step, and `fail-fast` here",
    "parallelism": "write `max-parallel` in a step, or `concurrency`",
    **dict.fromkeys(("cases", "mocks"), "a file of tests is run by `ciranda test`"),
    **{
        body: f"write it in a step: `steps: {{name: {{{body}: ...}}}}`"
        for body in ("run", "uses", "approve", "wait", "sleep", "emit", "switch", "try", "map")
    },
}
_STEP: Final = {
    "runs-on": "write `executor: inline`, `thread` or `process`",
    "timeout-minutes": "write `timeout: 10m`",
    "strategy": "write `matrix: {os: [a, b]}` with `max-parallel`",
    "working-directory": "write `cwd`",
    "name": "the step's id is its name; say more in `description`",
    "id": "the step's key in `steps` is its id",
    **dict.fromkeys(("depends-on", "depends_on", "dependencies", "need", "requires"), _NEEDS),
    "after": _NEEDS,
    **dict.fromkeys(("action", "use"), "write `uses`"),
    **dict.fromkeys(("script", "command", "cmd"), _RUN),
    "args": "write `with`, or put the words into `run: [...]`",
    **dict.fromkeys(("inputs", "parameters", "params"), "write `with`"),
    "environment": "write `env`",
    **dict.fromkeys(("foreach", "for-each", "for_each", "for"), _MAP),
    **dict.fromkeys(("with-items", "with_items", "items"), _MAP),
    "loop": "write `map` for a list, `while` or `until` for a condition",
    **dict.fromkeys(("repeat", "do-while"), "write `while` or `until`"),
    "times": "write `map: ${{ range(3) }}`",
    **dict.fromkeys(("max-iterations", "max_iterations", "limit"), "write `max`"),
    "interval": "write `every`",
    "retries": "write `retry: 3`",
    "attempts": "write `retry: {attempts: 3}`",
    "condition": "write `if`",
    "unless": "write `if: not ...`",
    **dict.fromkeys(("then", "else", "elif"), _SWITCH),
    **dict.fromkeys(("case", "cases", "choose", "choice", "match"), _SWITCH),
    **dict.fromkeys(("otherwise", "default"), "the last case of a `switch` may have no `if`"),
    **dict.fromkeys(("do", "group", "block", "tasks", "jobs"), "write `steps: {...}`"),
    "sequence": "write `steps`, and `needs` for their order",
    **dict.fromkeys(("except", "rescue"), "write `catch: [{steps: {...}}]` beside `try`"),
    "ensure": "write `finally` beside `try`",
    **dict.fromkeys(("on-error", "on_error", "on_failure", "failure"), "write `on-failure`"),
    **dict.fromkeys(("rollback", "undo"), "write `compensate`"),
    **dict.fromkeys(("pause", "delay"), "write `sleep: 5m`"),
    **dict.fromkeys(("wait-for", "wait_for", "await", "receive"), "write `wait: {event: paid}`"),
    **dict.fromkeys(("approval", "confirm", "manual"), "write `approve: {prompt: Ship it?}`"),
    **dict.fromkeys(("send", "publish", "notify", "signal"), "write `emit: {event: paid}`"),
    **dict.fromkeys(("raise", "throw", "error"), "write `fail: {kind: refused, message: ...}`"),
    **dict.fromkeys(("return", "exit", "stop", "end"), "write `succeed: {outputs: {...}}`"),
    **dict.fromkeys(("workflow", "call", "include"), "write `uses: ./other.yaml`"),
    **dict.fromkeys(("extends", "template", "inherits"), "write `like`"),
    "fail-fast": "write `on-item-failure: stop`, or `fail-fast` at the top of the file",
    "ignore-errors": "write `continue-on-error: true`",
    "allow-failure": "write `continue-on-error: true`",
    "output": "an action's result is `steps.<id>.output`; remove it",
    "defaults": "write `defaults` at the top of the file",
    "templates": "write `templates` at the top of the file",
    "order": "write `order` at the top of the file, or `needs`",
    "parallel": "steps that do not need each other run at once; `max-parallel` limits a `map`",
    "parallelism": "write `max-parallel`",
    "on": "write it in `retry` or `catch`, or at the top of the file",
    "on-success": "a step that needs this one runs when it succeeded",
}

KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "file": _FILE,
    "step": _STEP,
    "case": {
        **_STEP,
        **dict.fromkeys(("when", "case", "value"), "write `if`"),
        **dict.fromkeys(("else", "default", "otherwise"), "leave `if` out of the last case"),
        **dict.fromkeys(("then", "do"), "write `steps: {...}`, or the body itself"),
    },
    "catch": {
        **dict.fromkeys(("kind", "kinds", "error", "errors", "if", "except"), "write `on`"),
        **dict.fromkeys(("uses", "run", "do", "then"), "write `steps: {name: {...}}`"),
        "outputs": "write `outputs` beside `try`",
    },
    "template": {
        **dict.fromkeys(("if", "needs", "map", "matrix", "steps", "run"), "write it in the step"),
        **dict.fromkeys(("extends", "inherits"), "write `like`"),
    },
    "matrix": {
        "max-parallel": "write `max-parallel` beside `matrix`",
        "fail-fast": "write `on-item-failure: stop` beside `matrix`",
    },
    "join": {
        **dict.fromkeys(("at_least", "least", "min", "count", "n"), "write `at-least`"),
        **dict.fromkeys(("others", "losers", "remaining"), "write `rest`"),
    },
    "wait": {
        **dict.fromkeys(("name", "for", "signal", "topic"), "write `event`"),
        **dict.fromkeys(("if", "when", "filter", "match"), "write `where`"),
        **dict.fromkeys(("duration", "seconds", "minutes", "time"), "write `sleep: 5m`"),
    },
    "approve": {
        **dict.fromkeys(("message", "question", "text", "title"), "write `prompt`"),
        **dict.fromkeys(("approvers", "users", "by", "reviewers"), "write `who`"),
        **dict.fromkeys(("fields", "inputs", "schema"), "write `form`"),
    },
    "emit": {
        **dict.fromkeys(("name", "type", "topic"), "write `event`"),
        **dict.fromkeys(("payload", "body", "with", "value"), "write `data`"),
    },
    "fail": {
        **dict.fromkeys(("error", "type", "code"), "write `kind`"),
        **dict.fromkeys(("msg", "reason", "text"), "write `message`"),
        "data": "write `detail`",
    },
    "succeed": {
        **dict.fromkeys(("output", "result", "value"), "write `outputs: {...}`"),
    },
    "on": {
        **dict.fromkeys(("push", "pull_request", "workflow_dispatch"), "`ciranda run` begins it"),
        **dict.fromkeys(("cron", "timer"), 'write `schedule: [{cron: "0 6 * * *"}]`'),
        **dict.fromkeys(("http", "request"), "write `webhook: {path: /orders}`"),
        **dict.fromkeys(("file", "watch", "paths"), "write `files: {paths: [...]}`"),
        **dict.fromkeys(("events", "message", "topic"), "write `event: {name: paid}`"),
    },
    "schedule": {
        **dict.fromkeys(("tz", "zone", "time-zone"), "write `timezone`"),
        **dict.fromkeys(("every", "interval"), 'write `cron: "*/5 * * * *"`'),
        **dict.fromkeys(("catchup", "catch-up", "misfire"), "write `missed`"),
        **dict.fromkeys(("with", "input"), "write `inputs`"),
    },
    "event": {**dict.fromkeys(("if", "filter", "when"), "write `where`"), "event": "write `name`"},
    "webhook": {
        **dict.fromkeys(("url", "route"), "write `path`"),
        "secret": "write `token`",
        "method": "a webhook is a POST; remove it",
    },
    "retry": {
        **dict.fromkeys(("max-attempts", "max"), "write `attempts`"),
        **dict.fromkeys(("delay", "wait", "interval"), "write `backoff`"),
        "max-delay": "write `cap`",
        "multiplier": "write `factor`",
        "except": "write `unless`",
    },
    "concurrency": {
        **dict.fromkeys(("cancel-in-progress", "cancel_in_progress"), "write `policy: cancel-old`"),
        **dict.fromkeys(("name", "key"), "write `group`"),
        **dict.fromkeys(("limit", "size"), "write `max`"),
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
        **dict.fromkeys(("options", "choices"), "write `enum`"),
        "min": "write `minimum`",
        "max": "write `maximum`",
        "desc": "write `description`",
    },
}
