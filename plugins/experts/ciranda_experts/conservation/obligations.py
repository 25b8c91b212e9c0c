"""What has to be proved so that money neither appears nor vanishes, as problems."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction

import msgspec

from ..intent.intent import Condition, Intent, Section
from ..intent.tree import Literal, Op, Operation, Sort, Term, Variable
from ..presolve.problem import Answer, Problem
from .accounts import Balance, balances, names_in
from .ledger import LedgerError

__all__ = ["Claim", "Duty", "Obligations", "conservation_problems", "obligations_of", "total"]

_ZERO = Literal(0, Sort.INT)


class Claim(StrEnum):
    """What a duty decides."""

    CONSISTENT = "consistent"  # `pre` can be true: nothing is proved of nothing
    LEDGER = "ledger"  # it can be true with the balances of the ledger
    SOLVENT = "solvent"  # and with no old balance below zero
    CONSERVED = "conserved"  # the new balances add up to what the old ones did
    NON_NEGATIVE = "non-negative"  # where no old balance is below zero, no new one is


class Duty(msgspec.Struct, frozen=True, gc=False):
    """A problem, and what its answer decides."""

    claim: Claim
    problem: Problem

    @property
    def wanted(self) -> Answer:
        """Give the answer with which the duty is done."""
        if self.claim in (Claim.CONSERVED, Claim.NON_NEGATIVE):
            return Answer.UNSATISFIABLE
        return Answer.SATISFIABLE


class Obligations(msgspec.Struct, frozen=True, gc=False):
    """What an intent owes to its accounts and its ledger.

    Money is conserved iff each of `duties` gets the answer that it wants. The first implies all
    of `weaker`: where it fails, these tell why.
    """

    balances: tuple[Balance, ...]
    duties: tuple[Duty, ...]
    weaker: tuple[Duty, ...]


def conservation_problems(intent: Intent) -> tuple[Duty, ...]:
    """List what must hold for the declared accounts and the ledger of an intent.

    Raises:
        AccountError: An account has no two balances of its own.
        LedgerError: An entry of the ledger is about no balance.
    """
    return obligations_of(intent).duties


def obligations_of(intent: Intent) -> Obligations:
    """Say what must be shown of an intent; without accounts and facts from a ledger nothing.

    The entries of a ledger are taken as facts: that they are under its root is for
    `ledger.check` to see.

    Raises:
        AccountError: An account has no two balances of its own.
        LedgerError: An entry of the ledger is about no balance.
    """
    pairs = balances(intent)
    facts = _facts(intent, pairs)
    if not pairs and not facts:
        return Obligations((), (), ())
    bits, pre = intent.int_bits, intent.pre
    before = _sorts(names_in(pre).values())
    sorts = before | _sorts(names_in(facts).values())
    known = (*pre, *facts)
    weaker = []
    if pre:
        weaker.append(Duty(Claim.CONSISTENT, Problem(before, bits, pre)))
    if facts:
        weaker.append(Duty(Claim.LEDGER, Problem(sorts, bits, known)))
    if not pairs:
        return Obligations((), tuple(weaker[-1:]), tuple(weaker[:-1]))
    old = tuple(pair.old for pair in pairs)
    new = tuple(pair.new for pair in pairs)
    # Each condition has a place of its own, by which a proof names it: the old balances of the
    # accounts come first, then what is claimed of the new ones.
    solvent = (*known, *(_at_least_zero((variable,), at) for at, variable in enumerate(old)))
    with_old = sorts | _sorts(old)
    with_new = with_old | _sorts(new)
    conserved = _conserved(old, new, bits)
    unowed = _at_least_zero(new, len(pairs) + 1)
    duties = (
        Duty(Claim.SOLVENT, Problem(with_old, bits, solvent)),
        Duty(Claim.CONSERVED, Problem(with_new, bits, known, conserved)),
        Duty(Claim.NON_NEGATIVE, Problem(with_new, bits, solvent, unowed)),
    )
    return Obligations(pairs, duties, tuple(weaker))


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


def _conserved(
    old: tuple[Variable, ...], new: tuple[Variable, ...], int_bits: int | None
) -> Condition:
    term = Operation(Op.EQUAL, (total(new, int_bits), total(old, int_bits)), Sort.BOOL)
    text = " == ".join(" + ".join(each.name for each in side) for side in (new, old))
    return Condition(text, term, Section.ACCOUNTS, len(old))


def _at_least_zero(variables: tuple[Variable, ...], index: int) -> Condition:
    terms = tuple(
        Operation(Op.GREATER_EQUAL, (variable, _ZERO), Sort.BOOL) for variable in variables
    )
    term = terms[0] if len(terms) == 1 else Operation(Op.AND, terms, Sort.BOOL)
    text = " and ".join(f"{variable.name} >= 0" for variable in variables)
    return Condition(text, term, Section.ACCOUNTS, index)


def _sorts(variables: Iterable[Variable]) -> dict[str, Sort]:
    return {variable.name: variable.sort for variable in variables}


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
