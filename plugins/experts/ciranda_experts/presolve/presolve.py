"""The cheap exact decider: most small problems are answered here, before any solver is asked."""

from __future__ import annotations

from collections.abc import Iterable

from ..intent.tree import Sort
from .book import Book, ExhaustedError
from .branch import Branch, Proof
from .goal import Goal, Mode
from .linear import Bound, Row, System
from .polynomial import ONE, TooLargeError
from .problem import Answer, Decision, Problem, can_be_undefined
from .search import Model, Search
from .value import Values

__all__ = ["BUDGET", "presolve"]

BUDGET = 40_000  # units of work, see Book
UNDEFINED = "undefined"


def presolve(problem: Problem, *, budget: int = BUDGET) -> Decision | None:
    """Decide a problem exactly if that is easy.

    A model was evaluated before it is handed out; `certificate.check` accepts what is handed out
    for a problem without one.

    Args:
        problem: What to decide.
        budget: Units of work, of which there are about ten in a microsecond... at most.

    Returns:
        `satisfiable` with a model or `unsatisfiable` with a certificate; None if it is not easy.
    """
    places = [condition.where for condition in problem.assume]
    if problem.violate is not None:
        places.append(problem.violate.where)
    if len(set(places)) < len(places):
        return None  # a certificate could not say which is meant
    try:
        found = _search(problem, places, budget)
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


def _search(problem: Problem, places: list[str], budget: int) -> Proof | Model | None:
    book = Book(budget)
    values = Values(book, problem.int_bits)
    book.reals.update(name for name, sort in problem.sorts.items() if sort is Sort.REAL)
    branch = Branch(values, _ranges(problem, book))
    search = Search(problem)
    if problem.undefined:
        return _undefined(problem, places, branch, search)
    proof = branch.take(
        [
            Goal(Mode.TRUE, condition.term, place)
            for condition, place in zip(problem.assume, places, strict=False)
        ]
    )
    if proof is not None or problem.violate is None:
        return proof or search.explore(branch)
    term, place = problem.violate.term, places[-1]
    false = Goal(Mode.FALSE, term, f"{place}/0")
    if can_be_undefined(term, problem.int_bits):
        undefined = Goal(Mode.UNDEFINED, term, f"{place}/1")
        return search.divide(branch, place, [[false], [undefined]])
    return branch.take([false]) or search.explore(branch)


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


def _ranges(problem: Problem, book: Book) -> System:
    """Give a system that knows the range of machine integers."""
    system = System(book)
    if problem.int_bits is None:
        return system
    half = 1 << (problem.int_bits - 1)
    for name, sort in problem.sorts.items():
        if sort is Sort.INT:
            low = Row({name: 1, ONE: half}, False, {book.note(f"low({name})"): 1})
            high = Row({name: -1, ONE: half - 1}, False, {book.note(f"high({name})"): 1})
            system.lower[name] = Bound(-half, low)
            system.upper[name] = Bound(half - 1, high)
    return system


def _core(places: list[str], used: Iterable[str]) -> tuple[str, ...]:
    """Name the conditions that facts come from, in the order of the problem."""
    needed: set[str] = set()
    for path in used:
        root, _, rest = path.partition("/")
        needed.add(places[int(rest.partition("/")[0])] if root == UNDEFINED and rest else root)
    return tuple(place for place in places if place in needed)
