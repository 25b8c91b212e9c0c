"""Workflows written out again are the same workflows."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share
from tests.engine.workflow.bare import bare

from ciranda.workflow.dump import dump, dumps
from ciranda.workflow.load import load, loads

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", ["settlement.yaml", "everything.yaml", "language.yaml"])
def test_the_examples_survive_being_written_out(name: str):
    workflow = load(DATA / name)

    assert bare(loads(dumps(workflow))) == bare(workflow)


def tenths(least: int, most: int) -> st.SearchStrategy[float]:
    return st.integers(least, most).map(lambda count: count / 10)


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="$\0"),
    max_size=8,
).map(lambda text: text or "word")  # fmt: skip
durations = st.builds(
    lambda count, unit: f"{count}{unit}",
    st.integers(1, 999),
    st.sampled_from(["ms", "s", "m", "h"]),
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False) | words
    | st.sampled_from(["${{ inputs.n }}", "x ${{ run.id }}", "007", "3.10", "no", "~", "# x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
kinds = st.sampled_from([["timeout"], ["exit.1", "crash"], []])
modifiers: dict[str, st.SearchStrategy[Any]] = {
    "description": words,
    "if": st.sampled_from(["always()", "inputs.n > 1", "${{ inputs.n }}"]),
    "retry": st.integers(1, 9) | st.just("none")
    | st.fixed_dictionaries({}, optional={
        "attempts": st.integers(1, 9), "backoff": durations, "factor": tenths(10, 40),
        "cap": durations, "jitter": st.sampled_from(["full", "none"]), "on": kinds,
        "unless": kinds}),
    "timeout": durations,
    "deadline": durations,
    "estimate": durations,
    "cache": st.booleans() | st.fixed_dictionaries({}, optional={
        "ttl": durations, "key": plain, "scope": st.sampled_from(["run", "project", "shared"]),
        "refresh": st.booleans()}),
    "breaker": st.fixed_dictionaries({}, optional={
        "failures": st.integers(1, 100).map(lambda share: f"{share}%"), "slow": tenths(1, 10),
        "slow-after": durations, "window": st.integers(1, 99) | st.just("10s"),
        "minimum": st.integers(1, 9), "open": durations, "factor": tenths(10, 40),
        "cap": durations, "probes": st.integers(1, 9), "key": plain}),
    "rate": st.fixed_dictionaries(
        {"requests": st.integers(1, 99).map(lambda count: f"{count}/1m")}, optional={
            "key": plain, "input-tokens": st.just("30000/1m"), "output-tokens": st.just("8000/90s"),
            "shared": st.sampled_from(["engine", "machine"]),
            "cost": st.fixed_dictionaries({"requests": st.just(1)})}),
    "concurrency": st.fixed_dictionaries({"group": plain.map(lambda one: one or "g")}, optional={
        "max": st.integers(1, 9),
        "policy": st.sampled_from(["queue", "cancel-old", "cancel-new", "fail"])}),
    "continue-on-error": st.booleans() | kinds.filter(bool),
    "executor": st.sampled_from(["inline", "thread", "process", "cluster"]),
    "idempotent": st.booleans(),
    "with-middleware": st.dictionaries(st.sampled_from(["shop.quiet", "a.b"]), plain, max_size=2),
    "env": st.dictionaries(names, words, max_size=2),
}  # fmt: skip
repeaters = st.fixed_dictionaries(
    {"map": st.lists(plain, max_size=2) | st.just("${{ inputs.n }}")},
    optional={
        "as": names, "when": st.just("index > 1"), "max-parallel": st.integers(1, 9),
        "on-item-failure": st.sampled_from(["stop", "finish", "keep"]),
    },
)  # fmt: skip
bodies = st.fixed_dictionaries(
    {"uses": st.sampled_from(["math.add", "any.thing"])},
    optional={"with": st.dictionaries(names, plain, max_size=3)},
) | st.fixed_dictionaries(
    {
        "run": st.lists(words | st.integers(-9, 9) | st.booleans(), max_size=3).map(
            lambda words: words if words and str(words[0]).strip() else ["x", *words[1:]]
        )
    },
    optional={"stdin": plain, "cwd": words, "parse": st.sampled_from(["text", "json"])},
)
steps = st.builds(
    lambda body, repeater, more: {**body, **repeater, **more},
    bodies,
    st.just({}) | repeaters,
    st.fixed_dictionaries({}, optional=modifiers),
)
two_steps = st.builds(lambda a, one, b, two: {a: one, b: two}, names, steps, names, steps)
workflows = st.fixed_dictionaries(
    {"ciranda": st.just(1), "name": words, "steps": two_steps},
    optional={
        "description": words,
        "order": st.sampled_from(["graph", "sequence"]),
        "outputs": st.dictionaries(words, plain, max_size=2),
        "plugins": st.lists(words, max_size=2),
        "inputs": st.dictionaries(names, st.sampled_from(["string", "integer"])
            | st.fixed_dictionaries({"type": st.just("object")}, optional={
                "default": plain, "optional": st.booleans(), "description": words}), max_size=2),
        "env": st.dictionaries(names, words
            | st.fixed_dictionaries({"from": words}, optional={"default": words}), max_size=2),
        "secrets": st.dictionaries(names, st.fixed_dictionaries({"env": words})
            | st.fixed_dictionaries({"command": st.tuples(words, words).map(list)}), max_size=2),
    },
)  # fmt: skip


@given(workflows)
@settings(deadline=None, max_examples=share(150))
def test_any_workflow_survives_being_written_out(data: dict[str, Any]):
    text = dumps_plain(data)
    workflow = loads(text)

    again = loads(dumps(workflow))

    assert bare(again) == bare(workflow)
    assert repr(dump(again)) == repr(dump(workflow))  # `==` takes 1, 1.0 and true for the same


def dumps_plain(data: dict[str, Any]) -> str:
    """Write data as `dumps` does, by way of a workflow that holds it as an output."""
    carrier = loads("ciranda: 1\nsteps: {a: {run: x}}")
    carrier = msgspec.structs.replace(carrier, outputs={"data": data})
    text = dumps(carrier)
    start = text.index('"data": ') + len('"data": ')
    return text[start : text.rindex("}", 0, text.rindex("}"))]
