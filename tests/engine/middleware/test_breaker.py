"""The breaker around steps: who is let through, what counts, what is told."""

from typing import Any

import anyio
import pytest
from tests.engine.middleware.stage import Clock, Stage, plan, wrapped

from ciranda.actions import action
from ciranda.errors import StepError
from ciranda.events import CircuitClosed, CircuitHalfOpened, CircuitOpened
from ciranda.expressions import Secret
from ciranda.layer import Call
from ciranda.middleware.breaker import Breakers
from ciranda.middleware.shared import Shared
from ciranda.workflow.model import Breaker

pytestmark = pytest.mark.anyio

OPTIONS = Breaker(failures=0.5, window=2, minimum=2, open=30.0, probes=3)


class Site:
    """Another side that can be ill, and the breaker in front of it."""

    def __init__(self, options: Breaker = OPTIONS, **others) -> None:
        self.clock, self.stage = Clock(), Stage()
        self.shared = Shared(clock=self.clock)
        self.error: BaseException | None = None
        self.calls = 0
        self.gate: anyio.Event | None = None
        self.inner = wrapped(plan(breaker=options, **others), self.shared, self.core)

    async def core(self, call: Call) -> str:
        self.calls += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return "well"

    async def outcome(self, inputs: dict[str, Any] | None = None) -> str:
        try:
            call = self.stage.call(inputs, scope={"inputs": inputs or {}})
            return str(await self.inner(call))
        except StepError as error:
            return error.kind

    async def open(self) -> None:
        self.error = StepError("unavailable", "ill")
        await self.outcome()
        await self.outcome()
        self.error = None


async def test_an_open_circuit_refuses_with_the_time_that_is_left():
    site = Site()
    await site.open()
    site.clock.now += 20

    text = r"^the circuit `demo.double` is open for another 10s, because the calls before failed"
    with pytest.raises(StepError, match=text) as caught:
        await site.inner(site.stage.call())

    assert (caught.value.kind, caught.value.retryable) == ("circuit_open", True)
    assert caught.value.retry_after == 10.0
    assert site.calls == 2


async def test_transitions_are_told_in_order_and_once():
    site = Site()
    await site.open()
    site.clock.now += 30

    assert [await site.outcome() for _ in range(4)] == ["well"] * 4

    assert site.stage.events == [
        CircuitOpened(breaker="demo.double", failure_rate=1.0, slow_rate=0.0, wait=30.0),
        CircuitHalfOpened(breaker="demo.double", probes=3),
        CircuitClosed(breaker="demo.double"),
    ]


async def test_of_a_thousand_callers_exactly_the_probes_get_through():
    site = Site()
    await site.open()
    site.clock.now += 30
    site.calls, site.gate = 0, anyio.Event()
    outcomes: list[str] = []

    async def caller() -> None:
        outcomes.append(await site.outcome())

    async with anyio.create_task_group() as group:
        for _ in range(1000):
            group.start_soon(caller)
        await anyio.wait_all_tasks_blocked()
        site.gate.set()

    assert site.calls == 3
    assert sorted(set(outcomes)) == ["circuit_open", "well"]
    assert outcomes.count("circuit_open") == 997
    assert site.stage.names() == ["CircuitOpened", "CircuitHalfOpened", "CircuitClosed"]


async def test_cancelled_probes_give_their_permits_back():
    site = Site()
    await site.open()
    site.clock.now += 30
    site.calls, site.gate = 0, anyio.Event()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(site.outcome)
        await anyio.wait_all_tasks_blocked()
        assert await site.outcome() == "circuit_open"
        group.cancel_scope.cancel()
    site.gate = None

    assert [await site.outcome() for _ in range(3)] == ["well"] * 3
    assert site.stage.names()[-1] == "CircuitClosed"


