"""The solver: z3 in a few warm worker processes that are killed when they are late."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, final

import anyio

from ciranda.errors import PoolError, StepError
from ciranda.executors.pool import Pool, PoolStats, Recycle, WorkerKind

from ..exact import Value
from ..intent.tree import Sort
from ..meter import Wait
from ..presolve.problem import Answer, Decision, Problem
from ..presolve.witness import witnesses
from .formula import Answered, Encoded, encode, fraction, read_value
from .irrational import between
from .missing import SolverMissingError

__all__ = ["Solver", "Why"]

_SETUP: Final = "ciranda_experts.solver.worker:setup"
_CALLS: Final = 50_000  # until a worker is replaced
_PACE: Final = 300_000  # units of the pre-solver for each second: a third of what it could do
_ABSENT: Final = "No module named 'z3'"
_TRIES: Final = 2  # a lost worker may not be the fault of this call


class Why(StrEnum):
    """Why something could not be decided."""

    TIMEOUT = "timeout"
    UNDECIDED = "undecided"  # z3 gave up, or said what is not so
    MEMORY = "memory"
    IRRATIONAL = "irrational"  # what makes it true is no rational number
    CRASHED = "expert-crashed"  # the worker was lost, twice


_Reply: TypeAlias = tuple[str, Sequence[Any]]
_WHY: Final = {"timeout": Why.TIMEOUT, "memory": Why.MEMORY, "worker-lost": Why.CRASHED}


@final
class Solver:
    """Decides problems that are not easy; an async context manager.

    Nothing that a worker says is believed: assignments are evaluated here, and what cannot be
    confirmed is unknown. A late worker is killed with all that it started.

    Args:
        workers: How many processes; one problem at a time in each.
        memory_mb: MiB that z3 may allocate in a worker.
        warm: How many workers to start at once in the background.
    """

    def __init__(self, *, workers: int = 2, memory_mb: int = 512, warm: int = 0) -> None:
        kind = WorkerKind(
            "z3",
            setup=_SETUP,
            options={"memory_mb": memory_mb},
            recycle=Recycle(calls=_CALLS),  # it keeps to `memory_mb` by itself
        )
        self._pool = Pool(kind, workers, warm=warm)

    async def __aenter__(self) -> Self:
        await self._pool.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._pool.__aexit__(kind, error, trace)

    @property
    def stats(self) -> PoolStats:
        """Counts of the worker processes as of now."""
        return self._pool.stats

    async def decide(
        self, problem: Problem, *, budget: float, seed: int = 0, effort: int = 0
    ) -> Decision:
        """Decide one problem; see `decide_all`."""
        (decision,) = await self.decide_all((problem,), budget=budget, seed=seed, effort=effort)
        return decision

    async def decide_all(
        self,
        problems: Sequence[Problem],
        *,
        budget: float,
        seed: int = 0,
        stop: bool = False,
        effort: int = 0,
    ) -> tuple[Decision, ...]:
        """Decide problems of one intent, which share conditions and `int_bits`, in one call.

        Args:
            problems: At least one. What cannot be decided is `unknown`, for the reason
                `timeout`, `memory`, `undecided`, `irrational` or `expert-crashed`.
            budget: Seconds for all, from when a worker takes them; then the worker is killed.
                Whoever comes first gets a worker first, and waiting for one counts for nothing.
            seed: Another than 0 uses a fresh solver, configured otherwise.
            stop: Leave the rest open once a claim is refuted: one that can be violated, or
                assumptions that cannot hold together.
            effort: Units of work of the pre-solver, which the worker asks before z3.

        Raises:
            SolverMissingError: z3 is not installed.
            PoolError: No worker can start, or the solver is not open.
        """
        encoded = encode(problems)
        encoded.payload["seed"] = seed
        encoded.payload["stop"] = stop
        if effort > 0:
            encoded.ease(min(effort, int(budget * _PACE)))
        reply, reason = await self._ask(encoded.payload, budget)
        try:
            return _read_all(problems, reply, encoded, seed, reason)
        except (LookupError, TypeError, ValueError):  # not what our worker says
            return (Decision(Answer.UNKNOWN, "z3", reason=Why.UNDECIDED),) * len(problems)

    async def _ask(self, payload: dict[str, Any], budget: float) -> tuple[_Reply, str]:
        """Return the answers, those told before it failed if it did, and why the rest are none."""
        told: list[_Reply] = [("", [])]

        def hear(notice: Any) -> None:
            if getattr(notice, "name", "") == "known":
                told[0] = notice.data

        left, reason = budget, Why.TIMEOUT
        for _ in range(_TRIES):
            if left <= 0:
                break
            try:
                with _Working(left) as working:
                    payload["budget"] = max(1, int(left * 1000))
                    reply = await self._pool.call(
                        "decide", payload, on_event=hear, on_start=working.start
                    )
                    return reply, ""
            except PoolError as error:
                if _ABSENT not in str(error):
                    raise
                raise SolverMissingError from None
            except StepError as error:
                reason = _WHY.get(error.kind, Why.UNDECIDED)
                if error.kind != "worker-lost":
                    break
            else:
                return told[0], Why.TIMEOUT
            left = working.left
        return told[0], reason


@final
class _Working:
    """A call that may work so many seconds from when a worker takes it, and is cancelled then."""

    def __init__(self, seconds: float) -> None:
        self._seconds: Final = seconds
        self._wait: Final = Wait()
        self._scope: Final = anyio.CancelScope()

    def __enter__(self) -> Self:
        self._wait.__enter__()
        self._scope.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        self._wait.end()
        return bool(self._scope.__exit__(kind, error, trace))

    def start(self) -> None:
        """Begin to count."""
        self._wait.end()
        self._scope.deadline = anyio.current_time() + self._seconds

    @property
    def left(self) -> float:
        """Seconds that are left of those that it had."""
        return min(self._seconds, self._scope.deadline - anyio.current_time())


def _read_all(
    problems: Sequence[Problem], reply: _Reply, encoded: Encoded, seed: int, reason: str
) -> tuple[Decision, ...]:
    version, answers = reply
    about = {"version": version, "seed": seed}
    known = [*answers, *[None] * (len(problems) - len(answers))]
    return tuple(
        Decision(Answer.UNKNOWN, "z3", reason=reason)
        if answered is None
        else _read(problem, Answered(*answered), encoded, about)
        for problem, answered in zip(problems, known, strict=True)
    )


def _read(
    problem: Problem, answered: Answered, encoded: Encoded, about: dict[str, Any]
) -> Decision:
    """Return an answer as a decision, if it can be confirmed."""
    if answered.answer > 0:
        return _satisfiable(problem, answered, encoded)
    if answered.answer < 0:
        core = tuple(encoded.conditions[at].where for at in answered.core)
        if answered.certificate is not None:
            method = answered.method
            return Decision(
                Answer.UNSATISFIABLE, method, core=core, certificate=answered.certificate
            )
        certificate = {"method": "z3", "strategy": answered.method, **about}
        return Decision(Answer.UNSATISFIABLE, "z3", core=core, certificate=certificate)
    return Decision(Answer.UNKNOWN, "z3", reason=answered.reason)


def _satisfiable(problem: Problem, answered: Answered, encoded: Encoded) -> Decision:
    model: dict[str, Value] = {}
    bounds: dict[str, tuple[Fraction, Fraction]] = {}
    for name, value in zip(encoded.names, answered.model or (), strict=True):
        sort = problem.sorts.get(name)
        if sort is Sort.REAL and len(value) > 2:  # noqa: PLR2004  both ends of an interval
            bounds[name] = (fraction(*value[:2]), fraction(*value[2:]))
        elif sort is not None:
            model[name] = read_value(value, sort)
    if not bounds and witnesses(problem, model):
        method = "model" if answered.method == "model" else "z3"
        return Decision(Answer.SATISFIABLE, method, model=model)
    certificate = between(problem, model, bounds)
    if certificate is not None:
        return Decision(Answer.SATISFIABLE, "z3", certificate=certificate)
    return Decision(Answer.UNKNOWN, "z3", reason=Why.IRRATIONAL if bounds else Why.UNDECIDED)
