"""Steps within steps, written out again, are the same steps."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share
from tests.engine.workflow.bare import bare

from ciranda.workflow.dump import dump, dumps
from ciranda.workflow.load import loads, workflow_of
from ciranda.workflow.places import Places

NAMES = ("a", "b", "c_1", "D", "steps", "body", "loop_")
KINDS = ("call", "own", "group", "switch", "try")
VALUES: tuple[Any, ...] = (None, 1, 2.5, "007", "${{ inputs.n }}", [1, {"x": "no"}], {"k": []})
GENERAL = {
    "description": "said",
    "if": "inputs.n > 1",
    "estimate": "2s",
    "continue-on-error": ["timeout"],
}
TIMED = {"retry": {"attempts": 2, "on": ["timeout"]}, "timeout": "5s", "deadline": "1m"}
OF_CALLS = {
    "cache": {"ttl": "1h"},
    "rate": {"requests": "5/1m"},
    "env": {"A": "b"},
    "idempotency-key": ["${{ inputs.n }}"],
    "outputs": {"n": "integer", "f": {"file": "out.bin"}, "s": {"type": "array"}},
}
OWN: tuple[dict[str, Any], ...] = (
    {"sleep": "5m"},
    {"sleep": "${{ inputs.pause }}"},
    {"emit": {"event": "paid", "data": {"id": "${{ inputs.n }}"}}},
    {"succeed": {}},
    {"succeed": {"outputs": {"n": 1}}},
    {"fail": {"kind": "refused", "message": "no funds", "detail": [1]}},
    {"wait": {"event": "paid", "where": "event.data.n > 1", "timeout": "1d", "default": None}},
    {"approve": {"who": "ana", "form": {"n": "integer", "s": {"type": "string", "default": "x"}}}},
    {"approve": {"prompt": "Ship?", "who": ["ana", "rui"], "on-reject": "continue"}},
)
REPEATERS: tuple[dict[str, Any], ...] = (
    {},
    {"map": [1, 2], "as": "one", "when": "one > 1", "max-parallel": 3, "join": "any"},
    {"map": "${{ inputs.n }}", "on-item-failure": "keep", "join": {"at-least": 2}},
    {"matrix": {"os": [1, "x"], "v": "${{ inputs.n }}", "include": [{"os": 3}]}, "join": "race"},
    {"matrix": {"os": [1], "exclude": "${{ inputs.n }}"}, "max-parallel": 1},
    {"while": "loop.index < 3", "max": 7, "every": "5s", "on-max": "stop"},
    {"until": "loop.last.ready"},
)
TOP: dict[str, Any] = {
    "timeout": "1h",
    "fail-fast": True,
    "rate": {"requests": "5/1m"},
    "concurrency": {"group": "g", "policy": "cancel-old"},
    "order": "sequence",
    "on": {
        "schedule": [{"cron": "0 6 * * *", "missed": "one"}, {"cron": "5 6 * * mon"}],
        "webhook": {"path": "/x", "inputs": {"n": "${{ event.data }}"}},
        "event": {"name": "paid", "where": "event.data.n > 1"},
        "files": {"paths": ["in/*.csv"]},
    },
}


class Writer:
    """Writes files by chance."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def some(self, keys: dict[str, Any]) -> dict[str, Any]:
        return {key: each for key, each in keys.items() if self.random.random() < 0.3}

    def steps(self, depth: int) -> dict[str, Any]:
        names = self.random.sample(NAMES, self.random.randint(1, 2))
        return {name: self.step(depth) for name in names}

    def handlers(self, names: tuple[str, ...], depth: int) -> dict[str, Any]:
        if depth < 0:
            return {}
        return {name: self.steps(depth) for name in names if self.random.random() < 0.2}

    def step(self, depth: int) -> dict[str, Any]:
        return self.kind(self.random.choice(KINDS if depth else KINDS[:2]), depth)

    def kind(self, kind: str, depth: int) -> dict[str, Any]:
        value = self.random.choice(VALUES)
        more = {**self.some(GENERAL), **self.random.choice(REPEATERS)}
        more |= self.handlers(("on-failure", "on-cancel", "compensate"), depth - 1)
        if kind == "own":
            return {**self.random.choice(OWN), **{k: more[k] for k in more if k != "join"}}
        more |= self.some(TIMED)
        if kind == "call":
            call = {"uses": "any.thing", "with": {"value": value}}
            return {**self.random.choice((call, {"run": ["x", 7]})), **more, **self.some(OF_CALLS)}
        outputs = self.some({"outputs": {"v": value, "w": "${{ steps.a.output }}"}})
        if kind == "group":
            return {"steps": self.steps(depth - 1), **outputs, **more}
        if kind == "try":
            depth = max(depth, 1)
            catch = [
                {"on": ["timeout", "exit.1"], "as": "problem", "steps": self.steps(depth - 1)},
                {"steps": self.steps(depth - 1)},
            ]
            tried = {"try": self.steps(depth - 1), "catch": catch, **outputs}
            return {**tried, **self.handlers(("finally",), depth - 1), **more}
        last = {"steps": self.steps(depth - 1), **outputs}
        first = {**self.kind(self.random.choice(("call", "own", "try")), depth - 1), "if": "x > 1"}
        return {"switch": [first, last], **more}

    def file(self) -> dict[str, Any]:
        handlers = self.handlers(("on-failure", "on-success", "on-cancel", "finally"), 1)
        return {"ciranda": 1, "name": "x", **self.some(TOP), "steps": self.steps(2), **handlers}


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=share(60))
def test_whatever_holds_steps_survives_being_written_out(seed: int):
    workflow = workflow_of(Writer(seed).file(), Places(None))

    again = loads(dumps(workflow))

    assert bare(again) == bare(workflow)
    assert repr(dump(again)) == repr(dump(workflow))


@pytest.mark.parametrize("depth", [1, 20])
def test_groups_in_groups_keep_their_places(depth: int):
    inner: dict[str, Any] = {"run": ["x"]}
    for _ in range(depth):
        inner = {"steps": {"g": inner}}
    workflow = workflow_of({"ciranda": 1, "steps": {"g": inner}}, Places(None))

    step = workflow.steps["g"]
    for _ in range(depth):
        step = step.blocks["steps"].steps["g"]
    assert step.at == ("steps", "g") * (depth + 1)
    assert bare(loads(dumps(workflow))) == bare(workflow)


def test_a_workflow_as_a_step_is_written_out_as_its_path():
    files = {"b.yaml": b"ciranda: 1\nsteps: {x: {run: echo}}\n"}
    text = """ciranda: 1
secrets: {K: {env: K}}
steps: {a: {uses: ./b.yaml, with: {n: 1}, secrets: {K: "${{ secrets.K }}"}}}
"""
    workflow = loads(text, file="a.yaml", read=lambda path: files[path.name])

    assert dump(workflow)["steps"]["a"] == {
        "uses": "./b.yaml",
        "with": {"n": 1},
        "secrets": {"K": "${{ secrets.K }}"},
    }
