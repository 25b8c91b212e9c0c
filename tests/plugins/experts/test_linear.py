"""Linear facts: whatever is derived from them follows, over whole numbers and over reals."""

from collections.abc import Iterator
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings, strategies as st

from ciranda_experts.presolve.book import Book, ExhaustedError
from ciranda_experts.presolve.elimination import Point, complete, eliminate, near, value_at
from ciranda_experts.presolve.linear import Relation, System, decided, normal
from ciranda_experts.presolve.polynomial import ONE, Polynomial

EQUAL, AT_LEAST, ABOVE = Relation.EQUAL, Relation.AT_LEAST, Relation.ABOVE
Fact = tuple[Polynomial, Relation]
NAMES = ("x", "y", "z")


def holds(fact: Fact, point: Point) -> bool:
    value = value_at(fact[0], point)
    return {EQUAL: value == 0, AT_LEAST: value >= 0, ABOVE: value > 0}[fact[1]]


def random_facts(seed: int) -> list[Fact]:
    rng = Random(seed)
    facts: list[Fact] = []
    for _ in range(rng.randint(2, 6)):
        polynomial: Polynomial = {ONE: rng.randint(-5, 5)}
        for name in rng.sample(NAMES, rng.randint(1, 3)):
            polynomial[name] = rng.choice((-3, -2, -1, 1, 2, 3))
        polynomial = {column: value for column, value in polynomial.items() if value}
        facts.append((polynomial, rng.choice((EQUAL, AT_LEAST, AT_LEAST, ABOVE))))
    return facts


def points(reach: int = 4) -> Iterator[Point]:
    for values in product(range(-reach, reach + 1), repeat=3):
        yield dict(zip(NAMES, values, strict=True))


def decide(facts: list[Fact], *, reals: bool) -> str:
    """Decide facts by elimination; a conflict is added up again, a point put in."""
    book = Book(100_000)
    if reals:
        book.reals.update(NAMES)
    system = System(book)
    for fact in facts:
        polynomial, relation = normal(*fact, integral=not reals)
        conflict = system.add(polynomial, relation, {book.note("fact"): 1})
        if conflict is not None:
            return "impossible"
    conflict = system.refute()
    if conflict is not None:
        return "impossible"
    point = near(system, (0,), ())
    if point is None:
        conflict, point = eliminate(system)
        if conflict is not None:
            return "impossible"
    full = None if point is None else complete(system, point)
    if full is None:
        return "unknown"
    full = {**dict.fromkeys(NAMES, 0), **full}
    for polynomial, relation in facts:
        value = value_at(polynomial, full)
        assert {EQUAL: value == 0, AT_LEAST: value >= 0, ABOVE: value > 0}[relation]
    return "possible"


@pytest.mark.uncounted
def test_facts_over_whole_numbers_are_never_called_impossible_when_a_point_fits():
    said = {"impossible": 0, "possible": 0, "unknown": 0}
    for seed in range(400):
        facts = random_facts(seed)
        found = decide(facts, reals=False)
        said[found] += 1
        if found == "impossible":
            assert not any(all(holds(fact, point) for fact in facts) for point in points())
    assert said["unknown"] < 40
    assert min(said["impossible"], said["possible"]) > 50


def test_facts_over_reals_are_always_decided():
    for seed in range(400):
        facts = random_facts(seed)
        found = decide(facts, reals=True)
        assert found != "unknown"
        if found == "impossible":
            assert not any(all(holds(fact, point) for fact in facts) for point in points(3))
            assert decide(facts, reals=False) == "impossible"


coefficients = st.fractions(min_value=-4, max_value=4, max_denominator=6)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(("x", "y", ONE)), coefficients.filter(bool), max_size=3),
    st.sampled_from(list(Relation)),
)
def test_tightening_keeps_the_whole_solutions_and_no_others(
    polynomial: Polynomial, relation: Relation
):
    tight = normal(polynomial, relation, integral=True)
    loose = normal(polynomial, relation, integral=False)
    assert all(type(value) is int for value in [*tight[0].values(), *loose[0].values()])
    for x, y in product(range(-6, 7), repeat=2):
        point: Point = {"x": x, "y": y}
        wanted = holds((polynomial, relation), point)
        assert holds(tight, point) is wanted
        assert holds(loose, point) is wanted


def test_facts_without_columns_are_decided():
    assert decided({}, EQUAL)
    assert decided({}, AT_LEAST)
    assert decided({}, ABOVE) is False
    assert decided({ONE: 1}, ABOVE)
    assert decided({ONE: -1}, AT_LEAST) is False
    assert decided({ONE: 1}, EQUAL) is False
    assert decided({"x": 1}, EQUAL) is None


def test_a_conflict_is_a_sum_of_facts_that_cannot_be():
    book = Book(1_000)
    system = System(book)
    facts: dict[int, Polynomial] = {}
    conflict = None
    rows: list[Fact] = [
        ({"x": 1, "y": -1}, EQUAL),
        ({"y": 1, "z": -1, ONE: -2}, AT_LEAST),
        ({"z": 1, "x": -1, ONE: 1}, AT_LEAST),
    ]
    for polynomial, relation in rows:
        number = book.note("fact")
        facts[number] = polynomial
        conflict = conflict or system.add(polynomial, relation, {number: 1})
    if conflict is None:
        conflict, _ = eliminate(system)

    assert conflict is not None
    total: Polynomial = {ONE: 0}
    for number, times in conflict.items():
        for column, value in facts[number].items():
            total[column] = total.get(column, 0) + times * value
    assert {column: value for column, value in total.items() if value} == {ONE: -1}


def test_a_copy_grows_on_its_own():
    book = Book(1_000)
    system = System(book)
    system.add({"x": 1, "y": 1, ONE: -3}, EQUAL, {book.note("a"): 1})
    twin = system.copy()
    twin.add({"x": 1, ONE: -1}, EQUAL, {book.note("b"): 1})
    twin.add({"z": 1}, AT_LEAST, {book.note("c"): 1})

    assert len(system.solved) == 1
    assert len(twin.solved) == 2
    assert not system.lower


def test_work_is_bounded_by_the_budget():
    book = Book(30)
    system = System(book)
    for turn in range(10):
        system.add({"x": 1, ONE: turn}, AT_LEAST, {book.note("fact"): 1})

    with pytest.raises(ExhaustedError):
        system.add({"x": 1, ONE: 10}, AT_LEAST, {book.note("fact"): 1})
