"""Random terms and intents over all operators, by a seed or by hypothesis."""

from fractions import Fraction
from random import Random

from hypothesis import strategies as st

from ciranda_experts.intent import Literal, Op, Operation, Sort, Term, Value, Variable, write

INTS = (-2, -1, 0, 1, 2)
REALS = (Fraction(-1), Fraction(-1, 2), Fraction(0), Fraction(1, 2), Fraction(2))
DOMAIN: dict[Sort, tuple[Value, ...]] = {
    Sort.INT: INTS,
    Sort.REAL: REALS,
    Sort.BOOL: (False, True),
}
NAMES = {
    "x": Sort.INT,
    "y": Sort.INT,
    "r": Sort.REAL,
    "s": Sort.REAL,
    "p": Sort.BOOL,
    "lambda": Sort.BOOL,
}
_COMPARISONS = (Op.LESS, Op.LESS_EQUAL, Op.GREATER, Op.GREATER_EQUAL)
_WORDS = {" and ": " && ", " or ": " || ", "not ": "! ", " ": "  ", "(": " ( "}


def random_term(rng: Random, sort: Sort, names: dict[str, Sort], depth: int) -> Term:
    """Return a term of a sort; without `rng` equal each time, it is the seed's."""
    if depth <= 0 or rng.random() < 0.15:
        return _leaf(rng, sort, names)
    if sort is Sort.BOOL:
        return _condition(rng, names, depth - 1)
    return _number(rng, sort, names, depth - 1)


def _leaf(rng: Random, sort: Sort, names: dict[str, Sort]) -> Term:
    fitting = sorted(name for name, each in names.items() if each is sort)
    if fitting and rng.random() < 0.7:
        return Variable(rng.choice(fitting), sort)
    if sort is Sort.BOOL:
        return Literal(rng.random() < 0.5, sort)
    if sort is Sort.INT:
        return Literal(rng.randint(-3, 3), sort)
    return Literal(Fraction(rng.randint(-12, 12), rng.choice([1, 2, 4, 5])), sort)


def _number(rng: Random, sort: Sort, names: dict[str, Sort], depth: int) -> Term:
    ops = [Op.SUM, Op.SUM, Op.MULTIPLY, Op.NEGATE, Op.POWER, Op.FLOOR_DIVIDE, Op.MODULO]
    ops += [Op.MIN, Op.MAX, Op.ABS, Op.ITE]
    if sort is Sort.REAL:
        ops += [Op.DIVIDE, Op.DIVIDE]
    op = rng.choice(ops)

    def sub(each: Sort = sort) -> Term:
        return random_term(rng, each, names, depth)

    def mixed() -> Sort:
        """Return the sort itself, or INT where that may stand beside it."""
        return Sort.INT if rng.random() < 0.3 else sort

    if op in {Op.NEGATE, Op.ABS}:
        return Operation(op, (sub(),), sort)
    if op is Op.POWER:
        return Operation(op, (sub(), Literal(rng.randint(0, 3), Sort.INT)), sort)
    if op is Op.DIVIDE:
        return Operation(op, (sub(rng.choice(_NUMBERS)), sub(rng.choice(_NUMBERS))), sort)
    parts = [sub(), sub(mixed())]
    if op in {Op.SUM, Op.MULTIPLY, Op.MIN, Op.MAX} and rng.random() < 0.4:
        parts.append(sub(mixed()))
    if rng.random() < 0.5:
        parts.reverse()
    if op is Op.ITE:
        return Operation(op, (sub(Sort.BOOL), *parts), sort)
    signs = "+" + "".join(rng.choice("+-") for _ in parts[1:]) if op is Op.SUM else ""
    return Operation(op, tuple(parts), sort, signs)


_NUMBERS = (Sort.INT, Sort.REAL)


def _condition(rng: Random, names: dict[str, Sort], depth: int) -> Term:
    kind = rng.randrange(10)

    def sub(each: Sort) -> Term:
        return random_term(rng, each, names, depth)

    if kind < 5:
        op = rng.choice(_COMPARISONS)
        sorts = [rng.choice(_NUMBERS), rng.choice(_NUMBERS)]
        if kind < 2:
            op = rng.choice((Op.EQUAL, Op.NOT_EQUAL))
            if rng.random() < 0.2:
                sorts = [Sort.BOOL, Sort.BOOL]
        return Operation(op, (sub(sorts[0]), sub(sorts[1])), Sort.BOOL)
    if kind < 8:
        op = rng.choice((Op.AND, Op.OR))
        count = rng.choice((2, 2, 3))
        return Operation(op, tuple(sub(Sort.BOOL) for _ in range(count)), Sort.BOOL)
    if kind == 8:
        return Operation(Op.NOT, (sub(Sort.BOOL),), Sort.BOOL)
    if rng.random() < 0.3:
        return Operation(Op.ITE, tuple(sub(Sort.BOOL) for _ in range(3)), Sort.BOOL)
    return Operation(Op.IMPLIES, (sub(Sort.BOOL), sub(Sort.BOOL)), Sort.BOOL)


def spelled(rng: Random, text: str) -> str:
    """Return a text that means the same, written otherwise."""
    for word, other in _WORDS.items():
        if rng.random() < 0.3:
            text = text.replace(word, other)
    return f"({text})" if rng.random() < 0.2 else text


def random_intent(rng: Random, *, depth: int = 3) -> dict[str, object]:
    """Return an intent whose variables are confined to `DOMAIN` by its own first conditions.

    So `bruteforce.decide(read_intent(data), DOMAIN)` is its true verdict.
    """
    chosen = rng.sample(sorted(NAMES), rng.randint(1, 3))
    names = {name: NAMES[name] for name in chosen}
    bounds = [_bounds(name, sort) for name, sort in names.items() if sort is not Sort.BOOL]

    def conditions(count: int) -> list[str]:
        return [
            spelled(rng, write(random_term(rng, Sort.BOOL, names, rng.randint(1, depth))))
            for _ in range(count)
        ]

    data: dict[str, object] = {"vars": {name: sort.value for name, sort in names.items()}}
    if rng.random() < 0.3:
        data["int_bits"] = rng.choice([3, 4, 8])
    kind = rng.random()
    if kind < 0.65:
        data["pre"] = bounds + conditions(rng.randint(0, 2))
        data["post"] = conditions(rng.randint(1, 2))
    if kind > 0.6:
        data["constraints"] = bounds + conditions(rng.randint(1, 3))
    return data


def _bounds(name: str, sort: Sort) -> str:
    if sort is Sort.INT:
        return f"{INTS[0]} <= {name} <= {INTS[-1]}"
    return " or ".join(f"{name} == {write(Literal(value, sort))}" for value in REALS)


terms = st.randoms(use_true_random=False).map(lambda rng: random_term(rng, Sort.BOOL, NAMES, 4))
intents = st.randoms(use_true_random=False).map(random_intent)
