"""A context of z3 that lives from call to call, and how it decides the problems of a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, final

from . import binding as z3
from .attempt import Asked, Solving, failed, parameters
from .formula import INT, REAL, Answered, rounds
from .question import Posed, Question
from .strategy import SMOOTH, Strategy, strategies
from .terms import Terms
from .translation import Builder

__all__ = ["Session"]

_FIRST: Final = 400_000  # resource units of the first try: about 30 ms
_RATE: Final = 5_000  # resource units for each millisecond of budget
_SMALLER: Final = 40  # checks to make a core smaller
_LARGE: Final = 60_000  # operands built until the context is replaced
_FIRST_METHOD: Final = "simplex"
_LEAST: Final = 0.002  # seconds in which nothing useful happens

Tell = Callable[[list[Answered | None]], None]


class _Limits(NamedTuple):
    """What one problem may take: until a moment of the clock, and resource units of z3."""

    until: float
    units: int


@final
class Session:
    """One context and one warm solver; replaced when it has built much.

    Args:
        memory: Bytes that z3 may allocate; with half of them the context is replaced.
        clock: Seconds, monotonic.
    """

    def __init__(
        self, *, memory: int = 1 << 29, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._open()

    def _open(self) -> None:
        config = z3.mk_config()
        self._context: int = z3.mk_context(config)
        z3.del_config(config)
        z3.set_error_handler(self._context, z3.ON_ERROR)
        self._terms = Terms(self._context)
        self._builder = Builder(self._terms)
        self._warm = Solving(self._terms, z3.mk_simple_solver(self._context))
        parameters(self._context, self._warm.solver, {"rlimit": _FIRST})

    def renew(self) -> None:
        """Drop the context with all that was built in it and begin again."""
        self._warm.close()
        z3.del_context(self._context)
        self._open()

    def decide(
        self,
        payload: dict[str, Any],
        until: float,
        tell: Tell,
        known: Sequence[Answered | None] = (),
        tried: Callable[[int], Answered | None] = lambda _: None,
    ) -> list[Answered]:
        """Decide the problems of a payload.

        Args:
            payload: As `formula.encode` makes it, with `seed`, `budget` (milliseconds), and `stop`:
                whether to leave the rest open once a claim is refuted.
            until: Moment of the clock at which the answers are due.
            tell: Called with what is known before something long begins.
            known: What was decided before, for each of the problems.
            tried: Asked about a problem, by its number, before all that takes long.

        Raises:
            MemoryError: The memory that z3 may use is exhausted.
            RuntimeError: z3 refused something; the context is to be renewed.
        """
        if self._builder.size > _LARGE or z3.get_estimated_alloc_size() > self._memory // 2:
            self.renew()
        sorts, bits, seed = payload["sorts"], payload["bits"], payload["seed"]
        built = [self._builder.build(one, sorts, bits) for one in payload["programs"]]
        failed(self._context)
        question = Question(self._terms, built, sorts, bits)
        posed = [
            Posed(assume, violate, undefined, number)
            for number, (assume, violate, undefined) in enumerate(payload["problems"])
        ]
        found: list[Answered | None] = [*known] or [None] * len(posed)
        settled = payload["stop"] and any(map(_refutes, posed, found))
        if not seed and None in found and not settled:
            self._first(question, posed, found, stop=payload["stop"])
        hard = [at for at, answered in enumerate(found) if answered is None]
        smooth = self._smooth(payload) if hard else None
        units = payload["budget"] * _RATE // max(1, len(hard))
        for number, at in enumerate(hard):
            if payload["stop"] and any(map(_refutes, posed, found)):
                break
            tell(found)
            now = self._clock()
            limits = _Limits(now + (until - now) / (len(hard) - number), units)
            found[at] = tried(at) or self._hard((question, smooth), posed[at], seed, limits)
        return [answered or Answered(0, "z3", reason="undecided") for answered in found]

    def _smooth(self, payload: dict[str, Any]) -> Question | None:
        """Return the conditions with real numbers for integers, where that may be of use.

        What has no solution then has none in integers. Machine integers have another meaning, and
        quotients that are rounded help nobody.
        """
        sorts, programs = payload["sorts"], payload["programs"]
        if payload["bits"] is not None or INT not in sorts or any(map(rounds, programs)):
            return None
        sorts = [REAL if sort == INT else sort for sort in sorts]
        built = [self._builder.build(one, sorts, None) for one in programs]
        failed(self._context)
        return Question(self._terms, built, sorts, None)

    def _first(
        self,
        question: Question,
        posed: list[Posed],
        found: list[Answered | None],
        *,
        stop: bool,
    ) -> None:
        """Ask the warm solver about each problem; what it cannot do quickly stays None."""
        warm = self._warm
        z3.solver_push(self._context, warm.solver)
        for term in question.frame():
            warm.add(term)
        switches: dict[int, int] = {}
        self._together(question, posed, switches, found)
        for at, problem in enumerate(posed):
            if found[at] is None:
                asked = self._switch(warm, question, question.claims(problem), switches)
                found[at] = self._ask(warm, asked, problem, _FIRST_METHOD)
                if stop and _refutes(problem, found[at]):
                    break
        z3.solver_pop(self._context, warm.solver, 1)
        failed(self._context)

    def _together(
        self,
        question: Question,
        posed: list[Posed],
        switches: dict[int, int],
        found: list[Answered | None],
    ) -> None:
        """Ask whether any condition at all can be violated: mostly none can."""
        claimed = [at for at, one in enumerate(posed) if one.violate >= 0 and found[at] is None]
        if len(claimed) < 2:  # noqa: PLR2004  one is asked by itself
            return
        first = posed[claimed[0]]
        if any(posed[at].assume != first.assume for at in claimed):
            return
        claims = question.claims_of_any([posed[at] for at in claimed])
        asked = self._switch(self._warm, question, claims, switches)
        if self._warm.check(list(asked.switches.values())) != z3.UNSAT:
            return
        keys = [key for key in self._warm.core(asked) if key >= 0]
        for at in claimed:
            problem = posed[at]
            core = [key for key in keys if key in problem.assume]
            core = [*core, problem.violate]
            found[at] = Answered(-1, _FIRST_METHOD, core=core)

    def _switch(
        self, solving: Solving, question: Question, claims: dict[int, int], known: dict[int, int]
    ) -> Asked:
        """Return switches for claims; those that are new are asserted."""
        for key, claim in claims.items():
            if key not in known:
                switch = known[key] = self._terms.switch(len(known))
                solving.add(z3.mk_implies(self._context, switch, claim))
        return Asked({key: known[key] for key in claims}, question.sorts)

    def _ask(self, solving: Solving, asked: Asked, posed: Posed, method: str) -> Answered | None:
        result = solving.check(list(asked.switches.values()))
        if result == z3.SAT and method != SMOOTH:
            model, rational = solving.model(asked)
            return Answered(1, method, model, rational)
        if result == z3.UNSAT:
            keys = solving.core(asked)
            if posed.violate < 0 and not posed.undefined and len(keys) > 1:
                keys = solving.smaller(asked, keys, _SMALLER)
            return Answered(-1, method, core=posed.conditions(keys if asked.switches else None))
        return None

    def _hard(
        self,
        questions: tuple[Question, Question | None],
        posed: Posed,
        seed: int,
        limits: _Limits,
    ) -> Answered:
        """Try one strategy after another, each for its share of what is left."""
        reason = "timeout"
        question, smooth = questions
        for strategy in strategies(question.sorts, seed, smooth=smooth is not None):
            left = (limits.until - self._clock()) * strategy.share
            if left < _LEAST:
                return Answered(0, "z3", reason="timeout")
            asked = smooth if strategy.name == SMOOTH and smooth is not None else question
            solving = Solving(self._terms, strategy.make(self._context))
            try:
                answered = self._try(solving, strategy, asked, posed, left, limits.units)
                if answered is not None:
                    return answered
                reason = _kind(solving.reason())
            finally:
                solving.close()
        return Answered(0, "z3", reason=reason)

    def _try(
        self,
        solving: Solving,
        strategy: Strategy,
        question: Question,
        posed: Posed,
        seconds: float,
        units: int,
    ) -> Answered | None:
        limits = {"timeout": int(seconds * 1000), "rlimit": int(units * strategy.share)}
        parameters(self._context, solving.solver, {**strategy.parameters, **limits})
        for term in question.frame():
            solving.add(term)
        claims = question.claims(posed)
        if strategy.cores:
            asked = self._switch(solving, question, claims, {})
        else:
            asked = Asked({}, question.sorts)
            for claim in claims.values():
                solving.add(claim)
        return self._ask(solving, asked, posed, strategy.name)


def _refutes(posed: Posed, answered: Answered | None) -> bool:
    """Say whether an answer refutes what a problem was posed for."""
    claims = posed.violate >= 0 or posed.undefined
    return answered is not None and answered.answer == (1 if claims else -1)


def _kind(reason: str) -> str:
    """Return why an answer was unknown, from what z3 says."""
    stopped = ("timeout", "canceled", "resource limit", "interrupted")
    return "timeout" if any(word in reason for word in stopped) else "undecided"
