"""The breaker layer: calls are refused while the other side is known to be ill."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, final

import anyio
import msgspec
from cachebox import LRUCache

from ciranda.errors import StepError
from ciranda.events import CircuitClosed, CircuitHalfOpened, CircuitOpened, Event
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.middleware.circuit import REFUSED, Change, Circuit, State
from ciranda.middleware.naming import name_by_input, name_of
from ciranda.workflow.model import Breaker

if TYPE_CHECKING:
    from ciranda.context import Context
    from ciranda.middleware.shared import Shared

__all__ = ["UNCOUNTED", "Breakers", "Guard", "layer"]

# Failures that say nothing about the other side: our own input, our own refusal to ask.
UNCOUNTED: Final = frozenset(
    {"invalid-input", "denied", "cancelled", "conflict", "limit", "secret"}
)


@final
class Guard:
    """One circuit and the announcing of its transitions."""

    __slots__ = ("_lock", "_name", "circuit")

    def __init__(self, name: str, options: Breaker) -> None:
        self.circuit: Final = Circuit(options)
        self._name: Final = name
        self._lock: anyio.Lock | None = None  # most circuits never open

    async def announce(self, ctx: Context) -> None:
        """Publish what changed, in order and once, even when the caller is being cancelled."""
        if self._lock is None:
            self._lock = anyio.Lock()
        changes = self.circuit.changes
        with anyio.CancelScope(shield=True):
            async with self._lock:
                while changes:
                    await ctx.publish(_event(self._name, changes.popleft()))


def _event(name: str, change: Change) -> Event:
    if change.state is State.OPEN:
        return CircuitOpened(
            breaker=name,
            failure_rate=change.failure_rate,
            slow_rate=change.slow_rate,
            wait=change.wait,
        )
    if change.state is State.HALF_OPEN:
        return CircuitHalfOpened(breaker=name, probes=change.probes)
    return CircuitClosed(breaker=name)


@final
class Breakers:
    """The guards of one engine by name and options.

    Steps share a guard when both are equal. At most `most` are kept; the one used longest ago
    is forgotten, and a forgotten circuit is closed.
    """

    __slots__ = ("_guards",)

    def __init__(self, most: int = 10_000) -> None:
        self._guards: LRUCache[tuple[str, Breaker], Guard] = LRUCache(most)

    def __len__(self) -> int:
        return len(self._guards)

    def guard(self, name: str, options: Breaker) -> Guard:
        """Return the guard of this name, a new one if there is none."""
        found = self._guards.get((name, options))
        if found is None:
            found = Guard(name, options)
            self._guards.insert((name, options), found)
        return found


def layer(plan: StepPlan, shared: Shared) -> Layer | None:
    """Refuse calls with kind `circuit_open`; None when the step has no breaker.

    Every failure counts, apart from the kinds in `UNCOUNTED` and those below them. A call
    counts as slow by the time since the limits let it start.
    """
    written = plan.options.breaker
    if written is None:
        return None
    options = msgspec.structs.replace(written, key=None)
    if written.key is None:
        name_for = name_by_input(plan.uses, plan.action.breaker_key, shared.key)
    else:
        name_for = name_of(written.key, "breaker.key", shared)
    breakers, clock = shared.breakers, shared.clock
    slow_after = math.inf if options.slow_after is None else options.slow_after

    async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
        name = name_for(call)
        guard = breakers.guard(name, options)
        circuit = guard.circuit
        started = clock()
        permit = circuit.admit(started)
        if permit == REFUSED:
            raise _refusal(name, circuit.remaining(started))
        try:
            if circuit.changes:
                await guard.announce(call.ctx)
            result = await next(call)
        except BaseException as error:
            if _counts(error):
                ended = clock()
                slow = ended - call.notes.get("granted", started) > slow_after
                circuit.record(permit, ended, failed=True, slow=slow)
                if circuit.changes:
                    await guard.announce(call.ctx)
            else:
                circuit.release(permit)
            raise
        ended = clock()
        slow = ended - call.notes.get("granted", started) > slow_after
        circuit.record(permit, ended, failed=False, slow=slow)
        if circuit.changes:
            await guard.announce(call.ctx)
        return result

    return Layer(call, Place.BREAKER, name="breaker")


def _counts(error: BaseException) -> bool:
    if isinstance(error, StepError):
        return error.kind.partition(".")[0] not in UNCOUNTED
    return isinstance(error, Exception)


def _refusal(name: str, remaining: float | None) -> StepError:
    wait = "while its probes run" if remaining is None else f"for another {remaining:.3g}s"
    text = f"the circuit `{name}` is open {wait}, because the calls before failed or were slow"
    return StepError("circuit_open", text, retryable=True, retry_after=remaining)