@pytest.mark.parametrize("kind", ["invalid-input", "denied.scope", "cancelled", "conflict"])
async def test_failures_that_say_nothing_of_the_other_side_do_not_count(kind):
    site = Site()
    site.error = StepError(kind, "ours")

    assert [await site.outcome() for _ in range(5)] == [kind] * 5

    assert site.stage.events == []


async def test_an_error_of_any_other_class_counts():
    site = Site()
    site.error = ValueError("boom")

    for _ in range(2):
        with pytest.raises(ValueError, match="boom"):
            await site.inner(site.stage.call())

    assert await site.outcome() == "circuit_open"


@pytest.mark.parametrize(("took", "opens"), [(5.0, False), (5.001, True)])
async def test_a_call_is_slow_when_it_takes_longer_than_the_threshold(took, opens):
    clock, stage = Clock(), Stage()
    options = Breaker(slow=1.0, slow_after=5.0, window=1, minimum=1)

    async def core(call: Call) -> None:
        clock.now += took

    await wrapped(plan(breaker=options), Shared(clock=clock), core)(stage.call())

    assert (stage.names() == ["CircuitOpened"]) is opens


async def test_circuits_are_told_apart_by_the_key_expression_and_shared_by_steps():
    options = Breaker(
        failures=0.5, window=2, minimum=2, open=30.0, probes=3, key="${{ inputs.host }}"
    )
    site = Site(options)
    other = wrapped(plan(name="other", breaker=options), site.shared, site.core)
    site.error = StepError("unavailable", "ill")
    for _ in range(2):
        await site.outcome({"host": "a"})
    site.error = None

    assert await site.outcome({"host": "b"}) == "well"
    assert await site.outcome({"host": "a"}) == "circuit_open"
    with pytest.raises(StepError, match="the circuit `a` is open"):
        await other(site.stage.call(scope={"inputs": {"host": "a"}}))


@action("web.get", breaker_key="url")
async def get(url: str) -> str:
    return url


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("https://user:pass@api.example:8443/items/7?q=1", "web.get https://api.example:8443"),
        ("http://api.example", "web.get http://api.example"),
        ("unix/socket", "web.get unix/socket"),
        (7, "web.get 7"),
    ],
)
async def test_an_action_names_the_input_that_chooses_the_circuit_and_of_a_url_the_host_counts(
    value, name
):
    site = Site(uses=get)
    site.error = StepError("unavailable", "ill")

    for _ in range(2):
        await site.outcome({"url": value})

    assert site.stage.events == [
        CircuitOpened(breaker=name, failure_rate=1.0, slow_rate=0.0, wait=30.0)
    ]


async def test_a_secret_never_shows_in_a_circuits_name():
    site = Site(uses=get)
    site.error = StepError("unavailable", "ill")

    for query in ("?a", "?b"):
        secret = Secret.join(["https://", Secret("HOST", "hidden.example"), query])
        await site.outcome({"url": secret})

    (event,) = site.stage.events
    assert isinstance(event, CircuitOpened)
    assert event.breaker.startswith("web.get secret:")
    assert "hidden" not in event.breaker


async def test_a_key_that_fails_is_a_fault_of_the_input():
    site = Site(Breaker(key="${{ inputs.nope }}"))

    with pytest.raises(StepError, match=r"^`breaker.key` cannot be evaluated: ") as caught:
        await site.inner(site.stage.call(scope={"inputs": {}}))

    assert caught.value.kind == "invalid-input"


def test_circuits_are_bounded_and_the_longest_unused_is_forgotten():
    breakers = Breakers(most=100)
    for number in range(10_000):
        breakers.guard(str(number), OPTIONS)
        kept = breakers.guard("kept", OPTIONS)

    assert len(breakers) == 100
    assert breakers.guard("kept", OPTIONS) is kept


def test_the_same_name_with_other_options_is_another_circuit():
    breakers = Breakers()

    assert breakers.guard("a", OPTIONS) is breakers.guard("a", OPTIONS)
    assert breakers.guard("a", OPTIONS) is not breakers.guard("a", Breaker())
