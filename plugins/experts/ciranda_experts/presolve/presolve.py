"""The cheap exact decider: most small problems are answered here, before any solver is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction

from ..intent.evaluate import Truth, holds
from ..intent.tree import Sort
from .book import Book, ExhaustedError
from .branch import Branch, Proof
from .deep import DeepSearch
from .goal import Goal, Mode
from .linear import Bound, Row
from .polynomial import ONE, TooLargeError
from .problem import Answer, Decision, Problem, can_be_undefined
from .search import Model, Search
from .value import Values

__all__ = ["BUDGET", "Presolver", "presolve"]

BUDGET = 6_000  # units of work, see Book: a few milliseconds at most
DEEP = 2  # times as much for what is about products of whole numbers
UNDEFINED = "undefined"
MAX_BASES = 3  # assumptions that are kept: of one intent there are hardly more
MAX_FACTS = 4_000  # of what is kept


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

    It is for problems that come one after another and, like those of one intent, begin with the
    same conditions (the same objects): it keeps what it reads until others come.

    Attributes:
        spent: Units of work that the last problem took.
    """

    __slots__ = ("_bases", "_book", "_way", "spent")

    def __init__(self, way: type[Search] = Search) -> None:
        self._bases: list[_Base] = []
        self._way = way
        self._book: Book | None = None
        self.spent = 0

    def decide(self, problem: Problem, *, budget: int = BUDGET) -> Decision | None:
        """Decide a problem exactly if that is easy; see `presolve`."""
        search = self._way(problem)
        places: Sequence[str] = ()
        found: Proof | Model | None = None
        self.spent, self._book = budget, None
        with suppress(ExhaustedError, TooLargeError):
            places, found = self._search(problem, budget, search)
        book: Book | None = self._book  # which the search has set, if it came so far
        if book is not None:
            self.spent = budget - max(book.budget, 0)
        if found is None:
            if self._way is Search and search.bent and Sort.INT in problem.sorts.values():
                deep = Presolver(DeepSearch)
                decision = deep.decide(problem, budget=DEEP * budget)
                self.spent += deep.spent
                return decision
            return None
        if isinstance(found, dict):
            return Decision(Answer.SATISFIABLE, "model", model=found)
        method = "folding" if found.node.keys() == {"false"} else "linear"
        return Decision(
            Answer.UNSATISFIABLE,
            method,
            core=_core(places, found.used),
            certificate={"method": method, "proof": found.node},
        )

    def _search(
        self, problem: Problem, budget: int, search: Search
    ) -> tuple[Sequence[str], Proof | Model | None]:
        if problem.undefined:
            return _undefined(problem, budget, search)
        base = self._base(problem, budget)
        if base is None:
            return (), None
        if base.proof is not None:
            self.spent = 0  # to speak of
            return base.places, base.proof
        if problem.violate is None:
            model = base.tried(problem)
            if model is not None:
                self.spent = 0
                return base.places, model
        branch = base.branch.copy()
        self._book = branch.values.book
        self._book.budget = budget
        if problem.violate is None:
            found = search.explore(branch)
            if isinstance(found, dict):
                base.hold(found)
            return base.places, found
        return _violated(search, problem, base.places, branch)

    def _base(self, problem: Problem, budget: int) -> _Base | None:
        """Give what the assumptions of a problem say; None where two have one name."""
        nearest: _Base | None = None
        for base in reversed(self._bases):
            if base.serves(problem):
                nearest = base
                break
        if nearest is not None and len(nearest.assume) == len(problem.assume):
            return nearest
        places = [condition.where for condition in problem.assume]
        if len(set(places)) < len(places):
            return None  # a certificate could not say which is meant
        base = _Base(problem, places, nearest, budget)
        if places:
            self._bases.append(base)
            if len(self._bases) > MAX_BASES:
                del self._bases[0]
        return base


