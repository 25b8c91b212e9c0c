"""What reaches z3 means what the reference semantics says; nothing else reaches it."""

import os
import sys
import time
from fractions import Fraction

import pytest

from ciranda_experts.intent.reading import read_condition
from ciranda_experts.intent.tree import Literal, Op, Term, Variable
from ciranda_experts.presolve.problem import Problem
from ciranda_experts.presolve.witness import witnesses
from ciranda_experts.solver.formula import encode, fraction, numeral, program, read_value
from ciranda_experts.solver.session import Session
from ciranda_experts.solver.worker import setup

from .random_problems import BOOL, INT, REAL, assignments, condition, operation, random_problem

COUNT = 2_000 if os.environ.get("ALL_FORMULAS") else 300


@pytest.fixture(scope="module")
def session():
    return Session()


@pytest.fixture
def digits():
    before = sys.get_int_max_str_digits()
    yield
    sys.set_int_max_str_digits(before)


def ask(session, problem, seed=0, seconds=60.0):
    encoded = encode([problem])
    payload = {**encoded.payload, "seed": seed, "budget": int(seconds * 1000), "stop": False}
    (answered,) = session.decide(payload, time.monotonic() + seconds, lambda known: None)
    model = None
    if answered.model is not None and answered.rational:
        model = {
            name: read_value(value, problem.sorts[name])
            for name, value in zip(encoded.names, answered.model, strict=True)
        }
    return answered, model


def problem_of(*texts, violate=None, bits=None, undefined=False, **sorts):
    assume = tuple(condition(read_condition(text, sorts), at) for at, text in enumerate(texts))
    claim = None if violate is None else condition(read_condition(violate, sorts))
    return Problem(sorts, bits, assume, claim, undefined)


@pytest.mark.uncounted
@pytest.mark.parametrize("seed", [0, 77], ids=["warm", "another seed and configuration"])
def test_integer_formulas_are_answered_as_by_trying_everything(session, seed):
    for number in range(COUNT):
        problem = random_problem(number)
        answered, model = ask(session, problem, seed)

        possible = any(witnesses(problem, each) for each in assignments(problem))
        assert answered.answer == (1 if possible else -1), number
        assert model is None or witnesses(problem, model), number


@pytest.mark.uncounted
def test_real_formulas_are_never_answered_wrongly(session):
    for number in range(COUNT):
        problem = random_problem(number, real=True)
        answered, model = ask(session, problem)

        assert model is None or witnesses(problem, model), number
        if answered.answer < 0:
            assert not any(witnesses(problem, each) for each in assignments(problem)), number


@pytest.mark.parametrize("under", [-3, -2, -1, 1, 2, 3])
def test_floor_and_remainder_are_those_of_python(session, under):
    given = {"x": INT, "y": INT}
    for over in range(-7, 8):
        floor, rest = over // under, over % under
        text = f"x == {over} and y == {under} and x // y == {floor} and x % y == {rest}"
        literal = f"x == {over} and x // {under} == {floor} and x % {under} == {rest}"

        assert ask(session, problem_of(text, **given))[0].answer == 1, text
        assert ask(session, problem_of(literal, x=INT))[0].answer == 1, literal


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("x + y - z > 0", True),
        ("x - z + y > 0 and x == 100 and y == 100 and z == 100", True),
        ("x + y - z > 0 and x == 100 and y == 100 and z == 100", False),
        ("x * y * z >= 0 and x == 16 and y == 16 and z == 0", False),
        ("x * z * y >= 0 and x == 16 and y == 16 and z == 0", True),
        ("x ** 2 > 0 and x == 12", False),
        ("-x > 0 and x == -128", False),
        ("abs(x) > 0 and x == -128", False),
        ("x // y > 0 and x == -128 and y == -1", False),
        ("x == -128", True),
        ("x == 128", False),
        ("max(x, 128) > 0", False),
        ("ite(x > 0, 1, 128) == 1", True),
        ("x > 0 or x == 128", True),
        ("x > 0 => x == 1 or x == 128", True),
        ("x + y + 0.5 > 0 and x == 100 and y == 100", False),
        ("0.5 + x + y > 0 and x == 100 and y == 100", True),
        ("x / 1 + y > 0 and x == 100 and y == 100", True),
    ],
)
def test_machine_integers_bound_what_is_an_integer(session, text, possible):
    problem = problem_of(text, bits=8, x=INT, y=INT, z=INT)

    answered, model = ask(session, problem)

    assert answered.answer == (1 if possible else -1)
    assert model is None or witnesses(problem, model)


def test_undefined_is_found_where_evaluation_gets_to(session):
    late = problem_of("y != 0", "x / y > 1", undefined=True, x=INT, y=INT)
    early = problem_of("x / y > 1", "y != 0", undefined=True, x=INT, y=INT)
    never = problem_of("x > 1", undefined=True, x=INT)

    assert ask(session, late)[0].answer == -1
    answered, model = ask(session, early)
    assert answered.answer == 1
    assert model["y"] == 0
    assert ask(session, never)[0].answer == -1


