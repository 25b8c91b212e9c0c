"""What has to be proved so that money neither appears nor vanishes, as problems."""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction

import msgspec

from ..intent.intent import Condition, Intent, Section
from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ..presolve.problem import Answer, Problem
from .accounts import Balance, balances, names_in
from .ledger import LedgerError

__all__ = ["Claim", "Duty", "conservation_problems", "total", "weaker_duties"]

_ZERO = Literal(0, Sort.INT)


class Claim(StrEnum):
    """What a duty decides."""

    CONSISTENT = "consistent"  # `pre` can be true: nothing is proved of nothing
    LEDGER = "ledger"  # it can be true with the balances of the ledger
    SOLVENT = "solvent"  # and with no old balance below zero
    CONSERVED = "conserved"  # the new balances add up to what the old ones did
    NON_NEGATIVE = "non-negative"  # where no old balance is below zero, this new one is not


class Duty(msgspec.Struct, frozen=True):
    """A problem, and what its answer decides; `account` is that of a non-negative balance."""

    claim: Claim
    problem: Problem
    account: str = ""

    @property
    def wanted(self) -> Answer:
        """Give the answer with which the duty is done."""
        if self.claim in (Claim.CONSERVED, Claim.NON_NEGATIVE):
            return Answer.UNSATISFIABLE
        return Answer.SATISFIABLE


def conservation_problems(intent: Intent) -> tuple[Duty, ...]:
    """List what must hold for the declared accounts and the ledger of an intent.

    Money is conserved iff every duty gets the answer that it wants; without accounts and facts
    from a ledger there is none. The entries of a ledger are taken as facts: that they are under
    its root is for `ledger.check` to see.

    Raises:
        AccountError: An account has no two balances of its own.
        LedgerError: An entry of the ledger is about no balance.
    """
    pairs = balances(intent)
    facts = _facts(intent, pairs)
    known = (*intent.pre, *facts)
    if not pairs:
        return (Duty(Claim.LEDGER, _problem(intent, known)),) if facts else ()
    count = len(pairs)
    solvent = (*known, *(_at_least_zero(pair.old, at) for at, pair in enumerate(pairs)))
    duties = [
        Duty(Claim.SOLVENT, _problem(intent, solvent)),
        Duty(Claim.CONSERVED, _problem(intent, known, _conserved(intent, pairs))),
    ]
    for at, pair in enumerate(pairs):
        claim = _at_least_zero(pair.new, count + at)
        duties.append(Duty(Claim.NON_NEGATIVE, _problem(intent, solvent, claim), pair.account))
    return tuple(duties)


def weaker_duties(intent: Intent) -> tuple[Duty, ...]:
    """List what the first of `conservation_problems` implies: where it fails, these tell why.

    Raises:
        AccountError: An account has no two balances of its own.
        LedgerError: An entry of the ledger is about no balance.
    """
    facts = _facts(intent, balances(intent))
    duties = []
    if intent.pre:
        duties.append(Duty(Claim.CONSISTENT, _problem(intent, intent.pre)))
    if facts:
        duties.append(Duty(Claim.LEDGER, _problem(intent, (*intent.pre, *facts))))
    return tuple(duties)


def total(variables: tuple[Variable, ...], int_bits: int | None) -> Term:
    """Return the sum of some balances.

    Money is counted by mathematics, not by a machine: with `int_bits` the sum begins with the
    real number 0, so that no part of it is an integer that could overflow. The balances themselves
    are machine integers all the same.
    """
    terms: tuple[Term, ...] = variables
    if int_bits is not None and any(each.sort is Sort.INT for each in variables):
        terms = (Literal(Fraction(0), Sort.REAL), *variables)
    if len(terms) == 1:
        return terms[0]
    sort = Sort.REAL if any(each.sort is Sort.REAL for each in terms) else Sort.INT
    return Operation(Op.SUM, terms, sort, "+" * len(terms))


def _conserved(intent: Intent, pairs: tuple[Balance, ...]) -> Condition:
    new = tuple(pair.new for pair in pairs)
    old = tuple(pair.old for pair in pairs)
    bits = intent.int_bits
    term = Operation(Op.EQUAL, (total(new, bits), total(old, bits)), Sort.BOOL)
    return Condition(
        f"{' + '.join(each.name for each in new)} == {' + '.join(each.name for each in old)}",
        term,
        Section.ACCOUNTS,
        2 * len(pairs),  # after the old and the new balance of each
    )


def _at_least_zero(variable: Variable, index: int) -> Condition:
    term = Operation(Op.GREATER_EQUAL, (variable, _ZERO), Sort.BOOL)
    return Condition(f"{variable.name} >= 0", term, Section.ACCOUNTS, index)


def _facts(intent: Intent, pairs: tuple[Balance, ...]) -> tuple[Condition, ...]:
    """Say of each entry of the ledger that the old balance is what stands there."""
    if intent.ledger is None:
        return ()
    present = names_in(intent.conditions)
    known = {pair.account: pair.old for pair in pairs}
    found = []
    for at, entry in enumerate(intent.ledger.entries):
        name = entry.account
        old = known.get(name) or present.get(f"old_{name}") or present.get(name)
        if old is None and not present:
            continue  # nothing is claimed but that the entry is in the ledger
        if old is None or old.sort is Sort.BOOL:
            raise LedgerError(
                f"the ledger's account {name!r} is no balance in this intent: name it in "
                "`accounts` and `pre`, or leave its entry out"
            )
        term = Operation(Op.EQUAL, (old, Literal(entry.balance, Sort.INT)), Sort.BOOL)
        text = f"{old.name} == ledger.entries[{at}].balance"
        found.append(Condition(text, term, Section.LEDGER, at))
    return tuple(found)


def _problem(
    intent: Intent, assume: tuple[Condition, ...], violate: Condition | None = None
) -> Problem:
    conditions = assume if violate is None else (*assume, violate)
    present = names_in(conditions)
    sorts = {name: variable.sort for name, variable in present.items()}
    return Problem(sorts, intent.int_bits, assume, violate)
