"""The verdict on an intent by trying every assignment of a small domain: the oracle of deciders."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from ciranda.events.judging import Verdict
from ciranda_experts.intent import Intent, Sort, Truth, Value, holds

Domain = Mapping[Sort, Sequence[Value]]


def assignments(intent: Intent, domain: Domain) -> Iterator[dict[str, Value]]:
    """Yield every assignment; machine integers out of range are not among them."""
    bound = None if intent.int_bits is None else 1 << (intent.int_bits - 1)
    columns = []
    for sort in intent.sorts.values():
        values = domain[sort]
        if sort is Sort.INT and bound is not None:
            values = [value for value in values if -bound <= value < bound]
        columns.append(values)
    for row in product(*columns):
        yield dict(zip(intent.sorts, row, strict=True))


def decide(intent: Intent, domain: Domain) -> Verdict:
    """Judge `pre`, `post` and `constraints` as if no values existed but those of the domain.

    It is the true verdict where `pre` or `constraints` begin by confining every variable to the
    domain, as those of `formulas.random_intent` do.
    """
    entails = not (intent.pre or intent.post) or _entails(intent, domain)
    consistent = not intent.constraints or any(
        holds(intent.constraints, values, intent.int_bits) is Truth.TRUE
        for values in assignments(intent, domain)
    )
    return Verdict.APPROVED if entails and consistent else Verdict.REJECTED


def _entails(intent: Intent, domain: Domain) -> bool:
    satisfiable = False
    for values in assignments(intent, domain):
        before = holds(intent.pre, values, intent.int_bits)
        if before is Truth.UNDEFINED:
            return False
        if before is Truth.TRUE:
            satisfiable = True
            for condition in intent.post:
                if holds([condition], values, intent.int_bits) is not Truth.TRUE:
                    return False
    return satisfiable
