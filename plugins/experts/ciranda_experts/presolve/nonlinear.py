"""Products of columns: what linear facts imply for them, and values that make them linear."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations_with_replacement

from .book import Origin
from .branch import Branch
from .elimination import between
from .linear import Relation, Row, System, normal
from .polynomial import ONE, Column, Number, Polynomial, TooLargeError, add, product

__all__ = ["enrich", "monomials", "pinned", "substituted"]

EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE

ROUNDS = 3
MAX_PRODUCTS = 40
MAX_FACTORS = 12
MAX_LEFT = 3  # terms of an equation that is multiplied though it is not solved for the column


def monomials(branch: Branch) -> set[tuple[str, ...]]:
    """List the products of columns in the facts of a branch."""
    found: set[Column] = set()
    for polynomial in _polynomials(branch.system):
        found.update(polynomial)
    for each in branch.apart:
        found.update(each.polynomial)
    return {column for column in found if isinstance(column, tuple)}


def enrich(branch: Branch, *, deep: bool = False) -> Origin | None:
    """Add facts about products: equations times columns, squares, inequalities multiplied.

    Args:
        branch: Where they are added.
        deep: Also multiply by what operations give.

    Returns:
        A sum of facts that cannot be, if there is one now.
    """
    system, book = branch.system, branch.values.book
    done: set[tuple[Column, tuple[str, ...]]] = set()
    parts = _parts_and_products if deep else _parts
    for _ in range(ROUNDS):
        work = [
            (name, tuple(rest))
            for column in sorted(monomials(branch))
            for name, rest in parts(column, system)
            if name in system.solved
            and (name, tuple(rest)) not in done
            and (deep or not any(part.startswith("#") for part in rest))
        ]
        if not work:
            break
        for name, rest in work:
            done.add((name, rest))
            equation = system.solved.get(name)
            if equation is None:
                continue
            fact = book.note({"times": list(rest), "sum": equation.origin})
            factor: Polynomial = {rest if len(rest) > 1 else rest[0]: 1}
            polynomial = product(equation.polynomial, factor)
            conflict = system.add(polynomial, EQUAL, {fact: 1})
            if conflict is not None:
                return conflict
    return _squares(branch) or (_crossed(branch) if deep else None) or _products(branch)


def pinned(branch: Branch, wishes: Sequence[int]) -> tuple[System | None, dict[Column, Number]]:
    """Give values to columns until the facts of a branch are linear; None if they do not fit."""
    system = branch.system
    values: dict[Column, Number] = {}
    for turn in range(len(branch.values.book.facts) + 1):
        products = {
            column
            for polynomial in _polynomials(system)
            for column in polynomial
            if isinstance(column, tuple)
        }
        if not products:
            return system, values
        counts = Counter(name for column in products for name in set(column))
        name = min(counts, key=lambda each: (each in system.solved, -counts[each], each))
        value = _known(system, name)
        if value is None:
            value = between(system, name, wishes[turn % len(wishes)])
        if value is None:
            return None, values
        values[name] = value
        straight = substituted(system, name, value)
        if straight is None:
            return None, values
        system = straight
    return None, values


def _polynomials(system: System) -> list[Polynomial]:
    found = [row.polynomial for row in system.rows]
    found += [bound.row.polynomial for bound in system.lower.values()]
    found += [bound.row.polynomial for bound in system.upper.values()]
    found += [equation.polynomial for equation in system.solved.values()]
    return found


def _parts(column: tuple[str, ...], _system: System) -> list[tuple[Column, list[str]]]:
    """Take each factor out of a product once."""
    parts: list[tuple[Column, list[str]]] = []
    for name in dict.fromkeys(column):
        rest = list(column)
        rest.remove(name)
        parts.append((name, rest))
    return parts


def _parts_and_products(column: tuple[str, ...], system: System) -> list[tuple[Column, list[str]]]:
    """Take each factor, and each product that is solved, out of a product once."""
    parts = _parts(column, system)
    have = Counter(column)
    for known in system.solved:
        if isinstance(known, tuple) and known != column and not Counter(known) - have:
            parts.append((known, sorted((have - Counter(known)).elements())))
    for known, (_, equation, _) in system.solved.items():
        # b == a * #0: what has a product with b has one with a * #0
        if isinstance(known, tuple) and len(equation) <= MAX_LEFT and known[0].startswith("#"):
            for name in have.keys() & equation.keys():
                parts.append((known, sorted((have - Counter([name])).elements())))
    return parts


def _squares(branch: Branch) -> Origin | None:
    """A square is at least 0."""
    system, book = branch.system, branch.values.book
    for column in sorted(monomials(branch)):
        half = column[::2]
        if column[1::2] != half or any(name.startswith("#") for name in half):
            continue
        fact = book.note({"square": list(half)})
        conflict = system.add({column: 1}, AT_LEAST, {fact: 1})
        if conflict is not None:
            return conflict
    return None


def _crossed(branch: Branch) -> Origin | None:
    """Multiply inequalities with bounds of columns where that makes no product that is new."""
    system, book = branch.system, branch.values.book
    wanted = monomials(branch)
    bounds = [bound.row for bound in (*system.lower.values(), *system.upper.values())]
    bounds = [row for row in bounds if not any(isinstance(one, tuple) for one in row.polynomial)]
    for row in list(system.rows):
        if not any(isinstance(column, tuple) for column in row.polynomial):
            continue
        for bound in bounds:
            book.spend(3 * len(row.polynomial))
            try:
                polynomial = product(row.polynomial, bound.polynomial)
            except TooLargeError:
                continue
            if any(isinstance(one, tuple) and one not in wanted for one in polynomial):
                continue
            notes = [book.note({"sum": one.origin}) for one in (row, bound)]
            relation = ABOVE if row.strict and bound.strict else AT_LEAST
            conflict = system.add(polynomial, relation, {book.note({"product": notes}): 1})
            if conflict is not None:
                return conflict
    return None


def _products(branch: Branch) -> Origin | None:
    """Multiply inequalities over the columns that occur in products with each other."""
    system, book = branch.system, branch.values.book
    wanted = monomials(branch)
    names = {name for column in wanted for name in column}
    degree = max(map(len, wanted), default=0)
    factors: list[Row] = []
    for row in _rows(system):
        columns = [column for column in row.polynomial if column != ONE]
        if all(column in names for column in columns):
            factors.append(row)
    factors = factors[:MAX_FACTORS]
    notes = [book.note({"sum": row.origin}) for row in factors]
    made = 0
    for first, second in combinations_with_replacement(range(len(factors)), 2):
        left, right = factors[first], factors[second]
        book.spend(4 * len(left.polynomial) * len(right.polynomial))
        try:
            polynomial = product(left.polynomial, right.polynomial)
        except TooLargeError:
            continue
        if any(isinstance(column, tuple) and len(column) > degree for column in polynomial):
            continue
        made += 1
        if made > MAX_PRODUCTS:
            break
        fact = book.note({"product": [notes[first], notes[second]]})
        relation = ABOVE if left.strict and right.strict else AT_LEAST
        conflict = system.add(polynomial, relation, {fact: 1})
        if conflict is not None:
            return conflict
    return None


def _rows(system: System) -> list[Row]:
    rows = [bound.row for bound in (*system.lower.values(), *system.upper.values())]
    return rows + system.rows


def _known(system: System, name: str) -> Number | None:
    """Give the value of a column that is fixed, or of which a power is."""
    fixed = system.solved.get(name)
    if fixed is not None and set(fixed.polynomial) <= {name, ONE}:
        value = Fraction(-fixed.polynomial.get(ONE, 0)) / fixed.pivot
        return value.numerator if value.denominator == 1 else value
    for column, (pivot, equation, _) in system.solved.items():
        if isinstance(column, tuple) and set(column) == {name}:
            if set(equation) != {column, ONE}:
                continue
            value = Fraction(-equation[ONE]) / pivot
            if value.denominator != 1:
                continue
            power = len(column)
            size = round(abs(int(value)) ** (1 / power)) if abs(value) < 1 << 50 else 0
            for root in (size, -size):
                if root**power == value:
                    return root
    return None


def substituted(system: System, name: Column, value: Number) -> System | None:
    """Put a value in; None when that cannot be."""
    straight = System(system.book)
    known: Polynomial = {name: 1}
    add(known, {ONE: 1}, -value)
    facts: list[tuple[Polynomial, Relation]] = [(known, EQUAL)]
    facts += [(row.polynomial, ABOVE if row.strict else AT_LEAST) for row in _rows(system)]
    facts += [(equation.polynomial, EQUAL) for equation in system.solved.values()]
    for polynomial, relation in facts:
        result: Polynomial = {}
        system.book.spend(2 * len(polynomial))
        for column, coefficient in polynomial.items():
            if isinstance(column, tuple) and name in column:
                rest = tuple(part for part in column if part != name)
                times = value ** (len(column) - len(rest))
                short: Column = rest if len(rest) > 1 else (rest[0] if rest else ONE)
                add(result, {short: times * coefficient} if times else {})
            else:
                add(result, {column: coefficient})
        if straight.add(*normal(result, relation, system.book.all_whole(result)), {}) is not None:
            return None
    return straight