class _Base:
    """Assumptions that are true, and the proof that they cannot be if that is plain.

    Args:
        problem: Whose assumptions.
        places: What they are called.
        begun: What the first of them say, if that was read before.
        budget: Units of work.
    """

    __slots__ = ("_model", "_tried", "assume", "branch", "int_bits", "places", "proof", "sorts")

    def __init__(
        self, problem: Problem, places: list[str], begun: _Base | None, budget: int
    ) -> None:
        self.assume = problem.assume
        self.int_bits = problem.int_bits
        self.sorts = problem.sorts
        self.places = places
        self.proof: Proof | None = None
        self._model: Model | None = None  # of the first ones
        self._tried = known = 0
        if begun is None:
            self.branch = Branch(Values(Book(budget), problem.int_bits))
        else:
            known = len(begun.assume)
            self.branch = begun.branch.copy()
            self.branch.values.book.budget = budget
            self.proof = begun.proof
            self._model, self._tried = begun._model, known  # noqa: SLF001  (of its own kind)
        if self.proof is None:
            _enter(self.branch, problem.sorts)
            self.proof = self.branch.take(
                [
                    Goal(Mode.TRUE, condition.term, place)
                    for condition, place in zip(problem.assume[known:], places[known:], strict=True)
                ]
            )

    def hold(self, model: Model) -> None:
        """Keep a model of these assumptions."""
        self._model = {name: model[name] for name in self.sorts}
        self._tried = len(self.assume)

    def tried(self, problem: Problem) -> Model | None:
        """Give a model of the first of these assumptions, if it is one of all of them."""
        known = self._model
        if known is None:
            return None
        model: Model = {}
        for name, sort in problem.sorts.items():
            if name in known:
                model[name] = known[name]
            else:
                model[name] = False if sort is Sort.BOOL else 0 if sort is Sort.INT else Fraction(0)
        rest = self.assume[self._tried :]
        return model if holds(rest, model, self.int_bits) is Truth.TRUE else None

    def serves(self, problem: Problem) -> bool:
        """Say whether a problem begins with these assumptions, the same objects."""
        mine, others = self.assume, problem.assume
        if mine is not others:
            if len(mine) > len(others) or problem.int_bits != self.int_bits:
                return False
            for one, other in zip(mine, others, strict=False):
                if one is not other:
                    return False
        elif problem.int_bits != self.int_bits:
            return False
        if len(self.branch.values.book.facts) > MAX_FACTS:
            return False
        sorts = problem.sorts
        if sorts is not self.sorts:
            for name, sort in self.sorts.items():
                if sorts.get(name, sort) is not sort:
                    return False
        return True


def _violated(
    search: Search, problem: Problem, assumed: list[str], branch: Branch
) -> tuple[Sequence[str], Proof | Model | None]:
    """Ask whether a condition may be false or undefined, where all assumptions are true."""
    violated = problem.violate
    assert violated is not None  # or nobody would ask
    place = violated.where
    if place in assumed:
        return (), None  # a certificate could not say which is meant
    places = [*assumed, place]
    _enter(branch, problem.sorts)
    false = Goal(Mode.FALSE, violated.term, f"{place}/0")
    if can_be_undefined(violated.term, problem.int_bits):
        undefined = Goal(Mode.UNDEFINED, violated.term, f"{place}/1")
        return places, search.divide(branch, place, [[false], [undefined]])
    return places, branch.take([false]) or search.explore(branch)


def _undefined(
    problem: Problem, budget: int, search: Search
) -> tuple[Sequence[str], Proof | Model | None]:
    """Ask for each condition whether it may be undefined when those before it are true."""
    places = [condition.where for condition in problem.assume]
    if len(set(places)) < len(places):
        return (), None
    branch = Branch(Values(Book(budget), problem.int_bits))
    _enter(branch, problem.sorts)
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
            return places, found
        if found is None:
            unknown = True
        else:
            proofs.append(found)
        proof = branch.take([Goal(Mode.TRUE, condition.term, place)])
        if proof is not None:  # nothing behind it is ever looked at
            proofs.extend([proof] * (len(places) - 1 - index))
            break
    if unknown:
        return places, None
    return places, Proof(
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


def _core(places: Sequence[str], used: Iterable[str]) -> tuple[str, ...]:
    """Name the conditions that facts come from, in the order of the problem."""
    needed: set[str] = set()
    for path in used:
        root, _, rest = path.partition("/")
        needed.add(places[int(rest.partition("/")[0])] if root == UNDEFINED and rest else root)
    return tuple(place for place in places if place in needed)
