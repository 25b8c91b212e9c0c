"""What whole numbers leave when polynomials of them are divided: bounds become tighter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any, Final, NamedTuple, TypeAlias

from .book import Book, Origin
from .branch import Branch
from .linear import Relation, Row, System
from .polynomial import ONE, Column, Polynomial

__all__ = ["descend", "sharpen"]

MAX_CLASSES = 3_000
MAX_MODULUS = 200
MODULI: Final = (3, 4, 5, 7, 8, 9, 11, 13, 16)
SPLITS: Final = (2, 3, 4, 5, 7, 8, 9, 11, 13, 16)  # moduli to try below a larger one
_Terms: TypeAlias = list[tuple[int, tuple[int, ...]]]  # coefficients; places of columns
EQUAL, AT_LEAST = Relation.EQUAL, Relation.AT_LEAST


class _Window(NamedTuple):
    """A polynomial is 0 at least and `most` at most; by one equation, or by two rows."""

    polynomial: Polynomial
    most: int
    origins: tuple[Origin, ...]


def sharpen(branch: Branch) -> Origin | None:
    """Make bounds of polynomials over whole numbers as tight as their residues allow.

    Returns:
        A sum of facts that cannot be, if there is one now.
    """
    system, book = branch.system, branch.values.book
    rows = [Row(equation.polynomial, False, equation.origin) for equation in system.solved.values()]
    equations = len(rows)
    rows += system.rows
    rows += [bound.row for bound in (*system.lower.values(), *system.upper.values())]
    windows = _windows(book, rows[:equations], rows[equations:])
    floor = book.budget * 2 // 3  # the rest is for something else
    given = frozenset(frozenset(window.polynomial.items()) for window in windows)
    for index, row in enumerate(rows):
        if not book.all_whole(row.polynomial) or not _bends(row.polynomial):
            continue
        key = (frozenset(row.polynomial.items()), index < equations, given)
        if key in book.dull:
            continue
        for modulus in _moduli(row.polynomial, fixed=index < equations):
            if book.budget < floor:
                return None
            near = [window for window in windows if window.most < modulus - 1]
            others = _reached(row, near, modulus)
            least = _least(book, row.polynomial, modulus, others)
            if least == 0:
                continue
            conflict = _raise(system, row, modulus, others, least)
            if conflict is None and index < equations:
                conflict = {fact: -times for fact, times in row.origin.items()}
                conflict[len(book.facts) - 1] = 1  # at least 1, and equal to 0
            if conflict is not None:
                return conflict
            break
        else:
            book.dull.add(key)
    return None


def _raise(
    system: System, row: Row, modulus: int, windows: Sequence[_Window], least: int | None
) -> Origin | None:
    book = system.book
    within = [[book.note({"sum": origin}) for origin in window.origins] for window in windows]
    step: dict[str, Any] = {"sum": row.origin, "modulus": modulus, "within": within}
    fact = book.note(step)
    if least is None:
        return {fact: 1}
    higher = dict(row.polynomial)
    higher[ONE] = higher.get(ONE, 0) - least
    if not higher[ONE]:
        del higher[ONE]
    return system.add(higher, AT_LEAST, {fact: 1})


def _bends(polynomial: Polynomial) -> bool:
    return any(isinstance(column, tuple) for column in polynomial) or len(polynomial) > 1


def _windows(book: Book, equations: Sequence[Row], rows: Sequence[Row]) -> list[_Window]:
    """List the polynomials of whole numbers that have few values."""
    found = [
        _Window(row.polynomial, 0, (row.origin,))
        for row in equations
        if book.all_whole(row.polynomial)
    ]
    known: dict[frozenset[tuple[Column, Any]], Row] = {}
    for row in rows:
        if not book.all_whole(row.polynomial):
            continue
        known[frozenset(item for item in row.polynomial.items() if item[0] != ONE)] = row
    for key, row in known.items():
        other = known.get(frozenset((column, -number) for column, number in key))
        if other is not None:
            width = row.polynomial.get(ONE, 0) + other.polynomial.get(ONE, 0)
            if 0 <= width < MAX_MODULUS:
                found.append(_Window(row.polynomial, int(width), (row.origin, other.origin)))
    return found


def _moduli(polynomial: Polynomial, *, fixed: bool) -> Iterator[int]:
    """Yield numbers to divide by: what some coefficients are multiples of, then usual ones."""
    counts: dict[str, int] = {}
    for column in polynomial:
        for name in {column} if isinstance(column, str) else set(column):
            counts[name] = counts.get(name, 0) + 1
    seen: set[int] = set()
    for column, number in polynomial.items():
        size = abs(int(number))
        if column != ONE and isinstance(column, str) and counts[column] == 1 and size > 1:
            candidates = (size, *(part for part in SPLITS if size % part == 0))
            for modulus in candidates:
                if modulus not in seen and modulus <= MAX_MODULUS * 10:
                    seen.add(modulus)
                    yield modulus
    if fixed:
        yield from (modulus for modulus in MODULI if modulus not in seen)


def _reached(row: Row, windows: Iterable[_Window], modulus: int) -> list[_Window]:
    """List the windows that say something of the columns on which a polynomial depends."""
    names = _names(row.polynomial, modulus)
    found: list[_Window] = []
    for window in windows:
        if window.origins == (row.origin,):
            continue
        others = _names(window.polynomial, modulus)
        if others & names and modulus ** len(names | others) <= MAX_CLASSES:
            found.append(window)
            names |= others
    return found


def _names(polynomial: Polynomial, modulus: int) -> set[str]:
    found: set[str] = set()
    for column, number in polynomial.items():
        if column != ONE and int(number) % modulus:
            found.update((column,) if isinstance(column, str) else column)
    return found


def _least(
    book: Book, polynomial: Polynomial, modulus: int, windows: Sequence[_Window]
) -> int | None:
    """Give the least residue that a polynomial may leave; None if there is none at all."""
    names = sorted(
        _names(polynomial, modulus).union(
            *(_names(window.polynomial, modulus) for window in windows)
        )
    )
    if modulus ** len(names) > MAX_CLASSES:
        return 0
    terms = _terms(polynomial, modulus, names)
    limits = [(_terms(one.polynomial, modulus, names), one.most) for one in windows]
    cost = len(terms) + sum(len(one) for one, _ in limits)
    least: int | None = None
    tried = 0
    for values in product(range(modulus), repeat=len(names)):
        tried += 1
        residue = _at(terms, values) % modulus
        if least is not None and residue >= least:
            continue
        if all(_at(limit, values) % modulus <= most for limit, most in limits):
            least = residue
            if not least:
                break
    book.spend(5 + tried * cost // 4)
    return least


def _terms(polynomial: Polynomial, modulus: int, names: list[str]) -> _Terms:
    places = {name: at for at, name in enumerate(names)}
    found: _Terms = []
    for column, number in polynomial.items():
        rest = int(number) % modulus
        if rest:
            parts = () if column == ONE else (column,) if isinstance(column, str) else column
            found.append((rest, tuple(places[part] for part in parts)))
    return found


def _at(terms: _Terms, values: tuple[int, ...]) -> int:
    total = 0
    for number, places in terms:
        for at in places:
            number *= values[at]  # noqa: PLW2901  the product so far
        total += number
    return total


def descend(branch: Branch) -> Origin | None:
    """Find equations that whole numbers satisfy only where all of them are 0.

    Returns:
        A sum of facts that cannot be, if there is one now.
    """
    system, book = branch.system, branch.values.book
    for equation in list(system.solved.values()):
        polynomial = equation.polynomial
        degrees = {len(column) if isinstance(column, tuple) else 1 for column in polynomial}
        if ONE in polynomial or len(degrees) != 1 or degrees == {1}:
            continue
        if not book.all_whole(polynomial):
            continue
        names = sorted({name for column in polynomial for name in column})
        for divisor, modulus in ((2, 4), (2, 8), (3, 9), (2, 16), (5, 25), (7, 49), (3, 27)):
            if modulus ** len(names) > MAX_CLASSES:
                continue
            terms = _terms(polynomial, modulus, names)
            if _other_zero(book, terms, modulus, divisor, len(names)):
                continue
            form = book.note({"sum": equation.origin})
            for name in names:
                step = {"descent": form, "modulus": modulus, "divisor": divisor, "of": name}
                conflict = system.add({name: 1}, EQUAL, {book.note(step): 1})
                if conflict is not None:
                    return conflict
            break
    return None


def _other_zero(book: Book, terms: _Terms, modulus: int, divisor: int, count: int) -> bool:
    """Say whether a form is 0 for a modulus where not all of its columns are multiples."""
    tried = 0
    for values in product(range(modulus), repeat=count):
        tried += 1
        if not _at(terms, values) % modulus and any(value % divisor for value in values):
            book.spend(5 + tried * len(terms) // 4)
            return True
    book.spend(5 + tried * len(terms) // 4)
    return False
