"""The breaker's state machine against a model in integers, and at its edges."""

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.effort import share

from ciranda.middleware.circuit import REFUSED, Circuit, State
from ciranda.workflow.model import Breaker


def finish(circuit: Circuit, now: float, results: str) -> None:
    """Let calls through one by one: `.` succeeds, `x` fails, `s` is slow."""
    for each in results:
        permit = circuit.admit(now)
        assert permit != REFUSED
        circuit.record(permit, now, failed=each == "x", slow=each == "s")


def state_of(circuit: Circuit) -> State:
    """Return the state; mypy takes an attribute it has seen once for constant."""
    return circuit.state


def opened(**options: float) -> Circuit:
    defaults = {"failures": 0.5, "window": 2, "minimum": 2, "open": 30.0, "probes": 3}
    circuit = Circuit(Breaker(**(defaults | options)))  # type: ignore[arg-type] # whole numbers
    finish(circuit, 0.0, "xx")
    return circuit


class Model:
    """The rules again: lists instead of rings; eighths of a second and per-mille are exact."""

    def __init__(self, options: Breaker) -> None:
        self.options = options
        self.state, self.generation = "closed", 0
        self.results: list[tuple[int, bool, bool]] = []
        self.permits = self.until = self.wait = 0
        self.changes: list[str] = []

    def enter(self, state: str) -> None:
        self.state, self.results = state, []
        self.generation += 1
        self.changes.append(state)

    def admit(self, now: int) -> int:
        if self.state == "open" and now >= self.until:
            self.enter("half-open")
            self.permits = self.options.probes
        if self.state == "open" or (self.state == "half-open" and not self.permits):
            return REFUSED
        self.permits -= self.state == "half-open"
        return self.generation

    def record(self, generation: int, now: int, failed: bool, slow: bool) -> None:
        if generation != self.generation:
            return
        self.results.append((now // 8, failed, slow))
        size, minimum = self.options.window, self.options.minimum
        if self.state == "half-open":
            size = self.options.probes
        if self.options.window_seconds and self.state == "closed":
            seen = [each for each in self.results if each[0] > now // 8 - size]
        else:
            seen, minimum = self.results[-size:], min(minimum, size)
        if len(seen) < minimum:
            return
        bad = sum(each[1] for each in seen) * 1000 >= round(self.options.failures * 1000) * len(
            seen
        )
        late = sum(each[2] for each in seen) * 1000 >= round(self.options.slow * 1000) * len(seen)
        if bad or late:
            again = self.state == "half-open"
            first = round(self.options.open * 8)
            cap = max(first, round(self.options.cap * 8))
            self.wait = min(self.wait * round(self.options.factor), cap) if again else first
            self.until = now + self.wait
            self.enter("open")
        elif self.state == "half-open":
            self.enter("closed")

    def release(self, generation: int) -> None:
        if generation == self.generation and self.state == "half-open":
            self.permits += 1


class CircuitMachine(RuleBasedStateMachine):
    @initialize(
        options=st.builds(
            Breaker,
            failures=st.sampled_from([0.001, 0.25, 0.333, 0.5, 1.0]),
            slow=st.sampled_from([0.1, 0.5, 1.0]),
            window=st.integers(1, 6),
            window_seconds=st.booleans(),
            minimum=st.integers(1, 8),
            open=st.sampled_from([0.5, 2.0]),
            factor=st.sampled_from([1.0, 2.0]),
            cap=st.sampled_from([1.0, 5.0]),
            probes=st.integers(1, 4),
        )
    )
    def begin(self, options: Breaker) -> None:
        self.now = 0
        self.circuit, self.model = Circuit(options), Model(options)
        self.running: list[int] = []

    def agree(self) -> None:
        assert self.circuit.state.value == self.model.state
        assert self.circuit._generation == self.model.generation
        if self.model.state == "half-open":
            assert self.circuit._permits == self.model.permits
        assert [each.state.value for each in self.circuit.changes] == self.model.changes

    @rule(step=st.sampled_from([1, 3, 4, 7, 8, 40]))
    def pass_time(self, step: int) -> None:
        self.now += step

    @rule()
    def admit(self) -> None:
        permit = self.circuit.admit(self.now / 8)
        assert permit == self.model.admit(self.now)
        if permit != REFUSED:
            self.running.append(permit)
        self.agree()

    @rule(which=st.integers(0, 99), failed=st.booleans(), slow=st.booleans())
    def record(self, which: int, failed: bool, slow: bool) -> None:
        if self.running:
            permit = self.running.pop(which % len(self.running))
            self.circuit.record(permit, self.now / 8, failed=failed, slow=slow)
            self.model.record(permit, self.now, failed, slow)
            self.agree()

    @rule(failed=st.booleans(), slow=st.booleans())
    def whole_call(self, failed: bool, slow: bool) -> None:
        self.admit()
        if self.running:
            self.record(len(self.running) - 1, failed, slow)

    @rule(which=st.integers(0, 99))
    def release(self, which: int) -> None:
        if self.running:
            permit = self.running.pop(which % len(self.running))
            self.circuit.release(permit)
            self.model.release(permit)
            self.agree()


TestCircuitAgainstModel = CircuitMachine.TestCase
TestCircuitAgainstModel.settings = settings(
    max_examples=share(250),
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize(
    ("threshold", "opens"), [(0.4999, True), (0.5, True), (0.5001, False), (0.501, False)]
)
def test_half_of_the_calls_failing_opens_at_and_below_a_threshold_of_half(threshold, opens):
    circuit = Circuit(Breaker(failures=threshold, window=1000, minimum=1000))

    finish(circuit, 0.0, "." * 500 + "x" * 500)

    assert (circuit.state is State.OPEN) is opens


def test_every_whole_percentage_opens_exactly_when_reached():
    for percent in range(1, 101):
        circuit = Circuit(Breaker(failures=percent / 100, window=100, minimum=100))

        finish(circuit, 0.0, "." * (100 - percent) + "x" * (percent - 1))
        assert state_of(circuit) is State.CLOSED, percent
        finish(circuit, 0.0, "x")

        assert circuit.state is State.OPEN, percent


def test_below_the_minimum_nothing_opens():
    circuit = Circuit(Breaker(failures=0.5, window=20, minimum=10))

    finish(circuit, 0.0, "x" * 9)
    assert state_of(circuit) is State.CLOSED
    finish(circuit, 0.0, "x")

    assert circuit.state is State.OPEN


def test_a_minimum_above_a_window_of_calls_means_the_window():
    circuit = Circuit(Breaker(failures=1.0, window=3, minimum=100))

    finish(circuit, 0.0, "xxx")

    assert circuit.state is State.OPEN


def test_slow_calls_open_by_their_own_rate():
    circuit = Circuit(Breaker(failures=1.0, slow=0.5, window=4, minimum=4))

    finish(circuit, 0.0, "..s")
    assert state_of(circuit) is State.CLOSED
    finish(circuit, 0.0, "s")

    assert circuit.state is State.OPEN
    assert (circuit.changes[0].failure_rate, circuit.changes[0].slow_rate) == (0.0, 0.5)


@pytest.mark.parametrize(("later", "opens"), [(9.999, True), (10.0, False)])
def test_a_window_of_time_forgets_a_result_exactly_when_it_is_that_old(later, opens):
    circuit = Circuit(Breaker(failures=1.0, window=10, window_seconds=True, minimum=2))
    finish(circuit, 100.0, "x")

    finish(circuit, 100.0 + later, "x")

    assert (circuit.state is State.OPEN) is opens


@pytest.mark.parametrize(("later", "state"), [(29.999, State.OPEN), (30.0, State.HALF_OPEN)])
def test_probes_are_let_through_exactly_when_the_wait_is_over(later, state):
    circuit = opened(open=30.0)

    circuit.admit(later)

    assert circuit.state is state


def test_half_open_lets_exactly_the_probes_through():
    circuit = opened(probes=3)

    permits = [circuit.admit(30.0) for _ in range(1000)]

    assert sum(permit != REFUSED for permit in permits) == 3
    assert circuit.remaining(30.0) is None


def test_good_probes_close_and_the_window_begins_anew():
    circuit = opened(probes=2)

    finish(circuit, 30.0, "..")
    assert state_of(circuit) is State.CLOSED
    finish(circuit, 30.0, "x")

    assert circuit.state is State.CLOSED


def test_failed_probe_rounds_wait_longer_up_to_the_cap_until_one_succeeds():
    circuit = opened(probes=1, open=1.0, factor=2.0, cap=5.0)
    now, waits = 0.0, []

    for _ in range(4):
        now += circuit.remaining(now) or 0.0
        finish(circuit, now, "x")
        waits.append(circuit.remaining(now))
    finish(circuit, now + 5.0, ".")
    finish(circuit, now + 5.0, "xx")

    assert waits == [2.0, 4.0, 5.0, 5.0]
    assert circuit.remaining(now + 5.0) == 1.0


def test_an_open_time_above_the_cap_is_not_cut():
    assert opened(open=3600.0, cap=600.0).remaining(0.0) == 3600.0


def test_a_released_probe_gives_its_permit_back():
    circuit = opened(probes=1)
    permit = circuit.admit(30.0)
    assert circuit.admit(30.0) == REFUSED

    circuit.release(permit)

    assert circuit.admit(30.0) != REFUSED


def test_a_late_result_of_a_former_generation_changes_nothing():
    circuit = Circuit(Breaker(failures=0.5, window=2, minimum=2, open=30.0, probes=2))
    late = circuit.admit(0.0)
    finish(circuit, 0.0, "xx")
    circuit.admit(30.0)

    circuit.record(late, 31.0, failed=True, slow=False)
    circuit.release(late)

    assert circuit.state is State.HALF_OPEN
    assert circuit.admit(31.0) != REFUSED
    assert circuit.admit(31.0) == REFUSED