def test_a_core_names_what_a_contradiction_needs_and_no_more(session):
    problem = problem_of("x > 5", "y > 7", "x + y > 0", "x < 3", x=INT, y=INT)

    answered, _ = ask(session, problem)

    assert answered.core == [0, 3]


def test_a_core_of_what_is_claimed_leaves_out_what_is_not_needed(session):
    problem = problem_of("x > 5", "y > 7", violate="x > 4", x=INT, y=INT)

    answered, _ = ask(session, problem)

    assert sorted(answered.core) == [0, 2]


def test_rational_numbers_near_irrational_ones_are_preferred(session):
    problem = problem_of("1.99 < x * x < 2.01", "x * x != 2", x=REAL)

    answered, model = ask(session, problem)

    assert answered.rational
    assert isinstance(model["x"], Fraction)


def test_irrational_numbers_are_told_as_the_ends_of_an_interval(session):
    answered, _ = ask(session, problem_of("x * x == 2", "x > 0", x=REAL))

    (ends,) = answered.model
    low, high = fraction(*ends[:2]), fraction(*ends[2:])
    assert not answered.rational
    assert low * low < 2 < high * high
    assert high - low < Fraction(1, 10**20)


@pytest.mark.parametrize(
    "name",
    ["let", "forall", "Int", "|x|", "$x", "x) (assert false", "a1", "", "\0", "é", "0", "k!0"],
)
def test_names_are_data(session, name):
    variable, other = Variable(name, INT), Variable("x", INT)
    terms = (
        operation(Op.EQUAL, variable, Literal(1, INT)),
        operation(Op.EQUAL, other, Literal(2, INT)),
    )
    problem = Problem({name: INT, "x": INT}, None, tuple(map(condition, terms, range(2))))

    encoded = encode([problem])
    _, model = ask(session, problem)

    assert model == {name: 1, "x": 2}
    assert all(type(token) is int for one in encoded.payload["programs"] for token in one)


def test_a_program_is_flat_and_in_post_order():
    term = read_condition("x + y - 2 >= min(x, 1.5)", {"x": INT, "y": REAL})

    found = program(term, {"x": 0, "y": 1})

    assert found[:8] == [0, 0, 0, 1, 1, 2, 5, "++-"]
    assert all(isinstance(token, int | str) for token in found)


def test_a_deep_term_is_no_recursion(session):
    term: Term = Variable("p", BOOL)
    for _ in range(20_000):
        term = operation(Op.NOT, term)
    answered, model = ask(session, Problem({"p": BOOL}, None, (condition(term),)))

    assert answered.answer == 1
    assert model == {"p": True}


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63), 2**63, 10**30, -(10**30)])
def test_numbers_of_any_size_travel(session, value):
    problem = Problem(
        {"x": INT}, None, (condition(operation(Op.EQUAL, Variable("x", INT), Literal(value, INT))),)
    )

    assert read_value(numeral(value), INT) == value
    assert ask(session, problem)[1] == {"x": value}


def test_numbers_of_thousands_of_digits_travel(session, digits):
    sys.set_int_max_str_digits(0)
    value = 7 * 10**6_000 + 3
    shared = Fraction(value, 10**5_000 + 1)
    terms = (
        operation(Op.EQUAL, Variable("x", INT), Literal(value, INT)),
        operation(Op.EQUAL, Variable("r", REAL), Literal(shared, REAL)),
    )
    problem = Problem({"x": INT, "r": REAL}, None, tuple(map(condition, terms, range(2))))

    assert ask(session, problem)[1] == {"x": value, "r": shared}


def test_constant_powers_may_be_large(session):
    x, two = Variable("x", INT), Literal(2, INT)
    power = operation(Op.POWER, two, Literal(200, INT), sort=INT)
    term = operation(Op.EQUAL, x, power)

    assert ask(session, Problem({"x": INT}, None, (condition(term),)))[1] == {"x": 2**200}


def test_a_context_is_replaced_when_it_has_built_much(monkeypatch):
    monkeypatch.setattr("ciranda_experts.solver.session._LARGE", 20)
    session = Session()

    models = [ask(session, problem_of(f"x == {n} + 1", x=INT))[1] for n in range(30)]

    assert models == [{"x": n + 1} for n in range(30)]


def test_what_is_hard_is_told_before_it_begins(digits):
    decide = setup({"memory_mb": 512})["decide"]
    easy, hard = (
        problem_of("x > 1", x=INT),
        problem_of("x > 0", "y > 0", "x * x == 61 * y * y + 1", x=INT, y=INT),
    )
    payload = {**encode([easy, hard]).payload, "seed": 0, "budget": 60, "stop": False}
    told = []

    class Call:
        deadline = None

        def event(self, name, data):
            told.append((name, [*data[1]]))

    version, answers = decide(payload, Call())

    assert version.split(".")[0].isdigit()
    assert [each[0] for each in answers] == [1, 0]
    assert answers[1].reason in ("timeout", "undecided")
    (known,) = told
    assert known[0] == "known"
    assert known[1][0].answer == 1
    assert known[1][1] is None
