"""The cheap exact decider: most small problems are answered here, before any solver is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..intent.tree import Sort
from .book import Book, ExhaustedError
from .branch import Branch, Proof
from .goal import Goal, Mode
from .linear import Bound, Row
from .polynomial import ONE, TooLargeError
from .problem import Answer, Decision, Problem, can_be_undefined
from .search import Model, Search
from .value import Values

__all__ = ["BUDGET", "Presolver", "presolve"]

BUDGET = 6_000  # units of work, see Book: a few milliseconds at most
UNDEFINED = "undefined"


def presolve(problem: Problem, *, budget: int = BUDGET) -> Decision | None:
    """Decide a problem exactly if that is easy.

    A model was evaluated before it is handed out; `certificate.check` accepts what is handed out
    for a problem without one.

    Args:
        problem: What to decide.
        budget: Units of work, about one to a microsecond.

    Returns:
        `satisfiable` with a model or `unsatisfiable` with a certificate; None if it is not easy.
    """
    return Presolver().decide(problem, budget=budget)


class Presolver:
    """Decides problems as `presolve` does; the assumptions that they share are read once.

    It is for the problems of one intent, one after another: it keeps what it reads.
    """

    __slots__ = ("_base",)

    def __init__(self) -> None:
        self._base: _Base | None = None

    def decide(self, problem: Problem, *, budget: int = BUDGET) -> Decision | None:
        """Decide a problem exactly if that is easy; see `presolve`."""
        places = [condition.where for condition in problem.assume]
        if problem.violate is not None:
            places.append(problem.violate.where)
        if len(set(places)) < len(places):
            return None  # a certificate could not say which is meant
        try:
            found = self._search(problem, places, budget)
        except (ExhaustedError, TooLargeError):
            return None
        if found is None:
            return None
        if isinstance(found, dict):
            return Decision(Answer.SATISFIABLE, "model", model=found)
        method = "folding" if set(found.node) == {"false"} else "linear"
        return Decision(
            Answer.UNSATISFIABLE,
            method,
            core=_core(places, found.used),
            certificate={"method": method, "proof": found.node},
        )

    def _search(self, problem: Problem, places: list[str], budget: int) -> Proof | Model | None:
        search = Search(problem)
        if problem.undefined:
            branch = Branch(Values(Book(budget), problem.int_bits))
            _enter(branch, problem.sorts)
            return _undefined(problem, places, branch, search)
        base = self._base
        if base is None or not base.serves(problem):
            self._base = None  # in case that it takes too long
            base = self._base = _Base(problem, places, budget)
        if base.proof is not None:
            return base.proof
        branch = base.branch.copy()
        branch.values.book.budget = budget
        if problem.violate is None:
            return search.explore(branch)
        _enter(branch, problem.sorts)
        term, place = problem.violate.term, places[-1]
        false = Goal(Mode.FALSE, term, f"{place}/0")
        if can_be_undefined(term, problem.int_bits):
            undefined = Goal(Mode.UNDEFINED, term, f"{place}/1")
            return search.divide(branch, place, [[false], [undefined]])
        return branch.take([false]) or search.explore(branch)


class _Base:
    """Assumptions that are true, and the proof that they cannot be if that is plain."""

    __slots__ = ("assume", "branch", "int_bits", "proof", "sorts")

    def __init__(self, problem: Problem, places: list[str], budget: int) -> None:
        self.assume = problem.assume
        self.int_bits = problem.int_bits
        self.sorts = problem.sorts
        self.branch = Branch(Values(Book(budget), problem.int_bits))
        _enter(self.branch, problem.sorts)
        self.proof = self.branch.take(
            [
                Goal(Mode.TRUE, condition.term, place)
                for condition, place in zip(problem.assume, places, strict=False)
            ]
        )

    def serves(self, problem: Problem) -> bool:
        """Say whether a problem begins with these assumptions."""
        if problem.assume is not self.assume or problem.int_bits != self.int_bits:
            return False
        sorts = problem.sorts
        return all(sorts.get(name, sort) is sort for name, sort in self.sorts.items())


def _undefined(
    problem: Problem, places: list[str], branch: Branch, search: Search
) -> Proof | Model | None:
    """Ask for each condition whether it may be undefined when those before it are true."""
    proofs: list[Proof] = []
    unknown = False
    for index, (condition, place) in enumerate(zip(problem.assume, places, strict=True)):
        spot = f"{UNDEFINED}/{index}"
        found: Proof | Model | None = Proof({"false": spot}, {spot})
        if can_be_undefined(condition.term, problem.int_bits):
            twin = branch.copy()
            found = twin.take([Goal(Mode.UNDEFINED, condition.term, spot)])
            found = found or search.explore(twin)
        if isinstance(found, dict):
            return found
        if found is None:
            unknown = True
        else:
            proofs.append(found)
        proof = branch.take([Goal(Mode.TRUE, condition.term, place)])
        if proof is not None:  # nothing behind it is ever looked at
            proofs.extend([proof] * (len(places) - 1 - index))
            break
    if unknown:
        return None
    return Proof(
        {"split": UNDEFINED, "branches": [proof.node for proof in proofs]},
        set[str]().union(*(proof.used for proof in proofs)),
    )


def _enter(branch: Branch, sorts: Mapping[str, Sort]) -> None:
    """Say which columns are not whole, and the range of machine integers."""
    values = branch.values
    book = values.book
    for name, sort in sorts.items():
        if sort is Sort.REAL:
            book.reals.add(name)
        elif sort is Sort.INT and values.int_bits is not None and name not in branch.ranged:
            branch.ranged.add(name)
            half = 1 << (values.int_bits - 1)
            low = Row({name: 1, ONE: half}, False, {book.note(f"low({name})"): 1})
            high = Row({name: -1, ONE: half - 1}, False, {book.note(f"high({name})"): 1})
            branch.system.lower[name] = Bound(-half, low)
            branch.system.upper[name] = Bound(half - 1, high)


def _core(places: list[str], used: Iterable[str]) -> tuple[str, ...]:
    """Name the conditions that facts come from, in the order of the problem."""
    needed: set[str] = set()
    for path in used:
        root, _, rest = path.partition("/")
        needed.add(places[int(rest.partition("/")[0])] if root == UNDEFINED and rest else root)
    return tuple(place for place in places if place in needed)
