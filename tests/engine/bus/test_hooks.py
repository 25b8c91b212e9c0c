"""Every hook is documented, linked to its type, and does what its docstring says."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import pytest

from ciranda import events
from ciranda.bus import Bus
from ciranda.events import Event
from ciranda.hooks import extension, facts, hookimpl, questions, waits


def specs(module: ModuleType) -> dict[str, Callable[..., Any]]:
    return {
        name: one
        for name, one in vars(module).items()
        if inspect.isfunction(one) and hasattr(one, "ciranda_spec")
    }


EVENTS = {
    name: kind
    for name, kind in vars(events).items()
    if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
}
FACTS = specs(facts) | specs(waits)
EVERY = FACTS | specs(extension) | specs(questions)


@pytest.mark.parametrize("name", EVERY)
def test_a_hook_says_when_it_fires_what_it_takes_and_gives_with_an_example(name: str) -> None:
    doc = inspect.getdoc(EVERY[name]) or ""

    assert "Fires once" in doc or doc.startswith("Fire when ")
    assert ("Args:" in doc) is bool(inspect.signature(EVERY[name]).parameters)
    assert name in FACTS or "None" in doc.partition("Returns:")[2]
    assert f"def {name}(" in doc.partition("Example:")[2]


def test_every_event_has_one_hook_named_after_it() -> None:
    expected = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): EVENTS[name] for name in EVENTS}

    found = {
        name: inspect.signature(one).parameters["event"].annotation for name, one in FACTS.items()
    }

    assert found == expected


@pytest.mark.parametrize("kind", EVENTS.values(), ids=EVENTS)
def test_the_hook_of_an_event_hears_it(kind: type[Event]) -> None:
    heard: list[Event] = []
    (name,) = (
        name
        for name, one in FACTS.items()
        if inspect.signature(one).parameters["event"].annotation is kind
    )

    def hear(event: Any) -> None:
        heard.append(event)

    plugin = ModuleType("plugin")
    setattr(plugin, name, hookimpl(hear))
    bus = Bus()
    bus.register(plugin, "plugin")
    failure = {"kind": "crash", "message": "m"}
    samples = {
        "str": "x",
        "int": 1,
        "float": 1.0,
        "bool": True,
        "Failure": failure,
        "Verdict": "approved",
        "dict": {},
    }
    fields = {
        one.name: samples[one.type.__name__] for one in msgspec.structs.fields(kind) if one.required
    }

    event = msgspec.convert({"type": kind.__name__, **fields}, kind)
    bus.publish_nowait(event)

    assert heard == [event]


def test_a_plain_example_of_a_fact_runs() -> None:
    for name, one in FACTS.items():
        code = inspect.cleandoc(
            (inspect.getdoc(one) or "").partition("```python\n")[2].partition("```")[0]
        )
        compile(code, name, "exec")
