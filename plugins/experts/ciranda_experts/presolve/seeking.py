"""Trying small whole numbers in an equation until one of its variables comes out whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, permutations, product
from math import isqrt
from typing import Final, NamedTuple

from .branch import Branch
from .linear import System
from .polynomial import ONE, Column, Number, Polynomial

__all__ = ["seek"]

MAX_TRIED: Final = 2_500
MAX_OTHERS: Final = 4
MAX_FOUND: Final = 30
MAX_LARGE: Final = 8
MAX_BITS: Final = 400  # of solutions that are not small


class _Form(NamedTuple):
    """An equation by the power of one of its variables.

    `parts` has for each power the terms: a coefficient, and the places of the other variables.
    """

    name: str
    others: list[str]
    even: set[str]  # those of the others of which only even powers occur
    parts: dict[int, list[tuple[int, tuple[int, ...]]]]


def seek(branch: Branch) -> Iterator[dict[Column, Number]]:
    """Yield whole numbers that satisfy an equation of a branch, small ones first."""
    system, book = branch.system, branch.values.book
    forms: list[_Form] = []
    for equation in system.solved.values():
        polynomial = equation.polynomial
        if not any(isinstance(column, tuple) for column in polynomial):
            continue
        if book.all_whole(polynomial):
            form = _solved(polynomial)
            if form is not None:
                forms.append(form)
    forms.sort(key=lambda form: len(form.others))
    for equation in system.solved.values():
        yield from islice(_large(system, equation.polynomial), MAX_LARGE)
    least = book.budget // 2  # the rest is for something else
    for form in forms[:2]:
        yield from islice(_tried(system, form, least), MAX_FOUND)


def _solved(polynomial: Polynomial) -> _Form | None:
    """Choose the variable that an equation is best solved for."""
    powers: dict[str, set[int]] = {}
    for column in polynomial:
        parts = _parts(column)
        for name in set(parts):
            powers.setdefault(name, set()).add(parts.count(name))
    best: str | None = None
    least: tuple[int, int, str] | None = None
    for name, found in powers.items():
        degree = max(found)
        if degree > 2 and len(found) > 1:  # noqa: PLR2004  no formula
            continue
        cost = (0 if degree == 1 else 1, -degree, name)
        if least is None or cost < least:
            best, least = name, cost
    others = sorted(powers.keys() - {best})
    if best is None or len(others) > MAX_OTHERS:
        return None
    places = {name: at for at, name in enumerate(others)}
    parts_by_power: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for column, number in polynomial.items():
        parts = _parts(column)
        rest = tuple(places[part] for part in parts if part != best)
        parts_by_power.setdefault(parts.count(best), []).append((int(number), rest))
    even = {name for name in others if not any(power % 2 for power in powers[name])}
    return _Form(best, others, even, parts_by_power)


def _large(system: System, polynomial: Polynomial) -> Iterator[dict[Column, Number]]:
    """Yield solutions of x * x - d * y * y == n, which may be large."""
    squares = {
        column[0]: int(number)
        for column, number in polynomial.items()
        if isinstance(column, tuple) and column[1:] == column[:1]
    }
    free = int(polynomial.get(ONE, 0))
    if len(squares) != 2 or len(polynomial) != 3 or not free:  # noqa: PLR2004  x, y, n
        return
    for first, second in permutations(squares):
        one, other = squares[first], squares[second]
        if abs(one) != 1 or one * other >= 0:
            continue
        for x, y in _convergents(-one * other, -one * free):
            system.book.spend(5)
            for left, right in ((x, y), (-x, y), (x, -y), (-x, -y)):
                found: dict[Column, Number] = {first: left, second: right}
                near = _within(system, first, left) and _within(system, second, right)
                if near and _fits(system, found):
                    yield found


def _convergents(times: int, value: int) -> Iterator[tuple[int, int]]:
    """Yield x and y with x * x - times * y * y == value from the continued fraction of the root."""
    root = isqrt(times)
    if root * root == times:
        return
    part, below, above = 0, 1, root
    x, last_x, y, last_y = root, 1, 1, 0
    while x.bit_length() <= MAX_BITS:
        if x * x - times * y * y == value:
            yield x, y
        part = below * above - part
        below = (times - part * part) // below
        above = (root + part) // below
        x, last_x = above * x + last_x, x
        y, last_y = above * y + last_y, y


def _tried(system: System, form: _Form, least: int) -> Iterator[dict[Column, Number]]:
    count = max(1, len(form.others))
    length = int(MAX_TRIED ** (1 / count)) + 1
    ranges = [_values(system, name, length, even=name in form.even) for name in form.others]
    if not all(ranges):
        return
    terms = sum(map(len, form.parts.values()))
    for shell in range(max(map(len, ranges), default=1)):
        for values in _shell(ranges, shell):
            system.book.spend(6 + terms // 2)
            if system.book.budget < least:
                return
            for root in _roots(form, values):
                found: dict[Column, Number] = dict(zip(form.others, values, strict=True))
                if _within(system, form.name, root):
                    found[form.name] = root
                    if _fits(system, found):
                        yield found.copy()


def _shell(ranges: Sequence[Sequence[int]], shell: int) -> Iterator[tuple[int, ...]]:
    """Yield the combinations of which the last value looked at is at one place."""
    if not ranges:
        yield ()
    for at, last in enumerate(ranges):
        if shell >= len(last):
            continue
        before = [values[:shell] for values in ranges[:at]]
        after = [values[: shell + 1] for values in ranges[at + 1 :]]
        yield from product(*before, (last[shell],), *after)


def _values(system: System, name: str, length: int, *, even: bool) -> list[int]:
    """List the values that a column may have, near to 0 first."""
    lower, upper = system.lower.get(name), system.upper.get(name)
    low = None if lower is None else int(-((-lower.value) // 1))
    high = None if upper is None else int(upper.value // 1)
    if even and low is None and (high is None or high > 0):
        low = 0  # the others say nothing new
    if low is not None and low >= 0:
        last = low + length if high is None else min(high + 1, low + length)
        return list(range(low, last))
    if high is not None and high <= 0:
        last = high - length if low is None else max(low - 1, high - length)
        return list(range(high, last, -1))
    return [
        value
        for step in range(length // 2 + 1)
        for value in ((step, -step) if step else (0,))
        if (low is None or value >= low) and (high is None or value <= high)
    ]


def _within(system: System, name: str, value: int) -> bool:
    lower, upper = system.lower.get(name), system.upper.get(name)
    return (lower is None or value >= lower.value) and (upper is None or value <= upper.value)


def _fits(system: System, values: Mapping[Column, Number]) -> bool:
    """Say whether no row speaks against some values."""
    for polynomial, _, _ in system.rows:
        total: Number = 0
        for column, number in polynomial.items():
            for name in _parts(column):
                if name not in values:
                    break
                number *= values[name]  # noqa: PLW2901  the product so far
            else:
                total += number
                continue
            break
        else:
            if total < 0:
                return False
    return True


def _parts(column: Column) -> tuple[str, ...]:
    if column == ONE:
        return ()
    return (column,) if isinstance(column, str) else column


def _roots(form: _Form, values: Sequence[int]) -> Sequence[int]:
    """List the whole numbers that satisfy the equation when the others have these values."""
    numbers: dict[int, int] = {}
    for power, terms in form.parts.items():
        total = 0
        for number, places in terms:
            for at in places:
                number *= values[at]  # noqa: PLW2901  the product so far
            total += number
        numbers[power] = total
    degree = max((power for power, number in numbers.items() if number), default=0)
    free = numbers.get(0, 0)
    if degree == 0:
        return () if free else (0,)
    if degree == 1:
        root, rest = divmod(-free, numbers[1])
        return () if rest else (root,)
    if degree == 2:  # noqa: PLR2004  a square
        return _square(numbers[2], numbers.get(1, 0), free)
    value, rest = divmod(-free, numbers[degree])
    return () if rest else _power(value, degree)


def _square(first: int, second: int, free: int) -> Sequence[int]:
    under = second * second - 4 * first * free
    if under < 0:
        return ()
    root = isqrt(under)
    if root * root != under:
        return ()
    found = []
    for sign in (1, -1):
        value, rest = divmod(-second + sign * root, 2 * first)
        if not rest:
            found.append(value)
    return found


def _power(value: int, degree: int) -> Sequence[int]:
    """List the whole roots of a number."""
    if value < 0 and degree % 2 == 0:
        return ()
    size = abs(value)
    low, high = 0, 1 << (size.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        if middle**degree < size:
            low = middle + 1
        else:
            high = middle
    if low**degree != size:
        return ()
    if degree % 2:
        return (low if value >= 0 else -low,)
    return (low, -low)
