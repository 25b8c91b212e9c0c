"""A bus whose failures are kept, and a type that plugins of a test may ask."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from ciranda.bus import Bus, ObserverFailure
from ciranda.events import Event, Request
from ciranda.hooks import hookspec


class Judge(Request[str], frozen=True, kw_only=True):
    claim: str = ""


class Rung(Event, frozen=True, kw_only=True, tag=True):
    number: int = 0


@hookspec
def weigh(request: Judge) -> str | None:
    """Weigh a claim."""


@hookspec
def rung(event: Rung) -> None:
    """Hear a bell."""


@pytest.fixture
def failures() -> list[ObserverFailure]:
    return []


@pytest.fixture
def make_bus(failures: list[ObserverFailure]) -> Callable[..., Bus]:
    """Return a function that makes a bus of plugins, registered in order as p0, p1, ..."""

    def make(*plugins: object) -> Bus:
        bus = Bus(report=failures.append)
        specs = ModuleType("specs")
        specs.weigh, specs.rung = weigh, rung  # type: ignore[attr-defined]
        bus.add_hooks(specs)
        for number, plugin in enumerate(plugins):
            bus.register(plugin, f"p{number}")
        return bus

    return make


@pytest.fixture
def rung_type() -> type[Rung]:
    return Rung


@pytest.fixture
def judge_type() -> type[Judge]:
    return Judge
